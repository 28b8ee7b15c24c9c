import { KindGuard, type TObject, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

type Fields = Readonly<Record<string, unknown>>;

/** Makes something of a field's value; undefined leaves the field out. */
type Reader = (value: unknown) => unknown;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readerOf(schema: TSchema, isNeeded: boolean): Reader | undefined {
  const within = KindGuard.IsObject(schema) ? nullRemover(schema) : undefined;
  const dropsNull = !isNeeded && !Value.Check(schema, null);
  if (within === undefined && !dropsNull) return undefined;
  return (value) => {
    if (value === null && dropsNull) return undefined;
    return within !== undefined && isFields(value) ? within(value) : value;
  };
}

/**
 * Takes a null for a field that was not sent: many clients write one for each field that they do not
 * set. A field that is needed keeps its null, as does one in which null means something.
 */
export function nullRemover(schema: TObject): (sent: object) => object {
  const readers = Object.entries(schema.properties).flatMap(([name, field]) => {
    const isNeeded = (schema.required ?? []).includes(name) && field.default === undefined;
    const reader = readerOf(field, isNeeded);
    return reader === undefined ? [] : [[name, reader] as const];
  });
  return (sent) => {
    const fields: Record<string, unknown> = { ...sent };
    for (const [name, read] of readers) {
      if (!Object.hasOwn(fields, name)) continue;
      const value = read(fields[name]);
      if (value === undefined) delete fields[name];
      else fields[name] = value;
    }
    return fields;
  };
}
