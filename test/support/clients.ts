import type { ClientInfo } from "../../src/account/receiver.ts";

/** A client that nothing is known of. */
export function unknownClient(): ClientInfo {
  return {
    start: { sec: 0, nanos: 0 },
    host: "",
    id: 0,
    account: "",
    user: "",
    name: "",
    lang: "",
    version: "",
    rttNanos: 0,
    clientType: "nats",
  };
}
