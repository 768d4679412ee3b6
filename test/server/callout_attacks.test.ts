// Attacks on an authorization service: nobody gets around it, and it gives nobody what the server forbids.

import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, describe, expect, test } from "vitest";
import { decodeAuthorizationRequest } from "../../src/auth/jwt/token.ts";
import type { AuthorizationRequestClaims } from "../../src/auth/jwt/authorization_claims.ts";
import type { InputByKind } from "../../src/auth/jwt/encode.ts";
import { JwtError } from "../../src/auth/jwt/jwt_error.ts";
import { account, key, NO_USER_LIMITS, operatorToken, sign, user } from "../auth/operator/world.ts";
import { certPair } from "../support/certs.ts";
import { dialTls } from "../support/peer.ts";
import { cert, reference, type Running, stopAll, tcp, tls } from "../support/transports.ts";

const services: NatsConnection[] = [];
/** Whom the certificate of the server names. */
const OTHER = "localhost";
afterEach(async () => {
  await Promise.all(services.splice(0).map((each) => each.close()));
  await stopAll();
});

const issuer = key("account", 61);

interface Answered {
  readonly aud?: string;
  readonly name?: string;
  readonly nats?: NonNullable<InputByKind["user"]["nats"]>;
}

/** A service that lets everybody in, in the way `answer` says; tells of whom it was asked. */
async function serve(
  service: NatsConnection,
  answer: (asked: AuthorizationRequestClaims) => Answered = () => ({ aud: "APP" }),
  by = issuer,
): Promise<string[]> {
  services.push(service);
  const asked: string[] = [];
  service.subscribe("$SYS.REQ.USER.AUTH", {
    callback: (_, message) => {
      const request = decodeAuthorizationRequest(message.string());
      if (request instanceof JwtError) throw new Error(request.text);
      const { user_nkey, server_id, client_info } = request.nats;
      asked.push(client_info.user);
      const { nats, ...more } = answer(request);
      const claims = { sub: user_nkey, ...more, nats: { ...NO_USER_LIMITS, ...nats } };
      const jwt = sign("user", claims, by, Math.floor(Date.now() / 1000));
      message.respond(sign("authorization_response", { sub: user_nkey, aud: server_id.id, nats: { jwt } }, by));
    },
  });
  await service.flush();
  return asked;
}

const users = (...names: string[]): object[] => names.map((name) => ({ user: name, password: "p" }));
const accounts = { AUTH: { users: users("auth", "ordinary") }, APP: { users: users("alice") }, SYS: {} };
const callout = { issuer: issuer.publicKey, account: "AUTH", auth_users: ["auth"] };
const options = (more: object = {}, authorization: object = {}): never =>
  ({
    accounts,
    system_account: "SYS",
    authorization: { timeout: 2, auth_callout: callout, ...authorization },
    ...more,
  }) as never;

const serviceOf = ({ server }: Running): Promise<NatsConnection> =>
  connect({ port: server.port, user: "auth", pass: "p", reconnect: false });

describe("configuration", () => {
  test("who has to come through a proxy is not let in without one, whatever the service says", async () => {
    const server = await tcp.start(
      options({ accounts: { ...accounts, APP: { users: [{ user: "alice", password: "p", proxy_required: true }] } } }),
    );
    await serve(await serviceOf(server));
    expect(await server.tryConnect({ user: "alice", pass: "p" })).toEqual(["-ERR 'Authorization Violation'"]);
    expect(await server.tryConnect({ user: "other", pass: "p" })).toEqual(["PONG"]);
  });

  test("where everybody has to, nobody comes around it without a name", async () => {
    const server = await tcp.start(options({}, { proxy_required: true }));
    await serve(await serviceOf(server));
    expect(await server.tryConnect({})).toEqual(["-ERR 'Authorization Violation'"]);
    expect(await server.tryConnect({ auth_token: "x" })).toEqual(["-ERR 'Authorization Violation'"]);
  });

  test("who calls itself one of the service's, with a certificate of another, is asked about", async () => {
    const ca_file = cert("ca.pem");
    const server = await tls.start(
      options(
        {
          accounts: { AUTH: { users: [{ user: OTHER }] }, APP: { users: [{ user: "alice@example.test" }] }, SYS: {} },
          tls: { cert_file: cert("server.pem"), key_file: cert("server-key.pem"), ca_file, verify_and_map: true },
        },
        { auth_callout: { ...callout, auth_users: [OTHER] } },
      ),
    );
    const asked = await serve(
      await connect({
        port: server.server.port,
        reconnect: false,
        tls: { caFile: ca_file, certFile: cert("server.pem"), keyFile: cert("server-key.pem") },
      }),
    );
    expect(await server.tryConnect({ user: OTHER }, certPair("client"), dialTls)).toEqual(["PONG"]);
    expect(asked).toHaveLength(1);
  });

  test("a user who may come in one way only does not come in another", async () => {
    const server = await tcp.start(options());
    await serve(await serviceOf(server), ({ nats }) => ({
      aud: "APP",
      nats: { allowed_connection_types: [nats.connect_opts.user] },
    }));
    expect(await server.tryConnect({ user: "STANDARD" })).toEqual(["PONG"]);
    for (const user of ["WEBSOCKET", "MQTT", "LEAFNODE"]) {
      // nats-server looks at the types of tokens alone, not at those of answers.
      const wanted = reference === undefined ? ["-ERR 'Authorization Violation'"] : ["PONG"];
      expect(await server.tryConnect({ user })).toEqual(wanted);
    }
  });

  test("a token of CONNECT is shown nowhere", async () => {
    const server = await tcp.startLogged(options({ http_port: -1, debug: true, trace: true }));
    const asked = await serve(await serviceOf(server));
    const peer = await server.connect({ auth_token: "s3cr3t" });
    expect(asked).toEqual(["[REDACTED]"]);
    const shown = JSON.stringify(await server.page("/connz?auth=1&subs=1"));
    expect(shown).toContain("APP");
    expect(shown).not.toContain("s3cr3t");
    peer.send("PUB $SYS.REQ.USER.INFO box 0", "", "SUB box 1", "PUB $SYS.REQ.USER.INFO box 0", "");
    expect((await peer.ping()).join("\n")).not.toContain("s3cr3t");
    expect(server.log.join("\n")).not.toContain("s3cr3t");
  });
});

/** The same in operator mode. */
const [system, service, target, gone] = [key("account", 62), issuer, key("account", 63), key("account", 64)];
const [exempt, guest, wanted] = [key("user", 65), key("user", 66), key("user", 67)];
const serviceToken = account(service, {
  authorization: { auth_users: [exempt.publicKey], allowed_accounts: ["*"] },
});
const claimed = (more: object = {}): never =>
  ({
    operator: operatorToken(false, system.publicKey),
    resolver: "MEMORY",
    resolver_preload: {
      [system.publicKey]: account(system),
      [service.publicKey]: serviceToken,
      [target.publicKey]: account(target),
      [gone.publicKey]: account(gone, {}, { exp: Math.floor(Date.now() / 1000) + 2 }),
    },
    ...more,
  }) as never;
const exemptOf = ({ server }: Running): Promise<NatsConnection> =>
  connect({
    port: server.port,
    reconnect: false,
    authenticator: jwtAuthenticator(user(exempt, service), Buffer.from(exempt.seed)),
  });
const bearer = (of = guest, nats: object = {}, more: object = {}): Record<string, unknown> => ({
  jwt: user(of, service, { bearer_token: true, ...nats }, more),
});

describe("operator mode", () => {
  test("the service is not asked about a token that is over, or about who has to come through a proxy", async () => {
    const server = await tcp.start(claimed());
    const asked = await serve(await exemptOf(server), () => ({}), service);
    for (const jwt of [bearer(guest, { proxy_required: true }), bearer(guest, {}, { exp: 5 })]) {
      expect(await server.tryConnect(jwt)).toEqual(["-ERR 'Authorization Violation'"]);
    }
    expect(asked).toEqual([]);
    expect(await server.tryConnect(bearer(wanted))).toEqual(["PONG"]);
    expect(asked).toHaveLength(1);
  });

  test.skipIf(reference !== undefined)(
    "an answer may place somebody in an account that nobody has asked for, but in none that has expired",
    async () => {
      const server = await tcp.start(claimed());
      let to = target;
      services.push(await exemptOf(server));
      services[0]!.subscribe("$SYS.REQ.USER.AUTH", {
        callback: (_, message) => {
          const request = decodeAuthorizationRequest(message.string());
          if (request instanceof JwtError) throw new Error(request.text);
          const { user_nkey: sub, server_id } = request.nats;
          const jwt = sign("user", { sub, nats: NO_USER_LIMITS }, to);
          message.respond(sign("authorization_response", { sub, aud: server_id.id, nats: { jwt } }, service));
        },
      });
      await services[0]!.flush();
      expect(await server.tryConnect(bearer())).toEqual(["PONG"]);
      to = gone;
      expect(await server.tryConnect(bearer())).toEqual(["PONG"]);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      const peer = await server.dial();
      expect(await server.answer(peer, bearer())).toEqual(["-ERR 'Authorization Violation'"]);
    },
  );

  test("under a new token of their account its users still ask the service nothing", async () => {
    const limited = (description: string): string =>
      account(service, {
        description,
        authorization: { auth_users: [exempt.publicKey, wanted.publicKey] },
        default_permissions: { pub: { deny: ["x"] } },
      });
    const server = await tcp.start(
      claimed({ resolver_preload: { [system.publicKey]: account(system), [service.publicKey]: limited("a") } }),
    );
    const refused = [`-ERR 'Permissions Violation for Publish to "$SYS.REQ.USER.AUTH"'`];
    const admin = await server.connect({ jwt: user(key("user", 68), system, { bearer_token: true }) });
    const peer = await server.connect({ jwt: user(wanted, service, { bearer_token: true }) });
    for (const token of ["b", "c"].map(limited)) {
      peer.send("PUB $SYS.REQ.USER.AUTH 1", "x");
      expect(await peer.ping()).toEqual(refused);
      admin.send(`PUB $SYS.REQ.ACCOUNT.${service.publicKey}.CLAIMS.UPDATE ${token.length}`, token);
      await admin.ping();
      await admin.ping();
    }
    peer.send("PUB $SYS.REQ.USER.AUTH 1", "x");
    expect(await peer.ping()).toEqual(refused);
  });
});
