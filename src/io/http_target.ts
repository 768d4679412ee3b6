// The target of an HTTP request, read as Go's server reads it.

export interface Target {
  /** Decoded. */
  readonly path: string;
  /** As it came, without the question mark; undefined when there is none. */
  readonly query: string | undefined;
}

/** Splits a request target; undefined when its path cannot be decoded. */
export function targetOf(url: string): Target | undefined {
  const local = url.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  const path = mark < 0 ? local : local.slice(0, mark);
  try {
    return { path: decodeURIComponent(path), query: mark < 0 ? undefined : local.slice(mark + 1) };
  } catch {
    return undefined;
  }
}

/** The path Go would redirect to: without empty, `.` and `..` segments; the same when it is clean. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const clean = `/${kept.join("/")}`;
  return path.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}
