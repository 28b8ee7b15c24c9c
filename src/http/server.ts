import type { Server } from "bun";

/** Seconds without a byte before a connection is closed; streams send a comment every 9. */
const idleTimeout = 120;

/** Milliseconds beyond its patience in which an answer that was cut can still say so. */
const lastWords = 500;

/** Milliseconds between looks at whether the last request has ended. */
const lookInterval = 20;

/** Gives a whole address to a request without a host, as an HTTP/1.0 client may send it. */
const withHost = (request: Request): Request =>
  request.url.startsWith("/") ? new Request(`http://localhost${request.url}`, request) : request;

export interface RunningServer {
  readonly port: number;
  /** Lifts the limit on how long the connection of this request may be quiet. */
  keepOpen(request: Request): void;
  /**
   * Takes no new connection, gives running requests `patience` milliseconds to end by themselves and
   * a moment more to tell their callers why not, and closes what is left.
   */
  stop(patience: number): Promise<void>;
}

/**
 * Serves `handle` over HTTP.
 *
 * @throws Error with code `EADDRINUSE` when the port is taken
 */
export function startServer(options: {
  readonly host: string;
  readonly port: number;
  handle(request: Request): Response | Promise<Response>;
  /** Answers what `handle` throws. */
  lastResort(cause: unknown): Response;
}): RunningServer {
  const server: Server<undefined> = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout,
    // Each route bounds its own body and says so in its answer; Bun's refusal would be a bare 413.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request) => options.handle(withHost(request)),
    // Bun's own page for a fault shows the source around it.
    development: false,
    // Without this, Bun shares a taken port in silence when `development` is off.
    reusePort: false,
    error: options.lastResort,
  });
  return {
    port: server.port ?? options.port,
    keepOpen: (request) => server.timeout(request, 0),
    async stop(patience) {
      const deadline = performance.now() + patience + lastWords;
      // What it returns also waits for connections that never sent a whole request.
      void server.stop();
      while (server.pendingRequests > 0 && performance.now() < deadline) {
        await Bun.sleep(lookInterval);
      }
      await server.stop(true);
    },
  };
}
