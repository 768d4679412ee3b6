// STREAM.CREATE, UPDATE, NAMES, LIST, INFO, DELETE and PURGE.

import { byteString } from "../../base/bytes.ts";
import { Pace, run, THINGS_A_SLICE, type Work } from "../../base/work.ts";
import { apiError } from "../../errors/api.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import { collides } from "../../subject/subject.ts";
import { streamConfigRequestKind } from "../config/stream_config.ts";
import { headerValue } from "../header_value.ts";
import type { Stream } from "../stream.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import type { ApiCall } from "./call.ts";
import {
  infoRequest,
  listRequest,
  namesRequest,
  purgeRequest,
  purgeResponse,
  streamCreateResponse,
  streamInfoResponse,
  streamListResponse,
  streamNamesResponse,
  storageNamed,
  streamUpdateResponse,
  successResponse,
} from "./kinds.ts";
import { collectDeleted, collectSubjects, streamInfoOf, SUBJECTS_PAGE } from "./stream_info.ts";

/** Beyond it numbers are not exact. */
const MOST_SEQ = Number.MAX_SAFE_INTEGER;
const NAMES_PAGE = 1024;
const LIST_PAGE = 256;
/** nats-server lets clients wait this long for the refusal of an offline stream. */
const OFFLINE_DELAY_MS = 500;

export function streamCreate(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { request } = call;
  const { account } = request;
  const config = request.decode(streamConfigRequestKind);
  const namesStorage = (): boolean => request.mentions(storageNamed, "storage");
  account.create(config, request.stream, namesStorage, (result) => {
    call.settle(result, (stream) => {
      const info = streamInfoOf(stream, account, surroundings, "create");
      const answer = { ...info, did_create: true };
      if (isLong(stream)) call.answerSlowly(streamCreateResponse, answer);
      else call.answer(streamCreateResponse, answer);
    });
  });
}

export function streamUpdate(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { request } = call;
  const { account } = request;
  account.update(request.decode(streamConfigRequestKind), request.stream, (result) => {
    call.settle(result, (stream) => {
      const info = streamInfoOf(stream, account, surroundings, "update");
      if (isLong(stream)) call.answerSlowly(streamUpdateResponse, info);
      else call.answer(streamUpdateResponse, info);
    });
  });
}

/** Writing down its configuration takes more than one slice. */
function isLong({ config }: Stream): boolean {
  return config.subjects.length >= THINGS_A_SLICE;
}

/** Streams with a subject that collides with the filter; all without one. */
function* selected(all: readonly Stream[], filter: string): Work<readonly Stream[]> {
  if (filter === "") return all;
  const wanted = byteString(filter);
  const pace = new Pace();
  const found: Stream[] = [];
  for (const stream of all) {
    for (const subject of stream.config.subjects) {
      if (pace.spend()) yield;
      if (!collides(byteString(subject), wanted)) continue;
      found.push(stream);
      break;
    }
  }
  return found;
}

export function streamNames(call: ApiCall, { nextTurn }: JetStreamSurroundings): void {
  const { offset, subject } = call.request.decodeOptional(namesRequest);
  run(nextTurn, selected(call.request.account.streams(), subject), (streams) => {
    const from = Math.min(Math.max(0, offset), streams.length);
    const page = streams.slice(from, from + NAMES_PAGE);
    call.answer(streamNamesResponse, {
      total: streams.length,
      offset: from,
      limit: NAMES_PAGE,
      streams: page.length === 0 ? undefined : page.map(({ name }) => name),
    });
  });
}

export function streamList(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { account } = call.request;
  const { offset, subject } = call.request.decodeOptional(listRequest);
  run(surroundings.nextTurn, selected(account.streams(), subject), (streams) => {
    const from = Math.min(Math.max(0, offset), streams.length);
    const page = streams.slice(from, from + LIST_PAGE);
    call.answerSlowly(streamListResponse, {
      total: streams.length,
      offset: from,
      limit: LIST_PAGE,
      streams: page.map((stream) => streamInfoOf(stream, account, surroundings, "list")),
      offline: new Map(account.offline()),
    });
  });
}

export function streamInfo(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { request } = call;
  if (headerValue(request.header, "Nats-Response-Type") === "create") call.answerAs("stream_create_response");
  const { account } = request;
  const { offset: asked, deleted_details, subjects_filter } = request.decodeOptional(infoRequest);
  const { nextTurn } = surroundings;
  const stream = account.stream(request.stream);
  if (stream === undefined) {
    refuseAbsent(call);
    return;
  }
  whenSettled(call, stream, () => {
    const info = streamInfoOf(stream, account, surroundings, "info");
    const withSubjects = (state: NonNullable<typeof info.state>): void => {
      if (subjects_filter === "") {
        call.answerSlowly(streamInfoResponse, { total: 0, offset: 0, limit: 0, ...info, state });
        return;
      }
      const offset = Math.max(0, asked);
      collectSubjects(stream, subjects_filter, offset, nextTurn, ({ total, subjects }) => {
        const page = total === 0 ? { total: 0, offset: 0, limit: 0 } : { total, offset, limit: SUBJECTS_PAGE };
        call.answerSlowly(streamInfoResponse, { ...page, ...info, state: { ...state, subjects } });
      });
    };
    if (!deleted_details) withSubjects(info.state!);
    else collectDeleted(stream, nextTurn, (deleted) => withSubjects({ ...info.state!, deleted }));
  });
}

export function streamDelete(call: ApiCall): void {
  const { request } = call;
  if (!request.isEmpty) throw apiError("notEmptyRequest");
  if (request.account.offlineReason(request.stream) !== undefined) {
    refuseAbsent(call);
    return;
  }
  request.account.remove(request.stream, (result) => {
    call.settle(result, () => call.answer(successResponse, { success: true }));
  });
}

export function streamPurge(call: ApiCall): void {
  const { request } = call;
  const { seq, filter, keep } = request.decodeOptional(purgeRequest);
  if (seq > 0n && keep > 0n) throw apiError("badRequest");
  const stream = request.account.stream(request.stream);
  if (stream === undefined) throw apiError("streamNotFound");
  if (stream.config.sealed) throw apiError("streamSealed");
  if (stream.config.deny_purge) throw apiError("streamPurgeFailed", { err: "stream purge not permitted" });
  if (seq > MOST_SEQ) throw apiError("streamPurgeFailed", { err: `sequences above ${MOST_SEQ} are not supported` });
  const patterns = filter === "" || filter === ">" ? [] : [byteString(filter)];
  whenSettled(call, stream, () => {
    const asked = { filter: new SubjectFilter(patterns), below: Number(seq), keep: Number(keep) };
    stream.purge(asked, (result) => {
      if (typeof result === "number") call.answer(purgeResponse, { success: true, purged: result });
      else call.refuse(apiError("streamGeneral", { err: result.failure }));
    });
  });
}

/** Goes on when what was staged before is durable, unless the stream was deleted meanwhile. */
export function whenSettled(call: ApiCall, stream: Stream, goOn: () => void): void {
  stream.settled(() => {
    if (stream.isOpen) goOn();
    else call.refuse(apiError("streamNotFound"));
  });
}

/** The stream of the request is not there, or not to be used. */
export function refuseAbsent(call: ApiCall): void {
  const reason = call.request.account.offlineReason(call.request.stream);
  if (reason === undefined) throw apiError("streamNotFound");
  call.refuseAfter(OFFLINE_DELAY_MS, apiError("streamOfflineReason", { err: reason }));
}
