// docs/errors.md, made from the tables of this room.

import { apiErrors, type ApiErrorSpec } from "./api.ts";
import { closeReasons } from "./close_reason.ts";
import { protocolErrors, type ProtocolErrorSpec } from "./protocol.ts";

/** The whole page. */
export function errorsPage(): string {
  const errors: readonly ProtocolErrorSpec[] = Object.values(protocolErrors);
  const requestErrors: readonly ApiErrorSpec[] = Object.values(apiErrors);
  return [
    "# Errors",
    "",
    "What a client reads after `-ERR`, in single quotes, and whether the connection ends. The texts are those of",
    "nats-server 2.14; clients compare them. `{subject}` and `{queue}` stand in double quotes. Made by `make docs`.",
    "",
    "| text | connection |",
    "| --- | --- |",
    ...errors.map(
      ({ text, closes }) => `| ${text} | ${closes === undefined ? "stays open" : `closes: ${closeReasons[closes]}`} |`,
    ),
    "",
    "A connection also ends without any text: for a protocol line with a wrong number of arguments or a size that is no",
    "number, for CONNECT that is no JSON, for HPUB without agreed headers (all Protocol Violation), and for slow consumers.",
    "",
    "## Close reasons",
    "",
    "As `reason` of closed connections in `/connz?state=closed`, and in the log.",
    "",
    ...Object.values(closeReasons).map((reason) => `- ${reason}`),
    "",
    "## API errors",
    "",
    "`error` of a response of `$JS.API` and of an acknowledgement: `code`, `err_code` and `description`. Numbers and texts are",
    "those of nats-server 2.14.5, holes in braces. Those about clusters, peers and templates stand here for completeness.",
    "",
    "| err_code | code | description |",
    "| --- | --- | --- |",
    ...requestErrors.map(({ code, errCode, text }) => `| ${errCode} | ${code} | ${text} |`),
    "",
  ].join("\n");
}
