// Users as the configuration lists them.

import { isPublicNkey } from "../nkey.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Resolved, Row } from "../rows.ts";
import { bool, custom, readBlock, str } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import type { Permissions } from "./permissions.ts";
import { readPermissions } from "./permissions.ts";

/** How a client came: what `allowed_connection_types` lists, in upper case. */
export const connectionTypes = [
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
] as const;
export type ConnectionType = (typeof connectionTypes)[number];

/** A user with a name and a password, or with an nkey. */
export interface UserOptions {
  readonly user?: string | undefined;
  /** In clear, or a bcrypt hash. */
  readonly password?: string | undefined;
  /** Public user nkey, "U…"; then there is neither user nor password. */
  readonly nkey?: string | undefined;
  readonly permissions?: Permissions | undefined;
  /** Missing means every type. */
  readonly allowed_connection_types?: readonly ConnectionType[] | undefined;
  readonly proxy_required?: boolean | undefined;
}

/** A `permissions` row under the name it has in its block. */
export function permissionsRow(doc: string, aliases: readonly string[]): Row<Permissions | undefined> {
  return custom<Permissions | undefined>("block", undefined, { doc, reload: "live", aliases }, (node, _name, reading) =>
    readPermissions(node, reading),
  );
}

export const proxyRequired = bool({
  fallback: false,
  doc: "Lets this user in only through a trusted proxy.",
  reload: "live",
});

export const userRows = {
  user: str({ doc: "Name.", reload: "live", aliases: ["username"] }),
  password: str({ doc: "Password, in clear or as a bcrypt hash.", reload: "live", aliases: ["pass"] }),
  nkey: str({ doc: "Public nkey instead of a name and a password.", reload: "live" }),
  permissions: permissionsRow("What the user may publish and subscribe to.", ["permission", "authorization"]),
  allowed_connection_types: custom<readonly ConnectionType[] | undefined>(
    "list of texts",
    undefined,
    {
      doc: `Ways this user may connect: ${connectionTypes.join(", ")}.`,
      reload: "live",
      aliases: ["connection_types", "clients"],
      shown: "all",
    },
    readConnectionTypes,
  ),
  proxy_required: proxyRequired,
};

/** Reads a `users` array; `at` says that nats-server does not place the error about a value that is none. */
export function readUsers(node: Node, reading: Reading, at?: "none"): readonly UserOptions[] {
  if (node.kind !== "array") {
    throw new OptionError(`Expected users field to be an array, got ${goValue(node)}`, at && { at });
  }
  return node.value.flatMap((item) => reading.problems.attempt(item.at, () => readUser(item, reading)) ?? []);
}

/** Undefined when what is wrong with it was said already. */
function readUser(node: Node, reading: Reading): UserOptions | undefined {
  if (node.kind !== "map") throw new OptionError(`Expected user entry to be a map/struct, got ${goValue(node)}`);
  const before = reading.problems.errors.length;
  const user = readBlock(userRows, node, { ...reading, path: `${reading.path}users.` });
  if (reading.problems.errors.length > before) return undefined;
  const entries = [...node.value.values()];
  const at = entries.at(-1)?.at ?? node.at;
  if (user.nkey !== undefined && !isPublicNkey(user.nkey, "user")) {
    const key = entries.find((entry) => entry.key.toLowerCase() === "nkey");
    throw new OptionError("Not a valid public nkey for a user", { at: key?.at ?? at });
  }
  if (user.nkey !== undefined && ((user.user ?? "") !== "" || (user.password ?? "") !== "")) {
    throw new OptionError("Nkey users do not take usernames or passwords", { at });
  }
  if (user.nkey === undefined && (user.user ?? "") === "") {
    throw new OptionError("User entry requires a user", { at });
  }
  return given(user);
}

/** Without the keys that were not given. */
function given(user: Resolved<typeof userRows>): UserOptions {
  const kept = Object.entries(user).filter(([, value]) => value !== undefined && value !== false);
  const out = Object.fromEntries(kept) as UserOptions;
  return user.nkey === undefined ? { ...out, password: user.password ?? "" } : { ...out, nkey: user.nkey };
}

function readConnectionTypes(node: Node): readonly ConnectionType[] | undefined {
  const before = "error parsing allowed connection types: unsupported type";
  if (node.kind !== "string" && node.kind !== "array") throw new OptionError(`${before} ${goType(node)}`);
  const items = node.kind === "array" ? node.value : [node];
  const words = items.map((item) => {
    if (item.kind !== "string") throw new OptionError(`${before} in array ${goType(item)}`, { at: item.at });
    return item.value.toUpperCase();
  });
  const known: readonly string[] = connectionTypes;
  const unknown = words.filter((word) => !known.includes(word));
  if (unknown.length > 0) {
    throw new OptionError(`invalid connection types [${unknown.map(quote).join(" ")}]`, {
      hint: `known are ${connectionTypes.join(", ")}`,
    });
  }
  return words.length === 0 ? undefined : (words as ConnectionType[]);
}

/** The users that share a name or an nkey with one in `seen`, which gets them all. */
export function duplicates(users: readonly UserOptions[], seen: Set<string>): string[] {
  return users.flatMap((user) => {
    const text = user.nkey === undefined ? `user ${quote(user.user ?? "")}` : `nkey ${quote(user.nkey)}`;
    if (seen.has(text)) return [`Duplicate ${text} detected`];
    seen.add(text);
    return [];
  });
}
