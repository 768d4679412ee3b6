// One NATS client, from INFO to close.
//
// Owns its subscriptions, its outbound bytes and its end. The parser calls it
// once per operation; it checks and answers, or asks its parts: who the client is
// (login.ts), what that lets it do (standing.ts), what it publishes (publishing.ts).
// Everything happens synchronously within a chunk, but for authentication, which
// may suspend the rest of the chunk.

import { WIDE } from "../base/counts.ts";
import type { Account } from "../account/account.ts";
import { Receiver } from "../account/receiver.ts";
import type { Subscription } from "../account/subscription.ts";
import type { Identity } from "../auth/authenticator.ts";
import { bytes, LONGEST_LINE } from "../base/arena.ts";
import { byteString, byteStringOf, shown } from "../base/bytes.ts";
import type { TlsInfo, Transport, TransportEnd, TransportHandler } from "../base/transport.ts";
import { type CloseReason, closeReasons, webSocketStatus } from "../errors/close_reason.ts";
import { type ClosingError, protocolErrors } from "../errors/protocol.ts";
import { Outbound } from "../outbound/outbound.ts";
import { Intake } from "../peer/intake.ts";
import { Pings } from "../peer/pings.ts";
import { Subscriptions } from "../peer/subscriptions.ts";
import type { ConnectOptions } from "../proto/connect.ts";
import type { Frame } from "../proto/frame.ts";
import { encodeInfo } from "../proto/info.ts";
import { type ClientOps, type Mistake, Parser } from "../proto/parser.ts";
import { countTokens, isValidSubject } from "../subject/subject.ts";
import { clientInfoOf } from "./client_info.ts";
import { Complaints } from "./complaints.ts";
import type { SessionHost, SessionSettings } from "./host.ts";
import { logHandshake } from "./handshake_log.ts";
import { addressLabel } from "./label.ts";
import { Login, nonceOf } from "./login.ts";
import { mistakes } from "./mistakes.ts";
import { Pace } from "./pace.ts";
import { Publishing } from "./publishing.ts";
import { deadlineExceeded, pendingExceeded } from "./slow_consumer.ts";
import { Stall } from "./stall.ts";
import { Standing } from "./standing.ts";
import { Tracer } from "./tracer.ts";

const OK = Buffer.from("+OK\r\n");
const PING = Buffer.from("PING\r\n");
const PONG = Buffer.from("PONG\r\n");
const QUEUE_OF_SERVERS = byteString("_sys_");
/** How long a closing connection may take to send its last bytes. */
const CLOSE_GRACE_MS = 1000;
/** A client that has not sent its first PING gets none for this long. */
const FIRST_PONG_MS = 2000;
/** Messages of this mean length cost more by their bytes than by their number, where the chunk is of little else. */
const LARGE_BYTES = 512;
/** What operations cost, in units of pace.ts. */
const SUB_WORK = 30;
const CONNECT_WORK = 100;
const COMPLAINT_WORK = 100;

/** "+ACK". */
const ACK_BYTES = 4;

export class Session implements TransportHandler, ClientOps {
  readonly cid: number;
  readonly transport: Transport;
  settings: SessionSettings;
  readonly subscriptions: Subscriptions;
  readonly receiver: Receiver;
  readonly outbound: Outbound;
  readonly startSec: number;
  readonly startNanos: number;
  /** The challenge of this connection; empty when none is used. */
  readonly nonce: string;
  tls: TlsInfo | undefined;
  /** The proxy it came through; empty without one that is trusted. */
  proxyKey = "";
  inMsgs = WIDE;
  inBytes = WIDE;
  takesLarge = false;
  /** Wall clock of the last operation. */
  lastSec: number;
  lastNanos: number;
  closeReason: CloseReason | undefined = undefined;
  stopSec = 0;
  stopNanos = 0;

  readonly #host: SessionHost;
  readonly #parser: Parser;
  readonly #intake: Intake;
  readonly #stall: Stall;
  readonly #pace: Pace;
  readonly #complaints: Complaints;
  readonly #publishing: Publishing;
  readonly #standing: Standing;
  readonly #login: Login;
  readonly #pings: Pings;
  readonly #openedAtMs: number;
  #firstPongSent = false;
  #gone = false;

  constructor(host: SessionHost, transport: Transport, settings: SessionSettings) {
    this.#host = host;
    const { world } = host;
    this.transport = transport;
    this.settings = settings;
    this.cid = host.nextCid();
    this.#address = addressLabel(transport, this.cid);
    this.tls = transport.tls;
    this.outbound = new Outbound(
      host.turn,
      world,
      transport,
      {
        onPendingExceeded: () => this.#onSlow("slowConsumerPendingBytes", pendingExceeded(settings)),
        onWriteDeadline: (chunks, pendingBytes) =>
          this.#onSlow("slowConsumerWriteDeadline", deadlineExceeded(settings, chunks, pendingBytes)),
      },
      settings,
    );
    this.receiver = new Receiver(
      this.outbound,
      {
        deniesDelivery: (source, from, to, sub) =>
          this.#publishing.permissions?.deniesDelivery(source, from, to, sub.queue) ?? false,
        onReply: (source, from, to) => this.#publishing.permissions?.onReply(byteStringOf(source, from, to)),
        onTrace: (head, source, from, to, headerBytes) =>
          this.#publishing.tracer?.msg(head, source, from, to, headerBytes),
        info: () => clientInfoOf(this),
      },
      (sub) => this.#onExhausted(sub),
    );
    this.receiver.dropsWhenCongested = settings.noStall;
    this.subscriptions = new Subscriptions(this.receiver);
    this.#parser = new Parser(this, {
      maxControlLine: Math.min(settings.maxControlLine, LONGEST_LINE),
      maxPayload: settings.maxPayload,
      headers: false,
    });
    this.#intake = new Intake(this.#parser, transport);
    this.#pace = new Pace(host.turn);
    this.#stall = new Stall(host, this.#intake, settings.noStall);
    this.#complaints = new Complaints(
      (text) => {
        this.#sendError(text);
        this.#spend(COMPLAINT_WORK);
        if (host.turn.stop) this.#stall.pause();
      },
      (text) => host.log.error(`${this.label} - ${text}`),
    );
    this.#publishing = new Publishing(host, this, this.#complaints);
    this.#standing = new Standing(host, this, this.#parser.limits, this.#publishing, this.#complaints);
    this.#pings = new Pings(world, settings, { onPingDue: () => this.#onPingDue(), onStale: () => this.#onStale() });
    this.#openedAtMs = world.nowMs();
    this.#login = new Login(host, this, {
      parser: this.#parser,
      publishing: this.#publishing,
      standing: this.#standing,
      pings: this.#pings,
      openedAtMs: this.#openedAtMs,
      suspend: () => this.#intake.suspend(),
      onServed: () => {
        this.#pings.armFirst();
        host.onConnected(this);
        this.#ok();
      },
    });
    this.startSec = this.lastSec = world.wallSec();
    this.startNanos = this.lastNanos = world.wallNanos();
    const isChallenged = host.authenticator.nonceRequired || host.trustedProxies.length > 0;
    this.nonce = isChallenged ? nonceOf(world.randomBytes(11)) : "";
    this.inMsgs = 0;
    this.inBytes = 0;
    this.#trace(host.log.traceOn);
  }

  /** Says INFO, or refuses. Called once, right after accept. */
  open(): void {
    const { log, authenticator } = this.#host;
    const isAccepted = this.#host.onOpened(this);
    log.debug(`${this.label} - Client connection created`);
    this.#sendInfo(false);
    if (!isAccepted) {
      this.closeWithError("maximumConnections");
      return;
    }
    this.#parser.guarded = true;
    if (!authenticator.authRequired(this.transport.kind)) this.#standing.bind("$G");
    this.#pings.arm();
    if (!this.transport.tlsPending) this.#login.begin();
    else this.outbound.flush();
  }

  /** How it appears in the log. */
  get label(): string {
    return this.#address + this.#login.label;
  }
  readonly #address: string;

  get account(): Account | undefined {
    return this.#standing.account;
  }
  get identity(): Identity | undefined {
    return this.#standing.identity;
  }
  /** When its credentials end, on the monotonic clock; undefined for never. */
  get expiresAtMs(): number | undefined {
    return this.#standing.expiresAtMs;
  }
  get options(): ConnectOptions | undefined {
    return this.#login.options;
  }
  /** Who it is, or is after another CONNECT, is decided later. */
  get isWaiting(): boolean {
    return this.#login.isWaiting;
  }
  /** As CONNECT gave it. */
  get name(): string {
    return this.options?.name ?? "";
  }
  /** Its login was refused, and this account is told that, with this reason. */
  get told(): { readonly account: string; readonly reason: string } | undefined {
    return this.#login.told;
  }
  get isClosed(): boolean {
    return this.closeReason !== undefined;
  }
  /** It has sent its first PING and so reads INFO at any time. */
  get takesInfo(): boolean {
    return this.#firstPongSent && this.options !== undefined && this.options.protocol >= 1;
  }
  get rttMs(): number {
    return this.#pings.rttMs;
  }
  /** Largest payload it may publish; −1 is any. */
  get maxPayload(): number {
    return this.#parser.limits.maxPayload;
  }

  onChunk(from: number, to: number): void {
    if (this.isClosed) return;
    const { world } = this.#host;
    this.#pings.heard(world.nowMs());
    this.lastSec = world.wallSec();
    this.lastNanos = world.wallNanos();
    this.#stall.onChunk(to - from);
    const { inMsgs, inBytes } = this;
    this.#intake.feed(from, to);
    this.takesLarge = this.inBytes - inBytes > Math.max((to - from) >> 1, (this.inMsgs - inMsgs) * LARGE_BYTES);
  }

  // ---- operations

  onVerb(firstByte: number): boolean {
    return this.#login.allows(firstByte);
  }

  onConnect(from: number, to: number): void {
    this.#spend(CONNECT_WORK);
    this.#login.onConnect(from, to);
  }

  onInfo(from: number, to: number): void {
    this.#spend(CONNECT_WORK);
    try {
      JSON.parse(shown(byteStringOf(bytes, from, to)));
    } catch {
      this.close("protocolViolation");
    }
  }

  onPub(frame: Frame): void {
    const size = frame.payloadTo - frame.payloadFrom;
    const account = this.#standing.account!;
    this.inMsgs++;
    this.inBytes += size;
    account.inMsgs++;
    account.inBytes += size;
    this.#publishing.publish(account, frame);
    const { router } = account;
    if (router.effort > 0) {
      this.#spend(router.effort);
      router.effort = 0;
    }
    if (this.#host.turn.stop && this.#stall.pause()) this.#host.onStalled(this);
  }

  onSystemPubs(at: number, to: number): number {
    const account = this.#standing.account!;
    const { router } = account;
    const { maxPayload, maxControlLine } = this.#parser.limits;
    if (account.mappings !== undefined || !this.#publishing.isPlain || (maxPayload >= 0 && maxPayload < ACK_BYTES)) return at; // prettier-ignore
    const end = router.publishAcks(at, to, maxControlLine);
    const { acks } = router;
    if (acks === 0) return at;
    this.inMsgs += acks;
    this.inBytes += acks * ACK_BYTES;
    account.inMsgs += acks;
    account.inBytes += acks * ACK_BYTES;
    this.#spend(router.effort);
    router.effort = 0;
    if (this.#host.turn.stop && this.#stall.pause()) this.#host.onStalled(this);
    return end;
  }

  onSub(
    subjectFrom: number,
    subjectTo: number,
    queueFrom: number,
    queueTo: number,
    sidFrom: number,
    sidTo: number,
  ): void {
    const subject = byteStringOf(bytes, subjectFrom, subjectTo);
    const queue = queueTo > queueFrom ? byteStringOf(bytes, queueFrom, queueTo) : undefined;
    const sid = byteStringOf(bytes, sidFrom, sidTo);
    this.#publishing.tracer?.in(queue === undefined ? `SUB ${subject} ${sid}` : `SUB ${subject} ${queue} ${sid}`);
    this.#spend(SUB_WORK + (subject.length >> 1));
    const mayUse = this.#publishing.permissions?.canSubscribe(subject, queue) ?? true;
    if (!mayUse || queue === QUEUE_OF_SERVERS) {
      this.#complaints.subscribe(subject, queue, sid);
      return;
    }
    const { maxSubscriptionTokens } = this.settings;
    if (maxSubscriptionTokens > 0 && countTokens(subject) > maxSubscriptionTokens) {
      this.#complaints.tokens(subject);
      return;
    }
    if (this.subscriptions.count >= this.#standing.maxSubscriptions) {
      this.#complaints.subscriptions();
      return;
    }
    if (this.subscriptions.has(sid)) {
      this.#ok();
      return;
    }
    if (!isValidSubject(subject)) {
      this.#complaints.subject();
      return;
    }
    this.subscriptions.add(this.account!.router, subject, queue, sid);
    this.#ok();
  }

  onUnsub(sidFrom: number, sidTo: number, max: number): void {
    const sid = byteStringOf(bytes, sidFrom, sidTo);
    this.#publishing.tracer?.in(max > 0 ? `UNSUB ${sid} ${max}` : `UNSUB ${sid}`);
    const ended = this.subscriptions.end(this.account!.router, sid, max);
    this.#spend(SUB_WORK + ((ended?.subject.length ?? 0) >> 1));
    if (ended !== undefined) this.#publishing.tracer?.both(`DELSUB ${sid}`);
    this.#ok();
  }

  onPing(): void {
    this.#publishing.tracer?.in("PING");
    this.outbound.put(PONG);
    this.#publishing.tracer?.out("PONG");
    // Nobody else shall wait for who does not read his answers.
    if (this.#host.turn.stop) this.#stall.pause();
    // What it reads is known once it has sent CONNECT, or was let in without.
    if (this.#firstPongSent || !this.#login.isDone) return;
    this.#firstPongSent = true;
    if (this.takesInfo) this.#sendInfo(true);
  }

  onPong(): void {
    this.#publishing.tracer?.in("PONG");
    this.#pings.onPong();
    this.receiver.infoLines.clear();
  }

  onOk(): void {
    this.#publishing.tracer?.in("OK");
  }

  onErr(from: number, to: number): void {
    const text = shown(byteStringOf(bytes, from, to));
    this.#host.log.error(`${this.label} - Client Error '${text.replaceAll("'", "")}'`);
    this.close("parseError");
  }

  onMistake(mistake: Mistake, detail: string): void {
    const { log, error } = mistakes[mistake];
    this.#host.log.error(`${this.label} - ${log(detail)}`);
    if (error === undefined) this.close("protocolViolation");
    else this.closeWithError(error);
  }

  // ---- transport

  onWritten(): void {
    this.outbound.onWritten();
  }

  onSecured(tls: TlsInfo | undefined): void {
    this.tls = tls;
    if (!this.isClosed) this.#login.begin();
  }

  onGone(why: TransportEnd, detail: string): void {
    this.#gone = true;
    this.outbound.gone();
    if (!this.isClosed) this.#lost(why, detail);
    this.#host.onGone(this);
  }

  #lost(why: TransportEnd, detail: string): void {
    if (why === "tlsHandshake") logHandshake(this.#host.log, this.label, detail);
    if (why === "readError") this.#host.log.debug(`${this.label} - Client connection read error: ${detail}`);
    const reasons = {
      eof: "clientClosed",
      readError: "readError",
      writeError: "writeError",
      tlsHandshake: "tlsHandshakeFailure",
    } as const;
    this.#shut(reasons[why]);
  }

  // ---- ends

  /** Sends the text of an error of the table and closes for its reason, or for another. */
  closeWithError(error: ClosingError, reason: CloseReason = protocolErrors[error].closes): void {
    if (this.isClosed) return;
    this.#sendError(protocolErrors[error].text);
    this.close(reason);
  }

  /** Ends the connection; what is queued still goes out, unless the peer is too slow for that. */
  close(reason: CloseReason): void {
    if (this.isClosed) return;
    const isSlow = reason === "slowConsumerPendingBytes" || reason === "slowConsumerWriteDeadline";
    if (!isSlow) this.outbound.finish();
    // The last bytes may have been the ones too many.
    if (this.isClosed) return;
    this.#shut(reason);
    if (this.#gone) return;
    if (isSlow) this.transport.destroy();
    else this.transport.end(CLOSE_GRACE_MS, webSocketStatus(reason), closeReasons[reason]);
  }

  #shut(reason: CloseReason): void {
    const { world, log } = this.#host;
    this.closeReason = reason;
    this.stopSec = world.wallSec();
    this.stopNanos = world.wallNanos();
    this.#intake.close();
    this.#login.end();
    this.#pings.stop();
    this.receiver.isOpen = false;
    this.outbound.close();
    log.debug(`${this.label} - Client connection closed: ${closeReasons[reason]}`);
    this.#standing.end();
    this.#host.onClosed(this);
    this.#standing.clearSubscriptions();
  }

  // ---- reload

  /** Goes on with other limits and manners. What one write may take stays as it was. */
  reconfigure(settings: SessionSettings, traces: boolean): void {
    this.settings = settings;
    this.#pings.reconfigure(settings);
    this.#stall.isOff = settings.noStall;
    this.receiver.dropsWhenCongested = settings.noStall;
    this.#parser.limits.maxControlLine = Math.min(settings.maxControlLine, LONGEST_LINE);
    this.#standing.limit();
    this.#trace(traces);
  }

  /** Goes on as the same user under other rules. Subscriptions they do not allow end, and the client is told. */
  become(identity: Identity): void {
    this.#standing.become(identity);
  }

  /** It is not welcome any more. */
  refuse(reason?: CloseReason): void {
    this.#login.dismiss(reason);
  }

  /** Tells a client that reads INFO to go elsewhere; false when it does not. */
  sendLameDuckInfo(): boolean {
    if (!this.takesInfo || this.isClosed) return false;
    this.outbound.put(encodeInfo({ ...this.#host.infoFor(this), ldm: true }));
    return true;
  }

  // ---- helpers

  /** Work was done: when that was much for one turn, the rest of the chunk waits for the next one. */
  #spend(work: number): void {
    if (this.#pace.spend(work) && !this.isClosed) this.#host.turn.hold(this.#intake.suspend());
  }

  #sendInfo(isConnectInfo: boolean): void {
    const info = this.#host.infoFor(this);
    this.outbound.put(encodeInfo(isConnectInfo ? { ...info, connect_info: true, ...this.#standing.info } : info));
  }

  #trace(traces: boolean): void {
    const { log } = this.#host;
    this.#publishing.tracer = traces
      ? new Tracer((text) => log.trace(`${this.label} - ${text}`), this.settings)
      : undefined;
    this.receiver.traces = traces;
  }

  #ok(): void {
    if (!this.#publishing.verbose) return;
    this.outbound.put(OK);
    this.#publishing.tracer?.out("OK");
  }

  #sendError(text: string): void {
    this.outbound.put(Buffer.from(`-ERR '${text}'\r\n`));
    this.#publishing.tracer?.out(byteString(`-ERR ${text}`));
  }

  #onExhausted(sub: Subscription): void {
    if (this.account !== undefined) this.subscriptions.remove(this.account.router, sub);
    this.#publishing.tracer?.both(`DELSUB ${sub.sid}`);
  }

  #onPingDue(): boolean {
    if (!this.#firstPongSent && this.#host.world.nowMs() - this.#openedAtMs < FIRST_PONG_MS) return false;
    this.outbound.put(PING);
    this.#publishing.tracer?.out("PING");
    return true;
  }

  #onStale(): void {
    this.#host.log.debug(`${this.label} - Stale Client Connection - Closing`);
    this.#host.onStaleConnection(this);
    this.closeWithError("staleConnection");
  }

  #onSlow(reason: "slowConsumerPendingBytes" | "slowConsumerWriteDeadline", text: string): void {
    if (this.isClosed) return;
    this.#host.onSlowConsumer(this);
    this.#host.log.notice(`${this.label} - ${text}`);
    this.close(reason);
  }
}
