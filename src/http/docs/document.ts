import { swagger } from "@elysiajs/swagger";
import { type AnyElysia, Elysia } from "elysia";
import { license, version } from "../../../package.json" with { type: "json" };
import { overview, tags } from "./overview.ts";
import { exampleOf, holdsFile, type Schema, SchemaWriter } from "./schema.ts";

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

interface MediaType {
  readonly schema: Schema;
  readonly [keyword: string]: unknown;
}

interface Response {
  readonly content?: Readonly<Record<string, MediaType>>;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response>>;
}

/** What the plugin writes; the rest of it passes unchanged. */
interface Written {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

const mapValues = <Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Record<string, Result> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

function writeParameter(writer: SchemaWriter, parameter: Parameter): object {
  const { examples: _, schema, ...plain } = parameter;
  const example = parameter.examples?.[0];
  return {
    ...plain,
    required: parameter.required && schema.default === undefined,
    schema: writer.write(schema),
    ...(example === undefined ? {} : { example }),
  };
}

/** A body is JSON, or a form where it holds a file; the plugin offers every type for each. */
function writeBody(writer: SchemaWriter, body: NonNullable<Operation["requestBody"]>): object {
  const [{ schema } = { schema: {} }] = Object.values(body.content);
  const type = holdsFile(schema) ? "multipart/form-data" : "application/json";
  const example = exampleOf(schema);
  return {
    required: true,
    content: {
      [type]: {
        schema: writer.write(schema),
        ...(example === undefined || holdsFile(schema) ? {} : { example }),
      },
    },
  };
}

function writeOperation(writer: SchemaWriter, operation: Operation): object {
  const { parameters = [], requestBody, responses } = operation;
  return {
    ...operation,
    parameters: parameters.map((parameter) => writeParameter(writer, parameter)),
    ...(requestBody === undefined ? {} : { requestBody: writeBody(writer, requestBody) }),
    responses: mapValues(responses, (response) => ({
      ...response,
      ...(response.content === undefined
        ? {}
        : {
            content: mapValues(response.content, (media) => ({
              ...media,
              schema: writer.write(media.schema),
            })),
          }),
    })),
  };
}

/**
 * The OpenAPI 3.0 document of these routes as JSON: what @elysiajs/swagger reads from them, put into
 * the words of that version.
 */
export async function writeDocument(routes: AnyElysia): Promise<string> {
  const reader = new Elysia()
    .use(
      swagger({
        specPath: "/document",
        documentation: {
          info: {
            title: "llm-backend-api",
            version,
            description: overview,
            license: { name: license },
          },
          servers: [{ url: "/" }],
          tags,
          security: [{ bearer: [] }],
        },
      }),
    )
    .use(routes);
  const answer = await reader.handle(new Request("http://localhost/document"));
  // The plugin's own shape, of which only what is named here is touched.
  const written = (await answer.json()) as Written;
  const writer = new SchemaWriter();
  return JSON.stringify({
    ...written,
    paths: mapValues(written.paths, (path) =>
      mapValues(path, (operation) => writeOperation(writer, operation)),
    ),
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "The `token` that `POST /api/users/login` answers, or an API key (`sk-…`) with the scope.",
        },
      },
      headers: {
        RequestId: {
          description: "The caller's own `X-Request-Id` when it is a sane one, else a fresh UUID.",
          schema: { type: "string" },
          example: "0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90",
        },
        RetryAfter: {
          description: "Seconds to wait before the next try.",
          schema: { type: "integer" },
          example: 20,
        },
        Challenge: { schema: { type: "string", enum: ["Bearer"] }, example: "Bearer" },
      },
      schemas: writer.components,
    },
  });
}
