import { describe, expect, test } from "vitest";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { type AccountResolver, MemoryResolver } from "../../../src/auth/operator/account_resolver.ts";
import { DirectoryResolver } from "../../../src/auth/operator/directory_resolver.ts";
import { TokenDirectory } from "../../../src/auth/operator/token_directory.ts";
import {
  MAX_FETCHES,
  MAX_FETCHES_OF_ONE,
  MAX_WAITING_OF_ONE,
  TrustStore,
} from "../../../src/auth/operator/trust_store.ts";
import { TrustedAccount } from "../../../src/auth/operator/trusted_account.ts";
import { type HttpAnswer, UrlResolver } from "../../../src/auth/operator/url_resolver.ts";
import { KeyPair } from "../../../src/auth/nkey.ts";
import { DiskError } from "../../../src/base/disk.ts";
import { MemoryDisk } from "../../../src/store/memory_disk.ts";
import { FAKE_EPOCH_SEC, FakeWorld } from "../../support/fake_world.ts";
import { intlZones } from "../jwt/zones.ts";
import { account, key, NO_LIMITS, operatorKey, sign, strangerKey, trust } from "./world.ts";

const one = key("account", 1);
const other = key("account", 2);

/** A resolver that counts how often it is asked, and answers when it is told to. */
class SlowResolver implements AccountResolver {
  readonly isReadOnly = true;
  readonly tracksUpdates = false;
  readonly asked: string[] = [];
  readonly #answers: ((token: string | JwtError) => void)[] = [];

  fetch(publicKey: string): Promise<string | JwtError> {
    this.asked.push(publicKey);
    return new Promise((resolve) => this.#answers.push(resolve));
  }
  own(publicKey: string): string | undefined {
    return publicKey === one.publicKey ? named("own") : undefined;
  }
  store(): Promise<JwtError> {
    return Promise.resolve(new JwtError("no"));
  }
  answer(token: string | JwtError): void {
    this.#answers.shift()!(token);
  }
}

function storeWith(resolver: AccountResolver): {
  store: TrustStore;
  world: FakeWorld;
  changes: [string, string | undefined][];
} {
  const world = new FakeWorld();
  const changes: [string, string | undefined][] = [];
  const store = new TrustStore(trust(), resolver, world, intlZones, (after, before) =>
    changes.push([after.name, before?.name]),
  );
  return { store, world, changes };
}
const named = (name: string, exp = 0): string => account(one, {}, { name, exp });
const nameOf = (found: TrustedAccount | JwtError): string => (found instanceof JwtError ? found.text : found.name);

describe("an account", () => {
  test("does not become what it was again, when a token comes while another is looked up", async () => {
    const resolver = new SlowResolver();
    const { store, world } = storeWith(resolver);
    store.update(one.publicKey, named("old", FAKE_EPOCH_SEC + 1));
    world.advance(3000);
    const found = store.lookup(one.publicKey);
    store.update(one.publicKey, named("new"));
    resolver.answer(named("between"));
    expect(nameOf(await found)).toBe("new");
    expect(store.known(one.publicKey)?.name).toBe("new");
  });
  test("that others were asked for is asked for again", async () => {
    const [before, after] = [new SlowResolver(), new SlowResolver()];
    const { store } = storeWith(before);
    const found = store.lookup(one.publicKey);
    store.replace(trust(), after);
    before.answer(named("old"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.known(one.publicKey)).toBeUndefined();
    after.answer(new JwtError("account missing"));
    expect(nameOf(await found)).toBe("account missing");
  });
  test("is asked for once, also by many at the same time", async () => {
    const resolver = new SlowResolver();
    const { store, changes } = storeWith(resolver);
    const all = Promise.all([1, 2, 3].map(async () => store.lookup(one.publicKey)));
    resolver.answer(named("a"));
    expect((await all).map(nameOf)).toEqual(["a", "a", "a"]);
    expect(nameOf(store.lookup(one.publicKey) as TrustedAccount)).toBe("a");
    expect([resolver.asked, changes]).toEqual([[one.publicKey], [["a", undefined]]]);
  });

  test("that could not be had is asked for again", async () => {
    const resolver = new SlowResolver();
    const { store } = storeWith(resolver);
    const first = store.lookup(one.publicKey);
    resolver.answer(new JwtError("account missing"));
    expect(nameOf(await first)).toBe("account missing");
    const second = store.lookup(one.publicKey);
    resolver.answer(named("a"));
    expect(nameOf(await second)).toBe("a");
  });

  test("is asked for only when it is one", async () => {
    const { store } = storeWith(new SlowResolver());
    expect(nameOf(await store.lookup("x"))).toBe("will only fetch valid account keys");
    expect(nameOf(await store.lookup(operatorKey.publicKey))).toBe("will only fetch valid account keys");
  });

  test.each([
    ["signed by a stranger", account(one, {}, {}, strangerKey), "account validation failed"],
    ["signed by itself", sign("account", { sub: one.publicKey, nats: {} }, one), "account validation failed"],
    ["of another", account(other), "account validation failed"],
    ["expired", named("a", FAKE_EPOCH_SEC - 1), "account validation failed"],
    ["invalid", account(one, { cluster_traffic: "x" }), "account validation failed"],
    ["no token", "x", "expected 3 chunks"],
    ["of an operator", sign("operator", { sub: operatorKey.publicKey, nats: {} }, operatorKey), "not account claim"],
  ])("%s is not taken", async (_, token, text) => {
    const resolver = new MemoryResolver();
    await resolver.store(one.publicKey, token);
    const { store, changes } = storeWith(resolver);
    expect(nameOf(await store.lookup(one.publicKey))).toBe(text);
    expect([store.known(one.publicKey), changes]).toEqual([undefined, []]);
  });
});

describe("accounts that are somewhere else are asked for in turns", () => {
  const many = Array.from({ length: MAX_FETCHES_OF_ONE + MAX_WAITING_OF_ONE + 1 }, (_, i) => {
    const seed = Buffer.alloc(32);
    seed.writeUInt16BE(i);
    return new KeyPair("account", seed).publicKey;
  });

  test("of those that one address names few at a time, and the rest one after the other", async () => {
    const resolver = new SlowResolver();
    const { store } = storeWith(resolver);
    const found = many.map((publicKey) => store.lookup(publicKey, "192.0.2.1"));
    expect(resolver.asked).toEqual(many.slice(0, MAX_FETCHES_OF_ONE));
    expect(nameOf(found.at(-1) as JwtError)).toBe("too many accounts are being looked up");
    // One whose token is here already is let in all the same.
    expect(nameOf(store.lookup(one.publicKey, "192.0.2.1") as TrustedAccount)).toBe("own");
    for (let i = MAX_FETCHES_OF_ONE; i < many.length - 1; i++) {
      resolver.answer(new JwtError("account missing"));
      expect(nameOf((await found[i - MAX_FETCHES_OF_ONE])!)).toBe("account missing");
      await new Promise((resolve) => setImmediate(resolve));
      expect(resolver.asked.at(-1)).toBe(many[i]);
    }
    for (let i = 0; i < MAX_FETCHES_OF_ONE; i++) resolver.answer(new JwtError("account missing"));
    expect(
      (await Promise.all(found.map(async (each) => each))).map(nameOf).filter((text) => text !== "account missing"),
    ).toHaveLength(1);
    expect(resolver.asked).toEqual(many.slice(0, -1));
  });

  test("whoever fills its own turns keeps no other address out", () => {
    const resolver = new SlowResolver();
    const { store } = storeWith(resolver);
    const strangers = ["192.0.2.1", "2001:db8::1", "2001:db8::ffff:2"];
    for (const host of strangers) for (const publicKey of many) void store.lookup(publicKey, host);
    // The two of IPv6 are neighbours in one network.
    expect(resolver.asked).toHaveLength(2 * MAX_FETCHES_OF_ONE);
    void store.lookup(other.publicKey, "192.0.2.2");
    expect(resolver.asked.at(-1)).toBe(other.publicKey);
  });

  test("nor does it when it waits for the very account that another wants", () => {
    const resolver = new SlowResolver();
    const { store } = storeWith(resolver);
    for (const publicKey of [...many.slice(0, -2), other.publicKey]) void store.lookup(publicKey, "192.0.2.1");
    expect(resolver.asked).not.toContain(other.publicKey);
    void store.lookup(other.publicKey, "192.0.2.2");
    expect(resolver.asked.at(-1)).toBe(other.publicKey);
  });

  test("all addresses together have so many, which go round among them", async () => {
    const resolver = new SlowResolver();
    const { store } = storeWith(resolver);
    const hosts = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`);
    for (const host of hosts) {
      for (let i = 0; i < 40; i++) void store.lookup(new KeyPair("account", Buffer.from(`${host} ${i}`.padEnd(32))).publicKey, host); // prettier-ignore
    }
    expect(resolver.asked).toHaveLength(MAX_FETCHES);
    const late = store.lookup(other.publicKey, "192.0.2.99");
    for (let i = 0; i < hosts.length && !resolver.asked.includes(other.publicKey); i++) {
      resolver.answer(new JwtError("account missing"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(resolver.asked).toContain(other.publicKey);
    expect(late).toBeInstanceOf(Promise);
  });
});

describe("a newer token", () => {
  test("takes the place of the old one at once; the same again, or a bad one, changes nothing", async () => {
    const { store, changes } = storeWith(new MemoryResolver());
    expect(nameOf(store.update(one.publicKey, named("a")))).toBe("a");
    expect(nameOf(store.update(one.publicKey, named("a")))).toBe("a");
    expect(nameOf(store.update(one.publicKey, account(one, {}, {}, strangerKey)))).toBe("account validation failed");
    expect(nameOf(store.update(one.publicKey, account(other)))).toBe("account validation failed");
    expect(nameOf(store.update(one.publicKey, named("b")))).toBe("b");
    expect(changes).toEqual([
      ["a", undefined],
      ["b", "a"],
    ]);
    expect(store.known(one.publicKey)!.name).toBe("b");
    expect(store.all().map(({ name }) => name)).toEqual(["b"]);
  });
});

describe("an account that expires", () => {
  test("does so at the second, and is asked for again, but not within a second of its update", async () => {
    const resolver = new SlowResolver();
    const { store, world } = storeWith(resolver);
    store.update(one.publicKey, named("a", FAKE_EPOCH_SEC + 1));
    world.advance(999);
    expect([nameOf(await store.lookup(one.publicKey)), store.isExpired(one.publicKey)]).toEqual(["a", false]);
    store.update(one.publicKey, named("b", FAKE_EPOCH_SEC + 1));
    world.advance(1);
    expect(store.isExpired(one.publicKey)).toBe(true);
    expect(nameOf(await store.lookup(one.publicKey))).toBe("account expired");
    world.advance(1000);
    const found = store.lookup(one.publicKey);
    resolver.answer(named("c"));
    expect(nameOf(await found)).toBe("c");
    expect(resolver.asked).toEqual([one.publicKey]);
  });

  test("is expired whatever went wrong in asking again", async () => {
    const resolver = new SlowResolver();
    const { store, world } = storeWith(resolver);
    store.update(one.publicKey, named("a", FAKE_EPOCH_SEC + 1));
    world.advance(5000);
    for (const answer of [new JwtError("account jwt not found"), named("z", FAKE_EPOCH_SEC + 2), "x"]) {
      const found = store.lookup(one.publicKey);
      resolver.answer(answer);
      expect(nameOf(await found)).toBe("account expired");
    }
  });

  test("so is one that was deleted, until its token comes again", async () => {
    const { store, world } = storeWith(new MemoryResolver());
    store.update(one.publicKey, named("a"));
    expect(store.remove(one.publicKey)?.name).toBe("a");
    expect(store.remove(other.publicKey)).toBeUndefined();
    world.advance(2000);
    expect(nameOf(await store.lookup(one.publicKey))).toBe("account expired");
    store.update(one.publicKey, named("a"));
    expect(nameOf(await store.lookup(one.publicKey))).toBe("a");
  });
});

describe("what an account says", () => {
  const of = (token: string, isStrict = false): TrustedAccount => {
    const { store } = storeWith(new MemoryResolver());
    const claims = store.verify(token);
    if (claims instanceof JwtError) throw new Error(claims.text);
    return new TrustedAccount(claims.claims, token, isStrict);
  };

  test("who signs its users", () => {
    const keys = new Map([[other.publicKey, undefined]]);
    const token = account(one, { signing_keys: keys });
    const signs = (found: TrustedAccount): boolean[] =>
      [one, other, strangerKey].map((by) => found.signs(by.publicKey));
    expect([signs(of(token)), signs(of(token, true))]).toEqual([
      [true, true, false],
      [false, true, false],
    ]);
  });

  test("where its authorization service may place users", () => {
    const user = key("user", 1).publicKey;
    const placing = (allowed: string[]): TrustedAccount =>
      of(account(one, { authorization: { auth_users: [user], allowed_accounts: allowed } }));
    expect([placing(["*"]).mayPlaceIn("x"), placing([other.publicKey]).mayPlaceIn(other.publicKey)]).toEqual([
      true,
      true,
    ]);
    expect([placing([]).mayPlaceIn("x"), placing([other.publicKey]).mayPlaceIn(one.publicKey)]).toEqual([false, false]);
    expect([placing([]).hasCallout, of(account(one)).hasCallout]).toEqual([true, false]);
  });

  test("permissions that are no subjects give nothing, and take nothing", () => {
    // Default permissions are checked with the token; templates never are.
    const found = of(
      account(one, {
        limits: NO_LIMITS,
        default_permissions: { pub: { allow: ["a.>.b"] }, sub: { allow: ["x.>.y", "ok q"] } },
      }),
    );
    expect(found.defaultPermissions).toEqual({
      publish: { allow: [], deny: [">"] },
      subscribe: { allow: ["ok q"], deny: [] },
      allow_responses: undefined,
    });
  });
});

describe("a resolver over HTTP", () => {
  const get = (answer: HttpAnswer | string): { resolver: UrlResolver; urls: [string, number][] } => {
    const urls: [string, number][] = [];
    const resolver = new UrlResolver("http://u:secret@host/jwt/v1/accounts", (url, timeoutMs) => {
      urls.push([url, timeoutMs]);
      return Promise.resolve(answer);
    });
    return { resolver, urls };
  };

  test("asks for the key below its URL", async () => {
    const { resolver, urls } = get({ status: 200, statusText: "200 OK", body: "token" });
    expect(await resolver.fetch("A1")).toBe("token");
    expect(urls).toEqual([["http://u:secret@host/jwt/v1/accounts/A1", 1900]]);
  });

  test("tells why not, without the password", async () => {
    const missing = await get({ status: 404, statusText: "404 Not Found", body: "" }).resolver.fetch("A1");
    expect(missing).toEqual(new JwtError('could not fetch <"http://u:xxxxx@host/jwt/v1/accounts/A1">: 404 Not Found'));
    const failed = await get("connection refused").resolver.fetch("A1");
    expect(failed).toEqual(
      new JwtError('could not fetch <"http://u:xxxxx@host/jwt/v1/accounts/A1">: connection refused'),
    );
  });

  test("keeps nothing", async () => {
    const { resolver } = get("");
    expect([resolver.isReadOnly, await resolver.store()]).toEqual([
      true,
      new JwtError("store operation not supported for URL Resolver"),
    ]);
  });
});

describe("a resolver over a directory", () => {
  function open(): DirectoryResolver {
    const disk = new MemoryDisk((fire) => queueMicrotask(fire));
    const options = { limit: Infinity, whenFull: "refuse", ttlMs: 0, deletes: "no" } as const;
    const directory = TokenDirectory.open(disk, new FakeWorld(), options, () => undefined);
    if (directory instanceof DiskError) throw new Error(directory.text);
    return new DirectoryResolver(directory);
  }

  test("asks other servers for what it has not, and keeps it", async () => {
    const resolver = open();
    expect(await resolver.fetch(one.publicKey)).toEqual(new JwtError("account jwt not found"));
    const asked: string[] = [];
    resolver.attach((publicKey) => {
      asked.push(publicKey);
      return Promise.resolve(asked.length === 1 ? new JwtError("fetching jwt timed out") : named("a"));
    });
    expect(await resolver.fetch(one.publicKey)).toEqual(new JwtError("fetching jwt timed out"));
    expect([await resolver.fetch(one.publicKey), await resolver.fetch(one.publicKey)]).toEqual([
      named("a"),
      named("a"),
    ]);
    expect(asked.length).toBe(2);
  });

  test("keeps the newer of what is stored", async () => {
    const resolver = open();
    await resolver.store(one.publicKey, named("a"));
    await resolver.store(one.publicKey, sign("account", { sub: one.publicKey, name: "old", nats: {} }, operatorKey, 1));
    expect(await resolver.fetch(one.publicKey)).toBe(named("a"));
  });
});
