// The monitoring pages of a server: which path shows what.
//
// Owns the count of requests per page. Reads the server through
// MonitorSource, and is read by io/http page by page, slice by slice. Nothing
// it shows comes from the command line, the environment or a secret.

import { encode, encodeSlices, type Kind } from "../base/json.ts";
import type { Page } from "../base/page.ts";
import { accountz, accountzOf } from "./accountz.ts";
import { accstatz, accstatzOf } from "./accstatz.ts";
import { connz, connzOf } from "./connz.ts";
import { readConnz, readSubs, sortOf } from "./connz_options.ts";
import { healthz, healthzOf, readHealth } from "./healthz.ts";
import { jsz, jszOf, readJsz } from "./jsz.ts";
import { lateSlices } from "./late_slices.ts";
import { gatewayz, gatewayzOf, leafz, leafzOf, routez, routezOf } from "./links.ts";
import { Query, QueryError } from "./query.ts";
import { rootPage } from "./root.ts";
import type { MonitorSource } from "./source.ts";
import { readSubsz, subsz, subszOf } from "./subsz.ts";
import { varz, varzOf } from "./varz.ts";

const json = ["Content-Type", "application/json"] as const;
const text = ["Content-Type", "text/plain; charset=utf-8"] as const;
const anyOrigin = ["Access-Control-Allow-Origin", "*"] as const;

type Answer = (query: Query) => Page;

export class Monitor {
  readonly #source: MonitorSource;
  readonly #basePath: string;
  readonly #requests: Map<string, number>;
  readonly #pages: ReadonlyMap<string, Answer>;

  /** `basePath` is http_base_path: empty, or with a slash in front and none behind. `requests` is counted up. */
  constructor(source: MonitorSource, basePath: string, requests = new Map<string, number>()) {
    this.#source = source;
    this.#requests = requests;
    this.#basePath = basePath;
    this.#pages = new Map<string, Answer>([
      ["/", () => this.#root()],
      ["/varz", () => this.#varz()],
      ["/connz", (query) => this.#connz(query)],
      ["/subsz", (query) => this.#subsz(query)],
      ["/subscriptionsz", (query) => this.#subsz(query)],
      ["/accountz", (query) => this.#accountz(query)],
      ["/accstatz", (query) => this.#accstatz(query)],
      ["/healthz", (query) => this.#healthz(query)],
      ["/routez", (query) => this.#routez(query)],
      ["/gatewayz", (query) => this.#gatewayz(query)],
      ["/leafz", (query) => this.#leafz(query)],
      ["/jsz", (query) => this.#jsz(query)],
      ["/ipqueuesz", ipqueuesz],
      ["/raftz", () => page(404, [text], ["No Raft nodes registered"])],
      ["/stacksz", () => page(200, [json, anyOrigin], ["there are no goroutines here\n"])],
      ["/debug/vars", () => this.#debugVars()],
    ]);
  }

  /** Requests answered so far, by page. */
  get requests(): ReadonlyMap<string, number> {
    return this.#requests;
  }

  /** The page for a decoded path without the base path, "/" for the base itself, and a raw query. */
  page(path: string, query: string): Page {
    const answer = this.#pages.get(path);
    if (answer === undefined) {
      return page(404, [text, ["X-Content-Type-Options", "nosniff"]], ["404 page not found\n"]);
    }
    try {
      return answer(new Query(query));
    } catch (error) {
      if (error instanceof QueryError) return page(error.status, [text], [error.message]);
      throw error;
    }
  }

  #count(path: string): void {
    this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
  }

  #root(): Page {
    this.#count("/");
    const html = rootPage(this.#basePath, this.#source.version);
    return page(200, [["Content-Type", "text/html; charset=utf-8"]], [html]);
  }

  #varz(): Page {
    this.#count("/varz");
    return view(varz, varzOf(this.#source, new Map(this.#requests)));
  }

  #connz(query: Query): Page {
    const options = readConnz(query);
    this.#count("/connz");
    const sort = sortOf(options.sortText, options.state);
    return lateView(connz, connzOf(this.#source, { ...options, sort }));
  }

  #subsz(query: Query): Page {
    this.#count("/subsz");
    return lateView(subsz, subszOf(this.#source, readSubsz(query)));
  }

  #accountz(query: Query): Page {
    this.#count("/accountz");
    return view(accountz, accountzOf(this.#source, query.text("acc")));
  }

  #accstatz(query: Query): Page {
    this.#count("/accstatz");
    return view(accstatz, accstatzOf(this.#source, query.bool("unused")));
  }

  #healthz(query: Query): Page {
    this.#count("/healthz");
    const { status, value } = healthzOf(
      this.#source,
      readHealth(query, (text) => this.#source.warn(text)),
    );
    return page(status, [anyOrigin, json], [encode(healthz, value)]);
  }

  #routez(query: Query): Page {
    readSubs(query);
    return this.#counted("/routez", routez, () => routezOf(this.#source));
  }

  #gatewayz(query: Query): Page {
    return this.#counted("/gatewayz", gatewayz, () => {
      for (const name of ["subs", "accs"]) query.bool(name);
      return gatewayzOf(this.#source);
    });
  }

  #leafz(query: Query): Page {
    return this.#counted("/leafz", leafz, () => {
      query.bool("subs");
      return leafzOf(this.#source);
    });
  }

  #jsz(query: Query): Page {
    this.#count("/jsz");
    return lateView(jsz, jszOf(this.#source, readJsz(query)));
  }

  #counted<D, E>(path: string, kind: Kind<D, E>, value: () => E): Page {
    this.#count(path);
    return view(kind, value());
  }

  /** What Go's expvar shows, as far as it says something here. */
  #debugVars(): Page {
    const { resident, heapUsed, heapTotal } = this.#source.memory();
    const memory = { Alloc: heapUsed, Sys: resident, HeapAlloc: heapUsed, HeapSys: heapTotal, HeapInuse: heapUsed };
    const body = `{\n"cmdline": [],\n"memstats": ${JSON.stringify(memory)}\n}\n`;
    return page(200, [["Content-Type", "application/json; charset=utf-8"]], [body]);
  }
}

function ipqueuesz(query: Query): Page {
  query.bool("all");
  return page(200, [anyOrigin, json], ["{}"]);
}

function page(status: number, headers: Page["headers"], body: Iterable<string>): Page {
  return { status, headers, body: body[Symbol.iterator]() };
}

/** A value as JSON, indented, written a slice at a time. */
function view<D, E>(kind: Kind<D, E>, value: E): Page {
  return page(200, [anyOrigin, json], encodeSlices(kind, value, "  "));
}

/** As `view`, of a value that takes its own slices to make; may refuse. */
function lateView<D, E>(kind: Kind<D, E>, making: Generator<undefined, E>): Page {
  return page(200, [anyOrigin, json], lateSlices(kind, making, "  "));
}
