// The protocol of one connection, for the trace log.
//
// Exists only while trace is on. Secrets in CONNECT are shown as [REDACTED].

import { byteStringOf } from "../base/bytes.ts";
import type { Frame } from "../proto/frame.ts";

const SECRETS = /("(?:pass|auth_token|jwt|sig|nkey|proxy_sig)"\s*:\s*")(?:[^"\\]|\\.)*(")/gi;

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

  in(text: string): void {
    this.#write(`<<- [${text}]`);
  }
  out(text: string): void {
    this.#write(`->> [${text}]`);
  }
  both(text: string): void {
    this.#write(`<-> [${text}]`);
  }
  connect(json: string): void {
    this.in(`CONNECT ${json.replaceAll(SECRETS, "$1[REDACTED]$2")}`);
  }

  pub(frame: Frame): void {
    const { source } = frame;
    const text = (from: number, to: number): string => byteStringOf(source, from, to);
    const reply = frame.replyTo > frame.replyFrom ? ` ${text(frame.replyFrom, frame.replyTo)}` : "";
    const subject = text(frame.subjectFrom, frame.subjectTo);
    const sizes = `${frame.headerBytes < 0 ? "" : `${text(frame.headerSizeFrom, frame.headerSizeTo)} `}${text(frame.sizeFrom, frame.sizeTo)}`;
    this.in(`${frame.headerBytes < 0 ? "PUB" : "HPUB"} ${subject}${reply} ${sizes}`);
    this.#payload(frame);
  }

  #payload(frame: Frame): void {
    const { maxTracedBytes, traceHeaders } = this.#settings;
    if (traceHeaders) {
      if (frame.headerBytes > 0)
        this.#show(byteStringOf(frame.source, frame.payloadFrom, frame.payloadFrom + frame.headerBytes - 4));
      return;
    }
    const length = frame.payloadTo - frame.payloadFrom;
    const cut = maxTracedBytes > 0 && length > maxTracedBytes;
    const end = cut ? frame.payloadFrom + maxTracedBytes : frame.payloadTo;
    this.#show(byteStringOf(frame.source, frame.payloadFrom, end) + (cut ? "..." : ""));
  }

  #show(payload: string): void {
    this.#write(`<<- MSG_PAYLOAD: [${JSON.stringify(payload)}]`);
  }
}
