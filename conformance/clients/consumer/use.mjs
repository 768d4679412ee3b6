// A user's ES module: two servers at once, messages through each, stopped; the process must end by itself.

import { connect } from "nats";
import { Server } from "subjectd";

const servers = [await Server.start({ port: 0 }), await Server.start({ port: 0 })];
if (servers[0].url === servers[1].url) throw new Error(`both servers are at ${servers[0].url}`);
for (const [n, server] of servers.entries()) {
  const nc = await connect({ servers: server.url });
  nc.subscribe("echo", { callback: (_error, msg) => msg.respond(`${n} ${msg.string()}`) });
  const reply = await nc.request("echo", "hi", { timeout: 2000 });
  if (reply.string() !== `${n} hi`) throw new Error(`server ${n} answered ${reply.string()}`);
  await nc.drain();
}
await servers[0].stop();
await servers[0].stop();
await servers[1][Symbol.asyncDispose]();
console.log("ended well");
setTimeout(() => {
  console.log("a handle was left open");
  process.exit(1);
}, 5000).unref();
