// The `error` object of an API response, as JSON.

import { int, omitEmpty, record, text, uint32, via, type Kind } from "../../base/json.ts";
import { ApiError } from "../../errors/api.ts";

const fields = record({ code: int, err_code: omitEmpty(uint32), description: omitEmpty(text) }, "server.ApiError");

/** Reads and writes an ApiError. */
export const apiErrorKind: Kind<ApiError> = via(
  fields,
  new ApiError(0, 0, ""),
  ({ code, err_code, description }) => new ApiError(code, err_code, description),
  ({ code, errCode, description }) => ({ code, err_code: errCode, description }),
);
