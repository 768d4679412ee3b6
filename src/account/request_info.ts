// What a service is told of who asks: the header Nats-Request-Info. Source:
// auth-accounts facts §5.
//
// A line is made once for each connection and kind of detail, and kept with
// the connection until something of it changes.

import { rfc3339Nano } from "../base/gotime.ts";
import { encode, type Encodable, int, omitEmpty, record, text, uint64 } from "../base/json.ts";
import type { Detail } from "./crossing.ts";
import { REQUEST_INFO } from "./header_lines.ts";
import type { ClientInfo, Receiver } from "./receiver.ts";

/** Where the requester is connected. */
export interface Place {
  readonly server: string;
  /** Empty outside a cluster. */
  readonly cluster: string;
}

/** A connection as services, and who measures them, see it. */
export const clientInfoKind = record({
  start: omitEmpty(text),
  host: omitEmpty(text),
  id: omitEmpty(uint64),
  acc: omitEmpty(text),
  svc: omitEmpty(text),
  user: omitEmpty(text),
  name: omitEmpty(text),
  lang: omitEmpty(text),
  ver: omitEmpty(text),
  rtt: omitEmpty(int),
  server: omitEmpty(text),
  cluster: omitEmpty(text),
  kind: omitEmpty(text),
  client_type: omitEmpty(text),
});

export type ShownClient = Encodable<typeof clientInfoKind>;

/** What is told of `info` in this much detail. */
export function shownClient(info: ClientInfo, { isShared, hasPlace, service }: Detail, place: Place): ShownClient {
  return {
    start: isShared ? rfc3339Nano(info.start.sec, info.start.nanos) : "",
    host: isShared ? info.host : "",
    id: isShared ? info.id : 0,
    acc: info.account,
    svc: service,
    user: isShared ? info.user : "",
    name: isShared ? info.name : "",
    lang: isShared ? info.lang : "",
    ver: isShared ? info.version : "",
    rtt: info.rttNanos,
    server: isShared || hasPlace ? place.server : "",
    cluster: isShared || hasPlace ? place.cluster : "",
    kind: isShared ? "Client" : "",
    client_type: isShared ? info.clientType : "",
  };
}

/** The line of headers that tells of `sender`; of `account` alone when the server itself asks. Kept, do not change it. */
export function requestInfoLine(
  sender: Receiver | undefined,
  account: string,
  detail: Detail,
  place: Place,
): Uint8Array {
  if (sender === undefined) return lineOf({ acc: account, svc: detail.service, ...placeOf(detail, place) });
  const kind = detail.isShared ? (detail.hasPlace ? "3" : "2") : detail.hasPlace ? "1" : "0";
  const key = detail.service === "" ? kind : kind + detail.service;
  let line = sender.infoLines.get(key);
  if (line === undefined) {
    if (sender.infoLines.size >= MOST_LINES) sender.infoLines.clear();
    line = lineOf(shownClient(sender.hooks.info(), detail, place));
    sender.infoLines.set(key, line);
  }
  return line;
}
/** Kinds of lines kept for one connection. */
const MOST_LINES = 64;

function placeOf({ isShared, hasPlace }: Detail, place: Place): Partial<ShownClient> {
  return isShared || hasPlace ? place : {};
}

function lineOf(client: ShownClient): Uint8Array {
  return Buffer.from(`${REQUEST_INFO.toString()} ${encode(clientInfoKind, client)}\r\n`);
}
