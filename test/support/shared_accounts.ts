// Accounts that share, with clients of their own, without a server.

import { Account } from "../../src/account/account.ts";
import { Exchange } from "../../src/account/exchange.ts";
import { InnerQueue } from "../../src/account/inner_queue.ts";
import { Mappings } from "../../src/account/mappings.ts";
import { type ClientInfo, Receiver } from "../../src/account/receiver.ts";
import { release } from "../../src/account/rewrite.ts";
import { Subscription } from "../../src/account/subscription.ts";
import { bytes, READ } from "../../src/base/arena.ts";
import { byteString } from "../../src/base/bytes.ts";
import { Outbound } from "../../src/outbound/outbound.ts";
import { Turn } from "../../src/outbound/turn.ts";
import type { Frame } from "../../src/proto/frame.ts";
import type { Parser } from "../../src/proto/parser.ts";
import type { MappingRule } from "../../src/subject/mapping_rule.ts";
import type { SharingRules } from "../../src/subject/sharing.ts";
import type { Activation, CheckedSharing } from "../../src/subject/sharing_check.ts";
import { unknownClient } from "./clients.ts";
import { FakeTransport } from "./fake_transport.ts";
import { publishingParser } from "./publishing_parser.ts";
import { FakeWorld } from "./fake_world.ts";

const ignore = (): void => {};

/** One client of an account. */
export class SharingClient {
  readonly receiver: Receiver;
  readonly account: Account;
  /** Who got the last message. */
  reached = 0;
  /** What it sends goes this way, when there is one. */
  route: ((frame: Frame) => number) | undefined = undefined;
  readonly #rig: SharedAccounts;
  readonly #transport: FakeTransport;
  readonly #parser: Parser;
  readonly #subs = new Map<string, Subscription>();

  constructor(rig: SharedAccounts, account: Account, info: Partial<ClientInfo>) {
    this.#rig = rig;
    this.account = account;
    this.#transport = new FakeTransport(rig.world);
    const owner = { onPendingExceeded: ignore, onWriteDeadline: ignore };
    const limits = { maxPendingBytes: 1 << 27, writeDeadlineMs: 0 };
    const outbound = new Outbound(rig.turn, rig.world, this.#transport, owner, limits);
    const known = { ...unknownClient(), account: account.name, ...info };
    const hooks = { deniesDelivery: () => false, onReply: ignore, onTrace: ignore, info: () => known };
    this.receiver = new Receiver(outbound, hooks, (sub) => this.#end(sub));
    this.receiver.headers = true;
    this.#parser = publishingParser((frame) => this.#onPub(frame), { maxPayload: 1 << 24, maxControlLine: 1 << 20 });
  }

  sub(subject: string, sid: string, queue?: string, max = 0): this {
    const group = queue === undefined ? undefined : byteString(queue);
    const sub = new Subscription(this.receiver, byteString(subject), group, byteString(sid));
    sub.max = max;
    this.#subs.set(sid, sub);
    this.account.router.insert(sub);
    return this;
  }
  unsub(sid: string): void {
    this.#end(this.#subs.get(sid)!);
  }
  /** Ends all its subscriptions. */
  close(): void {
    this.receiver.isOpen = false;
    for (const sub of this.#subs.values()) this.#end(sub);
  }
  /** Publishes and says how many got it. */
  pub(subject: string, reply = "", payload = "x"): number {
    const name = Buffer.from(subject).toString("latin1");
    const between = reply === "" ? "" : ` ${reply}`;
    return this.raw(`PUB ${name}${between} ${payload.length}\r\n${payload}\r\n`);
  }
  hpub(subject: string, reply: string, headers: string, payload = "x"): number {
    const between = reply === "" ? "" : ` ${reply}`;
    const total = headers.length + payload.length;
    return this.raw(`HPUB ${subject}${between} ${headers.length} ${total}\r\n${headers}${payload}\r\n`);
  }
  /** Sends bytes of the protocol, at most 256 KB. */
  raw(text: string): number {
    const all = Buffer.from(text, "latin1");
    this.reached = 0;
    bytes.set(all, READ);
    this.#parser.parse(READ, READ + all.length);
    return this.reached;
  }
  /** What came since the last time. */
  read(): string {
    this.#rig.world.settle();
    return this.#transport.take();
  }
  /** The messages of it, each `subject sid reply? payload`. */
  messages(): string[] {
    const out: string[] = [];
    const text = this.read();
    for (let at = 0; at < text.length;) {
      const end = text.indexOf("\r\n", at);
      const [verb, subject, sid, ...rest] = text.slice(at, end).split(" ");
      const size = Number(rest.at(-1));
      const header = verb === "HMSG" ? Number(rest.at(-2)) : 0;
      const reply = rest.length > (verb === "HMSG" ? 2 : 1) ? `${rest[0]} ` : "";
      const from = end + 2;
      out.push(`${subject} ${sid} ${reply}${text.slice(from + header, from + size)}`);
      at = from + size + 2;
    }
    return out;
  }

  #onPub(frame: Frame): void {
    if (this.route !== undefined) {
      this.reached = this.route(frame);
      return;
    }
    const mapped = this.account.mappings?.apply(frame);
    this.reached = this.account.router.publish(mapped ?? frame, this.receiver);
    if (mapped !== undefined) release();
  }
  #end(sub: Subscription): void {
    this.#subs.delete(sub.sid);
    this.account.router.remove(sub);
  }
}

export class SharedAccounts {
  readonly world: FakeWorld;
  readonly turn: Turn;
  readonly accounts = new Map<string, Account>();
  readonly exchange: Exchange;
  /** What the last rules came to. */
  checked: CheckedSharing | undefined = undefined;
  /** Measurements of latency. */
  readonly measured: { readonly account: string; readonly subject: string; readonly text: string }[] = [];
  readonly #inner = new InnerQueue();

  constructor(names: readonly string[], seed = 7, systemAccount: string | undefined = "$SYS") {
    this.world = new FakeWorld({ seed });
    this.turn = new Turn((fire) => this.world.atTurnEnd(fire));
    for (const name of names)
      this.accounts.set(name, new Account(name, this.world, undefined, this.#inner, "HASHHASH"));
    this.exchange = new Exchange(
      {
        env: this.world,
        place: { server: "srv", cluster: "" },
        systemAccount,
        nextId: () => "ID",
        publish: (account, subject, text) => this.measured.push({ account, subject, text }),
      },
      (name) => this.accounts.get(name),
    );
  }

  share(rules: Readonly<Record<string, Partial<SharingRules>>>, activates?: Activation): this {
    const all = new Map([...this.accounts.keys()].map((name) => [name, { exports: [], imports: [], ...rules[name] }]));
    this.checked = this.exchange.apply(all, activates);
    return this;
  }
  map(account: string, rules: readonly MappingRule[]): this {
    this.accounts.get(account)!.mappings = new Mappings(rules, "", (below) => this.world.random(below));
    return this;
  }
  client(account: string, info: Partial<ClientInfo> = {}): SharingClient {
    return new SharingClient(this, this.accounts.get(account)!, info);
  }
}
