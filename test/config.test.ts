// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is what the files under test hold
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../src/config/config-error.ts";
import { type ConfigSource, loadConfig } from "../src/config/index.ts";
import { configKeys } from "../src/config/keys.ts";
import { configWarnings } from "../src/config/rules.ts";

const root = mkdtempSync(join(tmpdir(), "llm-backend-config-"));
afterAll(() => rmSync(root, { recursive: true }));
const empty = join(root, "empty");
mkdirSync(empty);

let files = 0;
/** A folder of its own with `config.yaml` in it. */
function folderWith(content: string | Uint8Array): string {
  files += 1;
  const folder = join(root, String(files));
  mkdirSync(folder);
  writeFileSync(join(folder, "config.yaml"), content);
  return folder;
}

/** Loads a file of this content, with nothing in the environment but what is given. */
const load = (content: string, source: ConfigSource = {}) =>
  loadConfig({ environment: {}, directory: folderWith(content), ...source });

function faultsOf(content: string | Uint8Array, source: ConfigSource = {}): readonly string[] {
  try {
    loadConfig({ environment: {}, directory: folderWith(content), ...source });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

const defaults = loadConfig({ environment: {}, directory: empty });
const publicSecret = "S3cureK3y#2024!AIsafety";
const sample = `
server:
  port: "8080"

redis:
  address: "localhost:6379"
  password: ""
  db: 0

sqlite:
  path: "./llm_backend.db"
  max_open_conns: 10
  max_idle_conns: 5
  conn_max_lifetime: 300 # 以秒为单位

jwt:
  secret: "${publicSecret}"
`;

describe("defaults", () => {
  test("exist without any file", () => {
    expect(defaults.server).toEqual({
      host: "0.0.0.0",
      port: 8080,
      language: "zh-CN",
      corsOrigins: ["*"],
      maxBodyBytes: 1_048_576,
      shutdownTimeout: 10,
    });
    expect(defaults.redis).toEqual({ address: "localhost:6379", password: "", db: 0 });
    expect(defaults.jwt).toEqual({ secret: "", expiresIn: "24h" });
    expect(defaults.llm.providers.map(({ name }) => name)).toEqual([
      "openai",
      "zhipu",
      "deepseek",
      "qwen",
      "moonshot",
      "anthropic",
      "gemini",
      "ollama",
    ]);
    expect(defaults.rag.embeddingModels.map(({ name }) => name)).toEqual([
      "zhipu-embedding-3",
      "zhipu-embedding-2",
    ]);
    expect(configWarnings(defaults)).toEqual([]);
  });

  test("are what the repository's config.yaml says, which names every key", async () => {
    const directory = join(import.meta.dir, "..");
    expect(loadConfig({ environment: {}, directory })).toEqual(defaults);
    const environment = { OPENAI_API_KEY: "sk-1", DASHSCOPE_API_KEY: "sk-2" };
    expect(loadConfig({ environment, directory })).toEqual(
      loadConfig({ environment, directory: empty }),
    );
    const file = Bun.YAML.parse(await Bun.file(join(directory, "config.yaml")).text());
    for (const { path } of configKeys) expect(file).toHaveProperty([...path]);
  });

  test.each(["", "# nothing\n", "server:\nllm:\n", "jwt: {secret: }", "\ufeffserver: {}"])(
    "stand where %j says nothing",
    (content) => {
      expect(load(content)).toEqual(defaults);
    },
  );

  test("cannot be changed", () => {
    for (const value of [defaults, defaults.llm.providers, defaults.llm.providers[0]?.models]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
  });
});

describe("the specification's sample", () => {
  test("starts on a loopback address, with a warning", () => {
    for (const host of ["127.0.0.1", "127.8.9.1", "::1", "localhost"]) {
      const config = load(sample, { environment: { LLM_BACKEND_SERVER_HOST: host } });
      expect(config).toEqual({
        ...defaults,
        server: { ...defaults.server, host },
        jwt: { ...defaults.jwt, secret: publicSecret },
      });
      expect(configWarnings(config).join()).toContain("openssl rand -base64 48");
    }
  });

  test.each(["0.0.0.0", "::", "192.168.1.5", "127.evil.example", "128.0.0.1", "1270.0.0.1"])(
    "is refused on %s, and the line says how to make a secret",
    (host) => {
      const faults = faultsOf(sample, { environment: { LLM_BACKEND_SERVER_HOST: host } });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toStartWith("jwt.secret: ");
      expect(faults[0]).toContain("openssl rand -base64 48");
      expect(faults[0]).not.toContain(publicSecret);
    },
  );

  test("is refused however the secret comes in", () => {
    const environment = { LLM_BACKEND_JWT_SECRET: publicSecret };
    expect(faultsOf("", { environment })).toHaveLength(1);
    expect(faultsOf('jwt: {secret: "${S}"}', { environment: { S: publicSecret } })).toHaveLength(1);
  });
});

test("a short secret is a warning, one of 32 bytes is none", () => {
  const warnings = (secret: string) =>
    configWarnings(
      loadConfig({ directory: empty, environment: { LLM_BACKEND_JWT_SECRET: secret } }),
    );
  expect(warnings("x".repeat(31)).join()).toContain("31 bytes");
  expect(warnings("x".repeat(32))).toEqual([]);
  expect(warnings("密".repeat(11))).toEqual([]);
});

describe("precedence", () => {
  const file = "server: {port: 1}";
  const environment = { LLM_BACKEND_SERVER_PORT: "2" };

  test("flag, environment, file, default", () => {
    expect(load(file, { environment, flags: { port: "3" } }).server.port).toBe(3);
    expect(load(file, { environment }).server.port).toBe(2);
    expect(load(file).server.port).toBe(1);
    expect(load("").server.port).toBe(8080);
  });

  test("what is overridden is not looked at", () => {
    expect(load('server: {port: "${NOPE}"}', { environment }).server.port).toBe(2);
    expect(load("server: {port: x}", { environment, flags: { port: "4" } }).server.port).toBe(4);
  });

  test("a section that is overridden in part keeps the rest", () => {
    const config = load("server: {host: h, port: 1}", { environment });
    expect(config.server).toEqual({ ...defaults.server, host: "h", port: 2 });
  });
});

describe("the environment", () => {
  test("has a variable of its own for every key", () => {
    const values: Record<string, string> = {
      LLM_BACKEND_SERVER_HOST: "127.0.0.1",
      LLM_BACKEND_SERVER_PORT: ":9090",
      LLM_BACKEND_SERVER_LANGUAGE: "en",
      LLM_BACKEND_SERVER_CORS_ORIGINS: "https://a.example, https://b.example:8443",
      LLM_BACKEND_SERVER_MAX_BODY_BYTES: "2048",
      LLM_BACKEND_SERVER_SHUTDOWN_TIMEOUT: "0.5",
      LLM_BACKEND_REDIS_ADDRESS: "",
      LLM_BACKEND_REDIS_PASSWORD: "0123",
      LLM_BACKEND_REDIS_DB: "3",
      LLM_BACKEND_SQLITE_PATH: "/data/x.db",
      LLM_BACKEND_SQLITE_MAX_OPEN_CONNS: "4",
      LLM_BACKEND_SQLITE_MAX_IDLE_CONNS: "0",
      LLM_BACKEND_SQLITE_CONN_MAX_LIFETIME: "0",
      LLM_BACKEND_JWT_SECRET: "true",
      LLM_BACKEND_JWT_EXPIRES_IN: "7d",
      LLM_BACKEND_AUTH_REGISTRATION: "closed",
      LLM_BACKEND_AUTH_ADMINS: "root, 管理员",
      LLM_BACKEND_CHAT_DISCONNECT_GRACE: "0",
      LLM_BACKEND_LLM_SYSTEM_PROMPT: "[not, a: list]",
      LLM_BACKEND_LLM_REQUEST_TIMEOUT: "5",
      LLM_BACKEND_LLM_FIRST_TOKEN_TIMEOUT: "2.5",
      LLM_BACKEND_LLM_QUEUE_TIMEOUT: "7",
      LLM_BACKEND_LLM_IDLE_TIMEOUT: "0",
      LLM_BACKEND_LLM_PROVIDERS: '[{"name":"openai","api_key":"${KEY}","stream_options":false}]',
      LLM_BACKEND_LLM_FALLBACKS: "[{model: gpt-4o, fallback: [glm-4]}]",
      LLM_BACKEND_RAG_CHAT_MODEL: "gpt-4o",
      LLM_BACKEND_RAG_DEFAULT_EMBEDDING_MODEL: "mine",
      LLM_BACKEND_RAG_EMBEDDING_MODELS:
        "- name: mine\n  provider: openai\n  model: m\n  dimensions: 8\n",
      LLM_BACKEND_RAG_RERANKER_PROVIDER: "zhipu",
      LLM_BACKEND_RAG_RERANKER_MODEL: "rerank",
      LLM_BACKEND_RAG_RERANKER_CANDIDATES: "20",
      LLM_BACKEND_RAG_RERANKER_TIMEOUT: "1.5",
      LLM_BACKEND_RAG_RERANKER_MAX_DOCUMENTS: "10",
      LLM_BACKEND_RAG_RERANKER_MAX_CHARACTERS: "1000",
      LLM_BACKEND_RAG_REWRITE: "true",
      LLM_BACKEND_RAG_INDEX_MEMORY_BYTES: "1048576",
      LLM_BACKEND_RAG_MAX_UPLOAD_BYTES: "5000",
      LLM_BACKEND_RAG_KEEP_ORIGINALS: "false",
      LLM_BACKEND_RAG_CHUNK_SIZE: "100",
      LLM_BACKEND_RAG_PARSE_TIMEOUT: "9",
      LLM_BACKEND_RAG_PARSE_MEMORY_BYTES: "268435456",
      LLM_BACKEND_OPENAI_MAX_BODY_BYTES: "2097152",
    };
    expect(Object.keys(values)).toEqual(
      configKeys.map(({ path }) => `LLM_BACKEND_${path.join("_").toUpperCase()}`),
    );
    const environment = { ...values, KEY: 'a"]}' };
    const config = loadConfig({ directory: empty, environment });
    expect(config.server).toEqual({
      host: "127.0.0.1",
      port: 9090,
      language: "en",
      corsOrigins: ["https://a.example", "https://b.example:8443"],
      maxBodyBytes: 2048,
      shutdownTimeout: 0.5,
    });
    expect(config.redis).toEqual({ address: "", password: "0123", db: 3 });
    expect(config.sqlite).toEqual({
      path: "/data/x.db",
      maxOpenConns: 4,
      maxIdleConns: 0,
      connMaxLifetime: 0,
    });
    expect(config.jwt).toEqual({ secret: "true", expiresIn: "7d" });
    expect(config.auth).toEqual({ registration: "closed", admins: ["root", "管理员"] });
    expect(config.chat).toEqual({ disconnectGrace: 0 });
    expect(config.llm.systemPrompt).toBe("[not, a: list]");
    expect(config.llm.requestTimeout).toBe(5);
    expect(config.llm.firstTokenTimeout).toBe(2.5);
    expect(config.llm.queueTimeout).toBe(7);
    expect(config.llm.idleTimeout).toBe(0);
    expect(config.llm.fallbacks).toEqual([{ model: "gpt-4o", fallback: ["glm-4"] }]);
    expect(config.llm.providers[0]).toMatchObject({
      name: "openai",
      baseUrl: "https://api.openai.com/v1",
      apiKey: 'a"]}',
      streamOptions: false,
    });
    expect(config.rag).toMatchObject({
      chatModel: "gpt-4o",
      defaultEmbeddingModel: "mine",
      reranker: {
        provider: "zhipu",
        model: "rerank",
        candidates: 20,
        timeout: 1.5,
        maxDocuments: 10,
        maxCharacters: 1000,
      },
      indexMemoryBytes: 1_048_576,
      maxUploadBytes: 5000,
      keepOriginals: false,
      chunkSize: 100,
      parseTimeout: 9,
      parseMemoryBytes: 268_435_456,
    });
    expect(config.rag.embeddingModels[0]).toMatchObject({ name: "mine", batchSize: 32 });
    expect(config.openai).toEqual({ maxBodyBytes: 2_097_152 });
  });

  test.each([
    ["*", ["*"]],
    ['["*"]', ["*"]],
    ["", []],
    ["- https://a.example\n- https://b.example", ["https://a.example", "https://b.example"]],
    ["${A},https://b.example", ["https://a.example", "https://b.example"]],
    ["${LIST}", ["https://c.example", "https://d.example"]],
  ])("%j is a list of origins", (text, origins) => {
    const environment = {
      LLM_BACKEND_SERVER_CORS_ORIGINS: text,
      A: "https://a.example",
      LIST: '["https://c.example","https://d.example"]',
    };
    expect(loadConfig({ directory: empty, environment }).server.corsOrigins).toEqual(origins);
  });

  test.each([
    ["LLM_BACKEND_SERVER_PROT", "LLM_BACKEND_SERVER_PORT"],
    ["LLM_BACKEND_SERVER", "LLM_BACKEND_SERVER_HOST"],
    ["LLM_BACKEND_server_port", "LLM_BACKEND_SERVER_PORT"],
    ["LLM_BACKEND_", "LLM_BACKEND_SERVER_HOST"],
    ["LLM_BACKEND_PORT", "expected LLM_BACKEND_SERVER_PORT"],
    ["LLM_BACKEND_SECRET", "expected LLM_BACKEND_JWT_SECRET"],
    [
      "LLM_BACKEND_LLM_PROVIDERS_OPENAI_API_KEY",
      "expected LLM_BACKEND_LLM_PROVIDERS, a whole list",
    ],
    [
      "LLM_BACKEND_RAG_EMBEDDING_MODELS_0",
      "expected LLM_BACKEND_RAG_EMBEDDING_MODELS, a whole list",
    ],
  ])("%s names no key", (name, hint) => {
    const faults = faultsOf("", { environment: { [name]: "hunter2" } });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toStartWith(`${name}: `);
    expect(faults[0]).toContain(hint);
    expect(faults[0]).not.toContain("hunter2");
  });

  test("of Kubernetes, which links a service named llm-backend, is not taken for ours", () => {
    const environment = {
      LLM_BACKEND_SERVICE_HOST: "10.0.0.1",
      LLM_BACKEND_SERVICE_PORT: "8080",
      LLM_BACKEND_SERVICE_PORT_HTTP: "8080",
      LLM_BACKEND_PORT: "tcp://10.0.0.1:8080",
      LLM_BACKEND_PORT_8080_TCP: "tcp://10.0.0.1:8080",
      LLM_BACKEND_PORT_8080_TCP_PROTO: "tcp",
      LLM_BACKEND_PORT_8080_TCP_PORT: "8080",
      LLM_BACKEND_PORT_8080_TCP_ADDR: "10.0.0.1",
      LLM_BACKEND_SERVER_PORT: "tcp://10.0.0.2:80",
    };
    expect(loadConfig({ directory: empty, environment })).toEqual(defaults);
  });
});

describe("substitution", () => {
  const environment = { PORT: "9000", NAME: "world", EMPTY: "", NESTED: "${NAME}" };

  test.each([
    ["hello ${NAME}", "hello world"],
    ["${NAME}${NAME}", "worldworld"],
    ["${MISSING:-there}", "there"],
    ["${MISSING:-}", ""],
    ["${EMPTY:-there}", "there"],
    ["${EMPTY}", ""],
    ["${NAME:-there}", "world"],
    ["${MISSING:-a:-b $x}", "a:-b $x"],
    ["$${NAME}", "${NAME}"],
    ["$NAME $ {NAME} $$", "$NAME $ {NAME} $$"],
    ["${NESTED}", "${NAME}"],
  ])("%j becomes %j", (text, result) => {
    const config = load(`llm: {system_prompt: ${JSON.stringify(text)}}`, { environment });
    expect(config.llm.systemPrompt).toBe(result);
  });

  test("comes before the types", () => {
    expect(load('server: {port: "${PORT}"}', { environment }).server.port).toBe(9000);
    expect(load('server: {port: "${P:-8081}"}').server.port).toBe(8081);
    expect(load('server: {cors_origins: "${O:-*}"}').server.corsOrigins).toEqual(["*"]);
    const providers = load('llm: {providers: "${P}"}', {
      environment: { P: "[{name: zhipu, stream_options: true}]" },
    }).llm.providers;
    expect(providers[0]).toMatchObject({ name: "zhipu", streamOptions: true, models: ["glm"] });
  });

  test("in the environment's own values too", () => {
    const config = loadConfig({
      directory: empty,
      environment: { HOME: "/h", LLM_BACKEND_SQLITE_PATH: "${HOME}/x.db" },
    });
    expect(config.sqlite.path).toBe("/h/x.db");
  });

  test.each([
    ["${MISSING}", "MISSING"],
    ["${toString}", "toString"],
    ["${NAME", "${NAME}"],
    ["${}", "${NAME}"],
    ["${A:-${B}}", "${NAME}"],
    ["${1A}", "${NAME}"],
    ["${A:default}", "${NAME}"],
  ])("%j is a fault that names key and remedy", (text, named) => {
    const faults = faultsOf(`redis:\n  password: ${JSON.stringify(text)}`, { environment });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toStartWith("redis.password: found ");
    expect(faults[0]).toContain(named);
    expect(faults[0]).toContain("line 2");
  });
});

describe("values", () => {
  test.each([
    ['"8080"', 8080],
    ['":8080"', 8080],
    ["8080", 8080],
    ["0", 0],
    ["65535", 65_535],
  ])("server.port may be %s", (text, port) => {
    expect(load(`server: {port: ${text}}`).server.port).toBe(port);
  });

  test("an address ends without a slash", () => {
    const { providers } = load("llm: {providers: [{name: a, base_url: 'http://h:1/v1/'}]}").llm;
    expect(providers[0]?.baseUrl).toBe("http://h:1/v1");
  });

  test.each(["", "localhost", ":6379", "[::1]:6379", "redis://u:p@h:1/2", "rediss://h"])(
    "redis.address may be %j",
    (address) => {
      expect(load(`redis: {address: "${address}"}`).redis.address).toBe(address);
    },
  );
});

describe("providers", () => {
  test("have the vendors' usual variables for keys", () => {
    const variables = {
      openai: "OPENAI_API_KEY",
      zhipu: "ZHIPU_API_KEY",
      deepseek: "DEEPSEEK_API_KEY",
      qwen: "DASHSCOPE_API_KEY",
      moonshot: "MOONSHOT_API_KEY",
      anthropic: "ANTHROPIC_API_KEY",
      gemini: "GEMINI_API_KEY",
    };
    const environment = Object.fromEntries(
      Object.entries(variables).map(([name, variable]) => [variable, `key of ${name}`]),
    );
    const { providers } = loadConfig({ directory: empty, environment }).llm;
    for (const name of Object.keys(variables)) {
      expect(providers.find((each) => each.name === name)?.apiKey).toBe(`key of ${name}`);
    }
  });

  test("of a file override the shipped ones field by field, and come first", () => {
    const { providers } = load(`
llm:
  providers:
    - name: acme
      base_url: http://acme.example/v1
      models: [gpt]
    - {name: zhipu, api_key: mine, models: }
`).llm;
    expect(providers.map(({ name }) => name)).toEqual([
      "acme",
      "zhipu",
      "openai",
      "deepseek",
      "qwen",
      "moonshot",
      "anthropic",
      "gemini",
      "ollama",
    ]);
    expect(providers[0]).toEqual({
      name: "acme",
      baseUrl: "http://acme.example/v1",
      apiKey: "",
      models: ["gpt"],
      listedModels: [],
      streamOptions: true,
      maxCompletionTokens: [],
      fixedSampling: [],
      requiresApiKey: true,
      contextTokens: 128_000,
      maxConcurrent: 0,
      requestsPerMinute: 0,
      maxQueue: 100,
      fallback: [],
    });
    const shipped = defaults.llm.providers.find(({ name }) => name === "zhipu");
    if (shipped === undefined) throw new Error("zhipu is shipped");
    expect(providers[1]).toEqual({ ...shipped, apiKey: "mine" });
  });

  test("can lose their prefixes", () => {
    const { providers } = load("llm: {providers: [{name: openai, models: []}]}").llm;
    expect(providers[0]).toMatchObject({ name: "openai", models: [] });
  });

  test("an embedding model keeps what is not overridden", () => {
    const models = load("rag: {embedding_models: [{name: zhipu-embedding-3, dimensions: 512}]}").rag
      .embeddingModels;
    expect(models[0]).toEqual({
      name: "zhipu-embedding-3",
      provider: "zhipu",
      model: "embedding-3",
      dimensions: 512,
      sendDimensions: true,
      batchSize: 64,
      maxInputTokens: 3072,
      maxConcurrent: 4,
      queryInstruction: "",
      documentInstruction: "",
    });
    expect(models).toHaveLength(2);
  });
});

describe("faults", () => {
  const provider = (fields: string) => `llm: {providers: [{${fields}}]}`;
  const model = (fields: string) => `rag: {embedding_models: [{${fields}}]}`;

  test.each([
    ["server: {port: abc}", 'server.port: found "abc", expected an integer from 0 to 65535'],
    ["server: {port: 65536}", "server.port: found 65536, expected an integer from 0 to 65535"],
    ["server: {port: -1}", "server.port: found -1, expected an integer from 0 to 65535"],
    ["server: {port: 80.5}", "server.port: found 80.5, expected an integer from 0 to 65535"],
    ['server: {port: ""}', 'server.port: found "", expected an integer from 0 to 65535'],
    ["server: {port: true}", "server.port: found true, expected an integer from 0 to 65535"],
    ["server: {port: [1]}", "server.port: found a list, expected an integer from 0 to 65535"],
    ["server: {port: .nan}", "server.port: found NaN, expected an integer from 0 to 65535"],
    ['server: {host: ""}', 'server.host: found "", expected an address or host name'],
    ["server: {language: fr}", 'server.language: found "fr", expected "zh-CN" or "en"'],
    [
      "server: {cors_origins: [https://a.example/]}",
      'server.cors_origins[0]: found "https://a.example/", expected "*" or an origin such as "https://app.example.com"',
    ],
    [
      "server: {cors_origins: {a: 1}}",
      "server.cors_origins: found keys with values, expected a list, or texts separated by commas",
    ],
    [
      "server: {shutdown_timeout: 10s}",
      'server.shutdown_timeout: found "10s", expected a number from 0 to 86400 (seconds)',
    ],
    [
      "server: {max_body_bytes: 5}",
      "server.max_body_bytes: found 5, expected an integer from 1024 to 1099511627776 (bytes)",
    ],
    [
      "redis: {password: 12345}",
      "redis.password: found a number (not shown), expected a text (a number in quotes is one)",
    ],
    ["redis: {db: '1x'}", 'redis.db: found "1x", expected an integer from 0 to 1024'],
    [
      "redis: {address: 'mongo://u:hunter2@h:1'}",
      'redis.address: found "mongo://…@h:1", expected host:port, a redis:// or rediss:// address, or "" to turn Redis off',
    ],
    [
      "redis: {address: 'localhost:70000'}",
      'redis.address: found "localhost:70000", expected host:port, a redis:// or rediss:// address, or "" to turn Redis off',
    ],
    [
      "redis: {address: 'u:hunter2@h:port'}",
      'redis.address: found "…@h:port", expected host:port, a redis:// or rediss:// address, or "" to turn Redis off',
    ],
    ["sqlite: {path: ''}", 'sqlite.path: found "", expected the path of a file'],
    ['sqlite: {path: ":memory:"}', 'sqlite.path: found ":memory:", expected the path of a file'],
    [
      "sqlite: {max_open_conns: 1}",
      "sqlite.max_open_conns: found 1, expected an integer from 3 to 1024",
    ],
    [
      "jwt: {expires_in: 24}",
      'jwt.expires_in: found 24, expected a duration such as "90s", "30m", "24h" or "7d"',
    ],
    ["jwt: hunter2", "jwt: found a text, expected keys of these: secret, expires_in"],
    [
      "jwt: {secret: [hunter2]}",
      "jwt.secret: found a list, expected a text (a number in quotes is one)",
    ],
    ["auth: {registration: no}", 'auth.registration: found "no", expected "open" or "closed"'],
    [
      "sever: {}",
      "sever: found an unknown key, expected server, redis, sqlite, jwt, auth, chat, llm, rag, openai; did you mean server?",
    ],
    [
      "port: 80",
      "port: found an unknown key, expected server, redis, sqlite, jwt, auth, chat, llm, rag, openai; did you mean server.port?",
    ],
    [
      "jwt: {expiresIn: 1h}",
      "jwt.expiresIn: found an unknown key, expected secret, expires_in; did you mean jwt.expires_in?",
    ],
    [
      provider("name: acme, base_url: 'https://h/v1?key=hunter2'"),
      'llm.providers[0].base_url: found "https://h/v1?…", expected an address such as "https://api.openai.com/v1"',
    ],
    [
      "redis: {password:hunter2}",
      "redis.password…: found an unknown key, expected address, password, db",
    ],
    ['redis: {"a\\nb": 1}', "redis.a…: found an unknown key, expected address, password, db"],
    ["auth: {zzz: hunter2}", "auth.zzz: found an unknown key, expected registration, admins"],
    ["auth: {__proto__: 1}", "auth.__proto__: found an unknown key, expected registration, admins"],
    [
      "auth: {constructor: 1}",
      "auth.constructor: found an unknown key, expected registration, admins",
    ],
    [
      "llm: {providers: hunter2}",
      "llm.providers: found a text, expected a list, each item with keys",
    ],
    [
      "llm: {providers: [hunter2]}",
      "llm.providers[0]: found a text, expected keys of these: name, base_url, api_key, models, listed_models, stream_options, max_completion_tokens, fixed_sampling, requires_api_key, context_tokens, max_concurrent, requests_per_minute, max_queue, fallback",
    ],
    [
      provider("name: acme"),
      'llm.providers[0].base_url: found nothing, expected an address such as "https://api.openai.com/v1"',
    ],
    [
      provider("name: acme, base_url: 'ftp://u:hunter2@h'"),
      'llm.providers[0].base_url: found "ftp://…@h", expected an address such as "https://api.openai.com/v1"',
    ],
    [
      provider("base_url: 'http://h'"),
      "llm.providers[0].name: found nothing, expected a name of lower-case letters, digits, - and _",
    ],
    [
      provider("name: OpenAI, base_url: 'http://h'"),
      'llm.providers[0].name: found "OpenAI", expected a name of lower-case letters, digits, - and _',
    ],
    [
      provider("name: demo, base_url: 'http://h'"),
      'llm.providers[0].name: found "demo", the provider inside this program, expected another name',
    ],
    [
      provider("name: zhipu, stream_options: maybe"),
      'llm.providers[0].stream_options: found "maybe", expected true or false',
    ],
    [
      provider("name: zhipu, api_key: 5"),
      "llm.providers[0].api_key: found a number (not shown), expected a text (a number in quotes is one)",
    ],
    [
      "llm: {providers: [{name: zhipu}, {name: zhipu}]}",
      'llm.providers[1].name: found "zhipu" a second time, expected each name once',
    ],
    [
      provider("name: openai, fallback: [deepseek-chat, mistrl]"),
      'llm.providers[0].fallback[1]: found "mistrl", a model of no provider, expected one that a prefix in llm.providers takes, or provider/model',
    ],
    [
      "llm: {fallbacks: [{model: gpt-4o, fallback: [demo]}]}",
      'llm.fallbacks[0].fallback[0]: found "demo", the model inside this program, which stands in for no other and needs none',
    ],
    [
      "llm: {fallbacks: [{model: nobody/x, fallback: []}]}",
      'llm.fallbacks[0].model: found "nobody/x", a model of no provider, expected one that a prefix in llm.providers takes, or provider/model',
    ],
    [
      "llm: {fallbacks: [{model: glm-4}, {model: GLM-4}]}",
      'llm.fallbacks[1].model: found "GLM-4" a second time, expected each name once',
    ],
    [
      model("name: zhipu-embedding-3, dimensions: 1000"),
      "rag.embedding_models[0].dimensions: found 1000, expected 256, 512, 1024, 2048: what Zhipu's embedding-3 answers with",
    ],
    [
      model("name: builtin, provider: openai, model: m, dimensions: 8"),
      'rag.embedding_models[0].name: found "builtin", the model inside this program, expected another name',
    ],
    [
      model("name: m, provider: opnai, model: m, dimensions: 8"),
      'rag.embedding_models[0].provider: found "opnai", no provider of that name, expected openai, zhipu, deepseek, qwen, moonshot, anthropic, gemini, ollama; did you mean "openai"?',
    ],
    [
      "rag: {reranker: {provider: zhipoo, model: rerank}}",
      'rag.reranker.provider: found "zhipoo", no provider of that name, expected openai, zhipu, deepseek, qwen, moonshot, anthropic, gemini, ollama; did you mean "zhipu"?',
    ],
    [
      "rag: {reranker: {provider: zhipu}}",
      'rag.reranker.model: found "", expected a name, since rag.reranker.provider is "zhipu"',
    ],
    [
      "rag: {reranker: {model: rerank}}",
      'rag.reranker.provider: found "", expected a name, since rag.reranker.model is "rerank"',
    ],
    [
      "rag: {chat_model: no-such}",
      'rag.chat_model: found "no-such", a model of no provider, expected "demo", one that a prefix in llm.providers takes, or provider/model',
    ],
    [
      "rag: {default_embedding_model: zhipu-embeding-3}",
      'rag.default_embedding_model: found "zhipu-embeding-3", no embedding model of that name, expected zhipu-embedding-3, zhipu-embedding-2, builtin; did you mean "zhipu-embedding-3"?',
    ],
  ])("%s", (content, fault) => {
    expect(faultsOf(content)).toEqual([`${fault} (config.yaml, line 1)`]);
  });

  test("name the variable or flag that they came from", () => {
    const environment = {
      LLM_BACKEND_REDIS_DB: "x",
      LLM_BACKEND_LLM_PROVIDERS: "[{name: acme, api_key: hunter2}]",
    };
    expect(faultsOf("", { environment, flags: { port: "y" } })).toEqual([
      'server.port: found "y", expected an integer from 0 to 65535 (--port)',
      'redis.db: found "x", expected an integer from 0 to 1024 (LLM_BACKEND_REDIS_DB)',
      'llm.providers[0].base_url: found nothing, expected an address such as "https://api.openai.com/v1" (LLM_BACKEND_LLM_PROVIDERS)',
    ]);
  });

  test("a list in a variable that is not YAML says where, and nothing of what is in it", () => {
    const environment = { LLM_BACKEND_LLM_PROVIDERS: "[{name: openai, api_key: *hunter2}]" };
    const faults = faultsOf("", { environment });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toStartWith(
      "llm.providers: found a text that is not YAML (line 1, column 26",
    );
    expect(faults[0]).not.toContain("hunter2");
  });

  test("all of them are listed at once", () => {
    const content = `server:
  port: abc
  prot: 1
jwt:
  secret: ${publicSecret.replace("#", "\\#")}
llm:
  providers:
    - {name: acme}
    - {name: other, base_url: nowhere, api_key: "\${NOPE}"}
rag:
  chunk_size: 1
  default_embedding_model: gone
`;
    const environment = { LLM_BACKEND_X: "1", LLM_BACKEND_REDIS_DB: "-4" };
    const keys = faultsOf(content, { environment }).map((fault) => fault.split(": ")[0]);
    expect(keys.toSorted()).toEqual([
      "LLM_BACKEND_X",
      "llm.providers[0].base_url",
      "llm.providers[1].api_key",
      "llm.providers[1].base_url",
      "rag.chunk_size",
      "rag.default_embedding_model",
      "redis.db",
      "server.port",
      "server.prot",
    ]);
  });

  test("each is one line, whatever was found", () => {
    const faults = faultsOf('server: {port: "a\\nb\\u0000\\u001b[31m", host: ""}');
    expect(faults).toHaveLength(2);
    for (const fault of faults) expect(fault).not.toMatch(/\p{Cc}/u);
    expect(faultsOf(`server: {port: ${"x".repeat(10_000)}}`)[0]?.length).toBeLessThan(200);
  });
});

describe("the file", () => {
  test("named by --config is read in place of config.yaml", () => {
    const configPath = join(folderWith("server: {port: 7}"), "config.yaml");
    expect(loadConfig({ environment: {}, directory: empty, configPath }).server.port).toBe(7);
  });

  test("named by --config must be there", () => {
    expect(faultsOf("", { configPath: "nowhere.yaml" })).toEqual([
      "nowhere.yaml: found no file of this name, expected the configuration",
    ]);
  });

  test.each([
    ["server:\n  port: 80\n password: 'hunter2\n", "config.yaml: line 3, column 1: "],
    ["server: {port: 1}\nserver: {port: 2}\n", "config.yaml: line 2, column 1: the same key"],
    ["- a\n", 'config.yaml: found a list, expected keys such as "server:"'],
    ["hunter2", 'config.yaml: found a text, expected keys such as "server:"'],
    [Uint8Array.of(0x61, 0x3a, 0x20, 0xff), "config.yaml: found bytes that are not UTF-8"],
  ])("%j cannot be read", (content, start) => {
    const faults = faultsOf(content);
    expect(faults[0]).toStartWith(start);
    expect(faults.join()).not.toContain("hunter2");
  });

  test("that is a folder is refused", () => {
    expect(faultsOf("", { configPath: empty })[0]).toContain("found a folder, expected a file");
  });

  test("that is broken does not hide the faults of variables", () => {
    expect(faultsOf("a: [", { environment: { LLM_BACKEND_X: "" } }).at(-1)).toStartWith(
      "LLM_BACKEND_X: ",
    );
  });
});
