// A configuration while it is checked: its fields may still change.

import { type ApiError, apiError } from "../../errors/api.ts";
import { type StreamConfig } from "./stream_config.ts";

export type StreamDraft = { -readonly [Field in keyof StreamConfig]: StreamConfig[Field] };

/** The refusal of most configurations. */
export function invalidConfig(why: string): ApiError {
  return apiError("streamInvalidConfig", { err: why });
}

/** A pedantic request wants to hear of what would be changed in silence. */
export function refusePedantic(pedantic: boolean, why: string): void {
  if (pedantic) throw apiError("pedantic", { err: why });
}
