// Walkthroughs 38 to 41: operators, accounts and users made with the real nsc, pushed to a server, and what they may do.

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { soon } from "../clients/lib/wait.mjs";
import { nscOf } from "./nsc.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

/** An operator with its system account, and a server that trusts it; accounts come by `nsc push`. */
async function started(w) {
  const made = nscOf(w);
  const { nsc, home } = made;
  nsc("add", "operator", "--generate-signing-key", "--sys", "--name", "local");
  nsc("add", "account", "-n", "ACC");
  nsc("add", "user", "-a", "ACC", "-n", "joe");
  const file = path.join(home, "resolver.conf");
  nsc("generate", "config", "--nats-resolver", "--sys-account", "SYS", "--config-file", file);
  const config = readFileSync(file, "utf8").replace(/dir: .*/, `dir: "${path.join(home, "jwt")}"`);
  const server = await w.start({ config });
  nsc("edit", "operator", "--account-jwt-server-url", server.url);
  return { ...made, server, push: () => nsc("push", "-A", "-u", server.url) };
}

await walkthrough("38 nsc", {
  "an account is pushed, and its user connects with credentials": async (w) => {
    const { nsc, creds, server, push } = await started(w);
    assert.match((await w.refused(server, { authenticator: creds("ACC", "joe") })).message, /authorization/i);
    push();
    const joe = await w.connect(server, { authenticator: creds("ACC", "joe") });
    const got = collect(joe, "hello");
    joe.publish("hello", "NATS");
    await filled(got, 1);
    assert.match(nsc("pull", "-A", "-F"), /pulled|success/i);
  },
  "39 streams and services, private ones with an activation": async (w) => {
    const { nsc, creds, server, push } = await started(w);
    nsc("add", "export", "-a", "ACC", "--name", "abc", "--subject", "a.b.c.>");
    nsc("add", "export", "-a", "ACC", "--name", "help", "--subject", "help", "--service");
    nsc("add", "export", "-a", "ACC", "--name", "private", "--subject", "private.>", "--private");
    nsc("add", "account", "-n", "B");
    nsc("add", "user", "-a", "B", "-n", "ann");
    const source = /Account ID\s*\|?\s*│?\s*(A[A-Z0-9]{55})/.exec(nsc("describe", "account", "-n", "ACC"))[1];
    const target = /Account ID\s*\|?\s*│?\s*(A[A-Z0-9]{55})/.exec(nsc("describe", "account", "-n", "B"))[1];
    nsc("add", "import", "-a", "B", "--src-account", source, "--remote-subject", "a.b.c.>");
    nsc("add", "import", "-a", "B", "--src-account", source, "--remote-subject", "help", "--service");
    const token = path.join(tmpdir(), `activation-${process.pid}.jwt`);
    w.finally(() => rmSync(token, { force: true }));
    nsc("generate", "activation", "-a", "ACC", "--subject", "private.>", "--target-account", target, "-o", token);
    nsc("add", "import", "-a", "B", "--token", token);
    push();
    const joe = await w.connect(server, { authenticator: creds("ACC", "joe") });
    const ann = await w.connect(server, { authenticator: creds("B", "ann") });
    const [open, secret] = [collect(ann, "a.b.c.>"), collect(ann, "private.>")];
    joe.subscribe("help", { callback: (_error, msg) => msg.respond("help is here") });
    for (const nc of [ann, joe]) await nc.flush();
    joe.publish("a.b.c.x", "open");
    joe.publish("private.x", "secret");
    await filled(open, 1);
    await filled(secret, 1);
    assert.equal((await ann.request("help", "", { timeout: 3000 })).string(), "help is here");
  },
  "40 a signing key with a scope; a revoked user leaves at once": async (w) => {
    const { nsc, creds, server, push } = await started(w);
    nsc("edit", "signing-key", "-a", "ACC", "--sk", "generate", "--role", "service", "--allow-pub", "q.{{name()}},$SYS.REQ.USER.INFO", "--allow-sub", "_INBOX.>,q.>"); // prettier-ignore
    nsc("add", "user", "-a", "ACC", "-n", "pam", "-K", "service");
    push();
    const pam = await w.connect(server, { authenticator: creds("ACC", "pam") });
    const { data } = (await pam.request("$SYS.REQ.USER.INFO", "", { timeout: 3000 })).json();
    assert.deepEqual(data.permissions.publish.allow.toSorted(), ["$SYS.REQ.USER.INFO", "q.pam"]);
    const ended = pam.closed();
    nsc("revocations", "add-user", "-a", "ACC", "-n", "pam");
    push();
    assert.match(String(await soon(ended, "the end of the revoked user")), /revoked|authorization/i);
    assert.match((await w.refused(server, { authenticator: creds("ACC", "pam") })).message, /authorization/i);
  },
  "41 permissions of users": async (w) => {
    const { nsc, creds, server, push } = await started(w);
    nsc("add", "user", "-a", "ACC", "-n", "service", "--allow-sub", "q", "--deny-pub", ">", "--allow-pub-response");
    nsc("add", "user", "-a", "ACC", "-n", "client", "--allow-pub", "q", "--allow-sub", "_INBOX.>");
    push();
    const service = await w.connect(server, { authenticator: creds("ACC", "service") });
    service.subscribe("q", { callback: (_error, msg) => msg.respond("service") });
    await service.flush();
    const client = await w.connect(server, { authenticator: creds("ACC", "client") });
    assert.equal((await client.request("q", "", { timeout: 3000 })).string(), "service");
    const refused = [];
    void (async () => {
      for await (const { data } of client.status()) refused.push(String(data));
    })();
    client.publish("other", "x");
    await client.flush();
    await filled(refused, 1);
    assert.match(refused[0], /PERMISSIONS_VIOLATION|permissions/i);
  },
});
