import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { redisAddressForm } from "./redis-address.ts";

/** A section of the file: every key optional, none unknown. */
const section = <T extends Record<string, TSchema>>(keys: T) =>
  Type.Object(keys, { additionalProperties: false, default: {} });

const seconds = (value: number, bounds: { minimum?: number; maximum?: number } = {}) =>
  Type.Number({ minimum: 0, maximum: 86_400, unit: "seconds", ...bounds, default: value });

const bytes = (value: number, minimum = 1024) =>
  Type.Integer({ minimum, maximum: 2 ** 40, unit: "bytes", default: value });

const count = (value: number) => Type.Integer({ minimum: 0, maximum: 100_000, default: value });

const text = (value: string) => Type.String({ default: value });

const modelPrefix = Type.String({ minLength: 1, expected: "the beginning of a model's name" });

const modelName = Type.String({ minLength: 1, expected: "a model's name, or provider/model" });

/** Models that are asked in turn, in this order, when the one before gives no first token. */
const fallback = Type.Array(modelName, { default: [] });

const modelFallback = Type.Object({ model: modelName, fallback }, { additionalProperties: false });

const chatProvider = Type.Object(
  {
    name: Type.String({
      pattern: "^[a-z0-9][a-z0-9_-]*$",
      expected: "a name of lower-case letters, digits, - and _",
    }),
    base_url: Type.String({
      pattern: "^https?://[^\\s/?#]+[^\\s?#]*$",
      expected: 'an address such as "https://api.openai.com/v1"',
    }),
    api_key: text(""),
    models: Type.Array(modelPrefix, { default: [] }),
    /** Models that `GET /v1/models` shows; any other can be used all the same. */
    listed_models: Type.Array(modelName, { default: [] }),
    /** Whether the provider understands `stream_options.include_usage`. */
    stream_options: Type.Boolean({ default: true }),
    /** Models, by the beginning of their names, that take `max_completion_tokens` for `max_tokens`. */
    max_completion_tokens: Type.Array(modelPrefix, { default: [] }),
    /** Models that refuse `temperature` and `top_p`: `o3` stands for `o3-mini` too, not for `o35`. */
    fixed_sampling: Type.Array(Type.String({ minLength: 1, expected: "a model's name" }), {
      default: [],
    }),
    /** Whether the provider refuses a request without a key. */
    requires_api_key: Type.Boolean({ default: true }),
    /** Tokens of the model's window; a longer history is cut from the front. */
    context_tokens: Type.Integer({
      minimum: 256,
      maximum: 100_000_000,
      unit: "tokens",
      default: 128_000,
    }),
    /** Answers that are made at a time; 0 = any number. */
    max_concurrent: count(0),
    /** Requests that begin within 60 seconds, retries included; 0 = any number. */
    requests_per_minute: count(0),
    /** Requests that may wait for their turn under these two limits. */
    max_queue: count(100),
    /** For every model of the provider that has no entry in `llm.fallbacks`. */
    fallback,
  },
  { additionalProperties: false },
);

const embeddingModel = Type.Object(
  {
    name: Type.String({ minLength: 1, expected: "a name" }),
    provider: Type.String({ minLength: 1, expected: "the name of a provider" }),
    model: Type.String({ minLength: 1, expected: "the model's name at its provider" }),
    dimensions: Type.Integer({ minimum: 1, maximum: 8192 }),
    /** Whether `dimensions` is sent with each request: not every model takes it. */
    send_dimensions: Type.Boolean({ default: false }),
    /** Inputs in one request. */
    batch_size: Type.Integer({ minimum: 1, maximum: 2048, default: 32 }),
    /** Tokens in one input; a longer one is cut. */
    max_input_tokens: Type.Integer({
      minimum: 16,
      maximum: 1_000_000,
      unit: "tokens",
      default: 8192,
    }),
    /** Requests at a time. */
    max_concurrent: Type.Integer({ minimum: 1, maximum: 1000, default: 4 }),
    /** Put in front of a question, and of a text that is to be found, where the model wants it. */
    query_instruction: text(""),
    document_instruction: text(""),
  },
  { additionalProperties: false },
);

/**
 * The file as a user writes it, with every default. Keys are those of the contract, in snake_case.
 * Three annotations serve the texts of faults and the reading of values: `expected` says in words
 * what a key takes, `unit` what its number counts, and `leadingColon` admits `:8080` for `8080`.
 */
export const configSchema = Type.Object(
  {
    server: section({
      host: Type.String({ minLength: 1, default: "0.0.0.0", expected: "an address or host name" }),
      port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080, leadingColon: true }),
      language: Type.Union([Type.Literal("zh-CN"), Type.Literal("en")], { default: "zh-CN" }),
      cors_origins: Type.Array(
        Type.String({
          pattern: "^(\\*|null|[A-Za-z][A-Za-z0-9+.-]*://[^\\s/]+)$",
          expected: '"*" or an origin such as "https://app.example.com"',
        }),
        { default: ["*"] },
      ),
      max_body_bytes: bytes(1_048_576),
      shutdown_timeout: seconds(10),
    }),
    redis: section({
      address: Type.String({
        default: "localhost:6379",
        expected: redisAddressForm,
      }),
      password: text(""),
      db: Type.Integer({ minimum: 0, maximum: 1024, default: 0 }),
    }),
    sqlite: section({
      path: Type.String({
        // Several threads open it, and one in memory is a thread's own.
        pattern: "^(?!:memory:$).",
        default: "./llm_backend.db",
        expected: "the path of a file",
      }),
      /** The server takes 3: one writes, one reads, one searches. */
      max_open_conns: Type.Integer({ minimum: 3, maximum: 1024, default: 10 }),
      // These two mean something to a pool, as the Go system has one; they are taken and change nothing.
      max_idle_conns: Type.Integer({ minimum: 0, maximum: 1024, default: 5 }),
      conn_max_lifetime: seconds(300, { maximum: 31_536_000 }),
    }),
    jwt: section({
      secret: text(""),
      expires_in: Type.String({
        pattern: "^[1-9][0-9]{0,6}(s|m|h|d)$",
        default: "24h",
        expected: 'a duration such as "90s", "30m", "24h" or "7d"',
      }),
    }),
    auth: section({
      registration: Type.Union([Type.Literal("open"), Type.Literal("closed")], {
        default: "open",
      }),
      /** Users, by name, who may see what all users took. */
      admins: Type.Array(Type.String({ minLength: 1, expected: "a username" }), { default: [] }),
    }),
    chat: section({
      disconnect_grace: seconds(30),
    }),
    llm: section({
      system_prompt: text("你是一个乐于回答各种问题的小助手"),
      request_timeout: seconds(600, { minimum: 0.1 }),
      first_token_timeout: seconds(60, { minimum: 0.1 }),
      /** Seconds in the queue of a provider, before the other limits begin to count. */
      queue_timeout: seconds(60, { minimum: 0.1 }),
      /** Seconds of silence in the middle of an answer; 0 = any. */
      idle_timeout: seconds(60),
      providers: Type.Array(chatProvider, { default: [] }),
      fallbacks: Type.Array(modelFallback, { default: [] }),
    }),
    rag: section({
      /** Answers over a knowledge base under /v1 where the caller names no model. */
      chat_model: Type.String({
        minLength: 1,
        default: "demo",
        expected: "a model's name, or provider/model",
      }),
      default_embedding_model: text("builtin"),
      embedding_models: Type.Array(embeddingModel, { default: [] }),
      reranker: section({
        /** The name of a provider; "" = no reranking. */
        provider: text(""),
        model: text(""),
        /** Hits that are reranked, the best of the search. */
        candidates: Type.Integer({ minimum: 1, maximum: 1000, default: 50 }),
        timeout: seconds(2, { minimum: 0.1, maximum: 600 }),
        /** Documents in one request; more go out in several. */
        max_documents: Type.Integer({ minimum: 1, maximum: 10_000, default: 128 }),
        /** UTF-16 units of the query and of one document; a longer one is cut. */
        max_characters: Type.Integer({
          minimum: 64,
          maximum: 1_000_000,
          unit: "characters",
          default: 4096,
        }),
      }),
      rewrite: Type.Boolean({ default: true }),
      /** Memory for the indexes of knowledge bases; those searched longest ago are let go first. */
      index_memory_bytes: bytes(536_870_912, 1_048_576),
      max_upload_bytes: bytes(104_857_600),
      /** Whether the bytes of a document are kept once it is taken in. */
      keep_originals: Type.Boolean({ default: true }),
      chunk_size: Type.Integer({ minimum: 50, maximum: 4000, unit: "characters", default: 400 }),
      /** Seconds that one document may take to parse. */
      parse_timeout: seconds(60, { minimum: 1, maximum: 3600 }),
      /** Resident memory, in bytes, that the process which parses one document may reach. */
      parse_memory_bytes: bytes(536_870_912, 134_217_728),
    }),
    openai: section({
      /** The largest body under /v1: images come in it. */
      max_body_bytes: bytes(20_971_520),
    }),
  },
  { additionalProperties: false, default: {} },
);

/** The whole file, complete, in the file's own spelling. */
export type ConfigTree = Static<typeof configSchema>;

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** A value with the keys of every mapping in it in camelCase, none of it writable. */
export type CamelCased<T> = T extends readonly (infer Item)[]
  ? readonly CamelCased<Item>[]
  : T extends object
    ? { readonly [K in keyof T as K extends string ? CamelCase<K> : K]: CamelCased<T[K]> }
    : T;

/** The whole configuration after every source was merged: complete, checked, frozen, camelCase. */
export type Config = CamelCased<ConfigTree>;
export type ChatProviderConfig = Config["llm"]["providers"][number];
export type EmbeddingModelConfig = Config["rag"]["embeddingModels"][number];
