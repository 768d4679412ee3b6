import { describe, expect, test } from "vitest";
import type { AccountDetail } from "../../src/monitor/accountz.ts";
import { Monitor } from "../../src/monitor/monitor.ts";
import type { AccountNumbers } from "../../src/monitor/source.ts";
import { fakeAccount, fakeJetStream, fakeStream, jetstreamOfJsz, jetstreamOfVarz } from "./fake_jetstream.ts";
import { bodyOf, connectionOf, fakeSource, golden, momentOf, subscription, varzOf } from "./fake_source.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];
const parse = (name: string): Record<string, unknown> => JSON.parse(golden(name)) as Record<string, unknown>;
const head = (name: string) => ({
  serverId: parse(name)["server_id"] as string,
  at: momentOf(parse(name)["now"] as string),
});

// Each page is made of the values behind the reference's answer and must come out as the same text.

test.each(["varz", "varz_tls", "varz_full", "varz_js"])("/varz as nats-server wrote it: %s", (name) => {
  const values = varzOf(name);
  const monitor = new Monitor(
    fakeSource({
      ...head(name),
      serverName: values.server_name,
      systemAccount: values.system_account,
      start: momentOf(values.start),
      config: () => values,
      numbers: () => values,
      jetstream: values.jetstream.config && jetstreamOfVarz(values.jetstream as Parameters<typeof jetstreamOfVarz>[0]),
    }),
    "",
  );
  expect(bodyOf(monitor.page("/varz", "")).text).toBe(golden(name));
});

test.each([
  ["connz_auth_subs", "auth=1&subs=1"],
  ["connz_detail", "auth=true&subs=detail&sort=subs"],
  ["connz_tls", "auth=1"],
])("/connz as nats-server wrote it: %s", (name, query) => {
  const open = (parse(name)["connections"] as Rows).map((row) => connectionOf(row));
  const monitor = new Monitor(fakeSource({ ...head(name), open }), "");
  expect(bodyOf(monitor.page("/connz", query)).text).toBe(golden(name));
});

test("/connz of closed connections as nats-server wrote it", () => {
  const closed = (parse("connz_closed")["connections"] as Rows).map((row) => connectionOf(row)).reverse();
  const monitor = new Monitor(fakeSource({ ...head("connz_closed"), closed }), "");
  expect(bodyOf(monitor.page("/connz", "state=closed&auth=1&subs=1&sort=stop")).text).toBe(golden("connz_closed"));
});

test("/connz of an account that does not exist has no server and no list", () => {
  const monitor = new Monitor(fakeSource(head("connz_unknown_account")), "");
  expect(bodyOf(monitor.page("/connz", "acc=NOPE")).text).toBe(golden("connz_unknown_account"));
});

test("/subsz as nats-server wrote it", () => {
  const { cache_hit_rate, avg_fanout } = parse("subsz") as { cache_hit_rate: number; avg_fanout: number };
  const numbers = { subscriptions: 76, cache: 19, inserts: 78, removes: 2, matches: 36, cacheHitRate: cache_hit_rate, maxFanout: 1, avgFanout: avg_fanout }; // prettier-ignore
  const listed = (sid: string, subject: string) => ({ account: "B", cid: 1, sub: subscription(subject, sid) });
  const rows = parse("subsz_page")["subscriptions_list"] as Rows;
  const subs = [
    listed("9", "x"),
    ...rows.map((row) => listed(row["sid"] as string, row["subject"] as string)),
    ...Array.from({ length: 73 }, () => listed("9", "y")),
  ];
  const at = (name: string) => fakeSource({ ...head(name), subs, sublistNumbers: () => numbers });
  expect(bodyOf(new Monitor(at("subsz"), "").page("/subsz", "")).text).toBe(golden("subsz"));
  expect(bodyOf(new Monitor(at("subsz_page"), "").page("/subscriptionsz", "subs=1&limit=2&offset=1")).text).toBe(golden("subsz_page")); // prettier-ignore
});

test("/accountz as nats-server wrote it", () => {
  const accounts = parse("accountz")["accounts"] as string[];
  const list = new Monitor(fakeSource({ ...head("accountz"), accounts }), "");
  expect(bodyOf(list.page("/accountz", "unused=1")).text).toBe(golden("accountz"));
  const detail = parse("accountz_detail")["account_detail"] as AccountDetail & { mappings: object };
  const mappings = new Map(Object.entries(detail.mappings)) as never;
  const source = fakeSource({ ...head("accountz_detail"), accounts, accountDetail: () => ({ ...detail, mappings }) });
  expect(bodyOf(new Monitor(source, "").page("/accountz", "acc=A")).text).toBe(golden("accountz_detail"));
});

test("/accstatz as nats-server wrote it", () => {
  const numbersOf = (parse("accstatz")["account_statz"] as Rows).map((row) => ({
    name: row["acc"],
    connections: row["conns"],
    totalConnections: row["total_conns"],
    leafnodes: row["leafnodes"],
    subscriptions: row["num_subscriptions"],
    sent: row["sent"],
    received: row["received"],
    slowConsumers: row["slow_consumers"],
  })) as AccountNumbers[];
  const monitor = new Monitor(fakeSource({ ...head("accstatz"), numbersOf }), "");
  expect(bodyOf(monitor.page("/accstatz", "unused=1")).text).toBe(golden("accstatz"));
  const used = JSON.parse(bodyOf(monitor.page("/accstatz", "")).text) as { account_statz: Rows };
  expect(used.account_statz.map((row) => row["acc"])).toEqual(["B", "SYS", "A"]);
});

test.each(["routez", "gatewayz", "leafz", "jsz"])("/%s of a server without any, as nats-server wrote it", (name) => {
  const monitor = new Monitor(fakeSource(head(name)), "");
  expect(bodyOf(monitor.page(`/${name}`, "subs=1")).text).toBe(golden(name));
});

describe("/jsz as nats-server wrote it", () => {
  /** All accounts and streams, as the fullest answer shows them. */
  const accounts = parse("jsz_raft")["account_details"] as Rows;
  const page = (name: string, query: string, of: Rows = accounts): string => {
    const jetstream = jetstreamOfJsz(parse(name), of);
    const source = fakeSource({ ...head(name), serverName: "js", jetstream });
    return bodyOf(new Monitor(source, "").page("/jsz", query)).text;
  };
  const of = (name: string): Rows => parse(name)["account_details"] as Rows;

  test("nothing in it", () => {
    const empty = accounts.map((account) => ({ ...account, stream_detail: [] }));
    expect(page("jsz_empty", "", empty)).toBe(golden("jsz_empty"));
  });
  test.each([
    ["jsz_full", ""],
    ["jsz_full", "config=1"],
    ["jsz_full", "acc=NOPE&streams=1"],
    ["jsz_accounts", "accounts=1"],
    ["jsz_accounts", "acc=NOPE&accounts=true"],
    ["jsz_accounts", "accounts=1&limit=-1&offset=1"],
    ["jsz_accounts", "accounts=1&offset=-7"],
    ["jsz_page", "accounts=1&offset=1&limit=1"],
    ["jsz_acc", "acc=A"],
    ["jsz_acc", "acc=A&accounts=1&offset=5"],
    ["jsz_raft", "consumers=1&raft=1&direct-consumers=1"],
  ])("%s: %s", (name, query) => {
    expect(page(name, query)).toBe(golden(name));
  });
  test.each([
    ["jsz_streams", "streams=1"],
    ["jsz_streams", "streams=1&stream-leader-only=1&leader-only=1&direct-consumers=1"],
    ["jsz_consumers", "acc=A&consumers=1"],
    ["jsz_consumers_config", "acc=A&consumers=1&config=1&raft=1&direct-consumers=1"],
  ])("%s: %s", (name, query) => {
    // Of accounts that are not shown only the totals matter.
    const shown = of(name);
    const rest = accounts.filter((account) => !shown.some((each) => each["name"] === account["name"]));
    expect(page(name, query, [...shown, ...rest])).toBe(golden(name));
  });
});

test("a stream without messages has the zero time", () => {
  const jetstream = fakeJetStream({ accounts: [fakeAccount("A", [fakeStream("S")])] });
  const got = bodyOf(new Monitor(fakeSource({ jetstream }), "").page("/jsz", "streams=1")).text;
  expect(got).toContain('"first_ts": "0001-01-01T00:00:00Z"');
  expect(got).toContain('"last_ts": "0001-01-01T00:00:00Z"');
});

test("/jsz of many streams does not hold the loop", () => {
  const streams = Array.from({ length: 20_000 }, (_, i) => fakeStream(`S${i}`));
  const monitor = new Monitor(fakeSource({ jetstream: fakeJetStream({ accounts: [fakeAccount("A", streams)] }) }), "");
  const { pieces, text } = bodyOf(monitor.page("/jsz", "streams=1&config=1"));
  expect(pieces.filter((piece) => piece === "").length).toBeGreaterThan(15);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(80_000);
  const { account_details } = JSON.parse(text) as { account_details: { stream_detail: { config: string }[] }[] };
  expect(account_details[0]!.stream_detail).toHaveLength(20_000);
  expect(account_details[0]!.stream_detail[7]!.config).toBe("config of S7");
});
