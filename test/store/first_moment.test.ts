// What a stop asks of each block, in slices.

import { expect, test } from "vitest";
import { NO_LIMITS, StoredMsg } from "../../src/store/stream_store.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;
const MANY = 60_000;

test.each(["none", "s2"] as const)(
  "a stop looks for the first message behind very many that are gone in slices (%s)",
  (compression) => {
    const disk = madeDisk();
    const opening = { disk, blockBytes: 8 << 20, compression, cacheBytes: 1 };
    const { store, complete } = opened(NO_LIMITS, deaf, opening);
    const msg = new StoredMsg();
    [msg.subject, msg.subjectTo] = [Buffer.from("a"), 1];
    for (let i = 1; i <= MANY; i++) {
      msg.sec = NOW + i;
      store.stage(msg, "plain");
    }
    store.submit();
    complete();
    store.close(() => undefined);
    complete();
    // Opened anew nobody knows where in the block a message is.
    const again = opened(NO_LIMITS, deaf, opening);
    const first = MANY - 10;
    for (let seq = 1; seq < first; seq++) again.store.stageRemove(seq, false);
    again.store.submit();
    again.complete();
    const before = again.slices();
    again.store.close((failure) => expect(failure).toBeUndefined());
    again.complete();
    expect(again.slices() - before).toBeGreaterThanOrEqual(MANY / 20_000);
    const said: string[] = [];
    const last = opened(NO_LIMITS, deaf, { ...opening, log: (text) => said.push(text) });
    expect(said).toEqual([]);
    expect(last.store.state()).toMatchObject({ msgs: 11, firstSeq: first, firstSec: NOW + first });
  },
);
