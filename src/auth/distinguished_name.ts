// Distinguished names as user names: RFC 4514 text and its equality with what
// a certificate says.
//
// In text the most specific name comes first, in a certificate last. Here a
// name is always in the order of its text. Source: conformance/facts/auth.md.

import type { DistinguishedName } from "../base/transport.ts";

/** The text's RDNs; undefined when it is no distinguished name. */
export function parseDistinguishedName(text: string): DistinguishedName | undefined {
  const rdns: [type: string, value: string][][] = [];
  for (const rdn of splitUnescaped(text, ",")) {
    const pairs: [type: string, value: string][] = [];
    for (const pair of splitUnescaped(rdn, "+")) {
      const equals = pair.indexOf("=");
      const type = pair.slice(0, Math.max(equals, 0)).trim();
      const value = unescaped(pair.slice(equals + 1));
      if (!/^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)$/.test(type) || value === undefined) return undefined;
      pairs.push([type, value]);
    }
    rdns.push(pairs);
  }
  return rdns;
}

/** A certificate's subject in the order of text. */
export function inTextOrder(subject: DistinguishedName): DistinguishedName {
  return [...subject].reverse();
}

/** Whether both have the same RDNs in the same order. */
export function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return a.length === b.length && a.every((rdn, i) => keyOf(rdn) === keyOf(b[i]!));
}

/** Whether both have the same RDNs, each as often, in any order. */
export function sameNameUnordered(a: DistinguishedName, b: DistinguishedName): boolean {
  const [left, right] = [a, b].map((name) => name.map(keyOf).sort());
  return left!.length === right!.length && left!.every((key, i) => key === right![i]);
}

/** The order in which Go gathers the values of each type; a type's values become one RDN. */
const gathered = ["C", "O", "OU", "ST", "L", "STREET", "POSTALCODE", "CN", "SERIALNUMBER"] as const;
const lastOnly = new Set<string>(["CN", "SERIALNUMBER"]);

/** The subject as Go's `pkix.Name.ToRDNSequence().String()` prints it: gathered by type, types without a name left out. */
export function gatheredText(subject: DistinguishedName): string {
  const pairs = subject.flat();
  const rdns = gathered.flatMap((type) => {
    const values = pairs.filter((pair) => pair[0] === type).map(([, value]) => value);
    const shown = lastOnly.has(type) ? values.slice(-1).filter((value) => value !== "") : values;
    return shown.length === 0 ? [] : [shown.map((value) => `${type}=${escaped(value)}`).join("+")];
  });
  return rdns.reverse().join(",");
}

/** The domain components in the certificate's order, "DC=com,DC=example"; empty when there are none. */
export function domainComponents(subject: DistinguishedName): string {
  const pairs = subject.flat().filter(([type]) => type === "DC");
  return pairs.map(([, value]) => `DC=${escaped(value)}`).join(",");
}

/** One spelling for equal RDNs: types in any case, pairs in any order, each as often as it is there. */
function keyOf(rdn: readonly (readonly [type: string, value: string])[]): string {
  return JSON.stringify(rdn.map(([type, value]) => JSON.stringify([type.toUpperCase(), value])).sort());
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** The value without escapes and outer spaces; undefined when it is empty, ends within an escape, or is not UTF-8. */
function unescaped(text: string): string | undefined {
  const trimmed = trimUnescaped(text);
  if (trimmed === "" || /["<>;]/.test(trimmed.replaceAll(/\\./gs, ""))) return undefined;
  const bytes: Buffer[] = [];
  for (let i = 0; i < trimmed.length;) {
    if (trimmed[i] !== "\\") {
      const char = String.fromCodePoint(trimmed.codePointAt(i)!);
      bytes.push(Buffer.from(char, "utf8"));
      i += char.length;
      continue;
    }
    const hex = /^[0-9A-Fa-f]{2}/.exec(trimmed.slice(i + 1))?.[0];
    const special = /^[ "#+,;<=>\\]/.exec(trimmed.slice(i + 1))?.[0];
    if (hex === undefined && special === undefined) return undefined;
    bytes.push(hex === undefined ? Buffer.from(special!) : Buffer.from(hex, "hex"));
    i += 1 + (hex ?? special!).length;
  }
  const whole = Buffer.concat(bytes);
  const value = whole.toString("utf8");
  return Buffer.from(value, "utf8").equals(whole) ? value : undefined;
}

function trimUnescaped(text: string): string {
  const start = text.trimStart();
  const trimmed = start.trimEnd();
  // A space after a lone backslash belongs to the escape.
  const slashes = /\\*$/.exec(trimmed)![0].length;
  return slashes % 2 === 1 && trimmed.length < start.length ? `${trimmed} ` : trimmed;
}

function escaped(value: string): string {
  const characters = Array.from(value);
  return characters
    .map((character, i) => {
      const edge = i === 0 || i === characters.length - 1;
      const escape = `,+"\\<>;`.includes(character) || (character === " " && edge) || (character === "#" && i === 0);
      return escape ? `\\${character}` : character;
    })
    .join("");
}
