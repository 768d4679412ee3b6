// Requests to the server itself: $SYS.REQ in the system account, and those of
// them every account may ask about itself.
//
//     onMsg ─→ queue ─(end of the turn)→ endpoint ─→ slices ─(over turns)→ reply
//
// Owns the queue, which is bounded: whoever floods it is not answered. Knows
// nothing of sockets; who asked is known by its connection's number.

import type { Bus, Frame, Sender, Subscription } from "../account/bus.ts";
import { type ByteString, byteString, byteStringOf, shown } from "../base/bytes.ts";
import { encode, int, JsonError, omitEmpty, record, text } from "../base/json.ts";
import type { Log } from "../base/log.ts";
import type { Env } from "../base/world.ts";
import { QueryError } from "../monitor/query.ts";
import type * as Answers from "./answers.ts";
import type { Answer, AnswerSource, Endpoint } from "./answers.ts";
import { contentEncoding, encodingOf, type Encoding, type Encoders, headerOf } from "./encoding.ts";
import type { Events } from "./events.ts";
import { connectionsRequest, isForOthers, kickRequest, lameDuckRequest, notBase64, plainRequest, profilezRequest, readBody, statszRequest, subscribersRequest } from "./options.ts"; // prettier-ignore
import { Profiles, type TakeProfile } from "./profiles.ts";
import { serverInfo, type Speaker } from "./server_info.ts";
import type { Statsz } from "./statsz.ts";
import { asTold, encodedUser, requesterIn, type UserInfo } from "./user_info.ts";

const PREFIX = "$SYS.REQ.";
/** Pages about the server, and about an account. */
const serverPages = new Set(
  "VARZ SUBSZ CONNZ ROUTEZ GATEWAYZ LEAFZ ACCOUNTZ JSZ HEALTHZ EXPVARZ IPQUEUESZ RAFTZ".split(" "),
);
const accountPages = new Set("SUBSZ CONNZ LEAFZ JSZ INFO STATZ".split(" "));
/** Requests that wait, and bytes of them; those beyond are dropped. */
const MOST_WAITING = 1024;
const MOST_WAITING_BYTES = 16 << 20;
/** Milliseconds of a turn that go into answers. */
const SHARE_MS = 3;
const EMPTY = new Uint8Array(0);
const NONE = "" as ByteString;

const identity = record({ name: text, host: text, id: text });
const serverError = record({ code: int, description: omitEmpty(text) });

/** What requests may do to the server. Where it fails, it says why in nats-server's words. */
export interface SystemActions {
  /** Reads the configuration anew; `done` with what is wrong with it. */
  reload(done: (failed: string | undefined) => void): void;
  /** Closes a connection. */
  kick(cid: number): string | undefined;
  /** Tells a client to go elsewhere. */
  lameDuck(cid: number): string | undefined;
  /** Who sent a request; undefined when that is not known any more. */
  userInfo(sender: Sender): UserInfo | undefined;
  /** Counts the subscriptions of clients in an account that a message to `subject`, maybe a pattern, could reach. */
  subscribers(account: string, subject: ByteString, queue: ByteString | undefined): Generator<undefined, number>;
  readonly profile: TakeProfile;
}

export interface RequestSource extends AnswerSource {
  /** The pages of monitoring: much code, that a server nobody asks has no use for. */
  readonly loadAnswers: () => Promise<typeof Answers>;
  readonly env: Env;
  readonly log: Log;
  readonly speaker: Speaker;
  readonly actions: SystemActions;
  readonly encoders: Encoders;
  /** The system account may want to know what others ask of it; borrows the frame. */
  readonly overhear: Overhear | undefined;
  beforeFlush(fire: () => void): void;
  nextTurn(fire: () => void): void;
}

/** Tells of a request under the subject it has in the system account, and of who asks: everything, or the account. */
export type Overhear = (
  subject: ByteString,
  frame: Frame,
  sender: Sender | undefined,
  account: string,
  isShared: boolean,
) => void;

/** A request, in bytes of its own. */
interface Request {
  readonly bus: Bus;
  readonly reply: ByteString;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly sender: Sender | undefined;
}
type Serve = (request: Request) => void;

/** The account that may ask, and what stands for it in the subject asked. */
interface Asker {
  readonly bus: Bus;
  readonly account: string;
}

export class Requests {
  readonly #source: RequestSource;
  readonly #events: Events;
  readonly #statsz: Statsz;
  readonly #profiles: Profiles;
  readonly #waiting: { readonly request: Request; readonly serve: Serve }[] = [];
  #waitingBytes = 0;
  readonly #making: {
    readonly slices: Iterator<string>;
    readonly parts: string[];
    readonly done: (text: string) => void;
  }[] = [];
  #answers: typeof Answers | undefined = undefined;
  #isArmed = false;
  #isLoading = false;
  #isStopped = false;

  constructor(source: RequestSource, events: Events, statsz: Statsz) {
    this.#source = source;
    this.#events = events;
    this.#statsz = statsz;
    this.#profiles = new Profiles((...asked) => source.actions.profile(...asked));
  }

  /** Takes the requests of the system account. */
  listen(bus: Bus): void {
    const { id } = this.#source.speaker.facts;
    this.#on(bus, "SERVER.PING", () => (request) => this.#stats(request));
    this.#on(bus, "SERVER.PING.*", ([, , name]) => this.#server(name!));
    this.#on(bus, `SERVER.${id}.*`, ([, , name]) => this.#server(name!) ?? this.#own(name!));
    this.#on(bus, "ACCOUNT.*.*", ([, account, name]) => this.#account(account!, name!));
    this.#on(bus, "ACCOUNT.NSUBS", () => (request) => this.#countFor(request));
    this.#on(bus, "USER.*.INFO", () => (request) => this.#userByRule(request));
    this.#on(bus, "USER.INFO", () => (request) => this.#user(request));
    this.#onSubject(bus, "$SYS.DEBUG.SUBSCRIBERS", () => (request) => this.#subscribers(request));
  }

  /** Takes what an account may ask about itself, as if it had imported it from the system account. */
  listenIn({ bus, account }: Asker): void {
    const { overhear } = this.#source;
    const own = (asked: string, rest: string, isShared: boolean, serve: Serve | undefined): void => {
      const subject = byteString(PREFIX + rest);
      const onFrame = overhear && ((frame: Frame, sender: Sender | undefined) => overhear(subject, frame, sender, account, isShared)); // prettier-ignore
      this.#onSubject(bus, PREFIX + asked, () => serve, onFrame);
    };
    const page = (asked: string, name: string): void =>
      own(asked, `ACCOUNT.${account}.${name}`, false, this.#account(account, name));
    page("ACCOUNT.PING.CONNZ", "CONNZ");
    page("SERVER.PING.CONNZ", "CONNZ");
    page("ACCOUNT.PING.STATZ", "STATZ");
    own("USER.INFO", `USER.${account}.INFO`, true, (request) => this.#user(request));
  }

  /** Answers nobody any more. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#making.length = 0;
  }

  // ---- taking

  #on(bus: Bus, rest: string, choose: (tokens: readonly string[]) => Serve | undefined): void {
    this.#onSubject(bus, PREFIX + rest, (subject) => choose(subject.slice(PREFIX.length).split(".")));
  }

  /** `choose` finds who serves a subject; nobody: as if nobody had subscribed. */
  #onSubject(
    bus: Bus,
    pattern: string,
    choose: (subject: string) => Serve | undefined,
    onFrame?: (frame: Frame, sender: Sender | undefined) => void,
  ): void {
    const onMsg = (frame: Frame, _sub: Subscription, sender: Sender | undefined): boolean => {
      const { source, subjectFrom, subjectTo } = frame;
      const serve = choose(shown(byteStringOf(source, subjectFrom, subjectTo)));
      if (serve === undefined) return false;
      onFrame?.(frame, sender);
      const size = frame.payloadTo - frame.payloadFrom;
      const hasRoom = this.#waiting.length < MOST_WAITING && this.#waitingBytes + size <= MOST_WAITING_BYTES;
      if (!this.#isStopped && hasRoom) {
        this.#waiting.push({ request: requestOf(frame, bus, sender), serve });
        this.#waitingBytes += size;
        this.#arm();
      }
      return true;
    };
    bus.subscribe(byteString(pattern), { onMsg });
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#source.beforeFlush(() => this.#run());
  }

  /** Serves what waits, as far as this turn's share goes. */
  #run(): void {
    this.#isArmed = false;
    const { env } = this.#source;
    const endMs = env.nowMs() + SHARE_MS;
    do {
      if (this.#isLoading) return;
      const making = this.#making[0];
      if (making === undefined) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        const { request, serve } = next;
        this.#waitingBytes -= request.header.length + request.body.length;
        serve(request);
        continue;
      }
      const step = making.slices.next();
      if (step.done !== true) {
        making.parts.push(step.value);
        continue;
      }
      this.#making.shift();
      making.done(making.parts.join(""));
    } while (env.nowMs() < endMs);
    if (this.#waiting.length + this.#making.length > 0 && !this.#isArmed) {
      this.#isArmed = true;
      this.#source.nextTurn(() => this.#run());
    }
  }

  // ---- who serves what

  #server(name: string): Serve | undefined {
    if (name === "IDZ") return ({ bus, reply }) => this.#identify(bus, reply);
    if (name === "STATSZ") return (request) => this.#stats(request);
    if (name === "PROFILEZ") return (request) => this.#profile(request);
    if (!serverPages.has(name)) return undefined;
    return (request) => this.#serve(request, ({ serverEndpoints }) => serverEndpoints.get(name)!, "");
  }

  #own(name: string): Serve | undefined {
    const { actions } = this.#source;
    if (name === "RELOAD") return (request) => this.#reload(request);
    if (name === "KICK") return (request) => this.#client(request, kickRequest, (cid) => actions.kick(cid));
    if (name === "LDM") return (request) => this.#client(request, lameDuckRequest, (cid) => actions.lameDuck(cid));
    return undefined;
  }

  #account(account: string, name: string): Serve | undefined {
    if (account === "PING" && name === "STATZ") {
      return (request) => this.#serve(request, ({ allAccountNumbers }) => allAccountNumbers, "");
    }
    if (name === "CONNS") return (request) => this.#connections(request, account);
    if (!accountPages.has(name)) return undefined;
    return (request) => this.#serve(request, ({ accountEndpoints }) => accountEndpoints.get(name)!, account);
  }

  // ---- answers

  #serve(request: Request, choose: (answers: typeof Answers) => Endpoint, account: string): void {
    if (request.reply !== NONE) this.#withAnswers((answers) => this.#page(request, choose(answers), account));
  }

  /** Runs `use` with the pages of monitoring, which are loaded the first time. */
  #withAnswers(use: (answers: typeof Answers) => void): void {
    if (this.#answers !== undefined) {
      use(this.#answers);
      return;
    }
    const { env, loadAnswers } = this.#source;
    // Those behind it wait where waiting is bounded.
    this.#isLoading = true;
    void loadAnswers().then((answers) =>
      env.after(0, () => {
        this.#answers = answers;
        this.#isLoading = false;
        if (this.#isStopped) return;
        use(answers);
        this.#arm();
      }),
    );
  }

  #page(request: Request, endpoint: Endpoint, account: string): void {
    const answer = endpoint(this.#source, request.body, this.#source.speaker.facts, account);
    if (answer instanceof JsonError) this.#fail(request, 400, answer.text, "");
    else this.#answer(request, answer);
  }

  #answer(request: Request, answer: Answer): void {
    if (answer === undefined || request.reply === NONE) return;
    if (answer instanceof QueryError) {
      this.#fail(request, 500, answer.message, `"data":null,`);
      return;
    }
    const encoding = encodingOf(headerOf(request.header, "Accept-Encoding"));
    this.#making.push({
      slices: answer[Symbol.iterator](),
      parts: [],
      done: (data) => this.#send(request, `${this.#head()},"data":${data}}`, encoding),
    });
    this.#arm();
  }

  /** Nothing but that it was done. */
  #done(request: Request, failed: string | undefined): void {
    if (failed === undefined) this.#send(request, `${this.#head()}}`, undefined);
    else this.#fail(request, 500, failed, "");
  }

  #fail(request: Request, code: number, description: string, data: string): void {
    this.#send(request, `${this.#head()},${data}"error":${encode(serverError, { code, description })}}`, undefined);
  }

  #head(): string {
    return `{"server":${encode(serverInfo, this.#source.speaker.next())}`;
  }

  #send({ bus, reply }: Request, message: string, encoding: Encoding | undefined): void {
    if (reply === NONE) return;
    if (encoding === undefined) bus.publishText(reply, message);
    else {
      this.#source.encoders.encode(encoding, Buffer.from(message, "utf8"), (bytes) => {
        if (!this.#isStopped) bus.publishParts(reply, NONE, contentEncoding(encoding), bytes);
      });
    }
  }

  #identify(bus: Bus, reply: ByteString): void {
    const { name, host, id } = this.#source.speaker.facts;
    if (reply !== NONE) bus.publishText(reply, encode(identity, { name, host, id }));
  }

  #stats(request: Request): void {
    const filter = readBody(statszRequest, request.body);
    if (filter instanceof JsonError) this.#fail(request, 400, filter.text, "");
    else if (isForOthers(filter, this.#source.speaker.facts)) return;
    else if (request.reply === NONE) this.#statsz.tell();
    else request.bus.publishText(request.reply, this.#statsz.text());
  }

  #connections({ bus, reply, body }: Request, account: string): void {
    const { log } = this.#source;
    const asked = readBody(connectionsRequest, body);
    if (asked instanceof JsonError) {
      log.error(`SYSTEM - Error unmarshalling account connections request message: ${asked.text}`);
    } else if ((asked.acc ?? account) !== account) {
      log.error("SYSTEM - Error unmarshalled account does not match subject");
    } else {
      const told = this.#events.connectionsOf(account);
      if (told !== undefined && reply !== NONE) bus.publishText(reply, told);
    }
  }

  /** Of an account that imports the service by a rule of its own. */
  #userByRule(request: Request): void {
    const known = request.sender === undefined ? undefined : this.#source.actions.userInfo(request.sender);
    this.#answer(request, encodedUser(asTold(request.header, known)));
  }

  #user(request: Request): void {
    const user = request.sender === undefined ? undefined : this.#source.actions.userInfo(request.sender);
    if (user === undefined) this.#fail(request, 400, "", "");
    else this.#answer(request, encodedUser(user));
  }

  #reload(request: Request): void {
    if (this.#isForUs(request)) {
      this.#source.actions.reload((failed) => {
        if (!this.#isStopped) this.#done(request, failed);
      });
    }
  }

  #client(request: Request, kind: typeof kickRequest, act: (cid: number) => string | undefined): void {
    // Unlike with other requests, no body is not an empty one.
    const asked = readBody(kind, request.body.length === 0 ? Buffer.from(" ") : request.body);
    if (asked instanceof JsonError) {
      this.#source.log.error(`SYSTEM - Error unmarshalling kick client request: ${asked.text}`);
    } else if (this.#isForUs(request)) this.#done(request, act(asked.cid));
  }

  /** Whether something is to be done: somebody wants to know, and of this server. */
  #isForUs(request: Request): boolean {
    if (request.reply === NONE) return false;
    const filter = readBody(plainRequest, request.body);
    if (!(filter instanceof JsonError)) return !isForOthers(filter, this.#source.speaker.facts);
    this.#fail(request, 400, filter.text, "");
    return false;
  }

  #profile(request: Request): void {
    if (request.reply === NONE) return;
    const asked = readBody(profilezRequest, request.body);
    if (asked instanceof JsonError) this.#fail(request, 400, asked.text, "");
    else if (!isForOthers(asked, this.#source.speaker.facts)) {
      this.#profiles.take(asked.name, asked.duration, (profile, error) => {
        if (this.#isStopped) return;
        const base64 = profile === undefined ? undefined : Buffer.from(profile).toString("base64");
        this.#withAnswers(({ profileOf }) => this.#answer(request, profileOf(base64, error)));
      });
    }
  }

  /** How many of the account that asks listen to the subject in the body, and a queue group behind a blank. */
  #subscribers(request: Request): void {
    const { reply, body, sender } = request;
    if (reply === NONE || sender === undefined) return;
    const [subject = "", queue] = Buffer.from(body).toString("latin1").trim().split(" ");
    const { acc, svc } = requesterIn(request.header);
    const account = svc || acc || sender.hooks.info().account;
    this.#count(request, account, subject as ByteString, queue as ByteString | undefined);
  }

  #count({ bus, reply }: Request, account: string, subject: ByteString, queue: ByteString | undefined): void {
    if (reply === NONE) return;
    const counting = this.#source.actions.subscribers(account, subject, queue);
    this.#making.push({ slices: countSlices(counting), parts: [], done: (count) => bus.publishText(reply, count) });
    this.#arm();
  }

  #countFor(request: Request): void {
    const { log } = this.#source;
    const { body } = request;
    if (body.length === 0) {
      log.error("SYSTEM - request requires a body");
      return;
    }
    const asked = readBody(subscribersRequest, body);
    const wrong = asked instanceof JsonError ? asked.text : notBase64(asked.queue);
    if (wrong !== undefined || asked instanceof JsonError) {
      log.error(`SYSTEM - Error unmarshalling account nsubs request message: ${wrong}`);
      return;
    }
    if (!this.#events.hasConnections(asked.acc)) return;
    const queue = asked.queue === "" ? undefined : byteString(Buffer.from(asked.queue, "base64").toString("utf8"));
    this.#count(request, asked.acc, byteString(asked.subject), queue);
  }
}

/** A count as the slices of an answer. */
function* countSlices(counting: Generator<undefined, number>): Generator<string> {
  let step = counting.next();
  for (; step.done !== true; step = counting.next()) yield "";
  yield String(step.value);
}

function requestOf(frame: Frame, bus: Bus, sender: Sender | undefined): Request {
  const { source, replyFrom, replyTo, payloadFrom, payloadTo } = frame;
  const headerBytes = Math.max(frame.headerBytes, 0);
  return {
    bus,
    reply: byteStringOf(source, replyFrom, replyTo),
    header: headerBytes === 0 ? EMPTY : source.slice(payloadFrom, payloadFrom + headerBytes),
    body: source.slice(payloadFrom + headerBytes, payloadTo),
    sender,
  };
}
