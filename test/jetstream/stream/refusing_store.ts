// A store on a disk that fails when the test says so: what was staged until
// then is refused, its sequences are not used again.

import { MemoryStore, type MemoryStoreOptions } from "../../../src/store/memory/memory_store.ts";
import { REFUSED, type StageRule, StoredMsg } from "../../../src/store/stream_store.ts";

interface Staged {
  readonly seq: number;
  readonly msg: StoredMsg;
  readonly rule: StageRule;
}

export class RefusingStore extends MemoryStore {
  readonly #options: MemoryStoreOptions;
  #staged: Staged[] = [];
  #waiters: ((failure: string | undefined) => void)[] = [];
  #last = 0;
  #failure: string | undefined = undefined;

  constructor(options: Pick<MemoryStoreOptions, "limits" | "events">) {
    const whole = { ...options, seed: 1, later: (fire: () => void) => fire() };
    super(whole);
    this.#options = whole;
  }

  override get failure(): string | undefined {
    return this.#failure;
  }
  override get stagedLastSeq(): number {
    return this.#last;
  }
  override stage(msg: StoredMsg, rule: StageRule): number {
    if (this.#failure !== undefined) return REFUSED.frozen;
    const seq = ++this.#last;
    this.#staged.push({ seq, msg: copyOf(msg), rule });
    return seq;
  }
  override submit(): void {}
  override afterCommit(done: (failure: string | undefined) => void): void {
    this.#waiters.push(done);
  }

  /** All that is staged is durable. */
  land(): void {
    const staged = this.#staged;
    this.#staged = [];
    for (const { seq, msg, rule } of staged) {
      super.stageSkip(seq - 1, msg.sec, msg.nanos);
      super.stage(msg, rule);
    }
    super.submit();
    this.#tell(undefined);
  }

  /** All that is staged is refused; with `freeze` nothing is taken any more. */
  fail(failure: string, freeze: boolean): void {
    const from = this.#staged[0]!.seq;
    this.#staged = [];
    if (freeze) this.#failure = failure;
    this.#options.events.refused(from, this.#last, failure);
    this.#tell(failure);
  }

  #tell(failure: string | undefined): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(failure);
  }
}

function copyOf(msg: StoredMsg): StoredMsg {
  const copy = Object.assign(new StoredMsg(), msg);
  copy.subject = msg.subject.slice();
  copy.header = msg.header.slice();
  copy.body = msg.body.slice();
  return copy;
}
