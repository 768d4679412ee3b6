// The configurations the sessions are played under. Users are a, b, c (the three clients, in order), password p.

/** @type {Record<string, { text: string, users: boolean }>} */
export const configs = {
  plain: { users: false, text: "max_payload: 64\nmax_control_line: 256\n" },
  limits: { users: false, text: "max_subscriptions: 3\nmax_subscription_tokens: 3\nmax_payload: 100\n" },
  permissions: {
    users: true,
    text: `authorization {
  timeout: 60
  users: [
    {user: a, password: p, permissions: {
      publish: {allow: ["a.>", "b", "*.c", "_INBOX.>"], deny: ["a.b.c", "a.x"]}
      subscribe: {
        allow: ["a.>", "b", "b q*", "c.*", "_INBOX.>", "d dq"]
        deny: ["a.b", "c.x", "a.*.z", "> bad"]
      }
    }}
    {user: b, password: p, permissions: {subscribe: ">", allow_responses: {max: 2, expires: "1h"}}}
    {user: c, password: p}
  ]
}
`,
  },
  accounts: {
    users: true,
    text: `authorization { timeout: 60 }
accounts {
  A {users: [{user: a, password: p}], limits {max_subs: 2, max_payload: 20}}
  B {users: [{user: b, password: p}, {user: c, password: p}]}
}
no_auth_user: c
`,
  },
};
