// A parser of which only the messages count, for tests of what becomes of them.

import type { Frame } from "../../src/proto/frame.ts";
import { Parser, type ParserLimits } from "../../src/proto/parser.ts";

const ignore = (): void => {};

/** Hands each PUB and HPUB to `onPub`; throws at what is wrong. */
export function publishingParser(onPub: (frame: Frame) => void, limits: Partial<ParserLimits> = {}): Parser {
  const parser = new Parser(
    {
      onVerb: () => true,
      onConnect: ignore,
      onInfo: ignore,
      onSystemPubs: (at) => at,
      onPub,
      onSub: ignore,
      onUnsub: ignore,
      onPing: ignore,
      onPong: ignore,
      onOk: ignore,
      onErr: ignore,
      onMistake: (mistake) => {
        throw new Error(mistake);
      },
    },
    { maxPayload: 1 << 20, maxControlLine: 4096, headers: true, ...limits },
  );
  parser.guarded = false;
  return parser;
}
