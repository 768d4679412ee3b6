// A user's jest suite.

const { connect } = require("nats");
const { Server } = require("subjectd");

let server;
beforeAll(async () => {
  server = await Server.start({ port: 0 });
});
afterAll(() => server.stop());

test("a request is answered", async () => {
  const nc = await connect({ servers: server.url });
  nc.subscribe("echo", { callback: (_error, msg) => msg.respond(msg.data) });
  expect((await nc.request("echo", "hi", { timeout: 2000 })).string()).toBe("hi");
  await nc.close();
});

test("each test may have a server of its own", async () => {
  const own = await Server.start({ port: 0 });
  expect(own.url).not.toBe(server.url);
  await own.stop();
});
