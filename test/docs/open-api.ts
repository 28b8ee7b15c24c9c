import Ajv2019, { type ValidateFunction } from "ajv/dist/2019.js";
import addFormats from "ajv-formats";

interface Schema {
  readonly [keyword: string]: unknown;
}

export interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Schema;
  readonly example?: unknown;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security?: readonly object[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface OpenApiDocument {
  readonly info: { readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly security: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

/** Each operation with its name, `POST /api/users/login` for example. */
export const operationsOf = (document: OpenApiDocument): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The same schema, with every field that it does not name forbidden, at any depth. */
function closed(schema: unknown, insideAllOf = false): unknown {
  if (Array.isArray(schema)) return schema.map((part) => closed(part));
  if (!isRecord(schema)) return schema;
  const parts = Object.entries(schema).map(([keyword, value]) => {
    if (keyword === "properties" && isRecord(value)) {
      return [
        keyword,
        Object.fromEntries(Object.entries(value).map(([name, field]) => [name, closed(field)])),
      ];
    }
    if (keyword === "allOf" && Array.isArray(value)) {
      return [keyword, value.map((part) => closed(part, true))];
    }
    if (keyword === "items" || keyword === "anyOf") return [keyword, closed(value)];
    return [keyword, value];
  });
  const isObject = "properties" in schema || "allOf" in schema;
  const open = insideAllOf || "additionalProperties" in schema || !isObject;
  return { ...Object.fromEntries(parts), ...(open ? {} : { unevaluatedProperties: false }) };
}

/** A component with its references put in, since a closed schema cannot be shared by an `allOf`. */
function resolved(schema: unknown, components: Readonly<Record<string, Schema>>): unknown {
  if (Array.isArray(schema)) return schema.map((part) => resolved(part, components));
  if (!isRecord(schema)) return schema;
  if (typeof schema.$ref === "string") {
    const name = schema.$ref.replace("#/components/schemas/", "");
    if (components[name] === undefined) throw new Error(`${schema.$ref} leads nowhere`);
    return resolved(components[name], components);
  }
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, resolved(value, components)]),
  );
}

/**
 * Compiles a schema of the document to a strict check: what it does not name is a fault. The check
 * answers the faults, in words.
 */
export function checkerOf(
  document: OpenApiDocument,
): (schema: Schema) => (value: unknown) => string[] {
  const ajv = new Ajv2019({ strict: false, allErrors: true });
  addFormats(ajv);
  const compiled = new Map<Schema, ValidateFunction>();
  return (schema) => {
    let validate = compiled.get(schema);
    if (validate === undefined) {
      const whole = closed(resolved(schema, document.components.schemas));
      validate = ajv.compile(isRecord(whole) ? whole : {});
      compiled.set(schema, validate);
    }
    const check = validate;
    return (value) => {
      check(value);
      return (check.errors ?? []).map(
        ({ instancePath, message, params }) =>
          `${instancePath || "/"} ${message} ${JSON.stringify(params)}`,
      );
    };
  };
}
