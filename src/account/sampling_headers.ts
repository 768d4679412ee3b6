// Headers of distributed tracing that ask for a request to be measured: those
// of Jaeger, Zipkin and the W3C. Source: auth-accounts facts §5.

/** Headers that are repeated in the measurement; names as Go's HTTP library spells them. */
export type SamplingHeaders = ReadonlyMap<string, readonly string[]>;

const UBER = "Uber-Trace-Id";
const UBER_CONTEXT = "Uberctx-";
const B3 = "B3";
const B3_SAMPLED = "X-B3-Sampled";
const B3_ID = "X-B3-Traceid";
const B3_MORE = ["X-B3-Parentspanid", "X-B3-Spanid"];
const W3C = "Traceparent";
const W3C_STATE = "Tracestate";

/** The headers of a message, source[from, to), that ask for a measurement; undefined when none does. */
export function samplingHeaders(source: Uint8Array, from: number, to: number): SamplingHeaders | undefined {
  const headers = headersOf(Buffer.from(source.buffer, source.byteOffset + from, to - from).toString("latin1"));
  const first = (name: string): string | undefined => headers?.get(name)?.[0];
  const some = (wanted: (name: string) => boolean): SamplingHeaders =>
    new Map([...headers!].filter(([name]) => wanted(name)));
  const uber = first(UBER);
  if (uber !== undefined) {
    const isSampled = isOdd(uber.split(":"), 3, [1, 2]);
    return isSampled ? some((name) => name === UBER || name.startsWith(UBER_CONTEXT)) : undefined;
  }
  const sampled = first(B3_SAMPLED);
  if (sampled === "0") return undefined;
  if (sampled === "1" || first(B3_ID) !== undefined) {
    return some((name) => [B3_SAMPLED, B3_ID, ...B3_MORE].includes(name));
  }
  const b3 = first(B3);
  if (b3 !== undefined) {
    const parts = b3.split("-");
    const isDenied = parts.length > 2 ? parts[2] === "0" : parts.length === 1 && parts[0] === "0";
    return isDenied ? undefined : some((name) => name === B3);
  }
  const parent = first(W3C);
  if (parent === undefined || !isSampledParent(parent)) return undefined;
  return some((name) => name === W3C || name === W3C_STATE);
}

/** Whether a `traceparent` says that its trace is sampled. */
export function isSampledParent(value: string): boolean {
  const parts = value.split("-");
  // Two digits of which the value fits 7 bits, as Go reads them.
  return isOdd(parts, 3, [2]) && Number.parseInt(parts[3]!, 16) < 128;
}

/** Four parts, of which one is an odd number of so many hexadecimal digits. */
function isOdd(parts: readonly string[], at: number, lengths: readonly number[]): boolean {
  const flags = parts[at];
  if (parts.length !== 4 || flags === undefined || !lengths.includes(flags.length)) return false;
  return /^[0-9a-fA-F]+$/.test(flags) && (Number.parseInt(flags, 16) & 1) === 1;
}

/** Names to values; undefined when a line is none. */
function headersOf(block: string): Map<string, string[]> | undefined {
  const headers = new Map<string, string[]>();
  for (const line of block.split("\r\n").slice(1)) {
    if (line === "") break;
    const colon = line.indexOf(":");
    if (colon <= 0) return undefined;
    const name = canonical(line.slice(0, colon));
    const values = headers.get(name);
    const value = line.slice(colon + 1).trim();
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** As Go spells names of headers: `traceparent` is `Traceparent`. */
function canonical(name: string): string {
  if (!/^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(name)) return name;
  return name.toLowerCase().replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
