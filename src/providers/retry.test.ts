import { describe, expect, test } from "bun:test";
import { isPassingFault, parseRetryAfter, retryDelay } from "./retry.ts";

const failed = (status: number | undefined, codes: string[] = [], retryAfter?: number) => ({
  status,
  codes,
  retryAfter,
});

describe("retryDelay", () => {
  test("tries again what a pause may mend", () => {
    for (const status of [undefined, 408, 429, 500, 502, 503, 504, 529]) {
      expect(retryDelay(failed(status), 0, 0.5)).toBeNumber();
    }
    for (const status of [301, 400, 401, 402, 403, 404, 409, 413, 422]) {
      expect(retryDelay(failed(status), 0, 0.5)).toBeUndefined();
    }
  });

  test("gives up after two more tries, and at once over an unpaid bill", () => {
    expect(retryDelay(failed(500), 1, 0.5)).toBeNumber();
    expect(retryDelay(failed(500), 2, 0.5)).toBeUndefined();
    expect(retryDelay(failed(429, ["1113"]), 0, 0.5)).toBeUndefined();
    expect(retryDelay(failed(429, ["insufficient_quota"]), 0, 0.5)).toBeUndefined();
    expect(retryDelay(failed(429, ["1302"]), 0, 0.5)).toBeNumber();
  });

  test("backs off exponentially with full jitter", () => {
    expect([0, 1].map((attempt) => retryDelay(failed(500), attempt, 0))).toEqual([0, 0]);
    expect([0, 1].map((attempt) => retryDelay(failed(500), attempt, 0.999))).toEqual([
      399.6, 799.2,
    ]);
  });

  test("waits as long as it is told, but not for ever", () => {
    expect(retryDelay(failed(429, [], 3000), 0, 0.5)).toBe(3000);
    expect(retryDelay(failed(429, [], 0), 0, 0.5)).toBe(0);
    expect(retryDelay(failed(429, [], 20_001), 0, 0.5)).toBeUndefined();
    expect(retryDelay(failed(429, [], 3000), 0, 0.5, 2000)).toBeUndefined();
  });
});

test("parseRetryAfter reads seconds and dates", () => {
  const now = Date.UTC(2026, 10, 4, 8, 0, 0);
  expect(parseRetryAfter("2", now)).toBe(2000);
  expect(parseRetryAfter(" 0.5 ", now)).toBe(500);
  expect(parseRetryAfter("Wed, 04 Nov 2026 08:00:07 GMT", now)).toBe(7000);
  expect(parseRetryAfter("Wed, 04 Nov 2026 07:00:00 GMT", now)).toBe(0);
  for (const header of [undefined, "", "soon", "-1", "1e9", "99999999999"]) {
    expect(parseRetryAfter(header, now)).toBeUndefined();
  }
});

test("isPassingFault tells a provider's trouble from a request that it will always refuse", () => {
  for (const codes of [[], ["429"], ["503", "overloaded"], ["1302"], ["server_error"]]) {
    expect(isPassingFault(codes)).toBe(true);
  }
  for (const codes of [["400"], ["401"], ["1301"], ["insufficient_quota"], ["429", "1113"]]) {
    expect(isPassingFault(codes)).toBe(false);
  }
  expect(isPassingFault(["bad_messages", "invalid_request_error"])).toBe(false);
});
