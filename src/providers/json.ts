/** An object of parsed JSON; what its members hold is looked at before use. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** A value of parsed JSON as an object; undefined when it is none. */
export function asRecord(value: unknown): JsonRecord | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  // An object of parsed JSON has string keys.
  return value as JsonRecord;
}

/** The objects of an array of parsed JSON, empty ones in the place of what is none. */
export const recordsIn = (value: unknown): JsonRecord[] =>
  Array.isArray(value) ? value.map((item) => asRecord(item) ?? {}) : [];

/** The object that a text is in JSON; undefined when it is none. */
export function parseRecord(text: string): JsonRecord | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}
