// What nats-io/jwt v2.8.2 and nkeys v0.4.16 (the versions in nats-server 2.14.5) made and read.
//
// written.json: made by vectors/written.go. decoded.jsonl: tokens, mostly odd
// ones, and what Decode and Validate said of them, by vectors/decoded.go.
// templates, times and sources.jsonl: what functions inside nats-server said, by
// vectors/server.go. Every seed is one byte 32 times: see the programs.

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

interface Lists {
  /** Longer than 100: the first, the last, the number. */
  readonly allow?: readonly unknown[];
  readonly deny?: readonly string[];
}
export interface TemplateVector {
  readonly template: { readonly pub: { readonly allow?: string[]; readonly deny?: string[] } };
  readonly Name: string;
  readonly Subject: string;
  readonly IssuerAccount: string;
  readonly AccountName: string;
  readonly Tags: readonly string[] | null;
  /** So many tags of each key, numbered. */
  readonly ManyTags?: Readonly<Record<string, number>>;
  readonly AccountTags: readonly string[];
  readonly Error?: string;
  readonly Result?: { readonly pub: Lists; readonly sub: Lists };
}
export interface TimesVector {
  readonly Times: readonly { readonly start: string; readonly end: string }[];
  readonly Zone: string;
  readonly Nows: readonly number[];
  /** Milliseconds that the window is still open at each; -1 is closed, 0 without end. */
  readonly For: readonly number[];
}
export interface SourceVector {
  readonly Src: readonly string[];
  readonly Host: string;
  readonly Allowed: boolean;
}

const textOf = (name: string): string => readFileSync(join(import.meta.dirname, "vectors", name), "utf8");
function linesOf(name: string): readonly unknown[] {
  return textOf(name)
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}
export const decoded = linesOf("decoded.jsonl") as readonly DecodedVector[];
export const templates = (): readonly TemplateVector[] => linesOf("templates.jsonl") as readonly TemplateVector[];
export const times = (): readonly TimesVector[] => linesOf("times.jsonl") as readonly TimesVector[];
export const sources = (): readonly SourceVector[] => linesOf("sources.jsonl") as readonly SourceVector[];
export const written = JSON.parse(textOf("written.json")) as WrittenVectors;

/** The key pairs of the programs, by the names there. */
export function keyOf(name: string): KeyPair {
  return KeyPair.fromSeed(written.keys.find((key) => key.name === name)!.seed)!;
}

export function tokenOf(name: string): string {
  return written.tokens.find((token) => token.name === name)!.token;
}
