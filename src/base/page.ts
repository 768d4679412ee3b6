// What an HTTP request is answered with, by whoever makes pages, for io/http
// to send. Neither knows the other.

/** An answer. `body` is made while it is sent: each piece is one bounded amount of work and may be empty. */
export interface Page {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Iterator<string>;
}

/** Makes the page for a path (decoded, without the base path) and a raw query (without `?`). */
export type MakePage = (path: string, query: string) => Page;
