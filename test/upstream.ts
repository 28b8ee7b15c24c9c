import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answer, embeddings, refuse, rerank } from "./upstream-scripts.ts";

/** A request as the provider got it. */
export interface UpstreamRequest {
  /** Without the `/v1` of the base URL: `/chat/completions`. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** The parsed JSON; the text itself where it is none. */
  readonly body: unknown;
  /** Resolves when the client drops the connection before the answer is over. */
  readonly aborted: Promise<void>;
}

/** One request and the means to answer it, down to the single chunk of the connection. */
export class Exchange {
  constructor(
    readonly request: UpstreamRequest,
    private readonly response: ServerResponse,
  ) {}

  /** Whether nobody reads any more. */
  get gone(): boolean {
    return this.response.destroyed;
  }

  /** Sends status and headers at once, before any body. */
  head(status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
  }

  /** Sends one chunk and lets the event loop turn, so that the next one leaves by itself. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.gone) return;
    this.response.write(data);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Sends one chunk; resolves when the connection takes another, or is gone. */
  async writeHeld(data: string | Uint8Array): Promise<void> {
    if (this.gone || this.response.write(data)) return;
    const drained = new Promise((resolve) => this.response.once("drain", resolve));
    await Promise.race([drained, this.request.aborted]);
  }

  end(data?: string): void {
    if (!this.gone) this.response.end(data);
  }

  /** Breaks the connection, whatever has been sent. */
  destroy(): void {
    this.response.socket?.destroy();
  }
}

/** How one request is answered. One that returns without an end leaves the client hanging. */
export type Script = (exchange: Exchange) => void | Promise<void>;

/**
 * A provider that speaks OpenAI's protocol over real HTTP and does what a test says: see
 * `upstream-scripts.ts` for answers and faults, ready-made.
 *
 * ```ts
 * const upstream = await startUpstream();
 * upstream.script(refuse(429, {}, { "retry-after": "0" }), answer(["Hel", "lo"]));
 * // … two requests to `${upstream.url}/chat/completions` …
 * expect(upstream.requests).toHaveLength(2);
 * await upstream.close();
 * ```
 *
 * Without a script a chat is answered with `Hello world`, embeddings with `embeddings()`, and
 * reranking with `rerank()`.
 */
export class Upstream {
  /** Every request so far, in the order in which they came. */
  readonly requests: UpstreamRequest[] = [];
  readonly #queues = new Map<string, Script[]>();
  readonly #defaults = new Map<string, Script>([
    ["/chat/completions", answer(["Hello", " ", "world"])],
    ["/embeddings", embeddings()],
    ["/rerank", rerank()],
  ]);
  /** Connections that clients have opened so far. */
  connections = 0;
  #handedOut = 0;
  readonly #waiting: ((request: UpstreamRequest) => void)[] = [];
  readonly #server = createServer((incoming, response) => {
    void this.#serve(incoming, response);
  });

  /** What a provider's `base_url` is set to; ends in `/v1`. */
  get url(): string {
    // A TCP server that listens has an address of this kind.
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/v1`;
  }

  /** Answers the next chat requests, one script each, in order. */
  script(...scripts: Script[]): void {
    this.scriptPath("/chat/completions", ...scripts);
  }

  /** Answers the next requests to one path, `/embeddings` for example, one script each. */
  scriptPath(path: string, ...scripts: Script[]): void {
    this.#queue(path).push(...scripts);
  }

  /** Answers the next requests that name a model, on any path; goes before the other scripts. */
  scriptModel(model: string, ...scripts: Script[]): void {
    this.#queue(`model ${model}`).push(...scripts);
  }

  /** What answers requests to a path when no other script is left. */
  otherwise(script: Script, path = "/chat/completions"): void {
    this.#defaults.set(path, script);
  }

  /** The first request that this method has not answered yet; waits until it has come. */
  nextRequest(): Promise<UpstreamRequest> {
    const request = this.requests[this.#handedOut++];
    if (request !== undefined) return Promise.resolve(request);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async listen(): Promise<void> {
    this.#server.on("connection", () => {
      this.connections++;
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** Breaks every connection and stops. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #queue(key: string): Script[] {
    const queue = this.#queues.get(key) ?? [];
    this.#queues.set(key, queue);
    return queue;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      response.on("close", () => {
        if (!response.writableFinished) resolve();
      });
    });
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = parse(Buffer.concat(chunks).toString("utf8"));
    const path = (incoming.url ?? "").replace(/^\/v1/, "").replace(/\?.*$/, "");
    const request = { path, headers: incoming.headers, body, aborted };
    this.requests.push(request);
    const script = this.#take(path, body);
    this.#waiting.shift()?.(request);
    await script(new Exchange(request, response));
  }

  #take(path: string, body: unknown): Script {
    const hasModel = typeof body === "object" && body !== null && "model" in body;
    const byModel = hasModel ? this.#queue(`model ${body.model}`).shift() : undefined;
    const noRoute = refuse(404, { error: { message: `no such path: ${path}` } });
    return byModel ?? this.#queue(path).shift() ?? this.#defaults.get(path) ?? noRoute;
  }
}

export async function startUpstream(): Promise<Upstream> {
  const upstream = new Upstream();
  await upstream.listen();
  return upstream;
}

/** The base URL of a port on which nobody listens. */
export async function closedUrl(): Promise<string> {
  const upstream = await startUpstream();
  const { url } = upstream;
  await upstream.close();
  return url;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
