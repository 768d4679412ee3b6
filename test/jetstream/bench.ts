// JetStream without a server: accounts on a fake world and a disk of the test's choosing.

import { Account } from "../../src/account/account.ts";
import type { Listener } from "../../src/account/bus.ts";
import { InnerQueue } from "../../src/account/inner_queue.ts";
import { byteString, byteStringOf } from "../../src/base/bytes.ts";
import type { Disk } from "../../src/base/disk.ts";
import { silentLog, type Log } from "../../src/base/log.ts";
import { diskFactsOf, FilePlaces } from "../../src/jetstream/file_places.ts";
import { JetStream, type RestoreListener, rulesOf } from "../../src/jetstream/jetstream.ts";
import { type AccountLimits, NO_ACCOUNT_LIMITS } from "../../src/jetstream/limits.ts";
import { MemoryPlaces } from "../../src/jetstream/memory_places.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { MemoryDisk } from "../../src/store/memory_disk.ts";
import { FakeWorld } from "../support/fake_world.ts";

const ignore = (): void => {};
const nobody: RestoreListener = {
  onAccount: ignore,
  onStream: ignore,
  onStreamRestored: ignore,
  onAccountRestored: ignore,
};

export interface BenchOptions {
  readonly world?: FakeWorld;
  /** What a test does with a disk of its own has to be finished by `settle`. */
  readonly disk?: Disk;
  readonly settleDisk?: () => void;
  readonly limits?: Partial<AccountLimits>;
  readonly requestQueueLimit?: number;
  readonly infoQueueLimit?: number;
  readonly maxFile?: number;
}

export type Answer = Record<string, unknown> & {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
};

export class Bench {
  readonly world: FakeWorld;
  readonly disk: Disk;
  readonly jetstream: JetStream;
  readonly account: Account;
  readonly system: Account;
  /** Warnings and errors in the log. */
  readonly complaints: string[] = [];
  readonly #settleDisk: () => void;
  #inboxes = 0;
  #isOpen = false;

  constructor(options: BenchOptions = {}) {
    const world = (this.world = options.world ?? new FakeWorld({ seed: 5 }));
    this.disk = options.disk ?? new MemoryDisk((fire) => world.atTurnEnd(fire));
    this.#settleDisk = options.settleDisk ?? ignore;
    const inner = new InnerQueue();
    const turn = new Turn((fire) => world.atTurnEnd(fire));
    this.account = new Account("A", world, undefined, inner);
    this.system = new Account("$SYS", world, undefined, inner);
    const complain = (text: string): void => void this.complaints.push(text);
    const log: Log = { ...silentLog, warn: complain, error: complain };
    const limits = { ...NO_ACCOUNT_LIMITS, ...options.limits };
    const surroundings = {
      world,
      log,
      serverName: "srv",
      serverId: "NID",
      version: "2.14.5",
      domain: "",
      maxBufferedMsgs: 100_000,
      maxBufferedBytes: 2 ** 27,
      maxPendingBytes: 2 ** 26,
      beforeFlush: (fire: () => void) => turn.beforeFlush(fire),
      nextTurn: (fire: () => void) => world.atTurnEnd(fire),
    };
    const facts = diskFactsOf(this.disk, true, 0, surroundings);
    const places = {
      memory: new MemoryPlaces(world, surroundings.beforeFlush),
      file: new FilePlaces("A", facts, rulesOf(limits, 0n), surroundings),
    };
    this.jetstream = new JetStream({
      surroundings,
      accounts: [{ name: "A", bus: this.account.bus, limits, places }],
      asksAnother: () => false,
      others: [],
      system: this.system.bus,
      maxMemory: 2 ** 30,
      maxFile: options.maxFile ?? 2 ** 30,
      strict: true,
      requestQueueLimit: options.requestQueueLimit ?? 10_000,
      infoQueueLimit: options.infoQueueLimit ?? 10_000,
      maxDuplicateWindow: 0n,
      maxAckPending: 0,
      maxRequestBatch: 0,
      maxPayload: 1 << 20,
      ackVersion2: false,
    });
    this.jetstream.open(nobody, () => (this.#isOpen = true));
    this.settle();
    if (!this.#isOpen) throw new Error("it does not open");
  }

  /** Turns until nothing happens any more, the disk included. */
  settle(): void {
    for (let i = 0; i < 50; i++) {
      this.world.settle();
      this.#settleDisk();
    }
  }

  /** Ends it as a server does. */
  close(): void {
    let isClosed = false;
    this.jetstream.close(() => (isClosed = true));
    this.settle();
    if (!isClosed) throw new Error("it does not close");
  }

  /** Publishes and gives the list its answers will be in. */
  ask(subject: string, body: object | string = "", account = this.account): string[] {
    const answers: string[] = [];
    const inbox = byteString(`inbox.${++this.#inboxes}`);
    account.bus.subscribe(inbox, listener(answers));
    const text = typeof body === "string" ? body : JSON.stringify(body);
    account.bus.publishParts(byteString(subject), inbox, new Uint8Array(0), Buffer.from(text));
    return answers;
  }

  /** The one answer to a request of the API, or to a publish. */
  request(subject: string, body: object | string = ""): Answer {
    const answers = this.ask(subject, body);
    this.settle();
    if (answers.length !== 1) throw new Error(`${answers.length} answers to ${subject}`);
    return JSON.parse(answers[0]!) as Answer;
  }

  api(verb: string, body: object | string = ""): Answer {
    return this.request(`$JS.API.${verb}`, body);
  }

  /** What is published on a subject from now on: "subject body". */
  hear(subject: string, account = this.account): string[] {
    const heard: string[] = [];
    account.bus.subscribe(byteString(subject), listener(heard, true));
    return heard;
  }
}

function listener(into: string[], withSubject = false): Listener {
  return {
    onMsg: (frame) => {
      const body = byteStringOf(frame.source, frame.payloadFrom + Math.max(0, frame.headerBytes), frame.payloadTo);
      const subject = byteStringOf(frame.source, frame.subjectFrom, frame.subjectTo);
      into.push(withSubject ? `${subject} ${body}` : body);
      return true;
    },
  };
}
