import { describe, expect, test } from "vitest";
import { contentEncoding, encodingOf, headerOf } from "../../src/system/encoding.ts";
import { type Heard, numbersOf, Rig, SERVER_ID } from "./support.ts";

const SERVER = `$SYS.REQ.SERVER.${SERVER_ID}`;
const errorOf = (heard: readonly Heard[]): unknown => heard[0]?.json["error"];

describe("which requests are answered", () => {
  test.each([
    "VARZ",
    "SUBSZ",
    "CONNZ",
    "ROUTEZ",
    "GATEWAYZ",
    "LEAFZ",
    "ACCOUNTZ",
    "JSZ",
    "HEALTHZ",
    "EXPVARZ",
    "IPQUEUESZ",
    "RAFTZ",
  ])(
    // prettier-ignore
    "%s of this server and of all",
    (name) => {
      const rig = new Rig();
      for (const subject of [`${SERVER}.${name}`, `$SYS.REQ.SERVER.PING.${name}`]) {
        const answers = rig.ask(subject);
        expect(answers.length, subject).toBe(1);
        expect(Object.keys(answers[0]!.json)).toEqual(["server", "data"]);
      }
    },
  );

  test("IDZ says who this is and nothing else", () => {
    const [answer] = new Rig().ask("$SYS.REQ.SERVER.PING.IDZ");
    expect(answer!.json).toEqual({ name: "one", host: "127.0.0.1", id: SERVER_ID });
  });

  test("the variables of the process are numbers of its memory: no command line, no environment", () => {
    process.env["PA55"] = "Pa55-in-the-environment";
    const [answer] = new Rig().ask(`${SERVER}.EXPVARZ`);
    delete process.env["PA55"];
    const { data } = answer!.json as { data: { memstats: Record<string, number>; cmdline: unknown } };
    expect(Object.keys(data)).toEqual(["memstats", "cmdline"]);
    expect(data.cmdline).toEqual([]);
    expect(Object.values(data.memstats).every((value) => typeof value === "number")).toBe(true);
    const text = JSON.stringify(answer!.json);
    for (const secret of ["Pa55", process.execPath, process.argv[1]!]) expect(text).not.toContain(secret);
  });

  test("of other servers, unknown names and other letters nothing", () => {
    const rig = new Rig();
    const subjects = ["$SYS.REQ.SERVER.NY.VARZ", `${SERVER}.NONE`, "$SYS.REQ.SERVER.PING.varz", "$SYS.REQ.SERVER.VARZ"];
    for (const subject of subjects) expect(rig.ask(subject), subject).toEqual([]);
  });

  test("what changes the server is not asked of all of them", () => {
    let count = 0;
    const act = (): undefined => void count++;
    const rig = new Rig({ actions: { reload: act, kick: act, lameDuck: act } });
    for (const name of ["RELOAD", "KICK", "LDM"])
      expect(rig.ask(`$SYS.REQ.SERVER.PING.${name}`, `{"cid":1}`)).toEqual([]);
    expect(count).toBe(0);
    for (const name of ["RELOAD", "KICK", "LDM"]) rig.ask(`${SERVER}.${name}`, `{"cid":1}`);
    expect(count).toBe(3);
  });

  test("a message without a reply is answered nowhere", () => {
    const rig = new Rig();
    const heard = rig.hear(">");
    for (const name of ["VARZ", "IDZ", "PROFILEZ", "HEALTHZ"]) rig.tell(`${SERVER}.${name}`);
    rig.tell("$SYS.REQ.USER.INFO");
    rig.tell("$SYS.REQ.ACCOUNT.A.CONNS");
    expect(heard.filter(({ subject }) => !subject.startsWith("$SYS.REQ."))).toEqual([]);
  });

  test("and nothing is done for it", () => {
    let count = 0;
    const act = (): undefined => void count++;
    const rig = new Rig({ actions: { reload: act, kick: act, lameDuck: act } });
    for (const name of ["RELOAD", "KICK", "LDM"]) rig.tell(`${SERVER}.${name}`, `{"cid":1}`);
    expect(count).toBe(0);
  });

  test("each account asks about itself, whatever it writes into the body", () => {
    const rig = new Rig();
    for (const subject of ["$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.SERVER.PING.CONNZ"]) {
      const [answer] = rig.ask(subject, `{"acc":"SYS","auth":true}`, "", rig.a);
      expect(answer!.json, subject).toHaveProperty("data.connections");
    }
    for (const subject of [
      `${SERVER}.VARZ`,
      "$SYS.REQ.SERVER.PING.VARZ",
      "$SYS.REQ.ACCOUNT.SYS.CONNZ",
      `${SERVER}.KICK`,
    ])
      expect(rig.ask(subject, "", "", rig.a), subject).toEqual([]);
  });
});

describe("what is wrong is said in nats-server's words", () => {
  test("a body that is not one", () => {
    const rig = new Rig();
    for (const name of ["VARZ", "STATSZ", "PROFILEZ", "RELOAD", "CONNZ"]) {
      const answers = rig.ask(`${SERVER}.${name}`, "{");
      expect(errorOf(answers), name).toEqual({ code: 400, description: "unexpected end of JSON input" });
      expect(answers[0]!.json, name).not.toHaveProperty("data");
    }
  });

  test("a question that cannot be answered has null data", () => {
    const [answer] = new Rig().ask("$SYS.REQ.ACCOUNT.nobody.INFO");
    expect(answer!.json).toMatchObject({
      data: null,
      error: { code: 500, description: "Account nobody does not exist" },
    });
    const jsz = new Rig().ask("$SYS.REQ.ACCOUNT.A.JSZ");
    expect(errorOf(jsz)).toEqual({ code: 500, description: "jetstream not enabled" });
  });

  test("a connection that is not there, a reload that fails", () => {
    const rig = new Rig({
      actions: { kick: (cid) => (cid === 7 ? undefined : "no such client"), reload: (done) => done("bad file") },
    });
    expect(Object.keys(rig.ask(`${SERVER}.KICK`, `{"cid":7}`)[0]!.json)).toEqual(["server"]);
    expect(errorOf(rig.ask(`${SERVER}.KICK`, `{"cid":8}`))).toEqual({ code: 500, description: "no such client" });
    expect(errorOf(rig.ask(`${SERVER}.RELOAD`))).toEqual({ code: 500, description: "bad file" });
    expect(rig.ask(`${SERVER}.KICK`)).toEqual([]);
    expect(rig.ask(`${SERVER}.KICK`, `{"cid":"x"}`)).toEqual([]);
    expect(rig.log.map((line) => line.slice(0, 51))).toEqual([
      "ERR SYSTEM - Error unmarshalling kick client reques",
      "ERR SYSTEM - Error unmarshalling kick client reques",
    ]);
  });

  test("a filter that cannot be read is told; a number that cannot be, logged", () => {
    const rig = new Rig({ actions: { kick: () => undefined, lameDuck: () => undefined } });
    expect(errorOf(rig.ask(`${SERVER}.KICK`, `{"cid":1,"tags":1}`))).toEqual({
      code: 400,
      description: "json: cannot unmarshal number into Go struct field EventFilterOptions.tags of type []string",
    });
    expect(rig.ask(`${SERVER}.LDM`, `{"cid":-1}`)).toEqual([]);
    expect(rig.log).toEqual([
      "ERR SYSTEM - Error unmarshalling kick client request: json: cannot unmarshal number -1 into Go struct field LDMClientReq.cid of type uint64",
    ]);
  });

  test.each([
    ["CONNS", `{"acc":"B"}`, "Error unmarshalled account does not match subject"],
    [
      "CONNS",
      "x",
      "Error unmarshalling account connections request message: invalid character 'x' looking for beginning of value",
    ],
    [
      "NSUBS",
      `{"acc":"A","subject":"x","queue":"YWI"}`,
      "Error unmarshalling account nsubs request message: illegal base64 data at input byte 0",
    ],
    [
      "NSUBS",
      `{"acc":"A","subject":"x","queue":"YWJjZC"}`,
      "Error unmarshalling account nsubs request message: illegal base64 data at input byte 4",
    ],
    [
      "NSUBS",
      `{"acc":"A","subject":"x","queue":"YWJjZ*=="}`,
      "Error unmarshalling account nsubs request message: illegal base64 data at input byte 5",
    ],
    [
      "NSUBS",
      `{"acc":"A","subject":"x","queue":"YQ==YQ=="}`,
      "Error unmarshalling account nsubs request message: illegal base64 data at input byte 4",
    ],
  ])("%s %s is logged", (name, body, text) => {
    const rig = new Rig();
    const subject = name === "NSUBS" ? "$SYS.REQ.ACCOUNT.NSUBS" : `$SYS.REQ.ACCOUNT.A.${name}`;
    expect(rig.ask(subject, body)).toEqual([]);
    expect(rig.log).toEqual([`ERR SYSTEM - ${text}`]);
  });

  test("a reload that ends after the server has is not answered", () => {
    let finish: (failed: string | undefined) => void = () => {};
    const rig = new Rig({ actions: { reload: (done) => void (finish = done) } });
    const heard = rig.ask(`${SERVER}.RELOAD`);
    rig.system.shutdown();
    finish(undefined);
    rig.settle();
    expect(heard).toEqual([]);
  });

  test.each([
    ["{}", "Profile name not specified"],
    [`{"name":"goroutine"}`, `Profile "goroutine" not found`],
    [`{"name":"cpu"}`, "Duration 0s should be between 0s and 15s"],
    [`{"name":"cpu","duration":16000000000}`, "Duration 16s should be between 0s and 15s"],
  ])("profile %s", (body, error) => {
    const [answer] = new Rig().ask(`${SERVER}.PROFILEZ`, body);
    expect(answer!.json).toMatchObject({ data: { profile: null, error } });
  });

  test("a profile comes in base64", () => {
    const profile = (name: string, nanos: number, done: (bytes: Uint8Array) => void): void =>
      done(Buffer.from(`${name} ${nanos}`));
    const [answer] = new Rig({ actions: { profile } }).ask(`${SERVER}.PROFILEZ`, `{"name":"cpu","duration":1000}`);
    expect(Buffer.from((answer!.json as { data: { profile: string } }).data.profile, "base64").toString()).toBe(
      "cpu 1000",
    );
  });
});

describe("a request is narrowed to some servers", () => {
  const rig = new Rig({ facts: { domain: "hub" } });
  test.each<[string, boolean]>([
    [`{"server_name":"on"}`, true],
    [`{"server_name":"two"}`, false],
    [`{"server_name":"on","exact_match":true}`, false],
    [`{"server_name":"one","exact_match":true}`, true],
    [`{"host":"127.0"}`, true],
    [`{"host":"10."}`, false],
    [`{"cluster":"c"}`, false],
    [`{"cluster":"c","exact_match":true}`, false],
    [`{"tags":["RED "]}`, true],
    [`{"tags":["red","blue"]}`, true],
    [`{"tags":["red","green"]}`, false],
    [`{"domain":"hub"}`, true],
    [`{"domain":"hu"}`, false],
    [`{"SERVER_NAME":"two"}`, false],
    [`null`, true],
  ])("%s: %s", (body, isAnswered) => {
    for (const name of ["VARZ", "STATSZ", "PROFILEZ", "HEALTHZ"])
      expect(rig.ask(`${SERVER}.${name}`, body).length, name).toBe(isAnswered ? 1 : 0);
  });
});

describe("answers are packed as asked", () => {
  test.each<[string, string | undefined]>([
    ["", undefined],
    ["gzip", "gzip"],
    ["GZIP, deflate", "gzip"],
    ["snappy", "snappy"],
    ["gzip;q=1, s2", "snappy"],
    ["br", "identity"],
  ])("Accept-Encoding %j: %s", (accepted, encoding) => {
    expect(encodingOf(accepted)).toBe(encoding);
    const rig = new Rig();
    const header = `NATS/1.0\r\nOther: gzip\r\nAccept-Encoding:  ${accepted} \r\n\r\n`;
    const [answer] = rig.ask(`${SERVER}.VARZ`, "", header);
    expect(rig.packed).toEqual(encoding === undefined ? [] : [encoding]);
    const block = Buffer.from(answer!.header, "latin1");
    expect(headerOf(block, "Content-Encoding")).toBe(encoding ?? "");
    if (encoding !== undefined) expect(block).toEqual(Buffer.from(contentEncoding(encoding as "gzip")));
  });

  test("a header is found by its very name", () => {
    const block = Buffer.from("NATS/1.0\r\nX-Accept-Encoding: a\r\naccept-encoding: b\r\nAccept-Encoding : c\r\n\r\n");
    expect(headerOf(block, "Accept-Encoding")).toBe("");
    expect(headerOf(Buffer.from("NATS/1.0\r\nA: b:c \r\n\r\n"), "A")).toBe("b:c");
  });
});

describe("the queue of requests", () => {
  test("is served at the end of the turn, a few milliseconds of each", () => {
    const rig = new Rig();
    const heard = Array.from({ length: 3 }, () => rig.request(`${SERVER}.IDZ`));
    expect(heard.flat()).toEqual([]);
    rig.endTurn();
    expect(heard.flat().length).toBe(3);
  });

  test("is bounded: who floods it is not answered", () => {
    const rig = new Rig();
    const heard = Array.from({ length: 1500 }, () => rig.request(`${SERVER}.IDZ`));
    rig.settle();
    expect(heard.map((each) => each.length).lastIndexOf(1)).toBe(1023);
    expect(heard.flat().length).toBe(1024);
    expect(rig.ask(`${SERVER}.IDZ`).length).toBe(1);
  });

  test("nor are more bytes of them kept than some megabytes", () => {
    const rig = new Rig();
    const body = new Uint8Array(1 << 20).fill(0x20);
    const heard = Array.from({ length: 40 }, () => rig.request("$SYS.REQ.USER.INFO", body, "", rig.a));
    rig.settle();
    expect(heard.flat().length).toBe(16);
    expect(rig.ask("$SYS.REQ.USER.INFO", body, "", rig.a).length).toBe(1);
  });

  test("is bounded also while the pages are loaded, which takes turns", () => {
    const rig = new Rig();
    const heard: { readonly length: number }[] = [];
    for (let turn = 0; turn < 5; turn++) {
      for (let i = 0; i < 500; i++) heard.push(rig.request(`${SERVER}.VARZ`));
      rig.endTurn();
    }
    rig.world.settle();
    rig.settle();
    // The first one waits for the pages, and 1,024 behind it.
    expect(heard.reduce((sum, { length }) => sum + length, 0)).toBe(1025);
  });

  test("long answers of several requests come whole, in order", () => {
    const rig = new Rig();
    const heard = rig.hear("box.*");
    for (let i = 0; i < 20; i++) rig.request(`${SERVER}.${i % 2 === 0 ? "VARZ" : "IDZ"}`);
    rig.settle();
    expect(heard.length).toBe(20);
    for (const { json } of heard) expect(json).toBeDefined();
  });
});

test("who asks about itself without being known is told that it is not", () => {
  const rig = new Rig();
  expect(errorOf(rig.ask("$SYS.REQ.USER.INFO", "", "", rig.a))).toEqual({ code: 400 });
});

test("subscribers are counted for who names an account, with the queue group in base64", () => {
  const asked: unknown[] = [];
  function* subscribers(...all: readonly unknown[]): Generator<undefined, number> {
    asked.push(all);
    yield;
    return 3;
  }
  const rig = new Rig({ actions: { subscribers } });
  rig.numbers.set("A", numbersOf("A", 1));
  const queue = Buffer.from("q").toString("base64");
  const [answer] = rig.ask("$SYS.REQ.ACCOUNT.NSUBS", `{"acc":"A","subject":"foo","queue":"${queue}"}`);
  expect(Buffer.from(answer!.body).toString()).toBe("3");
  expect(asked).toEqual([["A", "foo", "q"]]);
  rig.numbers.set("A", numbersOf("A", 0));
  for (const account of ["A", "nobody"])
    expect(rig.ask("$SYS.REQ.ACCOUNT.NSUBS", `{"acc":"${account}","subject":"foo"}`)).toEqual([]);
  expect(rig.ask("$SYS.REQ.ACCOUNT.NSUBS")).toEqual([]);
  expect(rig.ask("$SYS.REQ.ACCOUNT.NSUBS", "{")).toEqual([]);
  expect(rig.log).toEqual([
    "ERR SYSTEM - request requires a body",
    "ERR SYSTEM - Error unmarshalling account nsubs request message: unexpected end of JSON input",
  ]);
});
