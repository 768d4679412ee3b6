import { describe, expect, test } from "vitest";
import type { ClaimsAnswer, ClaimsKeeper } from "../../src/system/claims.ts";
import { type Heard, Rig } from "./support.ts";

const done = (message: string): ClaimsAnswer => ({ account: "AK", message, error: undefined });

/** A keeper that notes what it is asked for. */
function keeper(asked: unknown[], more: Partial<ClaimsKeeper> = {}): ClaimsKeeper {
  return {
    update: (token, named) => {
      asked.push(["update", token, named]);
      return Promise.resolve(done("jwt updated"));
    },
    delete: (token) => {
      asked.push(["delete", token]);
      return Promise.resolve({ account: "", message: "delete accounts request", error: "no" });
    },
    list: () => ["A1", "A2"],
    pack: (hash) => {
      asked.push(["pack", Buffer.from(hash).toString()]);
      return ["A1|t1", "A2|t2"];
    },
    lookup: (key) => (key === "A1" ? "t1" : ""),
    ...more,
  };
}

async function ask(rig: Rig, subject: string, body = ""): Promise<Heard[]> {
  const heard = rig.request(subject, body);
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return heard;
}
const texts = (heard: readonly Heard[]): string[] => heard.map(({ body }) => Buffer.from(body).toString());

describe("tokens by message", () => {
  test("are pushed on three subjects, two of which name the account", async () => {
    const asked: unknown[] = [];
    const rig = new Rig({ claims: keeper(asked) });
    for (const subject of [
      "$SYS.REQ.CLAIMS.UPDATE",
      "$SYS.REQ.ACCOUNT.AK.CLAIMS.UPDATE",
      "$SYS.ACCOUNT.AK.CLAIMS.UPDATE",
    ]) {
      // prettier-ignore
      const [answer] = await ask(rig, subject, "tok");
      expect(answer!.json, subject).toMatchObject({
        server: { name: "one" },
        data: { account: "AK", code: 200, message: "jwt updated" },
      });
    }
    expect(asked).toEqual([["update", "tok", undefined], ["update", "tok", "AK"], ["update", "tok", "AK"]]); // prettier-ignore
    expect(rig.log).toEqual(Array.from({ length: 3 }, () => "DBG jwt updated - AK"));
  });

  test("a refusal says why, and logs it", async () => {
    const update = (): Promise<ClaimsAnswer> => Promise.resolve({ account: "AK", message: "jwt validation failed", error: "why" }); // prettier-ignore
    const rig = new Rig({ claims: keeper([], { update }) });
    const [answer] = await ask(rig, "$SYS.REQ.CLAIMS.UPDATE", "tok");
    expect(answer!.json).toMatchObject({
      error: { account: "AK", code: 500, description: "jwt validation failed - why" },
    });
    const [deleted] = await ask(rig, "$SYS.REQ.CLAIMS.DELETE", "tok");
    expect((deleted!.json as { error: object }).error).toEqual({
      code: 500,
      description: "delete accounts request - no",
    });
    expect(rig.log).toEqual(["ERR jwt validation failed - AK - why", "ERR delete accounts request - no"]);
  });

  test("are listed, looked up and packed, with an empty message at the end", async () => {
    const asked: unknown[] = [];
    const rig = new Rig({ claims: keeper(asked) });
    const [list] = await ask(rig, "$SYS.REQ.CLAIMS.LIST");
    expect(list!.json).toMatchObject({ data: ["A1", "A2"], server: { name: "one" } });
    expect(texts(await ask(rig, "$SYS.REQ.ACCOUNT.A1.CLAIMS.LOOKUP"))).toEqual(["t1"]);
    expect(texts(await ask(rig, "$SYS.REQ.ACCOUNT.A9.CLAIMS.LOOKUP"))).toEqual([""]);
    expect(texts(await ask(rig, "$SYS.REQ.CLAIMS.PACK", "hash"))).toEqual(["A1|t1", "A2|t2", ""]);
    expect(asked).toEqual([["pack", "hash"]]);
  });

  test("changes happen in the order they were asked for", async () => {
    const order: string[] = [];
    let release: () => void = () => {};
    const update = (token: string): Promise<ClaimsAnswer> =>
      new Promise((resolve) => {
        order.push(`begin ${token}`);
        release = () => {
          order.push(`end ${token}`);
          resolve(done("jwt updated"));
        };
      });
    const rig = new Rig({ claims: keeper([], { update }) });
    void ask(rig, "$SYS.REQ.CLAIMS.UPDATE", "1");
    const second = rig.request("$SYS.REQ.CLAIMS.UPDATE", "2");
    const listed = rig.request("$SYS.REQ.CLAIMS.LIST");
    for (let i = 0; i < 5; i++) await Promise.resolve();
    expect([order, listed]).toEqual([["begin 1"], []]);
    release();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    release();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(order).toEqual(["begin 1", "end 1", "begin 2", "end 2"]);
    expect([second.length, listed.length]).toEqual([1, 1]);
  });

  test("requests that wait are bounded", async () => {
    const waiting: (() => void)[] = [];
    let count = 0;
    const update = (): Promise<ClaimsAnswer> =>
      new Promise((resolve) => {
        count++;
        waiting.push(() => resolve(done("jwt updated")));
      });
    const rig = new Rig({ claims: keeper([], { update }) });
    for (let i = 0; i < 1500; i++) rig.tell("$SYS.REQ.CLAIMS.UPDATE", "t");
    for (let i = 0; i < 1024; i++) {
      for (let j = 0; j < 10; j++) await Promise.resolve();
      waiting.shift()?.();
    }
    for (let j = 0; j < 10; j++) await Promise.resolve();
    expect([count, waiting.length]).toEqual([1024, 0]);
  });

  test("a resolver that keeps nothing takes updates by name alone", async () => {
    const rig = new Rig({ claims: { update: () => Promise.resolve(done("jwt updated")) } });
    expect((await ask(rig, "$SYS.REQ.ACCOUNT.AK.CLAIMS.UPDATE", "t")).length).toBe(1);
    for (const subject of [
      "$SYS.REQ.CLAIMS.UPDATE",
      "$SYS.REQ.CLAIMS.LIST",
      "$SYS.REQ.CLAIMS.DELETE",
      "$SYS.REQ.CLAIMS.PACK",
      "$SYS.REQ.ACCOUNT.A1.CLAIMS.LOOKUP",
    ])
      // prettier-ignore
      expect(await ask(rig, subject, "t"), subject).toEqual([]);
  });

  test("messages without a reply are not answered", async () => {
    const rig = new Rig({ claims: keeper([]) });
    const heard = rig.hear(">");
    for (const subject of [
      "$SYS.REQ.CLAIMS.UPDATE",
      "$SYS.REQ.CLAIMS.LIST",
      "$SYS.REQ.CLAIMS.PACK",
      "$SYS.REQ.CLAIMS.DELETE",
      "$SYS.REQ.ACCOUNT.A1.CLAIMS.LOOKUP",
    ])
      // prettier-ignore
      rig.tell(subject, "t");
    for (let j = 0; j < 20; j++) await Promise.resolve();
    expect(heard.filter(({ subject }) => !subject.startsWith("$SYS.REQ"))).toEqual([]);
  });
});
