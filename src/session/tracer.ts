// The protocol of one connection, for the trace log.
//
// Exists only while trace is on. Secrets in CONNECT are shown as [REDACTED].

import { type ByteString, byteStringOf, shown } from "../base/bytes.ts";
import { quoted } from "../errors/protocol.ts";
import type { Frame } from "../proto/frame.ts";

const SECRETS = /("(?:pass|auth_token|jwt|sig|nkey|proxy_sig)"\s*:\s*")(?:[^"\\]|\\.)*(")/gi;
const ESCAPED_KEY = /"[^"]*\\u[^"]*"\s*:/i;

export interface TracerSettings {
  /** Longest payload shown; 0 is any. */
  readonly maxTracedBytes: number;
  /** Show headers and no payload. */
  readonly traceHeaders: boolean;
}

export class Tracer {
  readonly #write: (text: string) => void;
  readonly #settings: TracerSettings;

  constructor(write: (text: string) => void, settings: TracerSettings) {
    this.#write = write;
    this.#settings = settings;
  }

  /** The texts are byte strings, as they came or go. */
  in(text: string): void {
    this.#write(`<<- [${shown(text as ByteString)}]`);
  }
  out(text: string): void {
    this.#write(`->> [${shown(text as ByteString)}]`);
  }
  both(text: string): void {
    this.#write(`<-> [${shown(text as ByteString)}]`);
  }
  connect(json: string): void {
    // A key may be spelled so that it is not recognised: then nothing of it is shown.
    const isClear = !ESCAPED_KEY.test(json);
    this.in(`CONNECT ${isClear ? json.replaceAll(SECRETS, "$1[REDACTED]$2") : "[REDACTED]"}`);
  }

  /** `mapped` is the message under its mapped subject, if there is one. */
  pub(frame: Frame, mapped: Frame | undefined): void {
    const { source } = frame;
    const text = (from: number, to: number): string => byteStringOf(source, from, to);
    const reply = frame.replyTo > frame.replyFrom ? ` ${text(frame.replyFrom, frame.replyTo)}` : "";
    const subject = text(frame.subjectFrom, frame.subjectTo);
    const sizes = `${frame.headerBytes < 0 ? "" : `${text(frame.headerSizeFrom, frame.headerSizeTo)} `}${text(frame.sizeFrom, frame.sizeTo)}`;
    this.in(`${frame.headerBytes < 0 ? "PUB" : "HPUB"} ${subject}${reply} ${sizes}`);
    if (mapped !== undefined) {
      this.in(`MAPPING ${subject} -> ${byteStringOf(mapped.source, mapped.subjectFrom, mapped.subjectTo)}`);
    }
    this.#payload("<<-", source, frame.payloadFrom, frame.payloadTo, frame.headerBytes);
  }

  /** A message that goes out, and its payload, which begins with `headerBytes` of headers; −1 without. */
  msg(head: string, source: Uint8Array, from: number, to: number, headerBytes: number): void {
    this.out(head);
    this.#payload("->>", source, from, to, headerBytes);
  }

  #payload(arrow: string, source: Uint8Array, from: number, payloadTo: number, headerBytes: number): void {
    const isHeadersOnly = this.#settings.traceHeaders;
    if (isHeadersOnly && headerBytes <= 0) return;
    const to = isHeadersOnly ? from + headerBytes : payloadTo;
    const most = this.#settings.maxTracedBytes;
    const isCut = most > 0 && to - from > most;
    const payload = byteStringOf(source, from, isCut ? from + most : to);
    this.#write(`${arrow} MSG_PAYLOAD: [${quoted(isCut ? `${payload}...` : payload)}]`);
  }
}
