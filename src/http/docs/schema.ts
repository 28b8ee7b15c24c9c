/** A schema as TypeBox and Elysia write it, read back from JSON. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  /** What a stream is made of: `itemSchema` of OpenAPI 3.2, before its time. */
  readonly "x-item-schema"?: Schema;
}

/** The keywords that mean the same in both and hold no schema. */
const sharedKeywords = [
  "type",
  "format",
  "title",
  "description",
  "default",
  "enum",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "multipleOf",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "deprecated",
  "discriminator",
] as const;

const isFile = (schema: Schema): boolean => schema.format === "binary";

/** Elysia declares a number in a path, a query or a form as text or number: the number is meant. */
const isTextOfNumber = ({ type, format }: Schema): boolean =>
  type === "string" && (format === "integer" || format === "numeric" || format === "boolean");

const isNull = ({ type }: Schema): boolean => type === "null";

function pick(schema: Schema): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const keyword of sharedKeywords) {
    if (schema[keyword] !== undefined) picked[keyword] = schema[keyword];
  }
  // Elysia gives a file the default "File".
  if (isFile(schema)) delete picked.default;
  return picked;
}

const values = (schema: Schema): readonly unknown[] | undefined =>
  schema.const === undefined ? schema.enum : [schema.const];

/** Whether a schema, or one that it is made of, is a file. */
export function holdsFile(schema: Schema): boolean {
  if (isFile(schema)) return true;
  const parts = [...Object.values(schema.properties ?? {}), ...(schema.anyOf ?? [])];
  return parts.some(holdsFile) || (schema.items !== undefined && holdsFile(schema.items));
}

/** Whether an example shows nothing that a caller would send. */
const isNothing = (value: unknown): boolean =>
  value === undefined || (value instanceof Object && Object.keys(value).length === 0);

/** An example put together from those of a schema's fields; undefined where a field has none. */
export function exampleOf(schema: Schema): unknown {
  const { examples, properties, items, anyOf } = schema;
  if (examples !== undefined) return examples[0];
  if (schema.default !== undefined && !isFile(schema)) return schema.default;
  if (properties !== undefined) {
    const fields = Object.entries(properties).map(([name, field]) => [name, exampleOf(field)]);
    return Object.fromEntries(fields.filter(([, value]) => !isNothing(value)));
  }
  if (anyOf !== undefined) return anyOf.map(exampleOf).find((value) => value !== undefined);
  const item = items === undefined ? undefined : exampleOf(items);
  return item === undefined ? undefined : [item];
}

/**
 * Writes schemas in the dialect of OpenAPI 3.0: an enumeration instead of a union of constants,
 * `nullable` instead of the type null, one `example` instead of many, no text beside a number that
 * may come as text, and no field required that has a default. A schema with an `$id` is written once,
 * into `components`, and referred to from there.
 */
export class SchemaWriter {
  readonly components: Record<string, object> = {};

  write(schema: Schema): object {
    const { $id, $ref, ...plain } = schema;
    if ($ref !== undefined) return { $ref };
    if ($id === undefined) return this.#writePlain(plain);
    if (!Object.hasOwn(this.components, $id)) {
      // Taken before it is written, so that a schema may refer to itself and the order is the callers'.
      this.components[$id] = {};
      this.components[$id] = this.#writePlain(plain);
    }
    return { $ref: `#/components/schemas/${$id}` };
  }

  #writePlain(schema: Schema): object {
    if (schema.anyOf !== undefined) return this.#writeUnion(schema, schema.anyOf);
    const written = pick(schema);
    if (schema.const !== undefined) written.enum = [schema.const];
    if (schema.examples !== undefined) written.example = schema.examples[0];
    if (schema.items !== undefined) written.items = this.write(schema.items);
    if (schema.allOf !== undefined) written.allOf = schema.allOf.map((part) => this.write(part));
    const item = schema["x-item-schema"];
    if (item !== undefined) written["x-item-schema"] = this.write(item);
    return { ...written, ...this.#writeFields(schema) };
  }

  #writeFields({ properties, required, patternProperties, additionalProperties }: Schema): object {
    const written: Record<string, unknown> = {};
    if (properties !== undefined) {
      written.properties = Object.fromEntries(
        Object.entries(properties).map(([name, field]) => [name, this.write(field)]),
      );
      const needed = required?.filter((name) => properties[name]?.default === undefined) ?? [];
      if (needed.length > 0) written.required = needed;
    }
    // What TypeBox calls a record: any name, one kind of value.
    const [value] = Object.values(patternProperties ?? {});
    if (value !== undefined) written.additionalProperties = this.write(value);
    else if (typeof additionalProperties === "boolean") {
      written.additionalProperties = additionalProperties;
    }
    return written;
  }

  #writeUnion(schema: Schema, all: readonly Schema[]): object {
    const options = all.filter((option) => !isTextOfNumber(option) && !isNull(option));
    const isNullable = all.some(isNull);
    const nullable = isNullable ? { nullable: true } : {};
    const { anyOf: _, ...rest } = schema;
    const [only, ...others] = options;
    const constants = options.map(values);
    if (only?.type !== undefined && constants.every((list) => list !== undefined)) {
      const list = [...constants.flat(), ...(isNullable ? [null] : [])];
      return { ...pick(rest), type: only.type, enum: list, ...nullable };
    }
    if (only !== undefined && others.length === 0) {
      // A reference takes no siblings in OpenAPI 3.0.
      return only.$id !== undefined && isNullable
        ? { ...pick(rest), allOf: [this.write(only)], ...nullable }
        : { ...this.write({ ...only, ...rest }), ...nullable };
    }
    return { ...pick(rest), anyOf: options.map((option) => this.write(option)), ...nullable };
  }
}
