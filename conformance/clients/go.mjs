// The Go client (nats.go) against a server. node conformance/clients/go.mjs [--server …] [--url URL]

import path from "node:path";
import { runForeign } from "./lib/foreign.mjs";
import { finish, runCase, Skip } from "./lib/report.mjs";
import { option } from "./lib/target.mjs";
import { goPrograms } from "./lib/tools.mjs";

const built = goPrograms();
if ("missing" in built) {
  await runCase("nats.go", () => {
    throw new Skip(built.missing);
  });
} else {
  const flag = (name) => (name === "password" ? "-pass" : `-${name}`);
  await runForeign({
    label: "nats.go",
    command: [path.join(built.dir, "client")],
    flag,
    url: option("url"),
    websocket: true,
  });
}
finish();
