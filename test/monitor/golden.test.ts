import { expect, test } from "vitest";
import type { AccountDetail } from "../../src/monitor/accountz.ts";
import { Monitor } from "../../src/monitor/monitor.ts";
import type { AccountNumbers } from "../../src/monitor/source.ts";
import { bodyOf, connectionOf, fakeSource, golden, momentOf, subscription, varzOf } from "./fake_source.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];
const parse = (name: string): Record<string, unknown> => JSON.parse(golden(name)) as Record<string, unknown>;
const head = (name: string) => ({
  serverId: parse(name)["server_id"] as string,
  at: momentOf(parse(name)["now"] as string),
});

// Each page is made of the values behind the reference's answer and must come out as the same text.

test.each(["varz", "varz_tls", "varz_full"])("/varz as nats-server wrote it: %s", (name) => {
  const values = varzOf(name);
  const monitor = new Monitor(
    fakeSource({
      ...head(name),
      serverName: values.server_name,
      systemAccount: values.system_account,
      start: momentOf(values.start),
      config: () => values,
      numbers: () => values,
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
