// One service that an account imports: requests to its subject here go on to
// the account that exports it, under its subject there.
//
// The service sees a reply of its own account and a header that says who asks;
// it sees no subject of the requester's account. Knows the two accounts it
// stands between, and nothing of rules.

import type { ByteString } from "../base/bytes.ts";
import { byteStringOf } from "../base/bytes.ts";
import type { Frame } from "../proto/frame.ts";
import type { CheckedImport } from "../subject/sharing_check.ts";
import type { ServiceImport } from "../subject/sharing.ts";
import { Crossing, type Detail } from "./crossing.ts";
import { Measurement, type Meter } from "./measurement.ts";
import type { Receiver } from "./receiver.ts";
import type { Relay } from "./relay.ts";
import { requestInfoLine } from "./request_info.ts";
import { publishTraced } from "./traced_publish.ts";
import { asks, replyOf, type PendingRequest, type ServiceSide } from "./responses.ts";
import { release, rewritten } from "./rewrite.ts";
import { type SamplingHeaders, samplingHeaders } from "./sampling_headers.ts";
import type { ServiceState } from "./service_state.ts";
import type { Trace } from "./trace.ts";
import { DISABLED, withDestination } from "./trace_headers.ts";
import { FixedSubject, sameSubject, type SubjectWriter, TransformedSubject } from "./subject_writer.ts";

const NO_HEADERS: SamplingHeaders = new Map();

/** What relays of a server share. */
export interface RelaySettings extends Meter {
  readonly systemAccount: string | undefined;
}

export class ServiceRelay implements Relay {
  readonly #settings: RelaySettings;
  readonly #here: ServiceSide;
  readonly #there: ServiceSide;
  readonly #service: ServiceState;
  readonly #shares: boolean;
  readonly #toSystem: boolean;
  readonly #writer: SubjectWriter;
  /** Of requests that come from no other account. */
  readonly #first: Crossing;

  constructor(
    settings: RelaySettings,
    { rule, transform }: CheckedImport<ServiceImport>,
    here: ServiceSide,
    there: ServiceSide,
    service: ServiceState,
  ) {
    this.#settings = settings;
    this.#here = here;
    this.#there = there;
    this.#service = service;
    this.#shares = rule.share;
    this.#toSystem = there.name === settings.systemAccount;
    const random = (below: number): number => settings.env.random(below);
    if (transform.isSame) this.#writer = sameSubject;
    else if (transform.outward === undefined) this.#writer = new FixedSubject(transform.from);
    else this.#writer = new TransformedSubject(transform.outward, random);
    const detail = { isShared: rule.share, hasPlace: this.#toSystem, service: "" };
    this.#first = new Crossing(undefined, service, detail, rule.share);
  }

  relay(
    frame: Frame,
    source: Uint8Array,
    from: number,
    to: number,
    isShown: boolean,
    sender: Receiver | undefined,
    crossing: Crossing | undefined,
    trace?: Trace,
  ): number {
    if (crossing?.has(this.#service) === true) return 0;
    const next = crossing === undefined ? this.#first : this.#next(crossing);
    const headers = this.#sampled(frame);
    const there = this.#there;
    let request: PendingRequest | undefined;
    if (asks(frame)) {
      const measurement = headers && this.#measure(sender, headers);
      request = there.responses.open(this.#here, replyOf(frame), this.#service, measurement);
    } else if (headers !== undefined && frame.replyTo === frame.replyFrom)
      this.#measure(sender, headers).fail("badRequest");
    const line = requestInfoLine(sender, this.#here.name, next.detail, this.#settings.place);
    const delivered = isShown
      ? this.#sendShown(frame, source, from, to, request, sender, next, line)
      : this.#send(frame, source, from, to, request, sender, next, line, trace);
    if (request !== undefined && (delivered === 0 || trace?.isOnly === true))
      there.responses.close(request, "noDelivery");
    this.#here.router.effort += there.router.takeEffort();
    return delivered;
  }

  hasInterest(source: Uint8Array, from: number, to: number): boolean {
    const into = new Uint8Array(this.#writer.roomFor(to - from));
    const end = this.#writer.write(source, from, to, into, 0);
    return end >= 0 && this.#there.router.hasInterestIn(into, 0, end);
  }

  #send(
    frame: Frame,
    source: Uint8Array,
    from: number,
    to: number,
    request: PendingRequest | undefined,
    sender: Receiver | undefined,
    next: Crossing,
    line: Uint8Array,
    trace: Trace | undefined,
  ): number {
    const { mappings, router } = this.#there;
    const out = rewritten(frame, this.#writer, source, from, to, request?.subjectBytes, line);
    if (out === undefined) return 0;
    const mapped = mappings?.apply(out);
    const delivered =
      trace === undefined
        ? router.publish(mapped ?? out, sender, next)
        : this.#sendTraced(frame, out, mapped ?? out, sender, next, trace);
    if (mapped !== undefined) release();
    release();
    return delivered;
  }

  /** `asked` is the request here, `out` the one there, `mapped` the same after mappings. */
  #sendTraced(
    asked: Frame,
    out: Frame,
    mapped: Frame,
    sender: Receiver | undefined,
    next: Crossing,
    trace: Trace,
  ): number {
    const { responses, router } = this.#there;
    const isAllowed = this.#service.rule?.allowTrace ?? false;
    trace.serviceImport(this.#there.name, subjectOf(asked), subjectOf(isAllowed ? mapped : out));
    if (!isAllowed) {
      if (trace.isOnly) return 0;
      return withDestination(mapped, DISABLED as ByteString, (quiet) => router.publish(quiet, sender, next));
    }
    // The subject of the trace belongs to the account of the requester: the service sees one of its own.
    const told = responses.open(this.#here, trace.destination, this.#service, undefined);
    const delivered = withDestination(mapped, told.subject, (traced) => publishTraced(router, traced, sender, trace, next)); // prettier-ignore
    responses.close(told, "answered");
    return delivered;
  }

  /** The subject of the frame is shown there, too. */
  #sendShown(
    frame: Frame,
    source: Uint8Array,
    from: number,
    to: number,
    request: PendingRequest | undefined,
    sender: Receiver | undefined,
    next: Crossing,
    line: Uint8Array,
  ): number {
    const { router } = this.#there;
    const subject = new Uint8Array(this.#writer.roomFor(to - from));
    const end = this.#writer.write(source, from, to, subject, 0);
    const { source: shownSource, subjectFrom, subjectTo } = frame;
    const out = rewritten(frame, sameSubject, shownSource, subjectFrom, subjectTo, request?.subjectBytes, line);
    if (end < 0 || out === undefined) return 0;
    const delivered = router.deliverTo(router.resolve(subject, 0, end), out, sender, next);
    release();
    return delivered;
  }

  #next(crossing: Crossing): Crossing {
    const { detail, shares } = crossing;
    const hasPlace = detail.hasPlace || (!shares && (this.#shares || this.#toSystem));
    const next: Detail = { isShared: detail.isShared, hasPlace, service: this.#here.name };
    return new Crossing(crossing, this.#service, next, this.#shares);
  }

  /** The headers to repeat when this request is to be measured; undefined when it is not. */
  #sampled(frame: Frame): SamplingHeaders | undefined {
    const latency = this.#service.rule?.latency;
    if (latency === undefined) return undefined;
    if (latency.sampling >= 100) return NO_HEADERS;
    if (latency.sampling > 0 && this.#settings.env.random(100) < latency.sampling) return NO_HEADERS;
    if (frame.headerBytes <= 0) return undefined;
    return samplingHeaders(frame.source, frame.payloadFrom, frame.payloadFrom + frame.headerBytes);
  }

  #measure(sender: Receiver | undefined, headers: SamplingHeaders): Measurement {
    const service = { account: this.#there.name, subject: this.#service.rule!.latency!.subject };
    return new Measurement(this.#settings, service, sender, this.#here.name, this.#shares, headers);
  }
}

function subjectOf({ source, subjectFrom, subjectTo }: Frame): ByteString {
  return byteStringOf(source, subjectFrom, subjectTo);
}
