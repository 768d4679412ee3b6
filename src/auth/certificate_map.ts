// Which user a client certificate belongs to: `verify_and_map`.
//
// The certificate was verified by TLS. Source: auth facts §1, conformance/facts/auth.md.

import type { PeerCertificate } from "../base/transport.ts";
import {
  domainComponents,
  gatheredText,
  inTextOrder,
  parseDistinguishedName,
  sameName,
  sameNameUnordered,
} from "./distinguished_name.ts";
import type { KnownUser, UserTable } from "./users.ts";

/**
 * Finds the user named by the certificate: by mail address, DNS name or URI,
 * each in full; else by its subject as a distinguished name, in order, then in
 * any order; else by its subject as Go writes it, with and without domain components.
 */
export function userOfCertificate(users: UserTable, certificate: PeerCertificate): KnownUser | undefined {
  const { emails, dnsNames, uris, subject } = certificate;
  for (const name of [...emails, ...dnsNames, ...uris]) {
    const user = users.byName(name);
    if (user !== undefined) return user;
  }
  if (subject.length === 0) return undefined;
  const name = inTextOrder(subject);
  let inOtherOrder: KnownUser | undefined;
  for (const user of users.named()) {
    const wanted = user.name.includes("=") ? parseDistinguishedName(user.name) : undefined;
    if (wanted === undefined) continue;
    if (sameName(wanted, name)) return user;
    if (inOtherOrder === undefined && sameNameUnordered(wanted, name)) inOtherOrder = user;
  }
  if (inOtherOrder !== undefined) return inOtherOrder;
  const text = gatheredText(subject);
  if (text === "") return undefined;
  const domain = domainComponents(subject);
  return (domain === "" ? undefined : users.byName(`${text},${domain}`)) ?? users.byName(text);
}
