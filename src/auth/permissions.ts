// What one connection may do: the rules of its user, and the replies it has seen.
//
// Owns the table of replies. There is no cache of verdicts: hashing a subject
// for one costs what the tries cost (170 ns without, 140 ns with).

import { type ByteString, byteStringOf, bytesOf } from "../base/bytes.ts";
import type { Env } from "../base/world.ts";
import type { PermissionRules } from "./permission_rules.ts";
import { ReplyTable } from "./reply_table.ts";

export class Permissions {
  readonly #env: Env;
  #rules: PermissionRules;
  #replies: ReplyTable | undefined;

  constructor(rules: PermissionRules, env: Env) {
    this.#env = env;
    this.#rules = rules;
    this.#replies = rules.responses === undefined ? undefined : new ReplyTable(env, rules.responses);
  }

  get rules(): PermissionRules {
    return this.#rules;
  }
  /** `deniesDelivery` has to be asked. */
  get filtersDeliveries(): boolean {
    return this.#rules.filtersDeliveries;
  }
  /** `onReply` has to be told. */
  get tracksReplies(): boolean {
    return this.#replies !== undefined;
  }

  /** After a reload. Replies seen before may be answered only if the new rules are about replies in the same way. */
  replace(rules: PermissionRules): void {
    const [before, after] = [this.#rules.responses, rules.responses];
    this.#rules = rules;
    if (after === undefined) this.#replies = undefined;
    else if (before?.max !== after.max || before.expiresMs !== after.expiresMs) {
      this.#replies = new ReplyTable(this.#env, after);
    }
  }

  /** Whether it may publish to the literal bytes [from, to). Counts the answer when the subject is a reply it has seen. */
  canPublish(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#rules.allowsPublish(bytes, from, to)) return true;
    return this.#replies !== undefined && this.#replies.use(byteStringOf(bytes, from, to));
  }

  canSubscribe(subject: ByteString, queue: ByteString | undefined): boolean {
    return this.#rules.allowsSubscribe(subject, queue);
  }

  /** Whether a message on the bytes [from, to) is kept from a subscription with this queue. */
  deniesDelivery(bytes: Uint8Array, from: number, to: number, queue?: ByteString): boolean {
    return this.#rules.deniesDelivery(bytes, from, to, queue);
  }

  /** A message with this reply is being delivered to the connection. */
  onReply(reply: ByteString): void {
    if (this.#replies === undefined) return;
    const bytes = bytesOf(reply);
    if (!this.#rules.allowsPublish(bytes, 0, bytes.length)) this.#replies.add(reply);
  }
}
