// One GET, for the URL resolver.

import { get as httpGet } from "node:http";
import { get as httpsGet, type RequestOptions } from "node:https";
import { systemText, type SystemError } from "./system_text.ts";
import { cipherList, curveList, type TlsSettings } from "./tls_settings.ts";

/** A token is at most a megabyte. */
const MOST_BYTES = 1024 * 1024;
/** Requests of one GET, those that redirects ask for among them. */
const MOST_REQUESTS = 10;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

interface HttpText {
  readonly status: number;
  readonly statusText: string;
  readonly body: string;
}

/** What this side shows and whom it believes over HTTPS; `ca` of the settings are those it believes, none the web's. */
export interface ClientTls {
  readonly settings: TlsSettings;
  /** The other side's certificate is not checked. */
  readonly insecure: boolean;
}

/** The answer, after all redirects, or why there is none within `timeoutMs`. Never rejects. */
export async function getText(url: string, timeoutMs: number, tls?: ClientTls): Promise<HttpText | string> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const options = { signal: late.signal, ...(tls === undefined ? {} : secureOptions(tls)) };
  let from: URL | undefined;
  try {
    from = new URL(url);
    for (let i = 0; i < MOST_REQUESTS; i++) {
      const { location, ...answer } = await getOnce(from, options);
      if (location === undefined) return answer;
      from = new URL(location, from);
    }
    return `stopped after ${MOST_REQUESTS} redirects`;
  } catch (error) {
    return late.signal.aborted ? "context deadline exceeded" : wordsOf(error as DialError, from);
  } finally {
    clearTimeout(timer);
  }
}

interface DialError extends SystemError {
  readonly address?: string;
  readonly port?: number;
}

/** As Go puts it; a password in the URL is not shown. */
function wordsOf(error: DialError, from: URL | undefined): string {
  const { syscall, address, port } = error;
  if (from === undefined || syscall === undefined) return error.message;
  const url = new URL(from);
  if (url.password !== "") url.password = "xxxxx";
  const where = syscall === "connect" && address !== undefined ? `dial tcp ${address}:${port}: ` : "";
  return `Get ${JSON.stringify(url.href)}: ${where}${systemText(error)}`;
}

function secureOptions({ settings, insecure }: ClientTls): RequestOptions {
  const { certs, ca, minVersion } = settings;
  return {
    cert: certs.map((pair) => pair.cert),
    key: certs.map((pair) => pair.key),
    ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
    minVersion: minVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
    ciphers: cipherList(settings),
    ecdhCurve: curveList(settings),
    rejectUnauthorized: !insecure,
  };
}

function getOnce(url: URL, options: RequestOptions): Promise<HttpText & { readonly location?: string }> {
  return new Promise((resolve, reject) => {
    const { protocol } = url;
    if (protocol !== "http:" && protocol !== "https:") {
      throw new Error(`unsupported protocol scheme ${JSON.stringify(protocol.slice(0, -1))}`);
    }
    const request = (protocol === "https:" ? httpsGet : httpGet)(url, options, (response) => {
      const { statusCode: status = 0, statusMessage = "", headers } = response;
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > MOST_BYTES) request.destroy(new Error("http: response body too large"));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        const answer = { status, statusText: `${status} ${statusMessage}`, body };
        const { location } = headers;
        resolve(location !== undefined && redirects.has(status) ? { ...answer, location } : answer);
      });
    });
    request.on("error", reject);
  });
}
