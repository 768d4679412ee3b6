// What a client publishes: checked, mapped, routed, traced, and answered.
//
// Knows nothing of pace and stalls: the session sees to what publishing costs.

import type { Account } from "../account/account.ts";
import type { Receiver } from "../account/receiver.ts";
import { release } from "../account/rewrite.ts";
import type { Trace } from "../account/trace.ts";
import { DISABLED, mayAskForTrace, withDestination } from "../account/trace_headers.ts";
import { publishTraced } from "../account/traced_publish.ts";
import type { Permissions } from "../auth/permissions.ts";
import { type ByteString, byteStringOf, bytesOf } from "../base/bytes.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { Frame } from "../proto/frame.ts";
import { isLiteralRange } from "../subject/subject.ts";
import type { Complaints } from "./complaints.ts";
import type { SessionHost } from "./host.ts";
import { beginTrace } from "./message_tracing.ts";
import { noRespondersMessage } from "./no_responders.ts";
import { isReservedReply, isReservedSubject } from "./reserved.ts";
import type { Tracer } from "./tracer.ts";

const OK = Buffer.from("+OK\r\n");

/** The client, as far as its messages are concerned. */
export interface Publisher {
  readonly cid: number;
  readonly label: string;
  /** As CONNECT gave it. */
  readonly name: string;
  readonly receiver: Receiver;
  readonly outbound: Outbound;
}

export class Publishing {
  verbose = true;
  pedantic = true;
  noResponders = false;
  permissions: Permissions | undefined = undefined;
  tracer: Tracer | undefined = undefined;

  readonly #host: SessionHost;
  readonly #publisher: Publisher;
  readonly #receiver: Receiver;
  readonly #complaints: Complaints;

  constructor(host: SessionHost, publisher: Publisher, complaints: Complaints) {
    this.#host = host;
    this.#publisher = publisher;
    this.#receiver = publisher.receiver;
    this.#complaints = complaints;
  }

  /** Nothing is asked or told of a message but where it goes. */
  get isPlain(): boolean {
    return !this.verbose && !this.pedantic && this.permissions === undefined && this.tracer === undefined;
  }

  /** One message, whose bytes stay the caller's. */
  publish(account: Account, frame: Frame): void {
    const { source, headerBytes, payloadFrom } = frame;
    if (this.pedantic && !isLiteralRange(source, frame.subjectFrom, frame.subjectTo)) {
      this.#complaints.publishSubject();
    }
    if (headerBytes > 0 && mayAskForTrace(source, payloadFrom, payloadFrom + headerBytes))
      this.#publishTraceable(account, frame);
    else this.#map(account, frame, undefined);
  }

  /** The message may ask to be traced. */
  #publishTraceable(account: Account, frame: Frame): void {
    const { world, log, systemAccount } = this.#host;
    const { cid, label, name } = this.#publisher;
    const trace = beginTrace(frame, {
      env: world,
      log,
      label,
      systemAccount: systemAccount ?? "",
      account,
      cid,
      name,
      mayPublish: (subject) => {
        const bytes = bytesOf(subject);
        if (this.#mayPublish(bytes, 0, bytes.length)) return true;
        this.#complaints.publish(subject);
        return false;
      },
    });
    if (trace === "skip") return;
    if (trace === "silence") {
      withDestination(frame, DISABLED as ByteString, (quiet) => {
        this.#map(account, quiet, undefined);
        return 0;
      });
      return;
    }
    this.#map(account, frame, trace);
    if (trace !== undefined) this.#host.onTraced(account, trace);
  }

  #map(account: Account, frame: Frame, trace: Trace | undefined): void {
    const mapped = account.mappings?.apply(frame);
    this.tracer?.pub(frame, mapped);
    if (mapped !== undefined) trace?.mapped(byteStringOf(mapped.source, mapped.subjectFrom, mapped.subjectTo));
    this.#route(account, mapped ?? frame, trace);
    if (mapped !== undefined) release();
  }

  #mayPublish(source: Uint8Array, from: number, to: number): boolean {
    return !isReservedSubject(source, from, to) && (this.permissions?.canPublish(source, from, to) ?? true);
  }

  #route({ router }: Account, frame: Frame, trace: Trace | undefined): void {
    const { source, subjectFrom, subjectTo, replyFrom, replyTo } = frame;
    if (!this.#mayPublish(source, subjectFrom, subjectTo)) {
      const text = this.#complaints.publish(byteStringOf(source, subjectFrom, subjectTo));
      trace?.refused(text);
      return;
    }
    if (replyTo > replyFrom && isReservedReply(source, replyFrom, replyTo)) {
      const text = this.#complaints.reply(frame);
      trace?.refused(text);
      return;
    }
    if (this.verbose) this.#publisher.outbound.put(OK);
    const delivered =
      trace === undefined
        ? router.publish(frame, this.#receiver)
        : publishTraced(router, frame, this.#receiver, trace, undefined);
    if (delivered > 0 || !this.noResponders || replyTo === replyFrom) return;
    const sub = router.plainSubscriptionOf(this.#receiver, source, replyFrom, replyTo);
    if (sub === undefined) return;
    const { head, message } = noRespondersMessage(frame, sub);
    this.#publisher.outbound.put(message);
    this.tracer?.out(head);
  }
}
