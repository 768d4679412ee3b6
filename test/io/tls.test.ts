import { createConnection, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { TcpReading } from "../../src/io/tcp.ts";
import { tlsSettings, type TlsSettings } from "../../src/io/tls_settings.ts";
import type { Accept } from "../../src/base/transport.ts";
import { listenTls, type TlsListener, type TlsOptions } from "../support/listeners.ts";
import { certPair, certPem, type CertName } from "../support/certs.ts";
import { socketPeer } from "./socket_peer.ts";
import { Recorder, aMoment, transportContract, until, type Peer, type Rig } from "./transport_contract.ts";

const server = [certPair("server")];
const trusting: ConnectionOptions = { ca: certPem("ca"), servername: "localhost" };
const INFO = "INFO {}\r\n";

function secureOver(socket: Socket, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ ...trusting, ...options, socket });
    secure.once("error", reject);
    secure.once("secureConnect", () => resolve(secure));
  });
}
function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}

transportContract("TLS read in place", (accept) => openTls(accept, "onread"));
transportContract("TLS by data events", (accept) => openTls(accept, "data"));

async function openTls(accept: Accept, reading: TcpReading): Promise<Rig> {
  const tls = tlsSettings({ certs: server, handshakeFirst: true });
  const listener = await listenTls({ host: "127.0.0.1", port: 0, tls, accept, acceptThrottled: accept, reading });
  const sockets: Socket[] = [];
  return {
    connect: async (): Promise<Peer> => {
      const socket = await secureOver(await dial(listener.port));
      sockets.push(socket);
      return socketPeer(socket);
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return listener.close();
    },
  };
}

describe("a TLS listener", () => {
  const open: { listener: TlsListener; recorders: Recorder[] }[] = [];
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const { listener, recorders } of open.splice(0)) {
      await listener.close();
      for (const recorder of recorders) recorder.transport.destroy();
    }
  });

  interface Started {
    readonly port: number;
    readonly listener: TlsListener;
    readonly recorders: Recorder[];
    readonly failed: string[];
  }
  async function started(tls: Partial<TlsSettings> = {}, options: Partial<TlsOptions> = {}): Promise<Started> {
    const recorders: Recorder[] = [];
    const failed: string[] = [];
    const listener = await listenTls({
      host: "127.0.0.1",
      port: 0,
      tls: tlsSettings({ certs: server, ca: certPem("ca"), ...tls }),
      accept: (transport) => {
        transport.writeOwned(Buffer.from(INFO));
        const recorder = new Recorder(transport);
        recorders.push(recorder);
        return recorder;
      },
      acceptThrottled: (transport) => {
        transport.writeOwned(Buffer.from(`${INFO}-ERR 'throttled'\r\n`));
        transport.end(100);
        return new Recorder(transport);
      },
      onHandshakeFailed: (_remote, text) => failed.push(text),
      ...options,
    });
    open.push({ listener, recorders });
    return { port: listener.port, listener, recorders, failed };
  }
  /** Dials, reads INFO in clear, and handshakes. */
  async function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = await dial(port);
    sockets.push(socket);
    socket.on("error", () => {});
    const info = await new Promise<Buffer>((resolve) => void socket.once("data", resolve));
    expect(info.toString()).toBe(INFO);
    return secureOver(socket, options);
  }
  async function plain(port: number): Promise<Peer> {
    const socket = await dial(port);
    sockets.push(socket);
    return socketPeer(socket);
  }
  const shows = (name: CertName): ConnectionOptions => certPair(name);

  test("sends INFO in clear, then takes the handshake, then bytes", async () => {
    const { port, recorders } = await started();
    const client = await secured(port);
    const [recorder] = recorders as [Recorder];
    client.write("PING\r\n");
    await until(() => recorder.text === "PING\r\n");
    const { transport } = recorder;
    expect(recorder.secured).toEqual([transport.tls]);
    expect(transport.tls).toEqual({
      version: "1.3",
      cipherSuite: "TLS_AES_128_GCM_SHA256",
      peerCertificates: [],
      first: false,
    });
    expect([transport.kind, transport.tlsPending]).toEqual(["tls", false]);
    const peer = socketPeer(client);
    transport.writeOwned(Buffer.from("PONG\r\n"));
    await until(() => peer.received().toString() === "PONG\r\n");
  });

  test("tells before the handshake that TLS is pending", async () => {
    const { port, recorders } = await started();
    await plain(port);
    await until(() => recorders.length === 1);
    const { transport } = recorders[0]!;
    expect([transport.kind, transport.tlsPending, transport.tls]).toEqual(["tls", true, undefined]);
  });

  test("names TLS 1.2 suites as IANA does", async () => {
    const { port, recorders } = await started();
    const options = { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-CHACHA20-POLY1305" } as const;
    await secured(port, options);
    await until(() => recorders[0]?.secured.length === 1);
    expect(recorders[0]!.transport.tls).toMatchObject({
      version: "1.2",
      cipherSuite: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    });
  });

  test("a ClientHello sent together with the connect is not lost, nor is what follows it", async () => {
    const { port, recorders } = await started();
    const socket = await dial(port);
    sockets.push(socket);
    // TLS over a socket whose first bytes are INFO: strip them by hand.
    const head = await new Promise<Buffer>((resolve) => void socket.once("data", resolve));
    expect(head.toString()).toBe(INFO);
    const client = connectTls({ ...trusting, socket });
    client.write("CONNECT {}\r\n");
    client.write(Buffer.alloc(100_000, 0x41));
    await until(() => recorders[0]?.bytes.length === 100_012);
    expect(Math.max(...recorders[0]!.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(4096);
  });

  describe("that is silent or odd", () => {
    test("times out in Go's words", async () => {
      const { port, recorders } = await started({ timeoutMs: 100 });
      const peer = await plain(port);
      await until(() => recorders[0]?.gone.length === 1);
      const { remote } = recorders[0]!.transport;
      expect(recorders[0]!.gone).toEqual([
        ["tlsHandshake", `read tcp 127.0.0.1:${port}->127.0.0.1:${remote!.port}: i/o timeout`],
      ]);
      await until(() => peer.closed);
      expect(peer.received().toString()).toBe(INFO);
    });

    test("times out in the middle of a ClientHello as well", async () => {
      const { port, recorders } = await started({ timeoutMs: 150 });
      const peer = await plain(port);
      peer.send(Buffer.from([0x16, 3, 1]));
      await until(() => recorders[0]?.gone.length === 1);
      expect(recorders[0]!.gone[0]).toEqual(["tlsHandshake", expect.stringMatching(/^read tcp .*: i\/o timeout$/)]);
    });

    test("is refused when it does not speak TLS", async () => {
      const { port, recorders } = await started();
      const peer = await plain(port);
      peer.send(Buffer.from("CONNECT {}\r\nPING\r\n"));
      await until(() => recorders[0]?.gone.length === 1);
      expect(recorders[0]!.gone).toEqual([["tlsHandshake", "tls: first record does not look like a TLS handshake"]]);
      expect(recorders[0]!.text).toBe("");
      await until(() => peer.closed);
    });

    test("that leaves before the handshake is gone once", async () => {
      const { port, recorders } = await started();
      const before = await plain(port);
      await until(() => recorders.length === 1);
      before.vanish();
      await until(() => recorders[0]!.gone.length === 1);
      const within = await plain(port);
      within.send(Buffer.from([0x16, 3, 1, 2, 0, 1]));
      await until(() => recorders.length === 2);
      await aMoment();
      within.vanish();
      await until(() => recorders[1]!.gone.length === 1);
      await aMoment();
      expect(recorders.map(({ gone }) => gone.map(([why]) => why))).toEqual([["tlsHandshake"], ["tlsHandshake"]]);
    });

    test("garbage after the first byte fails the handshake, not the server", async () => {
      const { port, recorders } = await started();
      const peer = await plain(port);
      peer.send(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 200]), Buffer.alloc(400, 0x7a)]));
      await until(() => recorders[0]?.gone.length === 1);
      expect(recorders[0]!.gone[0]![0]).toBe("tlsHandshake");
      expect(recorders[0]!.gone[0]![1]).toMatch(/^tls: /);
      await secured(port);
    });

    test("versions before 1.2 are refused", async () => {
      const { port, recorders } = await started();
      const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      await expect(secured(port, old)).rejects.toThrow();
      await until(() => recorders[0]?.gone.length === 1);
      expect(recorders[0]!.gone).toEqual([["tlsHandshake", "tls: client offered only unsupported versions"]]);
    });
  });

  describe("with allow_non_tls", () => {
    test("lets a client stay in clear text, and another one not", async () => {
      const { port, recorders } = await started({ allowNonTls: true });
      const peer = await plain(port);
      peer.send(Buffer.from("PING\r\n"));
      await until(() => recorders[0]?.text === "PING\r\n");
      expect(recorders[0]!.secured).toEqual([undefined]);
      expect([recorders[0]!.transport.kind, recorders[0]!.transport.tlsPending]).toEqual(["tcp", false]);
      recorders[0]!.transport.writeOwned(Buffer.from("PONG\r\n"));
      await until(() => peer.received().toString() === `${INFO}PONG\r\n`);
      const client = await secured(port);
      client.write("PING\r\n");
      await until(() => recorders[1]?.text === "PING\r\n");
      expect(recorders[1]!.transport.tls?.version).toBe("1.3");
    });

    test("takes a silent client for one in clear text", async () => {
      const { port, recorders } = await started({ allowNonTls: true, timeoutMs: 50 });
      const peer = await plain(port);
      await until(() => recorders[0]?.secured.length === 1);
      peer.send(Buffer.from("PI"));
      await until(() => recorders[0]?.text === "PI");
      peer.halfClose!();
      await until(() => recorders[0]?.gone.length === 1);
      expect(recorders[0]!.gone).toEqual([["eof", ""]]);
    });
  });

  describe("with TLS first", () => {
    test("accepts after the handshake; INFO goes inside it", async () => {
      const { port, recorders } = await started({ handshakeFirst: true });
      const socket = await dial(port);
      sockets.push(socket);
      await aMoment();
      expect(recorders).toEqual([]);
      const peer = socketPeer(await secureOver(socket));
      await until(() => peer.received().toString() === INFO);
      expect(recorders[0]!.transport.tls?.first).toBe(true);
      expect(recorders[0]!.secured).toEqual([]);
    });

    test("tells of a client that did not get so far", async () => {
      const { port, recorders, failed } = await started({ handshakeFirst: true, timeoutMs: 80 });
      const peer = await plain(port);
      peer.send(Buffer.from("CONNECT {}\r\n"));
      await until(() => failed.length === 1);
      await plain(port);
      await until(() => failed.length === 2);
      (await plain(port)).vanish();
      await until(() => failed.length === 3);
      expect(failed[0]).toBe("tls: first record does not look like a TLS handshake");
      expect(failed[1]).toMatch(/i\/o timeout$/);
      expect(failed[2]).toBe("EOF");
      expect(recorders).toEqual([]);
    });

    test("by delay: waits that long for a ClientHello, then sends INFO", async () => {
      const { port, recorders } = await started({ handshakeFirst: 60 });
      const early = await dial(port);
      sockets.push(early);
      const peer = socketPeer(await secureOver(early));
      await until(() => peer.received().toString() === INFO);
      expect(recorders[0]!.transport.tls?.first).toBe(true);
      const from = performance.now();
      const late = await secured(port);
      expect(performance.now() - from).toBeGreaterThan(50);
      late.write("PING\r\n");
      await until(() => recorders[1]?.text === "PING\r\n");
      expect(recorders[1]!.transport.tls?.first).toBe(false);
    });

    test("closing the listener drops those nobody was told of", async () => {
      const { port, listener } = await started({ handshakeFirst: true });
      const peer = await plain(port);
      await aMoment();
      await listener.close();
      await until(() => peer.closed);
    });
  });

  describe("that verifies", () => {
    async function refusal(
      name: CertName | undefined,
      tls: Partial<TlsSettings>,
      more: ConnectionOptions = {},
    ): Promise<string> {
      const { port, recorders } = await started({ verify: true, ...tls });
      const options = { ...(name === undefined ? {} : shows(name)), ...more };
      const client = await secured(port, options).catch(() => undefined);
      client?.on("error", () => {});
      await until(() => recorders[0]!.gone.length === 1 || recorders[0]!.secured.length === 1);
      expect(recorders[0]!.secured).toEqual([]);
      expect(recorders[0]!.gone[0]![0]).toBe("tlsHandshake");
      return recorders[0]!.gone[0]![1];
    }

    test.each(["TLSv1.2", "TLSv1.3"] as const)("reads the client's certificate (%s)", async (version) => {
      const { port, recorders } = await started({ verify: true });
      const { cert, key } = certPair("client");
      const chain = `${cert}${certPem("ca")}`;
      await secured(port, { cert: chain, key, minVersion: version, maxVersion: version });
      await until(() => recorders[0]?.secured.length === 1);
      const [leaf, ...others] = recorders[0]!.transport.tls!.peerCertificates;
      // Node 24 does not tell whether the client sent the authority as well.
      expect(["", "CN=Test CA,O=subjectd tests"]).toContain(others.map(({ subjectText }) => subjectText).join());
      expect(leaf).toMatchObject({
        subjectText: "CN=alice,OU=Clients,O=subjectd tests,C=CH",
        emails: ["alice@example.test"],
        dnsNames: ["alice.example.test"],
        uris: ["spiffe://example.test/alice"],
      });
    });

    test.each(["TLSv1.2", "TLSv1.3"] as const)("refuses what it should not trust (%s)", async (version) => {
      const only = { minVersion: version, maxVersion: version } as const;
      expect(await refusal(undefined, {}, only)).toBe("tls: client didn't provide a certificate");
      expect(await refusal("client-other", {}, only)).toBe(
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
      );
      expect(await refusal("client-server-eku", {}, only)).toBe(
        "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
      );
    });

    test("admits pinned keys only", async () => {
      const pinned = "86360a8b9d207e557d1fa9fec44045db85bdd31705c0e003a28d2dd654bc4595";
      const { port, recorders } = await started({ verify: true });
      await secured(port, shows("client"));
      await until(() => recorders[0]?.secured.length === 1);
      const { spkiSha256 } = recorders[0]!.transport.tls!.peerCertificates[0]!;
      const { port: second, recorders: admitted } = await started({
        verify: true,
        pinnedCerts: new Set([pinned, spkiSha256]),
      });
      await secured(second, shows("client"));
      await until(() => admitted[0]?.secured.length === 1);
      expect(await refusal("client", { pinnedCerts: new Set(["0".repeat(64)]) })).toBe("certificate not pinned");
    });

    // Go's server resumed sessions across listeners with other authorities.
    test.each(["TLSv1.2", "TLSv1.3"] as const)(
      "CVE-2025-68121: a session of another listener with another CA is not resumed (%s)",
      async (version) => {
        const first = await started({ verify: true, ca: certPem("other-ca") });
        const second = await started({ verify: true, ca: certPem("ca") });
        const options = { ...shows("client-other"), minVersion: version, maxVersion: version };
        const client = await secured(first.port, options);
        let session: Buffer | undefined;
        client.on("session", (ticket) => (session = ticket));
        await until(() => first.recorders[0]?.secured.length === 1);
        first.recorders[0]!.transport.writeOwned(Buffer.from("hello"));
        client.resume();
        if (version === "TLSv1.2") session = client.getSession();
        await until(() => session !== undefined);
        // At its own listener it is good, and still the same peer.
        const again = await secured(first.port, { ...options, session: session! });
        await until(() => first.recorders[1]?.secured.length === 1);
        expect(again.isSessionReused()).toBe(true);
        expect(first.recorders[1]!.transport.tls!.peerCertificates[0]!.subjectText).toBe("CN=mallory,O=subjectd tests");
        const elsewhere = await secured(second.port, { ...options, session: session! }).catch(() => undefined);
        elsewhere?.on("error", () => {});
        await until(() => second.recorders[0]!.gone.length === 1 || second.recorders[0]!.secured.length === 1);
        expect(second.recorders[0]!.secured).toEqual([]);
        expect(second.recorders[0]!.gone[0]![1]).toContain("unknown authority");
      },
    );

    test("after an update neither new handshakes nor old sessions go by the old settings", async () => {
      const { port, listener, recorders } = await started({ verify: true, ca: certPem("other-ca") });
      await secured(port, shows("client-other"));
      await until(() => recorders[0]?.secured.length === 1);
      listener.update(tlsSettings({ certs: server, ca: certPem("ca"), verify: true }));
      const refused = await secured(port, shows("client-other")).catch(() => undefined);
      refused?.on("error", () => {});
      await until(() => recorders[1]?.gone.length === 1);
      await secured(port, shows("client"));
      await until(() => recorders[2]?.secured.length === 1);
      expect(recorders[0]!.gone).toEqual([]);
    });
  });

  test("throttles handshakes, and says so", async () => {
    const { port, recorders } = await started({ connectionRateLimit: 2 });
    const peers = await Promise.all([plain(port), plain(port), plain(port), plain(port)]);
    await until(() => peers.filter(({ closed }) => closed).length === 2);
    expect(recorders.length).toBe(2);
    const refused = peers.filter(({ closed }) => closed);
    expect(refused.map((peer) => peer.received().toString())).toEqual(
      Array.from({ length: 2 }, () => `${INFO}-ERR 'throttled'\r\n`),
    );
  });

  test("serves the certificate whose name the client asks for", async () => {
    const { port } = await started({ certs: [certPair("server"), certPair("server2")] });
    const names = async (servername: string): Promise<string> =>
      (await secured(port, { servername, checkServerIdentity: () => undefined })).getPeerX509Certificate()!.subject;
    expect(await names("localhost")).toContain("CN=localhost");
    expect(await names("www.example.test")).toContain("CN=example.test");
    expect(await names("nobody.test")).toContain("CN=localhost");
  });

  test("uses the suites and curves it was told", async () => {
    const { port } = await started({
      cipherSuites: ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
      curves: ["CurveP384"],
    });
    const client = await secured(port, { maxVersion: "TLSv1.2" });
    expect(client.getCipher().name).toBe("ECDHE-RSA-AES256-GCM-SHA384");
    expect(client.getEphemeralKeyInfo()).toMatchObject({ name: "secp384r1" });
    await expect(secured(port, { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" })).rejects.toThrow();
    expect((await secured(port)).getProtocol()).toBe("TLSv1.3");
  });
});
