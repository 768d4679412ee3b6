// One GET, for the URL resolver.

import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";

/** A token is at most a megabyte. */
const MOST_BYTES = 1024 * 1024;

/** The answer, or why there is none. Never rejects. */
export function getText(
  url: string,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly statusText: string; readonly body: string } | string> {
  return new Promise((resolve) => {
    const get = url.startsWith("https:") ? httpsGet : httpGet;
    try {
      const request = get(url, { timeout: timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > MOST_BYTES) request.destroy(new Error("http: response body too large"));
          else chunks.push(chunk);
        });
        response.on("error", (error) => resolve(error.message));
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          resolve({
            status,
            statusText: `${status} ${response.statusMessage ?? ""}`,
            body: Buffer.concat(chunks).toString("utf8"),
          });
        });
      });
      request.on("timeout", () => request.destroy(new Error("context deadline exceeded")));
      request.on("error", (error) => resolve(error.message));
    } catch (error) {
      resolve((error as Error).message);
    }
  });
}
