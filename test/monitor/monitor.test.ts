import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Page } from "../../src/base/page.ts";
import { Monitor } from "../../src/monitor/monitor.ts";
import type { MonitorSource } from "../../src/monitor/source.ts";
import { sortedIndexes } from "../../src/monitor/sort.ts";
import { bodyOf, connection, fakeSource, subscription } from "./fake_source.ts";

interface Answer {
  readonly num_connections: number;
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
  readonly connections: readonly (Readonly<Record<string, unknown>> & { readonly cid: number })[];
  readonly subscriptions_list:
    readonly (Readonly<Record<string, unknown>> & { readonly subject: string })[] | undefined;
}
const at = (sec: number) => ({ sec, nanos: 0 });
const open = [
  connection(5, { authorizedUser: "a", account: "A", subscriptionCount: 2, pendingBytes: 7, outMsgs: 3, inMsgs: 1, outBytes: 5, inBytes: 3, lastActivity: at(1999), rttNanos: 521_400, start: at(1000) }),
  connection(6, { authorizedUser: "b", account: "B", subscriptionCount: 1, pendingBytes: 9, outMsgs: 2, inMsgs: 3, outBytes: 4, inBytes: 9, lastActivity: at(1997), rttNanos: 141_000, start: at(1500) }),
  connection(7, { authorizedUser: "a", account: "A", subscriptionCount: 3, pendingBytes: 1, outMsgs: 1, inMsgs: 2, outBytes: 9, inBytes: 4, lastActivity: at(1998), rttNanos: 143_000, start: at(1600), mqttClient: "m" }),
]; // prettier-ignore
const closed = [
  connection(3, {
    stop: at(1990),
    reason: "Protocol Violation",
    start: at(1900),
    lastActivity: at(1950),
    account: "A",
  }),
  connection(2, {
    stop: at(1995),
    reason: "Client Closed",
    start: at(1800),
    lastActivity: at(1960),
    authorizedUser: "a",
  }),
];
const source = fakeSource({ open, closed, accounts: ["$G", "A", "B"], systemAccount: undefined });
const monitor = (of: MonitorSource = source): Monitor => new Monitor(of, "");
const page = (path: string, query = "", of = source): Page => monitor(of).page(path, query);
const json = (path: string, query = "", of = source): Answer =>
  JSON.parse(bodyOf(page(path, query, of)).text) as Answer;
const cids = (query: string): readonly number[] => json("/connz", query).connections.map(({ cid }) => cid);
const fault = (path: string, query: string): string => {
  const got = page(path, query);
  return `${got.status} ${bodyOf(got).text}`;
};

describe("/connz", () => {
  test.each([
    ["", [5, 6, 7]],
    ["cid", [5, 6, 7]],
    ["start", [5, 6, 7]],
    ["subs", [7, 5, 6]],
    ["pending", [6, 5, 7]],
    ["msgs_to", [5, 6, 7]],
    ["msgs_from", [6, 7, 5]],
    ["bytes_to", [7, 5, 6]],
    ["bytes_from", [6, 7, 5]],
    ["last", [5, 7, 6]],
    ["idle", [6, 7, 5]],
    ["uptime", [7, 6, 5]],
    ["rtt", [5, 7, 6]],
  ])("sort=%s", (sort, order) => {
    expect(cids(`sort=${sort}`)).toEqual(order);
  });
  test("stop and reason sort closed connections only", () => {
    expect(cids("state=closed&sort=stop")).toEqual([2, 3]);
    expect(cids("state=closed&sort=reason")).toEqual([2, 3]);
    expect(cids("state=closed&sort=uptime")).toEqual([3, 2]);
    for (const state of ["", "state=any&", "state=open&"]) {
      expect(fault("/connz", `${state}sort=stop`)).toBe("400 sort by stop only valid on closed connections");
      expect(fault("/connz", `${state}sort=reason`)).toBe("400 sort by reason only valid on closed connections");
    }
    expect(fault("/connz", "sort=CID")).toBe("400 invalid sorting option: CID");
  });
  test("state", () => {
    expect(cids("state=CLOSED")).toEqual([2, 3]);
    expect(cids("state=any")).toEqual([2, 3, 5, 6, 7]);
    expect(cids("state=all")).toEqual([2, 3, 5, 6, 7]);
    expect(cids("state=open")).toEqual([5, 6, 7]);
    expect(fault("/connz", "state=x")).toBe("400 Error decoding state for x");
  });
  test("cid, user, acc and mqtt_client choose; total counts what they chose from", () => {
    expect(json("/connz", "cid=6")).toMatchObject({ num_connections: 1, total: 3, offset: 0, limit: 1 });
    expect(json("/connz", "cid=6&limit=5&offset=3")).toMatchObject({ num_connections: 1, offset: 0, limit: 1 });
    expect(json("/connz", "cid=999")).toMatchObject({ num_connections: 0, total: 3, connections: [] });
    expect(cids("cid=0")).toEqual([5, 6, 7]);
    expect(cids("cid=3")).toEqual([]);
    expect(cids("cid=3&state=any")).toEqual([3]);
    expect(cids("cid=18446744073709551615")).toEqual([]);
    expect(json("/connz", "user=a")).toMatchObject({ num_connections: 2, total: 3 });
    expect(json("/connz", "acc=A")).toMatchObject({ num_connections: 2, total: 2 });
    expect(cids("acc=A&state=closed")).toEqual([3]);
    expect(cids("mqtt_client=m")).toEqual([7]);
    expect(json("/connz", "mqtt_client=x")).toMatchObject({ num_connections: 0, total: 3 });
  });
  test("who they are is shown with auth only", () => {
    expect(json("/connz", "").connections[0]).not.toHaveProperty("authorized_user");
    expect(json("/connz", "").connections[0]).not.toHaveProperty("account");
    expect(json("/connz", "auth=T").connections[0]).toMatchObject({
      authorized_user: "a",
      account: "A",
      name_tag: "A",
    });
  });
  test("limit and offset", () => {
    expect(json("/connz", "limit=1&offset=1")).toMatchObject({ num_connections: 1, total: 3, offset: 1, limit: 1 });
    expect(json("/connz", "offset=100")).toMatchObject({ num_connections: 0, total: 3, offset: 100, connections: [] });
    expect(cids("limit=%31")).toEqual([5]);
    expect(cids("x=%zz&limit=%2B1")).toEqual([5]);
  });
  test("a callback is ignored", () => {
    const got = page("/connz", "callback=foo");
    expect(got.headers).toEqual([["Access-Control-Allow-Origin", "*"], ["Content-Type", "application/json"]]); // prettier-ignore
    expect(bodyOf(got).text.startsWith("{")).toBe(true);
  });
  test("a value that is twice there counts once", () => {
    expect(cids("cid=6&cid=7")).toEqual([6]);
    expect(cids("cid=7;x&cid=6")).toEqual([6]);
  });
});

describe.each(["/connz", "/subsz"])("GHSA-q59r-vq66-pxc2: offset and limit of %s cannot overflow", (path) => {
  const subs = open.map(({ cid }) => ({ account: "A", cid, sub: subscription(`s.${cid}`, "1") }));
  const of = fakeSource({ open, subs });
  const rows = (query: string): number => {
    const got = json(path, `subs=1&${query}`, of);
    return path === "/connz" ? got.connections.length : (got.subscriptions_list?.length ?? 0);
  };
  test.each([
    ["offset=-1", 3],
    ["limit=-1", 3],
    ["limit=0", 3],
    ["offset=-9223372036854775808", 3],
    ["offset=2147483648", 0],
    ["limit=2147483648", 3],
    ["offset=9007199254740993", 0],
    ["limit=9223372036854775807", 3],
    ["limit=9223372036854775807&offset=1", 2],
    ["offset=9223372036854775807&limit=9223372036854775807", 0],
    ["offset=0000000000000000000000000000002", 1],
  ])("%s", (query, count) => {
    expect(rows(query)).toBe(count);
  });
  test.each([
    ["offset=9223372036854775808", `'offset': strconv.Atoi: parsing "9223372036854775808": value out of range`],
    ["limit=-9223372036854775809", `'limit': strconv.Atoi: parsing "-9223372036854775809": value out of range`],
    ["limit=NaN", `'limit': strconv.Atoi: parsing "NaN": invalid syntax`],
    ["limit=1.5", `'limit': strconv.Atoi: parsing "1.5": invalid syntax`],
    ["limit=+1", `'limit': strconv.Atoi: parsing " 1": invalid syntax`],
    ["offset=1e9", `'offset': strconv.Atoi: parsing "1e9": invalid syntax`],
    ["offset=%00", `'offset': strconv.Atoi: parsing "\\x00": invalid syntax`],
  ])("%s is refused", (query, text) => {
    expect(fault(path, query)).toBe(`400 Error decoding int for ${text}`);
  });
  test("exact numbers are shown", () => {
    expect(bodyOf(page(path, "offset=9007199254740993")).text).toContain('"offset": 9007199254740993,');
  });
  test("a million digits take no time", () => {
    const before = performance.now();
    expect(fault(path, `limit=${"9".repeat(1_000_000)}`)).toContain("value out of range");
    expect(performance.now() - before).toBeLessThan(500);
  });
});

test.each([
  ["/connz", "auth=x", "boolean for 'auth': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/connz", "subs=x", "boolean for 'subs': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/connz", "cid=x", "uint64 for 'cid': strconv.ParseUint: parsing \"x\": invalid syntax"],
  ["/connz", "cid=-1", "uint64 for 'cid': strconv.ParseUint: parsing \"-1\": invalid syntax"],
  ["/connz", "cid=18446744073709551616", "uint64 for 'cid': strconv.ParseUint: parsing \"18446744073709551616\": value out of range"],
  ["/subsz", "subs=detail", "boolean for 'subs': strconv.ParseBool: parsing \"detail\": invalid syntax"],
  ["/routez", "subs=x", "boolean for 'subs': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/gatewayz", "accs=x", "boolean for 'accs': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/leafz", "subs=x", "boolean for 'subs': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/accstatz", "unused=x", "boolean for 'unused': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/jsz", "direct-consumers=x", "boolean for 'direct-consumers': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/jsz", "limit=x", "int for 'limit': strconv.Atoi: parsing \"x\": invalid syntax"],
  ["/ipqueuesz", "all=x", "boolean for 'all': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ["/healthz", "js-enabled-only=x", "boolean for 'js-enabled-only': strconv.ParseBool: parsing \"x\": invalid syntax"],
])("%s?%s is refused in nats-server's words", (path, query, text) => {
  const got = page(path, query);
  expect(got.headers).toEqual([["Content-Type", "text/plain; charset=utf-8"]]);
  expect(bodyOf(got).text).toBe(`Error decoding ${text}`);
}); // prettier-ignore

describe("/subsz", () => {
  const subs = ["foo", "foo.*", "foo.>", ">", "bar"].map((subject, i) => ({ account: i < 4 ? "A" : "B", cid: 5, sub: subscription(subject, `${i}`) })); // prettier-ignore
  const of = fakeSource({ subs, accounts: ["A", "B"] });
  const subjects = (query: string): unknown =>
    json("/subsz", query, of).subscriptions_list?.map(({ subject }) => subject);

  test("lists with subs only; total counts what is listed", () => {
    expect(json("/subsz", "", of)).toMatchObject({ total: 0, offset: 0, limit: 1024 });
    expect(subjects("")).toBe(undefined);
    expect(json("/subsz", "subs=1&limit=2", of)).toMatchObject({ total: 5, limit: 2 });
    expect(subjects("subs=1&offset=100")).toBe(undefined);
  });
  test("acc and test choose", () => {
    expect(subjects("subs=1&acc=B")).toEqual(["bar"]);
    expect(json("/subsz", "subs=1&acc=NOPE", of)).toMatchObject({ total: 0, num_subscriptions: 0 });
    expect(subjects("subs=1&test=foo.x")).toEqual(["foo.*", "foo.>", ">"]);
    expect(subjects("subs=1&test=foo")).toEqual(["foo", ">"]);
    expect(subjects("subs=1&test=foo.x.y")).toEqual(["foo.>", ">"]);
  });
  test.each(["foo.*", "a.>", "a..b", "."])("test=%s is no publish subject", (subject) => {
    expect(fault("/subsz", `test=${subject}`)).toBe(
      `400 invalid test subject, must be valid publish subject: ${subject}`,
    );
  });
});

describe("/healthz", () => {
  test.each(["", "js-enabled-only=1", "js-enabled=1", "js-server-only=1", "js-meta-only=1", "details=1", "account=A", "account=NOPE&details=1", "account=A&stream=S&consumer=C"])("without JetStream %s is ok", (query) => {
    const got = page("/healthz", query);
    expect([got.status, bodyOf(got).text]).toEqual([200, '{"status":"ok"}']);
  }); // prettier-ignore
  test("wrong questions", () => {
    expect(fault("/healthz", "stream=S")).toBe('400 {"status":"error","error":"\\"account\\" must not be empty when checking stream health"}');
    expect(fault("/healthz", "stream=S&details=1")).toBe('400 {"status":"error","errors":[{"type":"BAD_REQUEST","error":"\\"account\\" must not be empty when checking stream health"}]}');
    expect(fault("/healthz", "account=A&consumer=C")).toBe('400 {"status":"error","error":"\\"stream\\" must not be empty when checking consumer health"}');
  }); // prettier-ignore
});

describe("the rest", () => {
  test("what there is not", () => {
    expect(fault("/nope", "")).toBe("404 404 page not found\n");
    for (const path of ["/varz/", "/VARZ", "", "/expvarz", "/debug/pprof/", "/streamz", "/__proto__", "/constructor"]) {
      expect(fault(path, "")).toBe("404 404 page not found\n");
    }
    expect(fault("/raftz", "acc=A")).toBe("404 No Raft nodes registered");
    expect(fault("/accountz", "acc=NOPE")).toBe("400 Account NOPE does not exist");
    expect(fault("/jsz", "leader-only=1")).toBe("400 filtered response: not leader");
    expect(fault("/ipqueuesz", "all=1")).toBe("200 {}");
  });
  test("the page at / lists them below the base path", () => {
    const html = bodyOf(new Monitor(source, "/nats/x").page("/", "")).text;
    expect(html).toContain("2.14.5");
    expect(html).toContain('href="./nats/x/varz"');
    expect(bodyOf(page("/", "")).text).toContain('href="./connz"');
    expect(bodyOf(new Monitor(source, '/"><script>').page("/", "")).text).not.toContain("<script>");
  });
  test("requests are counted where nats-server counts them", () => {
    const of = monitor();
    for (const [path, query] of [["/", ""], ["/connz", "limit=x"], ["/connz", ""], ["/connz", "sort=bogus"], ["/routez", "subs=x"], ["/subsz", ""], ["/subscriptionsz", ""], ["/accountz", "acc=NOPE"], ["/accstatz", "unused=x"], ["/healthz", "details=x"], ["/jsz", "limit=x"], ["/gatewayz", "accs=x"], ["/raftz", ""], ["/ipqueuesz", ""], ["/stacksz", ""], ["/debug/vars", ""], ["/nope", ""], ["/varz", ""]] as const) {
      of.page(path, query);
    } // prettier-ignore
    expect(Object.fromEntries(of.requests)).toEqual({ "/": 1, "/connz": 2, "/subsz": 2, "/accountz": 1, "/accstatz": 1, "/healthz": 1, "/jsz": 1, "/gatewayz": 1, "/varz": 1 }); // prettier-ignore
  });
  test("CVE-2026-33247: no page shows the command line or the environment", () => {
    process.env["MONITOR_TEST_SECRET"] = "hunter2-secret";
    process.argv.push("--pass=hunter2-secret");
    for (const path of ["/", "/varz", "/connz", "/subsz", "/accountz", "/accstatz", "/healthz", "/routez", "/gatewayz", "/leafz", "/jsz", "/ipqueuesz", "/raftz", "/stacksz", "/debug/vars"]) {
      const text = bodyOf(page(path, "auth=1&subs=1")).text;
      expect(text).not.toContain("hunter2");
      expect(text).not.toContain(process.argv[0]);
    } // prettier-ignore
    process.argv.pop();
    delete process.env["MONITOR_TEST_SECRET"];
    expect(bodyOf(page("/debug/vars")).text).toContain('"cmdline": []');
  });
  test("any query is answered or refused", () => {
    const names = fc.constantFrom(
      "sort",
      "auth",
      "subs",
      "offset",
      "limit",
      "cid",
      "state",
      "user",
      "acc",
      "test",
      "__proto__",
    );
    const paths = fc.constantFrom("/connz", "/subsz", "/healthz", "/jsz", "/accountz", "/varz");
    const value = fc.oneof(
      fc.string(),
      fc.bigInt().map(String),
      fc.constantFrom("1", "detail", "any", "closed", "stop"),
    );
    fc.assert(
      fc.property(paths, fc.array(fc.tuple(names, value), { maxLength: 4 }), (path, pairs) => {
        const query = pairs.map(([name, value]) => `${name}=${value}`).join("&");
        const got = page(path, query);
        expect([200, 400]).toContain(got.status);
        const { text } = bodyOf(got);
        if (got.status === 200) JSON.parse(text);
      }),
    );
  });
});

describe("a large page is made in slices", () => {
  const many = Array.from({ length: 100_000 }, (_, i) => connection(i + 1, { inMsgs: (i * 7919) % 100_003 }));
  const of = fakeSource({ open: many });

  test("none of them holds the loop", () => {
    const got = page("/connz", "sort=msgs_from&limit=100000&subs=1", of);
    let slices = 0;
    for (let step = got.body.next(); step.done !== true; step = got.body.next()) {
      slices++;
      expect(step.value.length).toBeLessThan(80_000);
    }
    expect(slices).toBeGreaterThan(500);
  });
  test("and the order is right", () => {
    const rows = json("/connz", "sort=msgs_from&limit=1000&offset=500", of).connections.map(
      (row) => row["in_msgs"] as number,
    );
    expect(rows).toEqual([...rows].sort((a, b) => b - a));
    expect(rows).toHaveLength(1000);
  });
  test("one connection with many subscriptions, too", () => {
    const subscriptions = Array.from({ length: 50_000 }, (_, i) => subscription(`orders.${i}`, `${i}`));
    const of = fakeSource({ open: [connection(5, { subscriptionCount: 50_000, subscriptions })] });
    const { pieces, text } = bodyOf(page("/connz", "subs=detail", of));
    expect(pieces.length).toBeGreaterThan(50);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(80_000);
    expect((JSON.parse(text) as Answer).connections[0]!["subscriptions_list_detail"]).toHaveLength(50_000);
  });
  test("the sliced sort is a stable sort", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (keys) => {
        const sorting = sortedIndexes(Float64Array.from(keys));
        let step = sorting.next();
        while (step.done !== true) step = sorting.next();
        expect([...step.value]).toEqual(keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b));
      }),
    );
  });
});
