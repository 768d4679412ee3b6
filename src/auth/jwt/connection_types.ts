// Which kinds of connection a token lets its user make.

import type { ConnectionType } from "../../config/options.ts";

const known: ReadonlySet<string> = new Set<ConnectionType>([
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
]);

/**
 * The kinds among `names`, in any case; empty means all. Kinds that this server does not know are passed over, but a
 * token that names only such ones lets nobody in: undefined.
 */
export function connectionTypesOf(names: readonly string[]): ReadonlySet<ConnectionType> | undefined {
  const types = new Set(names.map((name) => name.toUpperCase()).filter((name) => known.has(name)));
  return types.size === 0 && names.length > 0 ? undefined : (types as ReadonlySet<ConnectionType>);
}
