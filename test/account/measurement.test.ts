// How long services take, as it is told.

import { describe, expect, test } from "vitest";
import { byteString as s } from "../../src/base/bytes.ts";
import { serviceExport, serviceImport } from "../../src/subject/sharing.ts";
import { SharedAccounts, type SharingClient } from "../support/shared_accounts.ts";

function pair(sampling: number, thresholdMs = 10_000, share = false): SharedAccounts {
  return new SharedAccounts(["A", "B"]).share({
    A: { exports: [serviceExport(s("svc"), { latency: { subject: s("lat"), sampling }, thresholdMs })] },
    B: { imports: [serviceImport("A", s("svc"), { share })] },
  });
}
const told = (rig: SharedAccounts): unknown[] =>
  rig.measured.splice(0).map(({ account, subject, text }) => [account, subject, JSON.parse(text)]);
const replyIn = (client: SharingClient): string => /_R_\.\S+/.exec(client.read())![0];

describe("the measurement of a request", () => {
  test("takes the way to the client and back out of the service's time", () => {
    const rig = pair(100, 10_000, true);
    const a = rig.client("A", { name: "svc", rttNanos: 2_000_000 }).sub("svc", "1");
    const b = rig.client("B", { name: "req", rttNanos: 3_000_000 }).sub("box", "2");
    b.pub("svc", "box");
    const reply = replyIn(a);
    expect(reply).toMatch(/^_R_\.\w{6}\.\w{6}\.HASHHASH\.T$/);
    rig.world.advance(10);
    a.pub(reply);
    a.pub(reply);
    expect(told(rig)).toEqual([
      [
        "A",
        "lat",
        {
          type: "io.nats.server.metric.v1.service_latency",
          id: "ID",
          timestamp: "2027-01-15T08:00:00.01Z",
          status: 200,
          requestor: expect.objectContaining({ acc: "B", name: "req", rtt: 3_000_000, server: "srv" }),
          responder: expect.objectContaining({ acc: "A", name: "svc", rtt: 2_000_000, server: "srv" }),
          start: "2027-01-15T07:59:59.997Z",
          service: 8_000_000,
          system: 0,
          total: 13_000_000,
        },
      ],
    ]);
    expect(b.messages()).toEqual(["box 2 x"]);
  });

  test("is made for so many in a hundred", () => {
    const rig = pair(20);
    const [a, b] = [rig.client("A").sub("svc", "1"), rig.client("B").sub("box", "2")];
    for (let i = 0; i < 1000; i++) {
      b.pub("svc", "box");
      a.pub(replyIn(a));
    }
    expect(rig.measured.length).toBeGreaterThan(140);
    expect(rig.measured.length).toBeLessThan(260);
  });

  test("is made for those whose headers ask", () => {
    const rig = pair(0);
    const [a, b] = [rig.client("A").sub("svc", "1"), rig.client("B").sub("box", "2")];
    b.pub("svc", "box");
    b.hpub("svc", "box", "NATS/1.0\r\nX-B3-Sampled: 1\r\nx-b3-traceid: ab\r\nOther: c\r\n\r\n");
    const replies = [...a.read().matchAll(/_R_\.\S+/g)].map(([reply]) => reply);
    for (const reply of replies) a.pub(reply);
    expect(told(rig)).toEqual([
      ["A", "lat", expect.objectContaining({ status: 200, header: { "X-B3-Sampled": ["1"], "X-B3-Traceid": ["ab"] } })],
    ]);
  });

  test("tells why there was no answer, once", () => {
    const rig = pair(100, 500);
    const b = rig.client("B").sub("box", "2");
    b.pub("svc", "box");
    const a = rig.client("A").sub("svc", "1");
    b.pub("svc");
    b.pub("svc", "box");
    rig.world.advance(600);
    b.pub("svc", "box");
    b.close();
    rig.world.advance(600);
    a.read();
    const none = { service: 0, system: 0, total: 0, requestor: { acc: "B" } };
    expect(told(rig)).toEqual(
      (
        [
          [503, "Service Unavailable"],
          [400, "Bad Request"],
          [504, "Service Timeout"],
          [408, "Request Timeout"],
        ] as const
      ).map(([status, description]) => ["A", "lat", expect.objectContaining({ status, description, ...none })]),
    );
  });
});
