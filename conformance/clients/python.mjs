// The Python client (nats-py) against a server. node conformance/clients/python.mjs [--server …] [--url URL]

import path from "node:path";
import { runForeign } from "./lib/foreign.mjs";
import { finish, runCase, Skip } from "./lib/report.mjs";
import { option, root } from "./lib/target.mjs";
import { pythonWithClient } from "./lib/tools.mjs";

const found = pythonWithClient();
if ("missing" in found) {
  await runCase("nats-py", () => {
    throw new Skip(found.missing);
  });
} else {
  const program = path.join(root, "conformance", "clients", "python", "client.py");
  const command = [found.python, "-B", program];
  await runForeign({ label: "nats-py", command, flag: (name) => `--${name}`, url: option("url") });
}
finish();
