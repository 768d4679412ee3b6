// STREAM.MSG.GET and STREAM.MSG.DELETE.

import { byteString, byteStringOf } from "../../base/bytes.ts";
import { type ApiError, apiError } from "../../errors/api.ts";
import { isValidSubject } from "../../subject/subject.ts";
import type { Stream } from "../stream.ts";
import type { ApiCall } from "./call.ts";
import { whenSettled } from "./stream_calls.ts";
import { msgDeleteRequest, msgGetRequest, msgGetResponse, successResponse } from "./kinds.ts";

export function msgDelete(call: ApiCall): void {
  const { request } = call;
  if (request.isEmpty) throw apiError("badRequest");
  const { seq, no_erase } = request.decode(msgDeleteRequest);
  const stream = request.account.stream(request.stream);
  if (stream === undefined) throw apiError("streamNotFound");
  if (stream.config.sealed) throw apiError("streamSealed");
  if (stream.config.deny_delete) throw apiError("streamMsgDeleteFailed", { err: "message delete not permitted" });
  whenSettled(call, stream, () => {
    if (seq > Number.MAX_SAFE_INTEGER) {
      call.refuse(notFound(stream, seq));
      return;
    }
    stream.removeMsg(Number(seq), !no_erase, (result) => {
      if (result === true) call.answer(successResponse, { success: true });
      else if (result === false) call.refuse(notFound(stream, seq));
      else call.refuse(apiError("streamMsgDeleteFailed", { err: result.failure }));
    });
  });
}

/** nats-server's file store has other words for what lies outside of the stream. */
function notFound(stream: Stream, seq: bigint): ApiError {
  const { firstSeq, lastSeq } = stream.state();
  if (stream.config.storage === "file") {
    if (seq > lastSeq) return apiError("streamMsgDeleteFailed", { err: "stream store EOF" });
    if (seq < Math.max(1, firstSeq)) return apiError("streamMsgDeleteFailed", { err: "no message found" });
  }
  return apiError("sequenceNotFound", { seq: String(seq) });
}

export function msgGet(call: ApiCall): void {
  const { request } = call;
  if (request.isEmpty) throw apiError("badRequest");
  const asked = request.decode(msgGetRequest);
  const { seq, last_by_subj: last, next_by_subj: next, start_time: start } = asked;
  const isMixed =
    (seq > 0n && (last !== "" || start !== undefined)) ||
    (last !== "" && (next !== "" || start !== undefined)) ||
    (seq === 0n && last === "" && next === "" && start === undefined);
  if (isMixed || asked.batch > 0 || asked.max_bytes > 0) throw apiError("badRequest");
  const stream = request.account.stream(request.stream);
  if (stream === undefined) {
    if (request.account.offlineReason(request.stream) !== undefined) call.drop();
    else throw apiError("streamNotFound");
    return;
  }
  const wanted = byteString(next === "" ? last : next);
  if (seq > Number.MAX_SAFE_INTEGER) throw apiError("noMessageFound");
  if (wanted !== "" && !isValidSubject(wanted)) throw apiError("noMessageFound");
  whenSettled(call, stream, () => {
    stream.getMsg({ seq: Number(seq), last: byteString(last), next: byteString(next), start }, (msg) => {
      if (msg === undefined) {
        call.refuse(apiError("noMessageFound"));
        return;
      }
      const { subject, subjectFrom, subjectTo, header, headerFrom, headerTo, body, bodyFrom, bodyTo, sec, nanos } = msg;
      const message = {
        subject: byteStringOf(subject, subjectFrom, subjectTo),
        seq: msg.seq,
        hdrs: asked.no_hdr ? undefined : header.subarray(headerFrom, headerTo),
        data: body.subarray(bodyFrom, bodyTo),
        time: { sec, nanos },
      };
      call.answerQuietly(msgGetResponse, { message });
    });
  });
}
