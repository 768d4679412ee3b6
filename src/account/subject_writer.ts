// What a subject becomes on its way to another account: itself, always the
// same one, or what a transform makes of it.

import type { ByteString } from "../base/bytes.ts";
import { bytesOf } from "../base/bytes.ts";
import { putBytes } from "../base/put_bytes.ts";
import type { SubjectTransform } from "../subject/transform.ts";

export interface SubjectWriter {
  /** Room that `write` may need for a subject of `length` bytes. */
  roomFor(length: number): number;
  /** Writes what source[from, to) becomes into `into` from `at` on; where it ends, −1 when it becomes nothing. */
  write(source: Uint8Array, from: number, to: number, into: Uint8Array, at: number): number;
}

export const sameSubject: SubjectWriter = {
  roomFor: (length) => length,
  write(source, from, to, into, at) {
    return putBytes(into, at, source, from, to);
  },
};

export class FixedSubject implements SubjectWriter {
  readonly #bytes: Uint8Array;

  constructor(subject: ByteString) {
    this.#bytes = bytesOf(subject);
  }
  roomFor(): number {
    return this.#bytes.length;
  }
  write(_source: Uint8Array, _from: number, _to: number, into: Uint8Array, at: number): number {
    return putBytes(into, at, this.#bytes, 0, this.#bytes.length);
  }
}

export class TransformedSubject implements SubjectWriter {
  readonly #transform: SubjectTransform;
  readonly #random: (below: number) => number;

  constructor(transform: SubjectTransform, random: (below: number) => number) {
    this.#transform = transform;
    this.#random = random;
  }
  roomFor(length: number): number {
    return this.#transform.roomFor(length);
  }
  write(source: Uint8Array, from: number, to: number, into: Uint8Array, at: number): number {
    return this.#transform.applyToLiteral(source, from, to, into, at, this.#random);
  }
}
