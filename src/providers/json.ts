/** An object of parsed JSON; what its members hold is looked at before use. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** A value of parsed JSON as an object; undefined when it is none. */
export function asRecord(value: unknown): JsonRecord | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  // An object of parsed JSON has string keys.
  return value as JsonRecord;
}
