// From CONNECT to a verdict: at once where that can be known, else while the
// rest of the chunk waits.

import type { Verdict } from "../auth/authenticator.ts";
import { proxyOf } from "../auth/proxies.ts";
import { byteString } from "../base/bytes.ts";
import { quoted } from "../errors/protocol.ts";
import type { ConnectOptions } from "../proto/connect.ts";
import type { SessionHost } from "./host.ts";
import type { Session } from "./session.ts";

/** A challenge: 11 random bytes as base64url, 15 characters. */
export function nonceOf(random: Uint8Array): string {
  return Buffer.from(random).toString("base64url");
}

/**
 * Asks who the peer is. `decide` is told: undefined where nobody has to say.
 * It is called before this returns, or later, after `suspend` and before what
 * that returned; never after the session has closed.
 */
export function login(
  host: SessionHost,
  session: Session,
  options: ConnectOptions,
  suspend: () => () => void,
  decide: (verdict: Verdict | undefined) => void,
): void {
  const { authenticator, trustedProxies, world } = host;
  const { kind } = session.transport;
  if (trustedProxies.length > 0 && options.proxy_sig !== "") {
    const proxyKey = proxyOf(options.proxy_sig, session.nonce, trustedProxies);
    if (proxyKey === undefined) {
      const who = options.user === "" ? "" : ` - User ${quoted(byteString(options.user))}`;
      decide({ ok: false, reason: "proxyNotTrusted", logText: `authentication error${who}` });
      return;
    }
    session.proxyKey = proxyKey;
  }
  if (!authenticator.authRequired(kind)) {
    decide(undefined);
    return;
  }
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
    decide(verdict);
    return;
  }
  const goOn = suspend();
  const finish = (late: Verdict) => (): void => {
    if (session.isClosed) return;
    decide(late);
    goOn();
  };
  // A rejection is a bug of the authenticator; to the peer it is one more refusal.
  void verdict.then(
    (late) => world.after(0, finish(late)),
    () => world.after(0, finish({ ok: false, reason: "busy", logText: "authentication error" })),
  );
}
