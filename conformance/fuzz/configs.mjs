// The configurations the sessions are played under. Users are a, b, c (the three clients, in order), password p.

/** nats-server does not count messages of imported streams, see conformance/gaps.json. */
const endsAfterMessages = ({ text }) => /^unsub\s+\S+\s+\S/i.test(text);

/** @type {Record<string, { text: string, users: boolean, leavesOut?: (operation: { text: string }) => boolean }>} */
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
  sharing: {
    users: true,
    leavesOut: endsAfterMessages,
    text: `authorization { timeout: 60 }
accounts {
  A {
    users: [{user: a, password: p}]
    mappings { "z.*": "a.$1", c: b }
    exports: [{service: "a.>"}, {stream: "b.>"}, {stream: x}, {service: b, accounts: [B]}]
    imports: [{service: {account: C, subject: "z.*"}, to: "x.$1"}, {stream: {account: C, subject: "a.*.*"}, to: "x.$2.$1"}]
  }
  B {
    users: [{user: b, password: p}]
    exports: [{service: "b.>"}, {stream: "c.*"}]
    imports: [
      {service: {account: A, subject: "a.*"}, to: "b.$1"}, {service: {account: A, subject: b}, to: "z"}
      {stream: {account: A, subject: "b.>"}, prefix: c}, {stream: {account: A, subject: x}}
    ]
  }
  C {
    users: [{user: c, password: p}]
    mappings { "c.a": "a.c" }
    exports: [{service: "z.*"}, {stream: "a.*.*"}]
    imports: [{service: {account: B, subject: "b.*"}, to: "a.$1"}, {stream: {account: B, subject: "c.*"}, to: "z.$1"}]
  }
}
`,
  },
};
