import { FormatRegistry } from "@sinclair/typebox";
import type { ValueError } from "@sinclair/typebox/compiler";
import { AppError } from "../errors.ts";

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly format?: string;
  readonly anyOf?: readonly Schema[];
}

/**
 * Lets integers in paths and queries be written in one way: in decimal, without leading zeros. What
 * Elysia asks of them is that `+text` is a number, which takes 0x10, 1e3 and a text of spaces, too.
 */
export function takeDecimalIntegersOnly(): void {
  FormatRegistry.Set("integer", (text) => /^(?:0|-?[1-9]\d*)$/.test(text));
}

/** Reasons are codes, with `limit` where they need one; `messages.ts` says them in words. */
function describe(schema: Schema, value: unknown): { reason: string; limit?: number } {
  if (value === undefined) return { reason: "required" };
  if (typeof value === typeof schema.const) return { reason: "not_allowed" };
  if (typeof value === "string" && schema.type === "string") {
    if (schema.minLength === 1 && value.length === 0) return { reason: "empty" };
    if (schema.minLength !== undefined && value.length < schema.minLength) {
      return { reason: "too_short", limit: schema.minLength };
    }
    if (schema.maxLength !== undefined && value.length > schema.maxLength) {
      return { reason: "too_long", limit: schema.maxLength };
    }
    return { reason: schema.format === undefined ? "not_allowed" : `not_${schema.format}` };
  }
  if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum) {
      return { reason: "too_small", limit: schema.minimum };
    }
    if (schema.maximum !== undefined && value > schema.maximum) {
      return { reason: "too_large", limit: schema.maximum };
    }
  }
  if (Array.isArray(value) && schema.maxItems !== undefined && value.length > schema.maxItems) {
    return { reason: "too_many", limit: schema.maxItems };
  }
  // A number in a path or query is declared by Elysia as text or number: the number is meant.
  const type = schema.type ?? schema.anyOf?.find((option) => option.type !== "string")?.type;
  return { reason: type === undefined ? "not_allowed" : `not_${type}` };
}

/** What is wrong with a value that might be null is what is wrong with the value. */
function innermost(fault: ValueError): ValueError {
  // TypeBox types `schema` as its base type; only plain JSON Schema keywords are read from it.
  const options = (fault.schema as Schema).anyOf ?? [];
  const isNull = ({ type }: Schema): boolean => type === "null";
  if (options.length !== 2 || !options.some(isNull)) return fault;
  const at = options.findIndex((option) => !isNull(option));
  const inner = fault.errors[at]?.First();
  return inner === undefined ? fault : innermost(inner);
}

/**
 * Names the first field at fault of a request that its route's schema refuses. `texts` are the
 * path's and the query's fields: Elysia does not say which of them holds a number out of bounds.
 */
export function toAppError(
  given: ValueError | undefined,
  texts: Readonly<Record<string, string | undefined>> = {},
): AppError {
  const fault = given && innermost(given);
  const field =
    fault?.path.split("/").slice(1).join(".") ||
    // Elysia has put defaults in by now: `false` is not the number 0.
    Object.keys(texts).find((name) => Number(String(texts[name])) === fault?.value);
  if (field === undefined) return new AppError("invalid_body");
  // TypeBox types `schema` as its base type; only plain JSON Schema keywords are read from it.
  const reason = describe((fault?.schema ?? {}) as Schema, fault?.value);
  return new AppError("invalid_field", { field, ...reason });
}
