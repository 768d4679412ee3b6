// One NATS client, from INFO to close.
//
// Owns its subscriptions, its outbound bytes and its timers. The parser calls
// it once per operation; it checks, answers and publishes. Everything happens
// synchronously within a chunk, but for authentication, which may suspend the
// rest of the chunk.

import type { Account } from "../account/account.ts";
import { Receiver } from "../account/receiver.ts";
import type { Subscription } from "../account/subscription.ts";
import type { Identity, Verdict } from "../auth/authenticator.ts";
import type { Permissions } from "../auth/permissions.ts";
import { bytes, READ } from "../base/arena.ts";
import { type ByteString, byteString, byteStringOf, shown } from "../base/bytes.ts";
import type { TlsInfo, Transport, TransportEnd, TransportHandler } from "../base/transport.ts";
import type { Timer } from "../base/world.ts";
import { type CloseReason, closeReasons, webSocketStatus } from "../errors/close_reason.ts";
import { protocolErrors, protocolErrorText, quoted as q } from "../errors/protocol.ts";
import { Outbound } from "../outbound/outbound.ts";
import { Carry } from "../peer/carry.ts";
import { Pings } from "../peer/pings.ts";
import { Subscriptions } from "../peer/subscriptions.ts";
import { type ConnectOptions, decodeConnect } from "../proto/connect.ts";
import type { Frame } from "../proto/frame.ts";
import { encodeInfo } from "../proto/info.ts";
import { type ClientOps, type Mistake, Parser } from "../proto/parser.ts";
import { countTokens, isValidSubject } from "../subject/subject.ts";
import type { SessionHost, SessionSettings } from "./host.ts";
import { isReservedReply, isReservedSubject } from "./reserved.ts";
import { Tracer } from "./tracer.ts";

const OK = Buffer.from("+OK\r\n");
const PING = Buffer.from("PING\r\n");
const PONG = Buffer.from("PONG\r\n");
const QUEUE_OF_SERVERS = byteString("_sys_");
/** How long a closing connection may take to send its last bytes. */
const CLOSE_GRACE_MS = 1000;
/** A client that has not sent its first PING gets none for this long. */
const FIRST_PONG_MS = 2000;
/** Most time a producer waits for slow receivers, per chunk. */
const STALL_MS = 10;

export class Session implements TransportHandler, ClientOps {
  readonly cid: number;
  readonly transport: Transport;
  readonly settings: SessionSettings;
  readonly subscriptions: Subscriptions;
  readonly receiver: Receiver;
  readonly outbound: Outbound;
  readonly startSec: number;
  readonly startNanos: number;
  /** The challenge of this connection; empty when none is used. */
  readonly nonce: string;
  account: Account | undefined = undefined;
  identity: Identity | undefined = undefined;
  tls: TlsInfo | undefined;
  inMsgs = 0;
  inBytes = 0;
  /** Wall clock of the last operation. */
  lastSec: number;
  lastNanos: number;
  closeReason: CloseReason | undefined = undefined;
  stopSec = 0;
  stopNanos = 0;

  readonly #host: SessionHost;
  readonly #parser: Parser;
  readonly #carry = new Carry();
  readonly #pings: Pings;
  readonly #openedAtMs: number;
  readonly #tracer: Tracer | undefined;
  #options: ConnectOptions | undefined = undefined;
  #permissions: Permissions | undefined = undefined;
  #maxSubscriptions: number;
  #verbose = true;
  #pedantic = true;
  #noResponders = false;
  #authTimer: Timer | undefined = undefined;
  #isConnected = false;
  #firstPongSent = false;
  #isSuspended = false;
  #suspension = 0;
  #stallLeftMs = 0;
  #gone = false;
  #expiry: Timer | undefined = undefined;

  constructor(host: SessionHost, transport: Transport, settings: SessionSettings) {
    this.#host = host;
    const { world } = host;
    this.transport = transport;
    this.settings = settings;
    this.cid = host.nextCid();
    this.tls = transport.tls;
    this.outbound = new Outbound(
      host.turn,
      world,
      transport,
      {
        onPendingExceeded: () => this.#onPendingExceeded(),
        onWriteDeadline: (chunks, pendingBytes) => this.#onWriteDeadline(chunks, pendingBytes),
      },
      settings,
    );
    this.receiver = new Receiver(
      this.outbound,
      {
        deniesDelivery: (source, from, to, sub) =>
          this.#permissions?.deniesDelivery(source, from, to, sub.queue) ?? false,
        onReply: (source, from, to) => this.#permissions?.onReply(byteStringOf(source, from, to)),
        onTrace: (head) => this.#tracer?.out(head),
      },
      (sub) => this.#onExhausted(sub),
    );
    this.receiver.dropsWhenCongested = settings.noStall;
    this.subscriptions = new Subscriptions(this.receiver);
    this.#parser = new Parser(this, {
      maxControlLine: settings.maxControlLine,
      maxPayload: settings.maxPayload,
      headers: false,
    });
    this.#maxSubscriptions = settings.maxSubscriptions;
    this.#pings = new Pings(world, settings, { onPingDue: () => this.#onPingDue(), onStale: () => this.#onStale() });
    this.#openedAtMs = world.nowMs();
    this.startSec = this.lastSec = world.wallSec();
    this.startNanos = this.lastNanos = world.wallNanos();
    this.nonce = host.authenticator.nonceRequired ? nonceOf(world.randomBytes(11)) : "";
    this.#tracer = host.log.traceOn
      ? new Tracer((text) => host.log.trace(`${this.label} - ${text}`), settings)
      : undefined;
    this.receiver.traces = this.#tracer !== undefined;
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
    if (!authenticator.authRequired(this.transport.kind)) this.#bind("$G");
    this.#pings.arm();
    if (!this.transport.tlsPending) this.#awaitConnect();
    else this.outbound.flush();
  }

  /** How it appears in the log. */
  get label(): string {
    const { remote, kind, forwardedFor } = this.transport;
    const id = kind === "ws" || kind === "wss" ? "wid" : "cid";
    const at = remote === undefined ? "pipe" : `${hostPort(remote.ip, remote.port)}`;
    const from = forwardedFor === undefined ? at : `${forwardedFor}/${at}`;
    return `${from} - ${id}:${this.cid}${this.#details}`;
  }
  #details = "";

  get options(): ConnectOptions | undefined {
    return this.#options;
  }
  get isClosed(): boolean {
    return this.closeReason !== undefined;
  }
  /** It has sent its first PING and so reads INFO at any time. */
  get takesInfo(): boolean {
    return this.#firstPongSent && this.#options !== undefined && this.#options.protocol >= 1;
  }
  get rttMs(): number {
    return this.#pings.rttMs;
  }
  get permissions(): Permissions | undefined {
    return this.#permissions;
  }
  /** Largest payload it may publish; −1 is any. */
  get maxPayload(): number {
    return this.#parser.limits.maxPayload;
  }

  // ---- bytes in

  onChunk(from: number, to: number): void {
    if (this.isClosed) return;
    const { world } = this.#host;
    this.#pings.heard(world.nowMs());
    this.lastSec = world.wallSec();
    this.lastNanos = world.wallNanos();
    this.#stallLeftMs = STALL_MS;
    this.#consume(from, to);
  }

  #consume(chunkFrom: number, to: number): void {
    const { account, inMsgs, inBytes } = this;
    let from = chunkFrom;
    while (!this.#carry.isEmpty && from < to) {
      const used = this.#carry.absorb(from, to);
      from += used;
      const large = this.#carry.takeLarge();
      if (large !== undefined) {
        this.#parser.parseOwned(large);
        if (this.isClosed) return;
        if (this.#isSuspended) break;
      } else if (used === 0) from = this.#carry.putBack(from);
      else if (from < to) break;
    }
    if (from < to && this.#carry.isEmpty) {
      const used = this.#isSuspended ? from : this.#parser.parse(from, to);
      if (this.isClosed) this.#carry.clear();
      else if (used < to) this.#carry.keep(used, to, this.#isSuspended ? 0 : this.#parser.need);
    }
    if (account !== undefined) {
      account.inMsgs += this.inMsgs - inMsgs;
      account.inBytes += this.inBytes - inBytes;
    }
  }

  /**
   * No more operations until the returned function is called: the rest of the
   * chunk waits, the peer is not read. It does nothing when called again, or
   * after a later suspension.
   */
  #suspend(): () => void {
    const suspension = ++this.#suspension;
    this.#isSuspended = true;
    this.#parser.halt();
    this.transport.pause();
    return () => {
      if (suspension === this.#suspension) this.#goOn();
    };
  }

  #goOn(): void {
    if (!this.#isSuspended || this.isClosed) return;
    this.#isSuspended = false;
    const from = this.#carry.putBack(READ);
    if (from < READ) this.#consume(from, READ);
    if (!this.#isSuspended && !this.isClosed) this.transport.resume();
  }

  // ---- operations

  onVerb(firstByte: number): boolean {
    if (this.#isConnected || (firstByte | 0x20) === 0x63) {
      if (this.#isConnected) this.#parser.guarded = false;
      return true;
    }
    if (!this.#host.authenticator.authRequired(this.transport.kind)) return true;
    const verdict = this.#host.authenticator.authenticateAnonymous(this.transport.kind);
    if (verdict?.ok === true) {
      this.#authTimer?.cancel();
      this.#accept(verdict.identity);
      this.#isConnected = true;
      this.#parser.guarded = false;
      this.transport.trust();
      return !this.isClosed;
    }
    this.#refuse(verdict?.ok === false ? verdict.logText : "");
    return false;
  }

  onConnect(from: number, to: number): void {
    const options = decodeConnect(bytes, from, to);
    if (!("verbose" in options)) {
      this.#host.log.error(`${this.label} - ${options.text}`);
      this.close("protocolViolation");
      return;
    }
    this.#tracer?.connect(byteStringOf(bytes, from, to));
    if (this.#isConnected && this.account !== undefined) this.subscriptions.clear(this.account.router);
    this.#options = options;
    this.#verbose = options.verbose;
    this.#pedantic = options.pedantic;
    this.receiver.echo = options.echo;
    const { authenticator } = this.#host;
    this.#authTimer?.cancel();
    if (!authenticator.authRequired(this.transport.kind)) {
      this.#afterAuth(undefined);
      return;
    }
    const verdict = authenticator.authenticate({
      user: options.user,
      pass: options.pass,
      token: options.auth_token,
      nkey: options.nkey,
      sig: options.sig,
      jwt: options.jwt,
      nonce: this.nonce,
      kind: this.transport.kind,
      tls: this.tls,
    });
    if (!(verdict instanceof Promise)) {
      this.#afterAuth(verdict);
      return;
    }
    const goOn = this.#suspend();
    const { world } = this.#host;
    const finish = (late: Verdict) => (): void => {
      if (this.isClosed) return;
      this.#afterAuth(late);
      goOn();
    };
    // A rejection is a bug of the authenticator; to the peer it is one more refusal.
    void verdict.then(
      (late) => world.after(0, finish(late)),
      () => world.after(0, finish({ ok: false, logText: "authentication failed to finish" })),
    );
  }

  #afterAuth(verdict: Verdict | undefined): void {
    const options = this.#options!;
    if (verdict?.ok === false) {
      this.#describe();
      this.#refuse(verdict.logText);
      return;
    }
    if (options.account !== "" || options.new_account) {
      this.#refuse("");
      return;
    }
    if (verdict !== undefined) this.#accept(verdict.identity);
    else if (this.account === undefined) this.#bind("$G");
    if (this.isClosed) return;
    this.#describe();
    if (options.protocol < 0 || options.protocol > 1) {
      this.closeWithError("invalidClientProtocol");
      return;
    }
    const headers = options.headers && this.settings.headers;
    this.receiver.headers = headers;
    this.#parser.limits.headers = headers;
    if (options.no_responders && !headers) {
      this.closeWithError("noRespondersRequiresHeaders");
      return;
    }
    this.#noResponders = options.no_responders;
    this.#isConnected = true;
    this.#parser.guarded = false;
    this.transport.trust();
    this.#pings.armFirst(this.#host.world.nowMs() - this.#openedAtMs);
    this.#ok();
  }

  onInfo(from: number, to: number): void {
    try {
      JSON.parse(shown(byteStringOf(bytes, from, to)));
    } catch {
      this.close("protocolViolation");
    }
  }

  onPub(frame: Frame): void {
    const size = frame.payloadTo - frame.payloadFrom;
    this.inMsgs++;
    this.inBytes += size;
    const { source, subjectFrom, subjectTo, replyFrom, replyTo } = frame;
    if (this.#pedantic && !isLiteralRange(source, subjectFrom, subjectTo)) this.#complain("invalidPublishSubject");
    this.#tracer?.pub(frame);
    if (isReservedSubject(source, subjectFrom, subjectTo)) {
      this.#denyPublish(frame);
      return;
    }
    const permissions = this.#permissions;
    if (permissions !== undefined && !permissions.canPublish(source, subjectFrom, subjectTo)) {
      this.#denyPublish(frame);
      return;
    }
    if (replyTo > replyFrom && isReservedReply(source, replyFrom, replyTo)) {
      const reply = byteStringOf(source, replyFrom, replyTo);
      const subject = byteStringOf(source, subjectFrom, subjectTo);
      this.#complain("replyPermission", reply, `Publish Violation - Subject ${q(subject)}, Reply ${q(reply)}`);
      return;
    }
    if (this.#verbose) this.outbound.put(OK);
    const delivered = this.account!.router.publish(frame, this.receiver);
    if (delivered === 0 && this.#noResponders && replyTo > replyFrom) this.#sayNoResponders(frame);
    if (this.#host.turn.stop) this.#yield();
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
    this.#tracer?.in(queue === undefined ? `SUB ${subject} ${sid}` : `SUB ${subject} ${queue} ${sid}`);
    const mayUse = this.#permissions?.canSubscribe(subject, queue) ?? true;
    if (!mayUse || queue === QUEUE_OF_SERVERS) {
      this.#denySubscription(subject, queue, sid);
      return;
    }
    const { maxSubscriptionTokens } = this.settings;
    if (maxSubscriptionTokens > 0 && countTokens(subject) > maxSubscriptionTokens) {
      this.#complain("subscriptionTokens", subject, protocolErrorText("subscriptionTokens", { subject }));
      return;
    }
    if (this.#maxSubscriptions > 0 && this.subscriptions.count >= this.#maxSubscriptions) {
      this.#complain("maximumSubscriptions", undefined, "maximum subscriptions exceeded");
      return;
    }
    if (this.subscriptions.has(sid)) {
      this.#ok();
      return;
    }
    if (!isValidSubject(subject)) {
      this.#complain("invalidSubject");
      return;
    }
    this.subscriptions.add(this.account!.router, subject, queue, sid);
    this.#ok();
  }

  onUnsub(sidFrom: number, sidTo: number, max: number): void {
    const sid = byteStringOf(bytes, sidFrom, sidTo);
    this.#tracer?.in(max > 0 ? `UNSUB ${sid} ${max}` : `UNSUB ${sid}`);
    const ended = this.subscriptions.end(this.account!.router, sid, max);
    if (ended !== undefined) this.#tracer?.both(`DELSUB ${sid}`);
    this.#ok();
  }

  onPing(): void {
    this.#tracer?.in("PING");
    this.outbound.put(PONG);
    this.#tracer?.out("PONG");
    if (this.#firstPongSent) return;
    this.#firstPongSent = true;
    if (this.takesInfo) this.#sendInfo(true);
  }

  onPong(): void {
    this.#tracer?.in("PONG");
    this.#pings.onPong();
  }

  onOk(): void {
    this.#tracer?.in("OK");
  }

  onErr(from: number, to: number): void {
    const text = shown(byteStringOf(bytes, from, to));
    this.#host.log.error(`${this.label} - Client Error '${text.replaceAll("'", "")}'`);
    this.close("parseError");
  }

  onMistake(mistake: Mistake, detail: string): void {
    const { log } = this.#host;
    switch (mistake) {
      case "unknownOperation":
        log.error(`${this.label} - Client parser ERROR, state=0, i=0: proto='${q(detail)}...'`);
        this.closeWithError("unknownOperation");
        return;
      case "maximumControlLine":
        log.error(`${this.label} - maximum control line exceeded`);
        this.closeWithError("maximumControlLine");
        return;
      case "maximumPayload":
        log.error(`${this.label} - maximum payload exceeded`);
        this.closeWithError("maximumPayload");
        return;
      case "headersNotSupported":
        log.error(`${this.label} - message headers not supported`);
        this.close("protocolViolation");
        return;
      case "arguments":
        log.error(`${this.label} - processing arguments: ${q(detail)}`);
        this.close("protocolViolation");
    }
  }

  // ---- transport

  onWritten(): void {
    this.outbound.onWritten();
  }

  onSecured(tls: TlsInfo | undefined): void {
    this.tls = tls;
    if (!this.isClosed) this.#awaitConnect();
  }

  onGone(why: TransportEnd, detail: string): void {
    this.#gone = true;
    this.outbound.gone();
    if (!this.isClosed) this.#lost(why, detail);
    this.#host.onGone(this);
  }

  #lost(why: TransportEnd, detail: string): void {
    if (why === "tlsHandshake") this.#host.log.debug(`${this.label} - TLS handshake error: ${detail}`);
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

  /** Sends the text of an error of the table and closes for its reason, or keeps the connection as the table says. */
  closeWithError(error: ClosingError): void {
    if (this.isClosed) return;
    this.#sendError(protocolErrors[error].text);
    this.close(protocolErrors[error].closes);
  }

  /** Ends the connection; what is queued still goes out, unless the peer is too slow for that. */
  close(reason: CloseReason): void {
    if (this.isClosed) return;
    const isSlow = reason === "slowConsumerPendingBytes" || reason === "slowConsumerWriteDeadline";
    if (!isSlow) this.outbound.finish();
    this.#shut(reason);
    if (this.#gone) return;
    if (isSlow || reason === "staleConnection") this.transport.destroy();
    else this.transport.end(CLOSE_GRACE_MS, webSocketStatus(reason), closeReasons[reason]);
  }

  #shut(reason: CloseReason): void {
    const { world, log } = this.#host;
    this.closeReason = reason;
    this.stopSec = world.wallSec();
    this.stopNanos = world.wallNanos();
    this.#parser.halt();
    this.#authTimer?.cancel();
    this.#expiry?.cancel();
    this.#pings.stop();
    this.#carry.clear();
    this.receiver.isOpen = false;
    this.outbound.close();
    log.debug(`${this.label} - Client connection closed: ${closeReasons[reason]}`);
    this.#host.onClosed(this);
    if (this.account === undefined) return;
    this.subscriptions.clear(this.account.router);
    this.account.connections--;
  }

  /** The server is about to go: tells a client that reads INFO. */
  sendLameDuckInfo(): void {
    if (this.takesInfo && !this.isClosed) this.#sendInfo(false);
  }

  // ---- helpers

  #awaitConnect(): void {
    if (!this.#host.authenticator.authRequired(this.transport.kind)) return;
    this.#authTimer = this.#host.world.after(this.settings.authTimeoutMs, () => {
      this.#authTimer = undefined;
      this.#host.log.debug(`${this.label} - Authentication Timeout`);
      this.closeWithError("authenticationTimeout");
    });
  }

  #sendInfo(isConnectInfo: boolean): void {
    const info = this.#host.infoFor(this);
    this.outbound.put(
      encodeInfo(isConnectInfo ? { ...info, connect_info: true, remote_account: this.account?.name ?? "" } : info),
    );
  }

  #bind(accountName: string): void {
    const account = this.#host.account(accountName);
    if (account === undefined) {
      this.#refuse("");
      return;
    }
    if (this.account !== undefined) {
      this.subscriptions.clear(this.account.router);
      this.account.connections--;
    }
    const { maxConnections, maxPayload, maxSubscriptions } = account.limits;
    this.account = account;
    account.connections++;
    account.totalConnections++;
    if (maxConnections !== undefined && maxConnections >= 0 && account.connections > maxConnections) {
      this.closeWithError("maximumAccountConnections");
      return;
    }
    this.#parser.limits.maxPayload = smallest(this.settings.maxPayload, maxPayload);
    this.#maxSubscriptions = smallest(this.settings.maxSubscriptions, maxSubscriptions);
  }

  #accept(identity: Identity): void {
    this.identity = identity;
    this.#permissions = identity.permissions;
    this.receiver.filtersDeliveries = identity.permissions?.filtersDeliveries ?? false;
    this.receiver.tracksReplies = identity.permissions?.tracksReplies ?? false;
    this.#bind(identity.accountName);
  }

  #refuse(logText: string): void {
    if (logText !== "") this.#host.log.error(`${this.label} - ${logText}`);
    this.closeWithError("authorizationViolation");
  }

  /** After CONNECT the log tells client, account and user. */
  #describe(): void {
    const options = this.#options!;
    const parts = [options.version === "" ? "" : `v${options.version}`, options.lang, options.name].filter(
      (part) => part !== "",
    );
    this.#details = parts.length === 0 ? "" : ` - "${parts.join(":")}"`;
    const user = this.identity?.shownName;
    if (this.account !== undefined && user !== undefined && user !== "")
      this.#details += ` - "${this.account.name}/${user}"`;
  }

  #ok(): void {
    if (!this.#verbose) return;
    this.outbound.put(OK);
    this.#tracer?.out("OK");
  }

  #sendError(text: string): void {
    this.outbound.put(Buffer.from(`-ERR '${text}'\r\n`, "latin1"));
    this.#tracer?.out(`-ERR ${text}`);
  }

  /** Says what was wrong and goes on. */
  #complain(error: OpenError, subject?: ByteString, logText?: string): void {
    const text =
      subject === undefined ? protocolErrors[error].text : protocolErrorText(error as "publishPermission", { subject });
    this.#sendError(text);
    if (logText !== undefined) this.#host.log.error(`${this.label} - ${logText}`);
  }

  #denyPublish(frame: Frame): void {
    const subject = byteStringOf(frame.source, frame.subjectFrom, frame.subjectTo);
    this.#complain("publishPermission", subject, `Publish Violation - Subject ${q(subject)}`);
  }

  #denySubscription(subject: ByteString, queue: ByteString | undefined, sid: ByteString): void {
    const details = `${q(subject)}${queue === undefined ? "" : `, Queue ${q(queue)}`}, SID ${sid}`;
    this.#sendError(
      queue === undefined
        ? protocolErrorText("subscribePermission", { subject })
        : protocolErrorText("queuePermission", { subject, queue }),
    );
    this.#host.log.error(`${this.label} - Subscription Violation - Subject ${details}`);
  }

  #sayNoResponders(frame: Frame): void {
    const sub = this.account!.router.plainSubscriptionOf(this.receiver, frame.source, frame.replyFrom, frame.replyTo);
    if (sub === undefined) return;
    const subject = byteStringOf(frame.source, frame.subjectFrom, frame.subjectTo);
    const reply = byteStringOf(frame.source, frame.replyFrom, frame.replyTo);
    const block = `NATS/1.0 503\r\nNats-Subject: ${subject}\r\n\r\n`;
    const head = `HMSG ${reply} ${sub.sid} ${block.length} ${block.length}`;
    this.outbound.put(Buffer.from(`${head}\r\n${block}\r\n`, "latin1"));
    this.#tracer?.out(head);
  }

  /** The turn wants producers to pause: until it ends, or until a slow receiver has caught up a little. */
  #yield(): void {
    const { turn, world } = this.#host;
    const gate = turn.slow;
    turn.noticed();
    if (gate === undefined) {
      turn.hold(this.#suspend());
      return;
    }
    if (this.settings.noStall || this.#stallLeftMs <= 0) return;
    const waitMs = Math.min(gate.fullness >= 1 ? 5 : 2, this.#stallLeftMs);
    this.#stallLeftMs -= waitMs;
    this.#host.onStalled(this);
    const goOn = this.#suspend();
    const timer = world.after(waitMs, goOn);
    gate.whenOpen(() => {
      timer.cancel();
      turn.hold(goOn);
    });
  }

  #onExhausted(sub: Subscription): void {
    if (this.account !== undefined) this.subscriptions.remove(this.account.router, sub);
    this.#tracer?.both(`DELSUB ${sub.sid}`);
  }

  #onPingDue(): boolean {
    if (!this.#firstPongSent && this.#host.world.nowMs() - this.#openedAtMs < FIRST_PONG_MS) return false;
    this.outbound.put(PING);
    this.#tracer?.out("PING");
    return true;
  }

  #onStale(): void {
    this.#host.log.debug(`${this.label} - Stale Client Connection - Closing`);
    this.#host.onStaleConnection(this);
    this.closeWithError("staleConnection");
  }

  #onPendingExceeded(): void {
    if (this.isClosed) return;
    this.#host.onSlowConsumer(this);
    this.#host.log.notice(
      `${this.label} - Slow Consumer Detected: MaxPending of ${this.settings.maxPendingBytes} Exceeded`,
    );
    this.close("slowConsumerPendingBytes");
  }

  #onWriteDeadline(chunks: number, pendingBytes: number): void {
    if (this.isClosed) return;
    const { writeDeadlineMs } = this.settings;
    this.#host.onSlowConsumer(this);
    this.#host.log.notice(
      `${this.label} - Slow Consumer Detected: WriteDeadline of ${writeDeadlineMs / 1000}s exceeded with ${chunks} chunks of ${pendingBytes} total bytes.`,
    );
    this.close("slowConsumerWriteDeadline");
  }
}

type ClosingError = {
  [Name in keyof typeof protocolErrors]: (typeof protocolErrors)[Name]["closes"] extends string ? Name : never;
}[keyof typeof protocolErrors];
type OpenError = Exclude<keyof typeof protocolErrors, ClosingError | "queuePermission">;

/** 11 random bytes as base64url: 15 characters. */
function nonceOf(random: Uint8Array): string {
  return Buffer.from(random).toString("base64url");
}

function hostPort(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function smallest(limit: number, other: number | undefined): number {
  if (other === undefined || other < 0) return limit;
  return limit <= 0 ? other : Math.min(limit, other);
}

function isLiteralRange(source: Uint8Array, from: number, to: number): boolean {
  let start = from;
  for (let i = from; i <= to; i++) {
    if (i < to && source[i] !== 0x2e) continue;
    if (i === start) return false;
    if (i === start + 1 && (source[start] === 0x2a || source[start] === 0x3e)) return false;
    start = i + 1;
  }
  return true;
}
