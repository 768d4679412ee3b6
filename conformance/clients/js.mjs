// The official JavaScript clients against a server.
//
// node conformance/clients/js.mjs [--flavour "nats 2"|"transport-node 3"|"wsconnect 3"] [--server …] [--url URL] [--only TEXT]

import { Context } from "./js/context.mjs";
import { flavours } from "./js/flavours.mjs";
import { cases as access } from "./js/access.mjs";
import { cases as buckets } from "./js/buckets.mjs";
import { cases as consumers } from "./js/consumers.mjs";
import { cases as messages } from "./js/messages.mjs";
import { cases as objects } from "./js/objects.mjs";
import { cases as requests } from "./js/requests.mjs";
import { cases as resilience } from "./js/resilience.mjs";
import { cases as streams } from "./js/streams.mjs";
import { finish, runCase } from "./lib/report.mjs";
import { Server } from "./lib/server.mjs";
import { option } from "./lib/target.mjs";

const all = { ...messages, ...requests, ...access, ...resilience, ...streams, ...consumers, ...buckets, ...objects };
const url = option("url");
const wanted = option("flavour");
const only = option("only") ?? "";
const usable = (name) => (url ? Boolean(flavours[name].websocket) === /^wss?:/.test(url) : true);

for (const name of Object.keys(flavours).filter((name) => (wanted ? name === wanted : usable(name)))) {
  const flavour = flavours[name];
  const config = flavour.websocket ? `websocket { listen: "127.0.0.1:-1", no_tls: true }\n` : undefined;
  let server;
  await runCase(`${name}: the server starts`, async () => {
    if (url) return;
    server = await Server.start({ config });
    if (!flavour.urlOf(server)) throw new Error("the server announced no address for this client");
  });
  if (!url && !flavour.urlOf(server ?? {})) continue;
  let starting;
  const withJetStream = () =>
    (starting ??= Server.start({ config: (dir) => `${config ?? ""}jetstream { store_dir: "${dir}/js" }\n` }));
  for (const [title, run] of Object.entries(all).filter(([title]) => title.includes(only))) {
    const context = new Context(flavour, { url: url ?? flavour.urlOf(server), server, withJetStream });
    await runCase(`${name}: ${title}`, () => run(context));
    await context.close();
  }
  await server?.stop();
  await starting?.then(
    (extra) => extra.stop(),
    () => {},
  );
}
finish();
