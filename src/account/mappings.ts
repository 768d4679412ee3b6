// Subjects that are published under another name, or spread over several.
//
// The first mapping that matches a subject, in the order of the rules, decides;
// what it makes is not mapped again. Chance decides for each message anew. A
// mapping that gives its own source a share loses what is left of a hundred;
// any other leaves that as it was. Source: auth-accounts facts §4.

import { byteString, type ByteString } from "../base/bytes.ts";
import type { Frame } from "../proto/frame.ts";
import type { MappingRule } from "../subject/mapping_rule.ts";
import { Sublist } from "../subject/sublist.ts";
import { subjectTransform, SubjectTransform } from "../subject/transform.ts";
import { rewritten } from "./rewrite.ts";
import { FixedSubject, sameSubject, type SubjectWriter, TransformedSubject } from "./subject_writer.ts";

/** A share of the messages: those whose number in [0, 100) is below `below`, and not below that of one before. */
interface Share {
  readonly below: number;
  /** Undefined: it goes nowhere. */
  readonly writer: SubjectWriter | undefined;
}

interface Mapping {
  readonly order: number;
  readonly shares: readonly Share[];
}

const EMPTY = new FixedSubject("" as ByteString);

export class Mappings {
  /** In the order they are looked at. */
  readonly rules: readonly MappingRule[];
  readonly #sublist: Sublist<Mapping>;
  readonly #random: (below: number) => number;
  readonly #found: Mapping[] = [];

  /** Rules that were checked (mapping_rule.ts); destinations for other clusters than `cluster` do not count. */
  constructor(rules: readonly MappingRule[], cluster: string, random: (below: number) => number) {
    this.rules = rules;
    this.#random = random;
    this.#sublist = new Sublist(random(2 ** 32));
    for (const [order, rule] of rules.entries()) {
      this.#sublist.insert(rule.source, { order, shares: sharesOf(rule, cluster, random) });
    }
  }

  /** The message under its mapped subject, to be released; undefined when no mapping matches it. A lost one has an empty subject. */
  apply(frame: Frame): Frame | undefined {
    const found = this.#found;
    found.length = 0;
    this.#sublist.match(frame.source, frame.subjectFrom, frame.subjectTo, found);
    if (found.length === 0) return undefined;
    let first = found[0]!;
    for (let i = 1; i < found.length; i++) if (found[i]!.order < first.order) first = found[i]!;
    const writer = this.#choose(first) ?? EMPTY;
    return rewritten(frame, writer, frame.source, frame.subjectFrom, frame.subjectTo, undefined, undefined);
  }

  #choose({ shares }: Mapping): SubjectWriter | undefined {
    const only = shares[0]!;
    if (only.below === 100) return only.writer;
    const number = this.#random(100);
    for (let i = 0; i < shares.length; i++) if (number < shares[i]!.below) return shares[i]!.writer;
    return undefined;
  }
}

function sharesOf(rule: MappingRule, cluster: string, random: (below: number) => number): readonly Share[] {
  const own = rule.destinations.filter((each) => cluster !== "" && each.cluster === cluster);
  const chosen = own.length > 0 ? own : rule.destinations.filter((each) => each.cluster === "");
  const shares: Share[] = [];
  let below = 0;
  for (const { subject, weight } of chosen) {
    below += weight;
    const transform = subjectTransform(rule.source, subject);
    const writer = transform instanceof SubjectTransform ? new TransformedSubject(transform, random) : undefined;
    shares.push({ below, writer });
  }
  const isLossy = rule.destinations.some(({ subject }) => subject === rule.source);
  if (below < 100 && !isLossy) shares.push({ below: 100, writer: sameSubject });
  return shares.length === 0 ? [{ below: 100, writer: sameSubject }] : shares;
}

/** What JetStream's domain and its requests are called: mappings of an account whose JetStream is in `domain`. */
export function domainMappings(domain: string): readonly MappingRule[] {
  return DOMAIN_SUBJECTS.map(([behind, subject]) => ({
    source: byteString(`$JS.${domain}.API.${behind}`),
    destinations: [{ subject: byteString(subject), weight: 100, cluster: "" }],
  }));
}
const DOMAIN_SUBJECTS = [
  ["INFO", "$JS.API.INFO"],
  ["STREAM.>", "$JS.API.STREAM.>"],
  ["CONSUMER.>", "$JS.API.CONSUMER.>"],
  ["DIRECT.>", "$JS.API.DIRECT.>"],
  ["META.>", "$JS.API.META.>"],
  ["SERVER.>", "$JS.API.SERVER.>"],
  ["ACCOUNT.>", "$JS.API.ACCOUNT.>"],
  ["$KV.>", "$KV.>"],
  ["$OBJ.>", "$OBJ.>"],
] as const;
