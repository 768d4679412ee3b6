// Keeps a directory of tokens like those of others: says from time to time what it holds, by its hash, and takes what
// is packed for it. Newer tokens take the place of older ones, nothing else is lost.

import type { TokenDirectory } from "../auth/operator/token_directory.ts";
import type { Bus, Frame } from "../account/bus.ts";
import { byteString } from "../base/bytes.ts";
import { nuid } from "../base/nuid.ts";
import type { Timer } from "../base/world.ts";
import type { Core } from "./core.ts";

/** nats-server's own time between two questions. */
const SYNC_MS = 60_000;
/** Packs that wait for those before them; those beyond are dropped, and come with the next question. */
const MOST_WAITING = 1024;
const NOTHING = new Uint8Array(0);

export class TokenSync {
  readonly #core: Core;
  readonly #bus: Bus;
  readonly #directory: TokenDirectory;
  readonly #everyMs: number;
  #waiting = 0;
  #timer: Timer | undefined = undefined;

  /** `bus` is the system account's; 0 is nats-server's own time. */
  constructor(core: Core, bus: Bus, directory: TokenDirectory, everyMs: number) {
    this.#core = core;
    this.#bus = bus;
    this.#directory = directory;
    this.#everyMs = everyMs || SYNC_MS;
  }

  start(): void {
    const reply = byteString(`$SYS._INBOX.${nuid((below) => this.#core.world.random(below))}`);
    this.#bus.subscribe(reply, {
      onMsg: (frame) => {
        this.#onPack(frame);
        return true;
      },
    });
    const ask = (): void => {
      const hash = this.#directory.hash();
      this.#core.log.debug(`Checking store state: ${hash.toString("hex")}`);
      const subject = byteString("$SYS.REQ.CLAIMS.PACK");
      this.#core.turn.beforeFlush(() => this.#bus.publishParts(subject, reply, NOTHING, hash));
      this.#timer = this.#core.world.after(this.#everyMs, ask);
    };
    this.#timer = this.#core.world.after(this.#everyMs, ask);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #onPack({ source, payloadFrom, payloadTo, headerBytes }: Frame): void {
    const { log } = this.#core;
    const pack = Buffer.from(source.subarray(payloadFrom + Math.max(0, headerBytes), payloadTo)).toString("utf8");
    if (pack === "") {
      log.debug(`Merging Finished and resulting in: ${this.#directory.hash().toString("hex")}`);
      return;
    }
    if (this.#waiting >= MOST_WAITING) return;
    this.#waiting++;
    const before = this.#directory.hash().toString("hex");
    void this.#directory.merge(pack).then((failed) => {
      this.#waiting--;
      if (failed !== undefined) log.error(`Merging resulted in error: ${failed.text}`);
      else log.debug(`Merging succeeded and changed ${before} to ${this.#directory.hash().toString("hex")}`);
    });
  }
}
