// What the payload of an ack says, as nats-server reads it: a word, compared as
// a whole or by its beginning, and what stands behind it.

import { decode, JsonError, record } from "../../base/json.ts";
import { goText } from "../../base/json_reader.ts";
import { quoted } from "../../errors/protocol.ts";
import { trimmed } from "./consumer_blanks.ts";
import { duration } from "./consumer_config.ts";
import { goDurationNanos } from "./consumer_duration.ts";

/** What it says. */
export type AckPayload =
  | { readonly kind: "ack" | "progress" | "unknown" }
  /** Acked, and a pull request, which is borrowed (see consumer_next.ts). */
  | { readonly kind: "next"; readonly request: Uint8Array }
  | { readonly kind: "term"; readonly reason: string }
  /** Without a delay it is for now. So it is with one that can not be read, which is given as a warning shows it. */
  | { readonly kind: "nak"; readonly delayMs: number | undefined; readonly badDelay: string | undefined };

const said = { ack: { kind: "ack" }, progress: { kind: "progress" }, unknown: { kind: "unknown" } } as const;
const nakAtOnce: AckPayload = { kind: "nak", delayMs: undefined, badDelay: undefined };
const nakOptions = record({ delay: duration }, "server.ConsumerNakOptions");
const [ACK, OK, NAK, PROGRESS, NEXT, TERM] = ["+ACK", "+OK", "-NAK", "+WPI", "+NXT", "+TERM"].map((word) =>
  Buffer.from(word),
) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];

/** Reads a payload without its headers; it is borrowed, also by what is given of it. */
export function readAck(body: Uint8Array): AckPayload {
  if (body.length === 0 || isWord(body, ACK) || isWord(body, OK)) return said.ack;
  if (begins(body, NEXT)) return { kind: "next", request: body.subarray(NEXT.length) };
  if (begins(body, NAK)) return readNak(body);
  if (isWord(body, PROGRESS)) return said.progress;
  if (!begins(body, TERM)) return said.unknown;
  const [from, to] = trimmed(body, TERM.length, body.length);
  return { kind: "term", reason: goText(body, from, to) };
}

/** The delay behind the word: a duration, or an object that has one in nanoseconds. */
function readNak(body: Uint8Array): AckPayload {
  const [from, to] = trimmed(body, NAK.length, body.length);
  if (from === to) return nakAtOnce;
  let nanos: bigint | undefined;
  if (body[from] === 0x7b) {
    const options = decode(nakOptions, body, from, to);
    if (!(options instanceof JsonError)) nanos = options.delay;
  } else nanos = goDurationNanos(goText(body, from, to));
  if (nanos !== undefined) return { kind: "nak", delayMs: Number(nanos) / 1e6, badDelay: undefined };
  return { kind: "nak", delayMs: undefined, badDelay: quoted(Buffer.from(body.subarray(from, to)).toString("latin1")) };
}

function isWord(body: Uint8Array, word: Buffer): boolean {
  return body.length === word.length && begins(body, word);
}

function begins(body: Uint8Array, word: Buffer): boolean {
  if (body.length < word.length) return false;
  for (let i = 0; i < word.length; i++) if (body[i] !== word[i]) return false;
  return true;
}
