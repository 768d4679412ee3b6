// The system account of a server: the room `system` on top of the core.

import type { Sender } from "../account/bus.ts";
import type { ByteString } from "../base/bytes.ts";
import type { AccountNumbers } from "../monitor/source.ts";
import { hasWildcard, subsetsOf } from "../subject/subject.ts";
import type { ClaimsKeeper } from "../system/claims.ts";
import { type Encoders, snappy } from "../system/encoding.ts";
import type { ServerFacts } from "../system/server_info.ts";
import { System } from "../system/system.ts";
import type { SubjectLists, UserInfo } from "../system/user_info.ts";
import { GLOBAL_ACCOUNT, type Core } from "./core.ts";
import { overhearing } from "./overheard.ts";
import { NATS_VERSION } from "./version.ts";
import { featureFlagsOf, type Views } from "./views.ts";

/** Opens the system account: from now on it is told what happens, and may ask. */
export function openSystem(core: Core, views: Views, claims?: ClaimsKeeper): void {
  const name = core.systemAccount;
  const account = name === undefined ? undefined : core.accounts.get(name);
  if (name === undefined || account === undefined) return;
  const system = new System({
    world: core.world,
    log: core.log,
    bus: account.bus,
    name,
    globalAccount: GLOBAL_ACCOUNT,
    monitor: views,
    pageRequests: core.pageRequests,
    encoders: encodersOf(core),
    loadAnswers: () => import("../system/answers.ts"),
    overhear: overhearing(core),
    ...(claims === undefined ? {} : { claims }),
    facts: () => factsOf(core),
    numbersOf: (asked): AccountNumbers | undefined => views.numbersOf(asked),
    busOf: (asked) => core.accounts.get(asked)?.bus,
    beforeFlush: (fire) => core.turn.beforeFlush(fire),
    actions: {
      reload: (done) => {
        if (core.reload === undefined) done("can only reload config when a file is provided using -c or --config");
        else core.reload(done);
      },
      kick: (cid) => kick(core, cid),
      lameDuck: (cid) => sendAway(core, cid),
      userInfo: (sender) => userInfoOf(core, sender),
      subscribers: (asked, subject, queue) => countSubscribers(core, asked, subject, queue),
      profile: (kind, nanos, done) =>
        // Back into the guarded world: what follows may be a bug.
        void import("../io/profile.ts").then(({ takeProfile }) =>
          takeProfile(kind, nanos / 1e6, (profile) => void core.world.after(0, () => done(profile))),
        ),
    },
  });
  for (const each of core.accounts.values()) if (each !== account) system.serve(each.name, each.bus);
  core.system = system;
  system.start();
}

function factsOf({ options, identity, client }: Core): ServerFacts {
  return {
    name: identity.name,
    id: identity.id,
    host: client?.host ?? options.host,
    domain: options.jetstream?.domain ?? "",
    version: NATS_VERSION,
    tags: options.server_tags,
    metadata: new Map(Object.entries(options.server_metadata)),
    featureFlags: featureFlagsOf(options),
    hasJetStream: options.jetstream !== undefined,
  };
}

function encodersOf({ world }: Core): Encoders {
  return {
    encode(encoding, bytes, done) {
      if (encoding === "identity") done(bytes);
      else if (encoding === "snappy") done(snappy(bytes));
      else {
        void import("node:zlib").then(({ gzip }) =>
          gzip(bytes, (error, packed) => void world.after(0, () => done(error === null ? packed : bytes))),
        );
      }
    },
  };
}

function kick({ sessions }: Core, cid: number): string | undefined {
  const session = sessions.get(cid);
  if (session === undefined) return "no such client or leafnode id";
  session.close("kicked");
  return undefined;
}

function sendAway({ sessions, log }: Core, cid: number): string | undefined {
  const session = sessions.get(cid);
  if (session === undefined) return "no such client id";
  if (!session.sendLameDuckInfo()) {
    return "client does not support Lame Duck Mode or is not ready to receive the notification";
  }
  log.debug(`${session.label} - Sending Lame Duck Mode info to client`);
  return undefined;
}

function userInfoOf({ sessions, world }: Core, sender: Sender): UserInfo | undefined {
  const session = sessions.get(sender.hooks.info().id);
  if (session?.account === undefined) return undefined;
  const rules = session.identity?.permissions?.rules;
  const { name, nameTag } = session.account;
  const token = session.identity?.token;
  const info: UserInfo = {
    user: session.identity?.shownName ?? "",
    account: name,
    accountName: nameTag,
    ...(token === undefined || token.name === "" ? {} : { userName: token.name }),
    ...(session.expiresAtMs === undefined
      ? {}
      : { expiresNanos: Math.max(0, Math.floor((session.expiresAtMs - world.nowMs()) / 1000)) * 1e9 }),
  };
  if (rules === undefined) return info;
  const { publish, subscribe } = rules.source;
  const listsOf = (lists: typeof publish): SubjectLists => ({
    allow: lists?.allow ?? [],
    deny: lists?.deny ?? [],
  });
  const { responses } = rules;
  return {
    ...info,
    permissions: {
      publish: listsOf(publish),
      subscribe: listsOf(subscribe),
      responses: responses && { max: responses.max, ttl: responses.expiresMs * 1e6 },
    },
  };
}

/** Subscriptions looked at between two yields. */
const SLICE = 4096;

/** Of clients only. */
function* countSubscribers(
  { accounts }: Core,
  name: string,
  subject: ByteString,
  queue: ByteString | undefined,
): Generator<undefined, number> {
  const router = accounts.get(name)?.router;
  if (router === undefined) return 0;
  const isWanted = (sub: { readonly receiver: unknown; readonly queue: ByteString | undefined }): boolean =>
    sub.receiver !== undefined && (queue === undefined || queue === sub.queue);
  if (!hasWildcard(subject)) return router.match(subject).filter(isWanted).length;
  const isWithin = subsetsOf(subject);
  let count = 0;
  let seen = 0;
  for (const sub of router.subscriptions()) {
    if (isWithin(sub.subject) && isWanted(sub)) count++;
    if (++seen % SLICE === 0) yield;
  }
  return count;
}
