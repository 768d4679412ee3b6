// What accounts ask of the server, as subscribers of the system account hear it, too: a copy of each request, with who
// asks. It has no reply subject: the server answers, nobody else.

import type { Frame } from "../account/bus.ts";
import type { Detail } from "../account/crossing.ts";
import { REQUEST_INFO, withoutHeaderLines } from "../account/header_lines.ts";
import { requestInfoLine } from "../account/request_info.ts";
import type { ByteString } from "../base/bytes.ts";
import type { Overhear } from "../system/requests.ts";
import type { Core } from "./core.ts";

const HEAD = Buffer.from("NATS/1.0\r\n");
const END = Buffer.from("\r\n");
const NO_REPLY = "" as ByteString;

/** Tells the system account, at the end of the turn, where somebody listens. */
export function overhearing({ accounts, systemAccount, identity, turn }: Core): Overhear | undefined {
  const system = systemAccount === undefined ? undefined : accounts.get(systemAccount);
  if (system === undefined) return undefined;
  const place = { server: identity.name, cluster: "" };
  return (subject, frame, sender, account, isShared) => {
    if (system.connections === 0) return;
    if (!system.router.match(subject).some(({ receiver }) => receiver !== undefined)) return;
    // Somebody of an account that imports it from the one that asks here.
    const isForeign = sender !== undefined && sender.hooks.info().account !== account;
    const detail: Detail = { isShared, hasPlace: true, service: isForeign ? account : "" };
    const header = told(frame, requestInfoLine(sender, account, detail, place));
    const body = Uint8Array.prototype.slice.call(
      frame.source,
      frame.payloadFrom + Math.max(0, frame.headerBytes),
      frame.payloadTo,
    );
    turn.beforeFlush(() => system.bus.publishParts(subject, NO_REPLY, header, body));
  };
}

/** The headers of a message, with `line` in place of what the requester wrote of itself. */
function told({ source, payloadFrom, headerBytes }: Frame, line: Uint8Array): Uint8Array {
  if (headerBytes <= 0) return Buffer.concat([HEAD, line, END]);
  const own = Buffer.alloc(headerBytes);
  const length = withoutHeaderLines(source, payloadFrom, payloadFrom + headerBytes, REQUEST_INFO, own, 0);
  return Buffer.concat([own.subarray(0, length - END.length), line, END]);
}
