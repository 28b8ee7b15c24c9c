/** A value of parsed JSON as an object; undefined when it is none. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  // An object of parsed JSON has string keys, and what they hold is looked at before use.
  return value as Readonly<Record<string, unknown>>;
}
