// What a stream uses of its account: committed and staged bytes, told in
// differences.

import type { StreamStore } from "../../store/stream_store.ts";
import type { StreamAccount } from "../surroundings.ts";

export class UsedBytes {
  readonly #account: Pick<StreamAccount, "count">;
  readonly #storage: "memory" | "file";
  readonly #store: StreamStore;
  #told = 0;

  constructor(account: Pick<StreamAccount, "count">, storage: "memory" | "file", store: StreamStore) {
    this.#account = account;
    this.#storage = storage;
    this.#store = store;
  }

  /** What the account was told. */
  get told(): number {
    return this.#told;
  }

  /** A message of `bytes` was staged. */
  staged(bytes: number): void {
    this.#told += bytes;
    this.#account.count(this.#storage, bytes);
  }

  /** Messages were committed, refused or removed: looks again. */
  update(): void {
    const used = this.#store.bytes + this.#store.stagedBytes;
    if (used === this.#told) return;
    this.#account.count(this.#storage, used - this.#told);
    this.#told = used;
  }
}
