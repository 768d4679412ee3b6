// From a client's first operation to being served: whether it has to say who it
// is, what it says in CONNECT, and what comes of that. A verdict comes at once
// where that can be known, else while the rest of the chunk waits.
//
// Owns what CONNECT said, and the time there is for it.

import type { Refusal, Verdict } from "../auth/authenticator.ts";
import { proxyOf } from "../auth/proxies.ts";
import { bytes } from "../base/arena.ts";
import { byteString, byteStringOf } from "../base/bytes.ts";
import type { Timer } from "../base/world.ts";
import type { CloseReason } from "../errors/close_reason.ts";
import { quoted } from "../errors/protocol.ts";
import type { Pings } from "../peer/pings.ts";
import { type ConnectOptions, decodeConnect } from "../proto/connect.ts";
import type { Parser } from "../proto/parser.ts";
import type { SessionHost } from "./host.ts";
import { clientLabel } from "./label.ts";
import type { Publishing } from "./publishing.ts";
import type { Session } from "./session.ts";
import type { Standing } from "./standing.ts";

/** Any letter's bit for lower case, and "c". */
const LOWER_CASE = 0x20;
const LOWER_C = 0x63;

/** Refusals that end a connection for a reason of their own. */
const refusals: Partial<Record<Refusal, CloseReason>> = {
  proxyRequired: "proxyRequired",
  proxyNotTrusted: "proxyNotTrusted",
};

/** A challenge: 11 random bytes as base64url, 15 characters. */
export function nonceOf(random: Uint8Array): string {
  return Buffer.from(random).toString("base64url");
}

/** The parts of a session that go by who the client is and what it understands. */
export interface LoginParts {
  readonly parser: Parser;
  readonly publishing: Publishing;
  readonly standing: Standing;
  readonly pings: Pings;
  /** On the monotonic clock. */
  readonly openedAtMs: number;
  /** Lets the rest of the chunk wait until what it returns is called. */
  readonly suspend: () => () => void;
  /** CONNECT was accepted. */
  readonly onServed: () => void;
}

export class Login {
  /** As CONNECT gave them. */
  options: ConnectOptions | undefined = undefined;
  /** It has sent CONNECT and is served, or is served without. */
  isDone = false;
  /** It has sent CONNECT, and nobody has looked at that yet. */
  isWaiting = false;
  /** What the log shows of it besides its address. */
  label = "";
  /** It was refused, and this account is told that, with this reason. */
  told: { readonly account: string; readonly reason: string } | undefined = undefined;
  readonly #host: SessionHost;
  readonly #session: Session;
  readonly #parts: LoginParts;
  #timer: Timer | undefined = undefined;

  constructor(host: SessionHost, session: Session, parts: LoginParts) {
    this.#host = host;
    this.#session = session;
    this.#parts = parts;
  }

  /** From now on there is only so much time, for who has to say something. */
  begin(): void {
    const { authenticator, world, log } = this.#host;
    const session = this.#session;
    if (!authenticator.authRequired(session.transport.kind)) return;
    this.#timer = world.after(session.settings.authTimeoutMs, () => {
      this.#timer = undefined;
      log.debug(`${session.label} - Authentication Timeout`);
      session.closeWithError("authenticationTimeout");
    });
  }

  /** The connection is closed. */
  end(): void {
    this.#timer?.cancel();
  }

  /** Whether it may do what begins with `firstByte`. */
  allows(firstByte: number): boolean {
    const { parser, standing } = this.#parts;
    if (this.isDone || (firstByte | LOWER_CASE) === LOWER_C) {
      if (this.isDone) parser.guarded = false;
      return true;
    }
    const { authenticator } = this.#host;
    const { transport } = this.#session;
    if (!authenticator.authRequired(transport.kind)) {
      parser.guarded = false;
      return true;
    }
    const verdict = authenticator.authenticateAnonymous(transport.kind);
    if (verdict?.ok === true) {
      this.#timer?.cancel();
      standing.accept(verdict.identity);
      this.#serve();
      return !this.#session.isClosed;
    }
    this.#refuse(verdict?.ok === false ? verdict.logText : "");
    return false;
  }

  /** CONNECT, the first one or another; its text is in the arena. */
  onConnect(from: number, to: number): void {
    const { publishing, standing, pings, openedAtMs } = this.#parts;
    const { world, log } = this.#host;
    const session = this.#session;
    const options = decodeConnect(bytes, from, to, this.options);
    if (!("verbose" in options)) {
      log.error(`${session.label} - ${options.text}`);
      session.close("protocolViolation");
      return;
    }
    publishing.tracer?.connect(byteStringOf(bytes, from, to));
    if (this.isDone) standing.clearSubscriptions();
    this.options = options;
    pings.estimate(world.nowMs() - openedAtMs);
    publishing.verbose = options.verbose;
    publishing.pedantic = options.pedantic;
    session.receiver.echo = options.echo;
    this.#timer?.cancel();
    this.#ask(options);
  }

  /** It is not welcome, or not any more. */
  dismiss(reason?: CloseReason): void {
    this.#refuse(refusalOf(this.options?.user ?? ""), reason);
  }

  /** Asks who the client is, one in a turn; where nobody has to say, it is decided without a verdict. */
  #ask(options: ConnectOptions): void {
    const { authenticator, trustedProxies, turn } = this.#host;
    const session = this.#session;
    const { kind } = session.transport;
    if (trustedProxies.length > 0 && options.proxy_sig !== "") {
      const proxyKey = proxyOf(options.proxy_sig, session.nonce, trustedProxies);
      if (proxyKey === undefined) {
        this.#decide(options, { ok: false, reason: "proxyNotTrusted", logText: refusalOf(options.user) });
        return;
      }
      session.proxyKey = proxyKey;
    }
    if (!authenticator.authRequired(kind)) {
      this.#decide(options, undefined);
      return;
    }
    let isAsked = false;
    let resume: (() => void) | undefined;
    turn.newcomers.come(() => {
      isAsked = true;
      this.isWaiting = false;
      if (session.isClosed) return;
      this.#authenticate(options);
      resume?.();
    });
    this.isWaiting = !isAsked;
    if (!isAsked) resume = this.#parts.suspend();
  }

  #authenticate(options: ConnectOptions): void {
    const { authenticator, world } = this.#host;
    const session = this.#session;
    const { kind } = session.transport;
    const verdict = authenticator.authenticate({
      user: options.user,
      pass: options.pass,
      token: options.auth_token,
      nkey: options.nkey,
      sig: options.sig,
      jwt: options.jwt,
      nonce: session.nonce,
      kind,
      host: session.transport.remote?.ip ?? "",
      tls: session.tls,
      isProxied: session.proxyKey !== "",
      about: {
        cid: session.cid,
        name: options.name,
        lang: options.lang,
        version: options.version,
        protocol: options.protocol,
      },
    });
    if (!(verdict instanceof Promise)) {
      this.#decide(options, verdict);
      return;
    }
    const goOn = this.#parts.suspend();
    const finish = (late: Verdict) => (): void => {
      if (session.isClosed) return;
      this.#decide(options, late);
      goOn();
    };
    // A rejection is a bug of the authenticator; to the peer it is one more refusal.
    void verdict.then(
      (late) => world.after(0, finish(late)),
      () => world.after(0, finish({ ok: false, reason: "busy", logText: refusalOf("") })),
    );
  }

  #decide(options: ConnectOptions, verdict: Verdict | undefined): void {
    const { parser, publishing, standing, onServed } = this.#parts;
    const { log } = this.#host;
    const session = this.#session;
    if (verdict?.ok === false) {
      const { detail } = verdict;
      this.told = verdict.told;
      if (detail?.isError === true) log.error(`${session.label} - ${detail.text}`);
      else if (detail !== undefined) log.debug(`${session.label} - ${detail.text}`);
      this.label = clientLabel(options, standing.account, standing.identity);
      this.#refuse(verdict.logText, refusals[verdict.reason ?? "credentials"]);
      return;
    }
    if (options.account !== "" || options.new_account) {
      // Nobody chooses an account: CVE-2022-24450.
      this.dismiss();
      return;
    }
    if (verdict?.warning !== undefined) log.warn(`${session.label} - ${verdict.warning}`);
    if (verdict !== undefined) standing.accept(verdict.identity);
    else if (standing.account === undefined) standing.bind("$G");
    if (session.isClosed) return;
    this.label = clientLabel(options, standing.account, standing.identity);
    if (options.protocol < 0 || options.protocol > 1) {
      session.closeWithError("invalidClientProtocol");
      return;
    }
    const headers = options.headers && session.settings.headers;
    session.receiver.headers = headers;
    parser.limits.headers = headers;
    if (options.no_responders && !headers) {
      session.closeWithError("noRespondersRequiresHeaders");
      return;
    }
    publishing.noResponders = options.no_responders;
    session.receiver.infoLines.clear();
    this.#serve();
    onServed();
  }

  #serve(): void {
    this.isDone = true;
    this.#parts.parser.guarded = false;
    this.#session.transport.trust();
  }

  #refuse(logText: string, reason?: CloseReason): void {
    const session = this.#session;
    if (logText !== "") this.#host.log.error(`${session.label} - ${logText}`);
    session.closeWithError("authorizationViolation", reason);
  }
}

/** What the log says of a refusal that has no words of its own. */
function refusalOf(user: string): string {
  return `authentication error${user === "" ? "" : ` - User ${quoted(byteString(user))}`}`;
}
