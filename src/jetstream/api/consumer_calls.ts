// What is answered about consumers as long as no stream has any.

import { apiError } from "../../errors/api.ts";
import type { Stream } from "../stream.ts";
import type { ApiCall } from "./call.ts";
import { consumerListResponse, consumerNamesResponse, consumersRequest } from "./kinds.ts";

const NAMES_PAGE = 1024;
const LIST_PAGE = 256;

function streamOf({ request }: ApiCall): Stream {
  const stream = request.account.stream(request.stream);
  if (stream === undefined) throw apiError("streamNotFound");
  return stream;
}

export function consumerCreate(call: ApiCall): void {
  streamOf(call);
  throw apiError("consumerCreate", { err: "consumers are not supported yet" });
}

export function consumerNames(call: ApiCall): void {
  streamOf(call);
  call.request.decodeOptional(consumersRequest);
  call.answer(consumerNamesResponse, { total: 0, offset: 0, limit: NAMES_PAGE, consumers: [] });
}

export function consumerList(call: ApiCall): void {
  streamOf(call);
  call.request.decodeOptional(consumersRequest);
  call.answer(consumerListResponse, { total: 0, offset: 0, limit: LIST_PAGE, consumers: [] });
}

export function consumerOther(call: ApiCall): void {
  streamOf(call);
  throw apiError("consumerNotFound");
}
