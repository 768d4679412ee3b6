// A configuration text as a tree of values: included files are in it, variables
// are replaced.
//
// Owns: which maps and arrays are open. Knows nothing of options. A variable is
// looked for in the maps open at that point of the same file, innermost first,
// among what stands above; then in the environment, whose value is itself read
// as the language.

import type { Item } from "./cursor.ts";
import { messageOf } from "./go.ts";
import { readInteger } from "./integer.ts";
import { lex } from "./lexer.ts";
import { ConfigError } from "./problems.ts";
import type { ConfigSource } from "./source.ts";
import type { At, Entry, MapNode, Node } from "./tree.ts";

/** Files within files; more is a file that includes itself. */
const DEEPEST_INCLUDE = 32;

/** The tree of the file at `path`; throws ConfigError. */
export function parseFile(path: string, source: ConfigSource): MapNode {
  let text: string;
  try {
    text = source.read(path);
  } catch (err) {
    throw new ConfigError(messageOf(err));
  }
  return parseText(text, path, source);
}

/** The tree of a text; `path` is what errors call it and what its includes are relative to. */
export function parseText(text: string, path: string, source: ConfigSource): MapNode {
  return new Parser(path, source, [], 0).parse(text);
}

type OpenMap = { readonly kind: "map"; readonly value: Map<string, Entry>; readonly at: At };
type OpenArray = { readonly kind: "array"; readonly value: Node[]; readonly at: At };

interface Key {
  readonly name: string;
  readonly at: At;
}

class Parser {
  readonly #path: string;
  readonly #source: ConfigSource;
  /** Environment variables whose values are being read. */
  readonly #reading: readonly string[];
  readonly #includes: number;
  readonly #open: (OpenMap | OpenArray)[];
  /** Keys that wait for their value. */
  readonly #keys: Key[] = [];

  constructor(path: string, source: ConfigSource, reading: readonly string[], includes: number) {
    this.#path = path;
    this.#source = source;
    this.#reading = reading;
    this.#includes = includes;
    this.#open = [{ kind: "map", value: new Map(), at: { file: path, line: 1, col: 0 } }];
  }

  parse(text: string): MapNode {
    let before: Item | undefined;
    for (const item of lex(text)) {
      if (item.kind === "end") {
        // A brace too many at the end is let through.
        if (before?.kind === "key" && before.text !== "}") {
          throw new ConfigError(`config is invalid (${this.#path}:${item.line}:${item.col})`);
        }
      } else this.#take(item);
      before = item;
    }
    return this.#open[0] as MapNode;
  }

  #take(item: Item): void {
    const at = this.#at(item);
    switch (item.kind) {
      case "key":
        this.#keys.push({ name: item.text, at });
        return;
      case "mapStart":
        this.#open.push({ kind: "map", value: new Map(), at });
        return;
      case "arrayStart":
        this.#open.push({ kind: "array", value: [], at });
        return;
      case "mapEnd":
      case "arrayEnd":
        this.#put({ ...(this.#open.pop() as Node), at });
        return;
      case "include":
        this.#include(item);
        return;
      case "variable":
        this.#put(this.#resolve(item));
        return;
      default:
        this.#put(scalar(item, at));
    }
  }

  #at(item: Item): At {
    return { file: this.#path, line: item.line, col: item.col };
  }

  #put(node: Node): void {
    const into = this.#open.at(-1)!;
    if (into.kind === "array") {
      into.value.push(node);
      return;
    }
    const key = this.#keys.pop();
    if (key !== undefined) into.value.set(key.name, { key: key.name, at: key.at, node, used: false });
  }

  #include(item: Item): void {
    const into = this.#open.at(-1)!;
    const fail = (why: string): ConfigError => new ConfigError(`error parsing include file '${item.text}', ${why}`);
    if (this.#includes >= DEEPEST_INCLUDE) throw fail("files include each other without end");
    const path = joinPath(this.#path, item.text);
    let included: MapNode;
    try {
      included = new Parser(path, this.#source, [], this.#includes + 1).parse(this.#source.read(path));
    } catch (err) {
      throw fail(messageOf(err));
    }
    if (into.kind === "map") for (const [key, entry] of included.value) into.value.set(key, entry);
  }

  /** What the variable stands for; what is wrong with it is wrong where it is used. */
  #resolve(item: Item): Node {
    const name = item.text;
    const at = this.#at({ ...item, col: item.col + 1 });
    for (const open of this.#open.toReversed()) {
      const entry = open.kind === "map" ? open.value.get(name) : undefined;
      if (entry === undefined) continue;
      entry.used = true;
      return { ...entry.node, at };
    }
    const where = `variable reference for '${name}' on line ${item.line}`;
    if (this.#reading.includes(name)) throw new ConfigError(`variable reference cycle for '${name}'`);
    const text = this.#source.env(name);
    if (text === undefined) throw new ConfigError(`${where} can not be found`);
    try {
      const parser = new Parser(this.#path, this.#source, [...this.#reading, name], this.#includes);
      const found = parser.parse(`${name}=${text}`).value.get(name);
      if (found !== undefined) return { ...found.node, at };
    } catch (err) {
      throw new ConfigError(`${where} could not be parsed: ${messageOf(err)}`);
    }
    throw new ConfigError(`${where} can not be found`);
  }
}

function scalar(item: Item, at: At): Node {
  switch (item.kind) {
    case "int":
      return { kind: "int", value: integer(item.text), at };
    case "float":
      return { kind: "float", value: Number(item.text), at };
    case "bool":
      return { kind: "bool", value: ["true", "on", "yes"].includes(item.text.toLowerCase()), at };
    case "datetime":
      if (!isDate(item.text)) throw new ConfigError(`expected Zulu formatted DateTime, but got '${item.text}'`);
      return { kind: "datetime", value: item.text, at };
    default:
      return { kind: "string", value: item.text, at };
  }
}

function integer(text: string): bigint {
  const digits = text.replace(/(?:[kmgtpe]i?b?)?$/i, "");
  if (!/^-?[0-9]+$/.test(digits)) throw new ConfigError(`expected integer, but got '${digits}'`);
  const value = readInteger(text);
  if (value === undefined) throw new ConfigError(`integer '${digits}' is out of the range`);
  return value;
}

function isDate(text: string): boolean {
  const [, year, month, day, hour, minute, second] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(text) ?? [];
  if (year === undefined) return false;
  const days = [31, isLeap(Number(year)) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(month) - 1] ?? 0;
  const inDay = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  return Number(day) >= 1 && Number(day) <= days && inDay;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** `name` seen from the directory of `file`; an absolute name too is put below it, as in nats-server. */
function joinPath(file: string, name: string): string {
  const steps: string[] = [];
  const dir = file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : "";
  for (const step of `${dir}/${name}`.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === ".." && steps.length > 0 && steps.at(-1) !== "..") steps.pop();
    else if (step !== ".." || !file.startsWith("/")) steps.push(step);
  }
  const joined = steps.join("/");
  return file.startsWith("/") ? `/${joined}` : joined || ".";
}
