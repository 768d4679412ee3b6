// What nats-io/jwt v2.8.2 and nkeys v0.4.16 (the versions in nats-server 2.14.5) made and read.
//
// written.json: made by vectors/written.go. decoded.jsonl: tokens, mostly odd
// ones, and what Decode and Validate said of them, by vectors/decoded.go.
// Every seed is one byte 32 times: see the programs.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KeyPair } from "../../../src/auth/nkey.ts";

export interface DecodedVector {
  readonly name: string;
  readonly token: string;
  /** DecodeGeneric read it. */
  readonly generic?: boolean;
  /** Why it was refused. */
  readonly error?: string;
  /** The claims written again. */
  readonly json?: string;
  readonly marshal?: string;
  readonly kind?: string;
  readonly issues?: readonly { readonly text: string; readonly level: string }[];
  /** Of a user: HasEmptyPermissions. */
  readonly empty?: boolean;
}
export interface WrittenVectors {
  readonly keys: readonly {
    readonly name: string;
    readonly seed: string;
    readonly public: string;
    readonly signature?: string;
  }[];
  readonly sealed: readonly { readonly plain: string; readonly sealed: string }[];
  readonly tokens: readonly { readonly name: string; readonly token: string }[];
}

const textOf = (name: string): string => readFileSync(join(import.meta.dirname, "vectors", name), "utf8");
export const decoded = textOf("decoded.jsonl")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as DecodedVector);
export const written = JSON.parse(textOf("written.json")) as WrittenVectors;

/** The key pairs of the programs, by the names there. */
export function keyOf(name: string): KeyPair {
  return KeyPair.fromSeed(written.keys.find((key) => key.name === name)!.seed)!;
}

export function tokenOf(name: string): string {
  return written.tokens.find((token) => token.name === name)!.token;
}
