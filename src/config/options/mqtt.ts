// The `mqtt` block. Read and checked; the listener comes later.

import { OptionError } from "../problems.ts";
import type { Resolved, Row } from "../rows.ts";
import { block, bool, custom, duration, int, str } from "../rows.ts";
import { goType } from "../tree.ts";
import { host, listen, port } from "./address.ts";
import { listenerAuthorization } from "./authorization.ts";
import { tlsBlock } from "./tls.ts";

const MOST_ACK_PENDING = 65_535;

export const mqttRows = {
  listen: listen("for MQTT clients"),
  host: host("for MQTT clients"),
  port: port("for MQTT clients"),
  tls: tlsBlock("Certificate and checks of this listener."),
  authorization: listenerAuthorization("User or token of this listener instead of the server's."),
  no_auth_user: str({ doc: "User that clients without credentials become here.", reload: "restart" }),
  ack_wait: duration({
    fallback: 30_000,
    doc: "Time a client has to acknowledge before a message is sent again.",
    reload: "live",
    aliases: ["ackwait"],
    named: "ack_wait",
    shown: "30s",
  }),
  js_api_timeout: duration({
    fallback: 5000,
    doc: "Time JetStream has to answer.",
    reload: "restart",
    aliases: ["api_timeout"],
    named: "js_api_timeout",
    shown: "5s",
  }),
  max_ack_pending: custom<number>(
    "number",
    1024,
    {
      doc: "Unacknowledged messages of one subscription.",
      reload: "live",
      aliases: ["max_pending", "max_inflight"],
      bounds: `0 to ${MOST_ACK_PENDING}`,
    },
    (node) => {
      if (node.kind !== "int")
        throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not int64`);
      const count = Number(node.value);
      if (count >= 0 && count <= MOST_ACK_PENDING) return count === 0 ? 1024 : count;
      throw new OptionError(`invalid value ${node.value}, should in [0..65535] range`);
    },
  ),
  js_domain: str({ doc: "JetStream domain that keeps sessions and messages.", reload: "restart" }),
  stream_replicas: int({
    fallback: 0,
    doc: "Replicas of the streams behind MQTT; 0 is as many as fit.",
    reload: "live",
  }),
  consumer_replicas: custom<undefined>(
    "number",
    undefined,
    { doc: "Ignored, as by nats-server.", reload: "live" },
    (_node, name, reading) => {
      const { at, problems } = reading;
      if (at !== undefined) problems.warn(at, name, "consumer replicas setting ignored in this server version");
      return undefined;
    },
  ),
  consumer_memory_storage: bool({ fallback: false, doc: "Keeps what was delivered in memory.", reload: "live" }),
  consumer_inactive_threshold: duration({
    fallback: 0,
    doc: "Removes what was delivered to a session unused for this long; 0 never.",
    reload: "live",
    aliases: ["consumer_auto_cleanup"],
    named: "consumer_inactive_threshold",
    shown: "0",
  }),
  reject_qos2_publish: bool({ fallback: false, doc: "Refuses messages published with QoS 2.", reload: "restart" }),
  downgrade_qos2_subscribe: bool({ fallback: false, doc: "Grants QoS 1 to who asks for 2.", reload: "restart" }),
};

export type MqttOptions = Resolved<typeof mqttRows>;

export const mqtt: Row<MqttOptions | undefined> = block(mqttRows, {
  doc: "Clients that speak MQTT 3.1.1.",
  reload: "restart",
  status: "later",
  why: "MQTT is not supported yet, no port is opened",
  mismatch: (_name, node) => `Expected mqtt to be a map, got ${goType(node)}`,
});

/** nats-server's complaint about the `mqtt` block as a whole, undefined when it is fine. */
export function mqttComplaint(
  mqtt: MqttOptions,
  server: {
    readonly clustered: boolean;
    readonly named: boolean;
    readonly standalone: boolean;
    readonly jetstream: boolean;
  },
): string | undefined {
  if (mqtt.port === 0) return undefined;
  if (server.clustered && !server.named) return "mqtt requires server name to be explicitly set";
  if (server.standalone && !server.jetstream) {
    return "mqtt requires JetStream to be enabled if running in standalone mode";
  }
  if (mqtt.ack_wait < 0) return "ack wait must be a positive value";
  if (mqtt.js_api_timeout < 0) return "JS API timeout must be a positive value";
  return undefined;
}
