/** A mapping as YAML gives it; null stands for a key without a value. */
export type RawMapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is RawMapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at `path`; undefined where a part of the way is missing or null. */
export function valueAt(node: unknown, path: readonly string[]): unknown {
  let value = node;
  for (const part of path) {
    if (!isMapping(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value ?? undefined;
}

/**
 * A copy with `value` at `path`, sections made where they are missing. Something else that stands in
 * the place of a section stays, so that it can be reported.
 */
export function withValue(node: unknown, path: readonly string[], value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const section = node ?? {};
  if (!isMapping(section)) return section;
  return { ...section, [head]: withValue(section[head], rest, value) };
}

/** A copy of a list or mapping with `change` applied to every text in it; keys stay as they are. */
export function mapTexts(
  value: unknown,
  change: (text: string, path: readonly (string | number)[]) => string,
  path: readonly (string | number)[] = [],
): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value)) {
    return value.map((item, index) => mapTexts(item, change, [...path, index]));
  }
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts(item, change, [...path, key])]),
  );
}
