// The JetStream API as the system account sees it: it has no streams of its
// own, and may take those of an account away.

import type { Bus, Frame, Sender } from "../../account/bus.ts";
import { byteString, byteStringOf, shown } from "../../base/bytes.ts";
import { encode } from "../../base/json.ts";
import { type ApiError, apiError } from "../../errors/api.ts";
import type { JetStreamAccount } from "../account.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { accountPurgeResponse, plainResponse } from "./kinds.ts";

const PREFIX = "$JS.API.";
const TYPE_PREFIX = "io.nats.jetstream.api.v1.";
const PURGE = "ACCOUNT.PURGE.";
/** Of a cluster: alone, nobody answers them. */
const unanswered = ["META.LEADER.STEPDOWN", "SERVER.REMOVE", "ACCOUNT."];

export class SystemApi {
  readonly #bus: Bus;
  readonly #accounts: ReadonlyMap<string, JetStreamAccount>;
  readonly #surroundings: JetStreamSurroundings;

  constructor(bus: Bus, accounts: ReadonlyMap<string, JetStreamAccount>, surroundings: JetStreamSurroundings) {
    this.#bus = bus;
    this.#accounts = accounts;
    this.#surroundings = surroundings;
  }

  /** Takes the requests of the system account; returns how that ends. */
  listen(): () => void {
    const onMsg = (frame: Frame, _: unknown, sender: Sender | undefined): boolean => {
      if (sender !== undefined) this.#onRequest(frame);
      return true;
    };
    const sub = this.#bus.subscribe(byteString(`${PREFIX}>`), { onMsg });
    return () => this.#bus.unsubscribe(sub);
  }

  #onRequest({ source, subjectFrom, subjectTo, replyFrom, replyTo }: Frame): void {
    const rest = shown(byteStringOf(source, subjectFrom + PREFIX.length, subjectTo));
    const reply = byteStringOf(source, replyFrom, replyTo);
    const answer = (text: string): void => {
      if (reply !== "") this.#bus.publishText(reply, text);
    };
    if (rest.startsWith(PURGE) && !rest.includes(".", PURGE.length)) {
      answer(this.#purge(rest.slice(PURGE.length)));
      return;
    }
    if (unanswered.some((part) => rest.startsWith(part))) return;
    const type = rest === "INFO" ? "account_info_response" : "system_response";
    answer(refusal(plainResponse, type, apiError("notEnabledForAccount")));
  }

  /** Removes every stream of an account. */
  #purge(name: string): string {
    const type = "account_purge_response";
    if (/[\\/]/.test(name)) {
      const error = apiError("streamGeneral", { err: "account name can not contain path separators" });
      return refusal(accountPurgeResponse, type, error);
    }
    const account = this.#accounts.get(name);
    const streams = account?.streams() ?? [];
    const { log } = this.#surroundings;
    const has = account !== undefined;
    log.notice(`Purge request for account ${name} (streams: ${streams.length}, hasAccount: ${has})`);
    for (const stream of streams) {
      account!.remove(stream.name, (failed) => {
        if (failed !== undefined) log.warn(`Could not remove stream '${name} > ${stream.name}': ${failed.description}`);
      });
    }
    return encode(accountPurgeResponse, { type: TYPE_PREFIX + type, initiated: true });
  }
}

function refusal(kind: typeof plainResponse, type: string, error: ApiError): string {
  return encode(kind, { type: TYPE_PREFIX + type, error });
}
