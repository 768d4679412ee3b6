// Which server the clients are pointed at: `--server reference`, `--server "COMMAND …"`, SERVER, or this repository's own.

import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const cacheDir = path.join(root, ".cache", "clients");

/** The value of `--name` on the command line. @param {string} name @returns {string | undefined} */
export function option(name) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** The server's command and what to call it. @returns {{ name: string, command: string[] }} */
export function target() {
  const asked = option("server") ?? process.env.SERVER ?? "ours";
  if (asked === "reference") return { name: "reference", command: [referenceBinary()] };
  if (asked === "ours")
    return { name: "ours", command: [process.execPath, path.join(root, "dist", "nats-server.cjs")] };
  const words = asked.split(/\s+/).filter(Boolean);
  if (words.length === 1 && /\.[cm]?js$/.test(asked))
    return { name: asked, command: [process.execPath, path.resolve(asked)] };
  return { name: asked, command: words };
}

function referenceBinary() {
  const cached = path.join(root, ".cache", "reference", "nats-server");
  const found = [process.env.REFERENCE, cached, "/root/go/bin/nats-server"].find((file) => file && existsSync(file));
  if (!found) throw new Error("no reference server: set REFERENCE to the path of a nats-server");
  return found;
}
