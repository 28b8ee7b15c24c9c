/** Why one try failed, as far as it decides about the next. */
export interface FailedTry {
  /** Undefined when the connection failed before an answer came. */
  readonly status: number | undefined;
  /** The provider's own codes. */
  readonly codes: readonly string[];
  /** Milliseconds, from `Retry-After`. */
  readonly retryAfter: number | undefined;
}

const maxRetries = 2;
/** Milliseconds. */
const firstBackoff = 400;
/** Milliseconds: a provider that wants a longer pause is not waited for. */
const longestPause = 20_000;

/**
 * Refusals that no pause mends although they come as 429 or 5xx: an unpaid bill, a locked account, a
 * quota that is used up. Zhipu's by number, then those of OpenAI, Moonshot, DashScope and DeepSeek.
 */
const lastingCodes: ReadonlySet<string> = new Set([
  "1112",
  "1113",
  "1304",
  "1308",
  "1309",
  "insufficient_quota",
  "billing_not_active",
  "billing_hard_limit_reached",
  "exceeded_current_quota_error",
  "Arrearage",
  "insufficient_balance",
]);

/** Refusals of the request itself, in an answer whose status is 200. */
const requestCodes: ReadonlySet<string> = new Set([
  "1210",
  "1211",
  "1213",
  "1214",
  "1261",
  "1301",
  "invalid_request_error",
  "model_not_found",
  "context_length_exceeded",
  "content_filter",
  "data_inspection_failed",
]);

/** Whether the request is at fault and not the provider, by the codes that the provider gives. */
export function isRequestFault(codes: readonly string[]): boolean {
  return codes.some((code) => requestCodes.has(code) || code === "400");
}

/** Whether a pause may mend what a status, or the lack of an answer, tells of. */
export function isPassing({ status, codes }: Pick<FailedTry, "status" | "codes">): boolean {
  if (codes.some((code) => lastingCodes.has(code))) return false;
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

/** The same of a fault that comes inside an answer, where the codes alone tell. */
export function isPassingFault(codes: readonly string[]): boolean {
  const status = codes.find((code) => /^[45]\d\d$/.test(code));
  if (status !== undefined) return isPassing({ status: Number(status), codes });
  return !isRequestFault(codes) && isPassing({ status: undefined, codes });
}

/**
 * Milliseconds to wait before try number `attempt + 2`: what the provider asked for, else an
 * exponential backoff with full jitter (`random` is in [0, 1)). Undefined when there is to be none, or
 * one longer than `maxPause`.
 */
export function retryDelay(
  failed: FailedTry,
  attempt: number,
  random: number,
  maxPause = longestPause,
): number | undefined {
  if (attempt >= maxRetries || !isPassing(failed)) return undefined;
  if (failed.retryAfter === undefined) return random * firstBackoff * 2 ** attempt;
  return failed.retryAfter <= maxPause ? failed.retryAfter : undefined;
}

/** `Retry-After`, in seconds or as an HTTP date (RFC 9110, section 10.2.3), as milliseconds from `now`. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
