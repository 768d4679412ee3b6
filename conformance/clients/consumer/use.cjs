// A user's CommonJS program: a server on a named port, stopped while a client is connected.

const { connect } = require("nats");
const { Server } = require("subjectd");

(async () => {
  const first = await Server.start({ port: 0 });
  const port = Number(new URL(first.url).port);
  await first.stop();
  const server = await Server.start({ port });
  if (Number(new URL(server.url).port) !== port) throw new Error(`asked for ${port}, got ${server.url}`);
  const nc = await connect({ servers: server.url, reconnect: false });
  await nc.flush();
  await server.stop();
  await nc.closed();
  console.log("ended well");
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
