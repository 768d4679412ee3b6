// A request for DIRECT.GET: what it asks for, or the status it is refused with.

import type { ByteString } from "../../base/bytes.ts";
import { byteString, bytesOf } from "../../base/bytes.ts";
import { decode, JsonError } from "../../base/json.ts";
import type { Moment } from "../../base/nanos.ts";
import { msgGetRequest } from "../api/kinds.ts";

/** A status line without its version. */
export type Status = string;

/** 0, empty and undefined are not given. */
export interface DirectRequest {
  readonly seq: number;
  readonly last: ByteString;
  readonly next: ByteString;
  readonly start: Moment | undefined;
  readonly multiLast: readonly ByteString[];
  readonly upToSeq: number;
  readonly upToTime: Moment | undefined;
  readonly batch: number;
  readonly maxBytes: number;
  readonly noHeaders: boolean;
  /** Memory it holds, about. */
  readonly bytes: number;
}

const LEAST_HELD = 1024;
/** Of a string, besides its characters. */
const STRING_HELD = 32;

const MALFORMED: Status = "408 Malformed Request";
const EMPTY: Status = "408 Empty Request";
const BAD: Status = "408 Bad Request";

const SEQ = bytesOf('{"seq":' as ByteString);
const CLOSING = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;
/** So many digits are below 2^53 whatever they are. */
const SAFE_DIGITS = 15;

/** The sequence in a body spelled `{"seq":12}`, as most are; 0 when it is spelled otherwise, or asks for anything else. */
export function plainSequence(source: Uint8Array, from: number, to: number): number {
  const end = to - 1;
  let at = from + SEQ.length;
  if (at >= end || end - at > SAFE_DIGITS || source[end] !== CLOSING || source[at] === ZERO) return 0;
  for (let i = 0; i < SEQ.length; i++) if (source[from + i] !== SEQ[i]) return 0;
  let seq = 0;
  for (; at < end; at++) {
    const digit = source[at]!;
    if (digit < ZERO || digit > NINE) return 0;
    seq = seq * 10 + digit - ZERO;
  }
  return seq;
}

/** Reads the body of DIRECT.GET.<stream>. */
export function readDirectRequest(body: Uint8Array): DirectRequest | Status {
  if (body.length === 0) return EMPTY;
  const asked = read(body);
  if (asked === undefined) return MALFORMED;
  const { seq, last, next, start, multiLast, upToSeq, upToTime, batch } = asked;
  const isMulti = multiLast.length > 0;
  if (seq === 0 && last === "" && next === "" && !isMulti && start === undefined) return EMPTY;
  const isMixed =
    (seq > 0 && (last !== "" || start !== undefined)) ||
    (start !== undefined && last !== "") ||
    (last !== "" && (next !== "" || batch > 0 || isMulti)) ||
    (next !== "" && isMulti) ||
    (upToSeq > 0 && upToTime !== undefined);
  return isMixed ? BAD : asked;
}

/** Reads the body of DIRECT.GET.<stream>.<subject>, which may be empty. */
export function readLastRequest(subject: ByteString, body: Uint8Array): DirectRequest | Status {
  const asked = body.length === 0 ? NONE : read(body);
  if (asked === undefined) return MALFORMED;
  const { seq, last, next, start, multiLast, upToSeq, upToTime, batch } = asked;
  const asksMore = seq !== 0 || last !== "" || next !== "" || start !== undefined || batch !== 0;
  if (asksMore || multiLast.length > 0 || upToSeq !== 0 || upToTime !== undefined) return BAD;
  return { ...asked, last: subject };
}

const NONE: DirectRequest = {
  seq: 0,
  last: "" as ByteString,
  next: "" as ByteString,
  start: undefined,
  multiLast: [],
  upToSeq: 0,
  upToTime: undefined,
  batch: 0,
  maxBytes: 0,
  noHeaders: false,
  bytes: LEAST_HELD,
};

/** Undefined when it is no JSON, or does not fit. */
function read(body: Uint8Array): DirectRequest | undefined {
  const asked = decode(msgGetRequest, body);
  if (asked instanceof JsonError) return undefined;
  return {
    seq: Number(asked.seq),
    last: byteString(asked.last_by_subj),
    next: byteString(asked.next_by_subj),
    start: asked.start_time,
    multiLast: asked.multi_last.map(byteString),
    upToSeq: Number(asked.up_to_seq),
    upToTime: asked.up_to_time,
    batch: asked.batch,
    maxBytes: asked.max_bytes,
    noHeaders: asked.no_hdr,
    bytes: LEAST_HELD + body.length + asked.multi_last.length * STRING_HELD,
  };
}
