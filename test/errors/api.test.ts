import { describe, expect, test } from "vitest";
import { decodeText, encode } from "../../src/base/json.ts";
import { ApiError, apiError, apiErrors, type ApiErrorSpec, wrapError } from "../../src/errors/api.ts";
import { apiErrorKind } from "../../src/jetstream/config/api_error_kind.ts";

describe("the table of API errors", () => {
  const rows: readonly ApiErrorSpec[] = Object.values(apiErrors);
  test("holds every number from 10002 to 10223 once, in order", () => {
    expect(rows.map(({ errCode }) => errCode)).toEqual(Array.from({ length: 222 }, (_, i) => 10_002 + i));
  });
  test("uses only the codes clients know", () => {
    expect([...new Set(rows.map(({ code }) => code))].toSorted()).toEqual([400, 404, 409, 412, 429, 500, 503]);
  });
});

describe("an API error", () => {
  test("has its holes filled", () => {
    const error = apiError("consumerNameTooLong", { max: 255 });
    expect(error).toMatchObject({ code: 400, errCode: 10_102 });
    expect(error.description).toBe("consumer name is too long, maximum allowed is 255");
    expect(error.is("consumerNameTooLong")).toBe(true);
    expect(error.is("streamNotFound")).toBe(false);
  });
  test("keeps what fills a hole as it is, also when it looks like a pattern", () => {
    expect(apiError("invalidJson", { err: "$& {seq} $1" }).description).toBe("invalid JSON: $& {seq} $1");
  });
  test("does not compile without what fills its holes", () => {
    // @ts-expect-error max is missing
    expect(() => apiError("consumerNameTooLong")).not.toThrow();
    // @ts-expect-error there is nothing to fill
    expect(() => apiError("streamNotFound", { max: 1 })).not.toThrow();
  });
  test("goes through a wrap as it is; any other failure is wrapped in its own words", () => {
    const inner = apiError("streamSubjectOverlap");
    expect(wrapError("streamCreate", inner)).toBe(inner);
    const outer = wrapError("streamCreate", new Error("no space left on device"));
    expect(outer).toBeInstanceOf(ApiError);
    expect([outer.code, outer.errCode, outer.description]).toEqual([500, 10_049, "no space left on device"]);
    expect(wrapError("streamUpdate", "why").description).toBe("why");
  });
  test("is the error object of a response", () => {
    const json = '{"code":404,"err_code":10059,"description":"stream not found"}';
    expect(encode(apiErrorKind, apiError("streamNotFound"))).toBe(json);
    expect(decodeText(apiErrorKind, json)).toEqual(apiError("streamNotFound"));
  });
});
