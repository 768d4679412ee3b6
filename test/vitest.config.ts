import { defineConfig } from "vitest/config";

// Two projects: `unit` is every pure room (part of `make check`), `socket` starts servers over real sockets.
const socketTests = [
  "test/server/**/*.test.ts",
  "test/io/**/*.test.ts",
  "test/command/**/*.test.ts",
  "test/embed/**/*.test.ts",
];

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "unit", include: ["test/**/*.test.ts"], exclude: socketTests } },
      { extends: true, test: { name: "socket", include: socketTests, testTimeout: 20_000, hookTimeout: 20_000 } },
    ],
  },
});
