import { KindGuard, type TSchema } from "@sinclair/typebox";
import { isSecret, type KeyPath } from "./key-path.ts";

/** What kind of value it is, for where the value itself must not or need not be shown. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  if (typeof value === "number") return "a number";
  if (typeof value === "boolean") return "a truth value";
  return "keys with values";
}

const longestShown = 80;

/** The value of one key as a fault shows it: one line, not long, no secret. */
export function show(value: unknown, path: KeyPath): string {
  if (typeof value === "object" || value === undefined) return kindOf(value);
  if (isSecret(path)) return `${kindOf(value)} (not shown)`;
  if (typeof value !== "string") return String(value);
  // An address may carry a password before its host, or a key in its query.
  const text = value.replace(/^(\w+:\/\/)?.*@/s, "$1…@").replace(/(:\/\/[^?#]*[?#]).*/s, "$1…");
  const shown = text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
  return JSON.stringify(shown.toWellFormed());
}

/** What a key takes, in words: `an integer from 0 to 65535`. */
export function expected(schema: TSchema): string {
  if (typeof schema.expected === "string") return schema.expected;
  if (KindGuard.IsUnion(schema)) {
    return schema.anyOf.map((option) => JSON.stringify(option.const)).join(" or ");
  }
  if (KindGuard.IsBoolean(schema)) return "true or false";
  if (KindGuard.IsString(schema)) return "a text (a number in quotes is one)";
  if (KindGuard.IsArray(schema)) return "a list";
  if (KindGuard.IsObject(schema)) {
    return `keys of these: ${Object.keys(schema.properties).join(", ")}`;
  }
  const kind = KindGuard.IsInteger(schema) ? "an integer" : "a number";
  const unit = typeof schema.unit === "string" ? ` (${schema.unit})` : "";
  return `${kind} from ${schema.minimum} to ${schema.maximum}${unit}`;
}
