// CONSUMER.CREATE in all its forms, NAMES, LIST, INFO, DELETE, PAUSE, RESET and UNPIN.

import { type ByteString, byteString, shown } from "../../base/bytes.ts";
import { decode, JsonError } from "../../base/json.ts";
import { apiError } from "../../errors/api.ts";
import { consumerCreateRequestKind } from "../config/consumer_config.ts";
import {
  consumerCreateResponse,
  consumerDeleteResponse,
  consumerInfoResponse,
  consumerListResponse,
  consumerNamesResponse,
  consumerPauseRequest,
  consumerPauseResponse,
  consumerResetRequest,
  consumerResetResponse,
  consumerUnpinRequest,
  consumerUnpinResponse,
} from "../config/consumer_kinds.ts";
import { acceptConsumerCreate, consumerRoute } from "../config/consumer_route.ts";
import type { Consumer } from "../consumer/consumer.ts";
import type { ConsumerAdmin } from "../consumer_admin.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import type { ApiCall } from "./call.ts";
import { consumerInfoOf, nanosBetween } from "./consumer_info.ts";
import { consumersRequest } from "./kinds.ts";
import { refuseAbsent } from "./stream_calls.ts";

const NAMES_PAGE = 1024;
const LIST_PAGE = 256;
/** nats-server lets clients wait this long for the refusal of what is offline. */
const OFFLINE_DELAY_MS = 500;
const GROUP = /^[a-zA-Z0-9/_=-]{1,16}$/;

/** The consumers of the stream that the request names. */
function adminOf({ request }: ApiCall): ConsumerAdmin {
  const admin = request.account.consumersOf(request.stream);
  if (admin === undefined) throw apiError("streamNotFound");
  return admin;
}

/** The consumer that the request names. */
function nameIn({ request }: ApiCall): string {
  return shown((request.tokens[5] ?? "") as ByteString);
}

function consumerOf(call: ApiCall, admin: ConsumerAdmin): Consumer {
  const consumer = admin.consumers.get(nameIn(call));
  if (consumer === undefined) throw apiError("consumerNotFound");
  return consumer;
}

export function consumerCreate(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { request } = call;
  const body = request.decode(consumerCreateRequestKind);
  const route = consumerRoute(request.tokens.map((token) => shown(token as ByteString)));
  const config = acceptConsumerCreate(body, route);
  if (request.account.stream(route.stream) === undefined) {
    refuseAbsent(call);
    return;
  }
  const admin = request.account.consumersOf(route.stream)!;
  admin.create(config, body.action, body.pedantic, (result) => {
    call.settle(result, (consumer) => {
      consumer.whenCounted(() => {
        call.answer(consumerCreateResponse, consumerInfoOf(consumer, route.stream, surroundings, "create"));
        consumer.tellPaused();
      });
    });
  });
}

export function consumerNames(call: ApiCall): void {
  const { offset } = call.request.decodeOptional(consumersRequest);
  const { consumers } = adminOf(call);
  const total = consumers.limitable;
  const from = Math.min(Math.max(0, offset), total);
  const names = consumers.page(from, NAMES_PAGE).map(({ name }) => name);
  call.answer(consumerNamesResponse, { total, offset: from, limit: NAMES_PAGE, consumers: names });
}

export function consumerList(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { offset } = call.request.decodeOptional(consumersRequest);
  const admin = adminOf(call);
  const total = admin.consumers.limitable;
  const from = Math.min(Math.max(0, offset), total);
  const consumers = admin.consumers
    .page(from, LIST_PAGE)
    .map((consumer) => consumerInfoOf(consumer, call.request.stream, surroundings, "list"));
  call.answerSlowly(consumerListResponse, {
    total,
    offset: from,
    limit: LIST_PAGE,
    consumers,
    offline: admin.offline(),
  });
}

export function consumerInfo(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { request } = call;
  if (!request.isEmpty) throw apiError("notEmptyRequest");
  const admin = adminOf(call);
  const reason = admin.offlineReason(nameIn(call));
  if (reason !== undefined) {
    call.refuseAfter(OFFLINE_DELAY_MS, apiError("consumerOfflineReason", { err: reason }));
    return;
  }
  const consumer = consumerOf(call, admin);
  call.answer(consumerInfoResponse, consumerInfoOf(consumer, request.stream, surroundings, "info"));
}

export function consumerDelete(call: ApiCall): void {
  const { request } = call;
  if (!request.isEmpty) throw apiError("notEmptyRequest");
  const admin = adminOf(call);
  const { name } = consumerOf(call, admin);
  admin.remove(name, (result) => call.settle(result, () => call.answer(consumerDeleteResponse, { success: true })));
}

export function consumerPause(call: ApiCall, { world }: JetStreamSurroundings): void {
  const { request } = call;
  const { pause_until: asked } = request.decodeOptional(consumerPauseRequest);
  const admin = adminOf(call);
  const { name } = consumerOf(call, admin);
  const isZero = asked.sec === -62_135_596_800;
  admin.pause(name, isZero ? undefined : asked, (result) => {
    call.settle(result, () => {
      const left = nanosBetween({ sec: world.wallSec(), nanos: world.wallNanos() }, asked);
      const paused = !isZero && left > 0n;
      call.answer(consumerPauseResponse, { paused, pause_until: asked, pause_remaining: paused ? left : 0n });
    });
  });
}

export function consumerReset(call: ApiCall, surroundings: JetStreamSurroundings): void {
  const { request } = call;
  const admin = request.account.consumersOf(request.stream);
  const consumer = admin?.consumers.get(nameIn(call));
  // Only the consumer itself listens there.
  if (consumer === undefined || request.reply === "") {
    call.drop();
    return;
  }
  const body = request.body.length === 0 ? consumerResetRequest.zero : decode(consumerResetRequest, request.body);
  if (body instanceof JsonError) {
    call.refuseQuietly(apiError("invalidJson", { err: body.text }));
    return;
  }
  const result = consumer.reset(Number(body.seq));
  if (typeof result === "string") {
    call.refuseQuietly(apiError("consumerInvalidReset", { err: result }));
    return;
  }
  consumer.whenCounted(() => {
    const info = consumerInfoOf(consumer, request.stream, surroundings, "info");
    call.answerQuietly(consumerResetResponse, { ...info, reset_seq: result });
  });
}

export function consumerUnpin(call: ApiCall): void {
  const { request } = call;
  const body = decode(consumerUnpinRequest, request.body);
  if (body instanceof JsonError) throw apiError("invalidJson", { err: body.text });
  if (body.group === "") throw apiError("invalidJson", { err: "consumer group not specified" });
  if (!GROUP.test(body.group)) throw apiError("consumerInvalidGroupName");
  const consumer = consumerOf(call, adminOf(call));
  if (!consumer.unpin(byteString(body.group))) throw apiError("consumerInvalidPriorityGroup");
  call.answer(consumerUnpinResponse, {});
}
