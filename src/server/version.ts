// What this server says it is. Clients switch features on by the number in
// INFO, so that is the nats-server version whose behaviour this one has; its
// own name and version stand in the banner and in /varz.

/** The nats-server version in INFO, `--version` and monitoring. */
export const NATS_VERSION = "2.14.5";
/** JetStream API level of that version; told even when JetStream is off. */
export const API_LEVEL = 4;
/** Our own name and version. */
export const OWN_NAME = "subjectd";
export const OWN_VERSION = "0.1.0";
/** What INFO and monitoring show under `go`: the runtime. */
export const RUNTIME = `node${process.version}`;
