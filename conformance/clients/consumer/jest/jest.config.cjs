// Plain jest, no transforms: what a user has without further settings.
module.exports = { testMatch: ["**/*.test.cjs"], transform: {} };
