import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../src/app.ts";
import { loadConfig } from "../src/config/index.ts";
import type { Config } from "../src/config/schema.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

type Json = Record<string, unknown>;

/** A caller of the API: a signed-in user, or nobody when it has no token. */
export class Caller {
  constructor(
    private readonly app: Pick<App, "handle">,
    readonly token: string | undefined,
  ) {}

  /** Sends one request; a plain object as `body` goes as JSON. */
  async request(
    method: string,
    path: string,
    body?: Json | BodyInit,
    init: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const plain = body?.constructor === Object;
    const request: RequestInit = {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(plain ? { "content-type": "application/json" } : {}),
        ...init.headers,
      },
    };
    // `plain` tells the two kinds of body apart, which the compiler cannot follow.
    if (body !== undefined) request.body = plain ? JSON.stringify(body) : (body as BodyInit);
    if (init.signal !== undefined) request.signal = init.signal;
    return this.app.handle(new Request(`http://localhost${path}`, request));
  }

  /** The same user on another server. */
  on(app: App): Caller {
    return new Caller(app, this.token);
  }

  get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    this.request("GET", path, undefined, { headers });

  post = (path: string, body?: Json | BodyInit, headers: Record<string, string> = {}) =>
    this.request("POST", path, body, { headers });

  /** Creates a conversation and answers its id. */
  async createConversation(settings: Json = {}): Promise<number> {
    const response = await this.post("/api/conversations/create", {
      title: "测试",
      model: "scripted/model",
      ...settings,
    });
    if (response.status !== 200) throw new Error(await response.text());
    const created: { conversation_id: number } = await response.json();
    return created.conversation_id;
  }
}

export interface TestApp {
  readonly app: App;
  readonly config: Config;
  /** The provider behind every model `scripted/…`. */
  readonly upstream: Upstream;
  /** Where the database lies. */
  readonly folder: string;
  readonly nobody: Caller;
  /** Registers a fresh user and signs in. */
  signUp(username?: string): Promise<Caller>;
  /** Closes the server and opens it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

let lastUser = 0;

/**
 * The whole server in this process, on a database of its own, with a scripted provider and without
 * Redis. `settings` are environment variables without their `LLM_BACKEND_`.
 */
export async function startApp(settings: Record<string, string> = {}): Promise<TestApp> {
  const upstream = await startUpstream();
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-test-"));
  const environment: Record<string, string> = {
    LLM_BACKEND_SQLITE_PATH: join(folder, "test.db"),
    LLM_BACKEND_REDIS_ADDRESS: "",
    LLM_BACKEND_SERVER_SHUTDOWN_TIMEOUT: "1",
    LLM_BACKEND_LLM_PROVIDERS: JSON.stringify([
      { name: "scripted", base_url: upstream.url, api_key: "sk-scripted-secret" },
    ]),
  };
  for (const [name, value] of Object.entries(settings)) environment[`LLM_BACKEND_${name}`] = value;
  const config = loadConfig({ environment, directory: folder });
  let app = await createApp(config);
  // Whoever calls goes on calling after a restart.
  const served: Pick<App, "handle"> = { handle: (request) => app.handle(request) };

  return {
    get app() {
      return app;
    },
    config,
    upstream,
    folder,
    get nobody() {
      return new Caller(served, undefined);
    },
    async signUp(username = `user-${++lastUser}`) {
      const credentials = { username, password: "SecureP@ssw0rd!" };
      const nobody = new Caller(served, undefined);
      await nobody.post("/api/users/register", credentials);
      const response = await nobody.post("/api/users/login", credentials);
      const { token }: { token: string } = await response.json();
      return new Caller(served, token);
    },
    async restart() {
      await app.close();
      app = await createApp(config);
    },
    async close() {
      await app.close();
      await upstream.close();
      await rm(folder, { recursive: true });
    },
  };
}
