// What a user may publish and subscribe to, compiled once from the
// configuration and shared by all its connections.
//
// Knows nothing of connections: what depends on the replies one has seen is in
// permissions.ts. Literal subjects are matched on their bytes without
// allocating. Source: auth facts §3 and conformance/facts/auth.md.

import { assert } from "../base/assert.ts";
import { type ByteString, byteString, bytesOf } from "../base/bytes.ts";
import type { Permissions as PermissionOptions, ResponsePermission, SubjectPermission } from "../config/options.ts";
import { isSubset, isValidSubject, subjectMatches } from "../subject/subject.ts";
import { Sublist } from "../subject/sublist.ts";

const DEFAULT_MAX_RESPONSES = 1;
const DEFAULT_RESPONSE_MS = 120_000;

/** How often and how long after it was delivered a reply may be published to; negative is without end. */
export interface ResponseRule {
  readonly max: number;
  readonly expiresMs: number;
}

export class PermissionRules {
  /** As the configuration says it, for monitoring. */
  readonly source: PermissionOptions;
  readonly responses: ResponseRule | undefined;
  readonly #publishAllow: Sublist<true> | undefined;
  readonly #publishDeny: Sublist<true> | undefined;
  readonly #subscribeAllow: SubscribeList | undefined;
  readonly #subscribeDeny: SubscribeList | undefined;

  private constructor(source: PermissionOptions) {
    const { publish, subscribe, allow_responses } = source;
    this.source = source;
    this.responses = allow_responses === undefined ? undefined : responseRule(allow_responses);
    // The permission to answer means: and nothing else, unless a list says so.
    this.#publishAllow = publishList(publish?.allow) ?? (this.responses === undefined ? undefined : new Sublist());
    this.#publishDeny = publishList(publish?.deny);
    this.#subscribeAllow = subscribeList(subscribe?.allow);
    this.#subscribeDeny = subscribeList(subscribe?.deny);
  }

  /** Undefined when everything is allowed. The subjects must be valid: the configuration has checked them. */
  static compile(source: PermissionOptions | undefined): PermissionRules | undefined {
    if (source === undefined) return undefined;
    const isRestricted =
      restricts(source.publish) || restricts(source.subscribe) || source.allow_responses !== undefined;
    return isRestricted ? new PermissionRules(source) : undefined;
  }

  /** Whether a deny may keep messages from a subscription that is allowed. */
  get filtersDeliveries(): boolean {
    return this.#subscribeDeny !== undefined;
  }

  /** Whether the lists let it publish to the literal bytes [from, to); wildcard characters are plain letters. */
  allowsPublish(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#publishAllow !== undefined && !this.#publishAllow.matchesAny(bytes, from, to)) return false;
    return this.#publishDeny === undefined || !this.#publishDeny.matchesAny(bytes, from, to);
  }

  /** Whether SUB `subject` is accepted. A subject wider than a deny is: its deliveries are filtered. */
  allowsSubscribe(subject: ByteString, queue: ByteString | undefined): boolean {
    if (this.#subscribeAllow === undefined && this.#subscribeDeny === undefined) return true;
    const bytes = bytesOf(subject);
    if (this.#subscribeAllow?.permits(subject, bytes, queue) === false) return false;
    return this.#subscribeDeny?.names(bytes, 0, bytes.length, queue) !== true;
  }

  /** Whether a message on the literal bytes [from, to) is kept from a subscription with this queue. */
  deniesDelivery(bytes: Uint8Array, from: number, to: number, queue: ByteString | undefined): boolean {
    return this.#subscribeDeny?.names(bytes, from, to, queue) === true;
  }
}

/** Entries "subject" and "subject queue". */
class SubscribeList {
  readonly #plain = new Sublist<ByteString>();
  readonly #queues = new Sublist<QueueEntry>();
  // Reused, so a delivery allocates nothing.
  readonly #matchedPlain: ByteString[] = [];
  readonly #matchedQueues: QueueEntry[] = [];

  constructor(entries: readonly string[]) {
    for (const entry of new Set(entries)) {
      const [subjectText = "", queueText, ...more] = entry.split(/[ \t]+/);
      const subject = byteString(subjectText);
      assert(isValidSubject(subject) && more.length === 0, "permissions are checked when the configuration is read");
      if (queueText === undefined) this.#plain.insert(subject, subject);
      else {
        const queue = byteString(queueText);
        assert(isValidSubject(queue), "queues of permissions are checked when the configuration is read");
        this.#queues.insert(subject, { subject, queue });
      }
    }
  }

  /**
   * Used as an allow list: an entry must cover all of `subject`. Entries with a
   * queue that match it, taken literally, decide alone which queues are good.
   */
  permits(subject: ByteString, bytes: Uint8Array, queue: ByteString | undefined): boolean {
    if (queue !== undefined) {
      const entries = this.#queuesOf(bytes, 0, bytes.length);
      if (entries.length > 0) {
        return entries.some((entry) => isSubset(subject, entry.subject) && subjectMatches(entry.queue, queue));
      }
    }
    const plain = this.#matchedPlain;
    plain.length = 0;
    this.#plain.match(bytes, 0, bytes.length, plain);
    return plain.some((pattern) => isSubset(subject, pattern));
  }

  /**
   * Used as a deny list: whether an entry matches the bytes, taken literally
   * (so `foo.*` also names the subject `foo.>`), for every queue or for this one.
   */
  names(bytes: Uint8Array, from: number, to: number, queue: ByteString | undefined): boolean {
    if (this.#plain.matchesAny(bytes, from, to)) return true;
    if (queue === undefined || this.#queues.count === 0) return false;
    const entries = this.#queuesOf(bytes, from, to);
    for (let i = 0; i < entries.length; i++) if (subjectMatches(entries[i]!.queue, queue)) return true;
    return false;
  }

  #queuesOf(bytes: Uint8Array, from: number, to: number): readonly QueueEntry[] {
    const entries = this.#matchedQueues;
    entries.length = 0;
    this.#queues.match(bytes, from, to, entries);
    return entries;
  }
}

interface QueueEntry {
  readonly subject: ByteString;
  /** May have wildcards. */
  readonly queue: ByteString;
}

/** An empty list is no list. */
function publishList(subjects: readonly string[] | undefined): Sublist<true> | undefined {
  if (subjects === undefined || subjects.length === 0) return undefined;
  const list = new Sublist<true>();
  for (const text of new Set(subjects)) {
    const subject = byteString(text);
    assert(isValidSubject(subject) && !/[ \t]/.test(text), "permissions are checked when the configuration is read");
    list.insert(subject, true);
  }
  return list;
}

function subscribeList(entries: readonly string[] | undefined): SubscribeList | undefined {
  return entries === undefined || entries.length === 0 ? undefined : new SubscribeList(entries);
}

function restricts(permission: SubjectPermission | undefined): boolean {
  return (permission?.allow?.length ?? 0) > 0 || (permission?.deny?.length ?? 0) > 0;
}

function responseRule({ max, expires }: ResponsePermission): ResponseRule {
  return {
    max: max === 0 ? DEFAULT_MAX_RESPONSES : max,
    expiresMs: expires === 0 ? DEFAULT_RESPONSE_MS : expires,
  };
}
