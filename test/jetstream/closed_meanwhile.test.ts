// A server that ends while requests wait: nobody is told that a stream is not there which the next start brings back.

import { expect, test } from "vitest";
import { FakeDisk } from "../support/fake_disk.ts";
import { type Answer, Bench } from "./bench.ts";

test("requests that wait for the disk or for their turn when the server ends are not refused", () => {
  const disk = new FakeDisk();
  const bench = new Bench({ disk, settleDisk: () => disk.complete() });
  bench.api("STREAM.CREATE.S", { name: "S" });
  bench.api("CONSUMER.DURABLE.CREATE.S.C", { stream_name: "S", config: { durable_name: "C", ack_policy: "explicit" } });
  const published = bench.ask("S", "waits for the disk");
  bench.world.settle();
  const ask = (verb: string, body: object = {}): string[] => bench.ask(`$JS.API.${verb}`, body);
  const askAll = (): string[][] => [
    ask("STREAM.MSG.GET.S", { seq: 1 }),
    ask("STREAM.INFO.S"),
    ask("STREAM.PURGE.S"),
    ask("CONSUMER.INFO.S.C"),
  ];
  const waiting = askAll();
  bench.world.settle();
  const justAsked = askAll();
  bench.close();
  expect(published).toHaveLength(1);
  const refused = [...waiting, ...justAsked].flat().filter((text) => (JSON.parse(text) as Answer).error !== undefined);
  expect(refused).toEqual([]);
});
