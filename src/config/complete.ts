import { KindGuard, type Static, type TArray, type TObject, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { expected, kindOf, show } from "./describe.ts";
import { formatKey, type KeyPath, type Report } from "./key-path.ts";
import { configKeys } from "./keys.ts";
import { listItems } from "./list.ts";
import { isMapping, type RawMapping } from "./mapping.ts";
import { nearest } from "./nearest.ts";

/**
 * The value with every default filled in and every text read as what its key takes (`"8080"` as a
 * number). Each key that is unknown, or holds what it must not, is reported; in its place stands its
 * default, or failing that something of its type, so that what else depends on it can be checked too.
 */
export function complete<T extends TSchema>(
  schema: T,
  value: unknown,
  path: KeyPath,
  report: Report,
): Static<T> {
  // The walk answers a value of the schema's own type on every path; the compiler cannot see that.
  return completeAny(schema, value, path, report) as Static<T>;
}

function completeAny(schema: TSchema, value: unknown, path: KeyPath, report: Report): unknown {
  const given = value ?? undefined;
  if (KindGuard.IsObject(schema)) return completeSection(schema, given, path, report);
  if (KindGuard.IsArray(schema)) return completeList(schema, given, path, report);
  return completeValue(schema, given, path, report);
}

function completeSection(
  schema: TObject,
  value: unknown,
  path: KeyPath,
  report: Report,
): RawMapping {
  if (value !== undefined && !isMapping(value)) {
    report(path, `found ${kindOf(value)}, expected ${expected(schema)}`);
    return completeSection(schema, undefined, path, () => {});
  }
  const given = value ?? {};
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(schema.properties, key)) {
      report([...path, key], unknownKey(schema, path, key));
    }
  }
  return Object.fromEntries(
    Object.entries(schema.properties).map(([key, inner]) => [
      key,
      completeAny(
        inner,
        Object.hasOwn(given, key) ? given[key] : undefined,
        [...path, key],
        report,
      ),
    ]),
  );
}

function completeList(schema: TArray, value: unknown, path: KeyPath, report: Report): unknown[] {
  const items = listItems(schema, value ?? schema.default, path, report) ?? [];
  return items.map((item, index) => completeAny(schema.items, item, [...path, index], report));
}

function completeValue(schema: TSchema, value: unknown, path: KeyPath, report: Report): unknown {
  const read = value === undefined ? schema.default : readAs(schema, value);
  if (Value.Check(schema, read)) return read;
  report(path, `found ${show(value, path)}, expected ${expected(schema)}`);
  return schema.default ?? (KindGuard.IsString(schema) ? "" : 0);
}

/** Numbers and truth values may come as texts: from the environment they always do. */
function readAs(schema: TSchema, value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (KindGuard.IsBoolean(schema)) return text === "true" || (text === "false" ? false : value);
  if (!KindGuard.IsInteger(schema) && !KindGuard.IsNumber(schema)) return value;
  const digits = schema.leadingColon === true ? text.replace(/^:/, "") : text;
  return /^[+-]?[0-9]+(\.[0-9]+)?$/.test(digits) ? Number(digits) : value;
}

function unknownKey(schema: TObject, path: KeyPath, key: string): string {
  const siblings = Object.keys(schema.properties);
  const sibling = nearest(key, siblings);
  // A right name at the wrong place: `port` at the top for `server.port`.
  const elsewhere = configKeys.find((known) => known.path.at(-1) === key)?.path;
  const meant = sibling === undefined ? elsewhere : [...path, sibling];
  const hint = meant === undefined ? "" : `; did you mean ${formatKey(meant)}?`;
  return `found an unknown key, expected ${siblings.join(", ")}${hint}`;
}
