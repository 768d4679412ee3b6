// The parameters of a monitoring request, read as Go's net/url and strconv
// read them, with their texts for what cannot be read.

/** A request that cannot be answered; the text is the body. */
export class QueryError extends Error {
  override name = "QueryError";
  readonly status: number;
  constructor(text: string, status = 400) {
    super(text);
    this.status = status;
  }
}

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** The values of a query; the first of each name counts. Reads throw QueryError. */
export class Query {
  readonly #values = new Map<string, string>();

  constructor(query: string) {
    for (const part of query.split("&")) {
      if (part === "" || part.includes(";")) continue;
      const equals = part.indexOf("=");
      const name = unescape(equals < 0 ? part : part.slice(0, equals));
      const value = equals < 0 ? "" : unescape(part.slice(equals + 1));
      if (name !== undefined && value !== undefined && !this.#values.has(name)) this.#values.set(name, value);
    }
  }

  /** Empty when it is not there. */
  text(name: string): string {
    return this.#values.get(name) ?? "";
  }

  bool(name: string): boolean {
    const value = this.text(name);
    if (value === "" || falsy.has(value)) return false;
    if (truthy.has(value)) return true;
    throw new QueryError(
      `Error decoding boolean for '${name}': strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax`,
    );
  }

  /** An int64, exact; 0 when it is not there. */
  int(name: string): bigint {
    const value = this.text(name);
    if (value === "") return 0n;
    const problem = (what: string): QueryError =>
      new QueryError(`Error decoding int for '${name}': strconv.Atoi: parsing ${goQuote(value)}: ${what}`);
    if (!/^[+-]?[0-9]+$/.test(value)) throw problem("invalid syntax");
    // Reading a number of a million digits takes time; none that long is in range.
    const digits = value.replace(/^[+-]?0*/, "");
    const number = digits.length > 19 ? MAX_INT64 + 2n : BigInt(digits);
    const signed = value.startsWith("-") ? -number : number;
    if (signed > MAX_INT64 || signed < -MAX_INT64 - 1n) throw problem("value out of range");
    return signed;
  }

  /** A uint64; 0 when it is not there. One beyond 2^53, which names nothing here, becomes Infinity. */
  uint(name: string): number {
    const value = this.text(name);
    if (value === "") return 0;
    const problem = (what: string): QueryError =>
      new QueryError(`Error decoding uint64 for '${name}': strconv.ParseUint: parsing ${goQuote(value)}: ${what}`);
    if (!/^[0-9]+$/.test(value)) throw problem("invalid syntax");
    const digits = value.replace(/^0+/, "");
    if (digits.length > 20 || BigInt(digits) > MAX_UINT64) throw problem("value out of range");
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : Infinity;
  }
}

const truthy = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falsy = new Set(["0", "f", "F", "FALSE", "false", "False"]);

function unescape(part: string): string | undefined {
  try {
    return decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Text in double quotes, as strconv.Quote has it. */
export function goQuote(text: string): string {
  return JSON.stringify(text)
    .replaceAll(/\\u00([01][0-9a-f])/g, (_, hex: string) => (hex === "07" ? "\\a" : hex === "0b" ? "\\v" : `\\x${hex}`))
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, unprintable);
}
function unprintable(letter: string): string {
  const hex = letter.codePointAt(0)!.toString(16);
  if (hex.length <= 2) return letter < "\x80" ? `\\x${hex}` : `\\u00${hex}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** Where a page of a long list starts, and how many it holds. */
export interface Paging {
  readonly offset: bigint;
  readonly limit: bigint;
}

const DEFAULT_LIMIT = 1024n;

/** Negative offsets are 0; no limit, or a negative one, is 1024. */
export function pagingOf(offset: bigint, limit: bigint): Paging {
  return { offset: offset < 0n ? 0n : offset, limit: limit <= 0n ? DEFAULT_LIMIT : limit };
}

/** The range [from, to) of `count` rows that is on the page. */
export function rowsOf({ offset, limit }: Paging, count: number): { readonly from: number; readonly to: number } {
  const total = BigInt(count);
  const from = offset < total ? offset : total;
  const to = limit < total - from ? from + limit : total;
  return { from: Number(from), to: Number(to) };
}
