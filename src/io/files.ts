// The small files around a server: its configuration, its pid, its ports.

import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { pathText } from "./system_path.ts";
import type { SystemError } from "./system_text.ts";

/** Reads configuration from this machine's files and environment. Errors have Go's texts. */
export const systemSource = {
  read(path: string): string {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw new Error(pathText(error as SystemError, path), { cause: error });
    }
  },
  env(name: string): string | undefined {
    return process.env[name];
  },
};

/** Writes this process's id, without a line end, for its owner only. Throws with Go's text. */
export function writePidFile(path: string): void {
  try {
    writeFileSync(path, String(process.pid), { mode: 0o600 });
  } catch (error) {
    throw new Error(pathText(error as SystemError, path), { cause: error });
  }
}

/** URLs by kind of listener, as harnesses read them; a kind without a listener is left out. */
export interface PortsFile {
  readonly nats?: readonly string[];
  readonly monitoring?: readonly string[];
  readonly cluster?: readonly string[];
  readonly profile?: readonly string[];
  readonly websocket?: readonly string[];
}

/** Where the ports file of this process is. Its name does not depend on the program's. */
export function portsFilePath(folder: string): string {
  return join(folder, `nats-server_${process.pid}.ports`);
}

/** Writes the ports file, so that it is never seen half written. Throws with Go's text. */
export function writePortsFile(path: string, ports: PortsFile): void {
  const unfinished = `${path}.tmp`;
  try {
    writeFileSync(unfinished, JSON.stringify(ports));
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new Error(pathText(error as SystemError, path), { cause: error });
  }
}

/** Removes the ports file. Throws with Go's text. */
export function removePortsFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    throw new Error(pathText(error as SystemError, path), { cause: error });
  }
}

/** The URLs of a listener on `host`: one, or one for each address of the machine when it is unspecified. */
export async function listenerUrls(scheme: string, host: string, port: number): Promise<string[]> {
  const literal = host.replace(/^\[(.*)\]$/, "$1");
  const isUnspecified = literal === "" || literal === "0.0.0.0" || /^[0:]+$/.test(literal);
  const hosts = isUnspecified ? machineAddresses() : [isIP(literal) === 0 ? await addressOf(literal) : literal];
  return hosts.map((each) => `${scheme}://${each.includes(":") ? `[${each}]` : each}:${port}`);
}

/** The address a name stands for; the name itself when it stands for none. */
async function addressOf(name: string): Promise<string> {
  try {
    const { lookup } = await import("node:dns/promises");
    return (await lookup(name, { family: 4 })).address;
  } catch {
    return name;
  }
}

function machineAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.map(({ address }) => address);
}
