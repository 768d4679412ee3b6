// Headers of features this server does not have yet (counters, TTLs, schedules,
// batches): what a stream answers that has them switched off, in nats-server's
// order of checks.

import { type ByteString, byteStringOf } from "../../base/bytes.ts";
import { type ApiError, apiError } from "../../errors/api.ts";
import { isLiteral, isValidSubject } from "../../subject/subject.ts";
import { HEADER, type PublishHeaders } from "./publish_headers.ts";

const FAST_BATCH = ".$FI";
const SECONDS_OF: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Whether the message belongs to a batch, by its reply or its headers: then `batchRefusal` says what is wrong with that. */
export function isOfBatch(headers: PublishHeaders, bytes: Uint8Array, replyFrom: number, replyTo: number): boolean {
  return isFastBatch(bytes, replyFrom, replyTo) || headers.has(HEADER.batchId);
}

/** The answer to a message of a batch. */
export function batchRefusal(bytes: Uint8Array, replyFrom: number, replyTo: number): ApiError {
  return apiError(isFastBatch(bytes, replyFrom, replyTo) ? "batchPublishDisabled" : "atomicPublishDisabled");
}

function isFastBatch(bytes: Uint8Array, from: number, to: number): boolean {
  const start = to - FAST_BATCH.length;
  if (start <= from) return false;
  for (let i = 0; i < FAST_BATCH.length; i++) if (bytes[start + i] !== FAST_BATCH.charCodeAt(i)) return false;
  return true;
}

/** `Nats-Incr`: an increment of a counter. */
export function incrementRefusal(headers: PublishHeaders): ApiError | undefined {
  if (!headers.has(HEADER.incr)) return undefined;
  const isNumber = /^[+-]?\d+$/.test(headers.value(HEADER.incr));
  return apiError(isNumber ? "messageIncrDisabled" : "messageIncrInvalid");
}

/** A `Nats-TTL` that asks for something. One that is wrong is refused later: `ttlFault`. */
export function ttlRefusal(headers: PublishHeaders): ApiError | undefined {
  if (!headers.has(HEADER.ttl)) return undefined;
  const seconds = ttlSeconds(headers.value(HEADER.ttl));
  return seconds === undefined || seconds === 0 ? undefined : apiError("messageTtlDisabled");
}

/** A `Nats-TTL` that is none. */
export function ttlFault(headers: PublishHeaders): ApiError | undefined {
  if (!headers.has(HEADER.ttl) || ttlSeconds(headers.value(HEADER.ttl)) !== undefined) return undefined;
  return apiError("messageTtlInvalid");
}

/** −1 for "never"; undefined when it is wrong. A duration of less than a second is, 00 is not. */
function ttlSeconds(value: ByteString): number | undefined {
  if (value.toLowerCase() === "never") return -1;
  const duration = durationSeconds(Buffer.from(value, "latin1").toString("utf8"));
  if (duration !== undefined) return duration < 1 ? undefined : duration;
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

/** A duration as Go reads it, in seconds. */
function durationSeconds(text: string): number | undefined {
  const sign = /^[+-]/.test(text) ? 1 : 0;
  const rest = text.slice(sign);
  if (rest === "0") return 0;
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of rest.matchAll(/([\d.]+)([^\d.]+)/g)) seconds += Number(count) * SECONDS_OF[unit!]!;
  return text.startsWith("-") ? -seconds : seconds;
}

/** `Nats-Schedule…` and `Nats-Scheduler`, for a message on subject [from, to). */
export function scheduleRefusal(
  headers: PublishHeaders,
  subject: Uint8Array,
  from: number,
  to: number,
): ApiError | undefined {
  if (headers.has(HEADER.schedule) || isWrongZone(headers)) return apiError("messageSchedulesDisabled");
  if (headers.has(HEADER.scheduleNext)) {
    const scheduler = headers.value(HEADER.scheduler);
    const isPurge = headers.value(HEADER.scheduleNext) === "purge";
    const isOther = isLiteral(scheduler) && isValidSubject(scheduler) && scheduler !== byteStringOf(subject, from, to);
    return apiError(isPurge && isOther ? "messageSchedulesDisabled" : "messageSchedulesSchedulerInvalid");
  }
  return headers.has(HEADER.scheduler) ? apiError("messageSchedulesSchedulerInvalid") : undefined;
}

function isWrongZone(headers: PublishHeaders): boolean {
  if (!headers.isThere(HEADER.scheduleTimeZone)) return false;
  const timeZone = headers.value(HEADER.scheduleTimeZone);
  if (timeZone === "UTC" || timeZone === "Local") return false;
  try {
    return timeZone === "" || new Intl.DateTimeFormat("en", { timeZone }).format(0) === "";
  } catch {
    return true;
  }
}
