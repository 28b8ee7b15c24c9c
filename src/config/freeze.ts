import { isMapping } from "./mapping.ts";
import type { CamelCased } from "./schema.ts";

const camelCase = (key: string) =>
  key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(convert));
  if (!isMapping(value)) return value;
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [camelCase(key), convert(item)])),
  );
}

/** A copy of plain data with camelCase keys, frozen to its depth. */
export function freezeInCamelCase<T>(value: T): CamelCased<T> {
  // The type says of each key what `convert` does to it; the compiler cannot follow a computed key.
  return convert(value) as CamelCased<T>;
}
