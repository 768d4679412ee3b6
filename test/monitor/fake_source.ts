// A server that is only values, for the monitoring views; golden texts are
// what nats-server 2.14.5 answered (test/monitor/golden, one file a request).

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ByteString, byteString } from "../../src/base/bytes.ts";
import type { Page } from "../../src/base/page.ts";
import type {
  AccountNumbers,
  ConnectionView,
  ListedSubscription,
  Moment,
  MonitorSource,
  SublistNumbers,
  SubscriptionView,
} from "../../src/monitor/source.ts";
import type { Varz } from "../../src/monitor/varz.ts";

/** What the reference answered, as text. */
export function golden(name: string): string {
  return readFileSync(join(import.meta.dirname, "golden", `${name}.txt`), "utf8").trimEnd();
}

/** A moment of RFC 3339 text. */
export function momentOf(text: string): Moment {
  const [seconds, fraction = ""] = text.replace("Z", "").split(".");
  return { sec: Date.parse(`${seconds}Z`) / 1000, nanos: Number(fraction.padEnd(9, "0")) };
}

export function subscription(subject: string, sid: string, more: Partial<SubscriptionView> = {}): SubscriptionView {
  return { subject: byteString(subject), queue: undefined, sid: byteString(sid), delivered: 0, max: 0, ...more };
}

export function connection(cid: number, more: Partial<ConnectionView> = {}): ConnectionView {
  const start = { sec: 1000 + cid, nanos: 0 };
  return {
    cid,
    type: "nats",
    ip: "127.0.0.1",
    port: 1000 + cid,
    start,
    lastActivity: start,
    stop: undefined,
    reason: "",
    rttNanos: 0,
    pendingBytes: 0,
    inMsgs: 0,
    outMsgs: 0,
    inBytes: 0,
    outBytes: 0,
    stalls: 0,
    subscriptionCount: 0,
    subscriptions: [],
    name: "",
    lang: "",
    version: "",
    tls: undefined,
    authorizedUser: "",
    account: "$G",
    nameTag: "account" in more ? (more.account ?? "") : "$G",
    jwt: "",
    issuerKey: "",
    tags: [],
    mqttClient: "",
    proxyKey: "",
    ...more,
  };
}

const noSublist: SublistNumbers = { subscriptions: 0, cache: 0, inserts: 0, removes: 0, matches: 0, cacheHitRate: 0, maxFanout: 0, avgFanout: 0 }; // prettier-ignore

interface Given extends Partial<
  Omit<MonitorSource, "now" | "connections" | "closedConnections" | "subscriptions" | "accountNames" | "accountNumbers">
> {
  readonly at?: Moment;
  readonly open?: readonly ConnectionView[];
  readonly closed?: readonly ConnectionView[];
  readonly subs?: readonly ListedSubscription[];
  readonly accounts?: readonly string[];
  readonly numbersOf?: readonly AccountNumbers[];
}

export function fakeSource(given: Given = {}): MonitorSource {
  const { at = { sec: 2000, nanos: 0 }, open = [], closed = [], subs = [], accounts = ["$G", "$SYS"], numbersOf = [] } = given; // prettier-ignore
  const varz = varzOf("varz");
  return {
    serverId: "NX",
    serverName: "mon",
    version: "2.14.5",
    globalAccount: "$G",
    systemAccount: "SYS",
    start: { sec: 1000, nanos: 0 },
    now: () => at,
    config: () => varz,
    numbers: () => varz,
    memory: () => ({ resident: 3, heapUsed: 1, heapTotal: 2 }),
    connections: () => open,
    closedConnections: () => closed,
    hasAccount: (name) => accounts.includes(name),
    accountNames: () => accounts,
    accountNumbers: () => numbersOf,
    accountDetail: (name) => ({ account_name: name, expired: false, complete: true, jetstream_enabled: false, leafnode_connections: 0, client_connections: 0, subscriptions: 0 }), // prettier-ignore
    subscriptions: (account) => subs.filter((each) => account === undefined || each.account === account),
    sublistNumbers: () => noSublist,
    notReady: [],
    wantsJetStream: false,
    jetstream: undefined,
    warn: () => {},
    ...given,
  };
}

/** The values behind a golden /varz. */
export function varzOf(name: string): Varz {
  const values = JSON.parse(golden(name)) as Json;
  const mapOf = (field: string): unknown => new Map(Object.entries((values[field] as object | undefined) ?? {}));
  return { ...values, metadata: mapOf("metadata"), feature_flags: mapOf("feature_flags") } as unknown as Varz;
}

/** The whole body of a page, and the pieces it came in. */
export function bodyOf(page: Page): { readonly text: string; readonly pieces: readonly string[] } {
  const pieces: string[] = [];
  for (let step = page.body.next(); step.done !== true; step = page.body.next()) pieces.push(step.value);
  return { text: pieces.join(""), pieces };
}

// ---- from what the reference answered back to the values behind it

type Json = Readonly<Record<string, unknown>>;
const str = (row: Json, name: string): string => (row[name] as string | undefined) ?? "";
const num = (row: Json, name: string): number => (row[name] as number | undefined) ?? 0;

/** The connection a row of the reference's /connz shows. */
export function connectionOf(row: Json): ConnectionView {
  const details = row["subscriptions_list_detail"] as readonly Json[] | undefined;
  const subjects = row["subscriptions_list"] as readonly string[] | undefined;
  const certs = (row["tls_peer_certs"] as readonly Json[] | undefined) ?? [];
  const rtt = /^([\d.]+)(µs|ms)$/.exec(str(row, "rtt"))!;
  const stop = str(row, "stop");
  return connection(num(row, "cid"), {
    port: num(row, "port"),
    start: momentOf(str(row, "start")),
    lastActivity: momentOf(str(row, "last_activity")),
    stop: stop === "" ? undefined : momentOf(stop),
    reason: str(row, "reason"),
    rttNanos: Math.round(Number(rtt[1]) * (rtt[2] === "ms" ? 1e6 : 1e3)),
    pendingBytes: num(row, "pending_bytes"),
    inMsgs: num(row, "in_msgs"),
    outMsgs: num(row, "out_msgs"),
    inBytes: num(row, "in_bytes"),
    outBytes: num(row, "out_bytes"),
    subscriptionCount: num(row, "subscriptions"),
    subscriptions:
      details?.map((each) =>
        subscription(str(each, "subject"), str(each, "sid"), {
          queue: each["qgroup"] === undefined ? undefined : (str(each, "qgroup") as ByteString),
          delivered: num(each, "msgs"),
          max: num(each, "max"),
        }),
      ) ?? subjects?.map((subject) => subscription(subject, "1")) ?? [], // prettier-ignore
    name: str(row, "name"),
    lang: str(row, "lang"),
    version: str(row, "version"),
    tls:
      row["tls_version"] === undefined
        ? undefined
        : {
            version: str(row, "tls_version"),
            cipherSuite: str(row, "tls_cipher_suite"),
            first: false,
            peerCertificates: certs.map((each) => ({
              der: new Uint8Array(),
              spkiSha256: str(each, "spki_sha256"),
              certSha256: str(each, "cert_sha256"),
              subjectText: str(each, "subject"),
              subject: [],
              emails: [],
              dnsNames: [],
              uris: [],
            })),
          },
    authorizedUser: str(row, "authorized_user"),
    account: str(row, "account") || (row["name_tag"] === "$G" ? "$G" : undefined),
  });
}
