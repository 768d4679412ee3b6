// URLs in claims, taken apart as Go's net/url does it where that differs from browsers: nothing is normalised or filled in.

import { quoted } from "./subject_rules.ts";

export interface GoUrl {
  /** In lower case, empty when there is none. */
  readonly scheme: string;
  readonly hasUser: boolean;
  readonly hostname: string;
  readonly path: string;
}

/** A text is what is wrong with it, in Go's words. */
export function urlOf(input: string): GoUrl | string {
  const fault = (reason: string): string => `parse ${quoted(input)}: ${reason}`;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(input)) return fault("net/url: invalid control character in URL");
  const [beforeFragment = ""] = input.split("#", 1);
  if (beforeFragment.startsWith(":")) return fault("missing protocol scheme");
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*(?=:)/.exec(beforeFragment)?.[0] ?? "";
  const [rest = ""] = beforeFragment.slice(scheme === "" ? 0 : scheme.length + 1).split("?", 1);
  if (!rest.startsWith("/")) {
    // What follows a scheme without a slash is opaque.
    if (scheme !== "") return { scheme: scheme.toLowerCase(), hasUser: false, hostname: "", path: "" };
    if (rest.split("/", 1)[0]!.includes(":")) return fault("first path segment in URL cannot contain colon");
    return { scheme, hasUser: false, hostname: "", path: rest };
  }
  const hasAuthority = rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"));
  if (!hasAuthority) return { scheme: scheme.toLowerCase(), hasUser: false, hostname: "", path: rest };
  const slash = rest.indexOf("/", 2);
  const authority = rest.slice(2, slash < 0 ? undefined : slash);
  const at = authority.lastIndexOf("@");
  const host = authority.slice(at + 1);
  const found = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/.exec(host);
  if (found === null) return fault("missing ']' in host");
  const port = found[2];
  if (port !== undefined && !/^\d*$/.test(port)) return fault(`invalid port ${quoted(`:${port}`)} after host`);
  if (/[ <>"\\^`{|}]/.test(found[1]!)) return fault(`invalid character in host name`);
  if (/%(?![0-9A-Fa-f]{2})/.test(rest)) {
    return fault(`invalid URL escape ${quoted(/%(?![0-9A-Fa-f]{2}).{0,2}/.exec(rest)![0])}`);
  }
  return {
    scheme: scheme.toLowerCase(),
    hasUser: at >= 0,
    hostname: found[1]!.replace(/^\[|\]$/g, ""),
    path: slash < 0 ? "" : rest.slice(slash),
  };
}
