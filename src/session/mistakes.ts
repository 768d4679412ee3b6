// Bytes that are no protocol: what the operator reads, and how the connection
// ends. Only some of them are worth an -ERR. Source: protocol facts §1 and §5.

import { quoted } from "../errors/protocol.ts";
import type { Mistake } from "../proto/parser.ts";

interface Consequence {
  /** For the log; `detail` is the offending bytes. */
  readonly log: (detail: string) => string;
  /** The error that is sent; undefined closes without a word, as a protocol violation. */
  readonly error: "unknownOperation" | "maximumControlLine" | "maximumPayload" | undefined;
}

export const mistakes: Readonly<Record<Mistake, Consequence>> = {
  unknownOperation: {
    log: (detail) => `Client parser ERROR, state=0, i=0: proto='${quoted(detail)}...'`,
    error: "unknownOperation",
  },
  maximumControlLine: { log: () => "maximum control line exceeded", error: "maximumControlLine" },
  maximumPayload: { log: () => "maximum payload exceeded", error: "maximumPayload" },
  headersNotSupported: { log: () => "message headers not supported", error: undefined },
  arguments: { log: (detail) => `processing arguments: ${quoted(detail)}`, error: undefined },
};
