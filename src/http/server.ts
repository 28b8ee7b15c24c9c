import type { Server } from "bun";

/** Seconds without a byte before a connection is closed; streams send a comment every 9. */
const idleTimeout = 120;

export interface RunningServer {
  readonly port: number;
  /** Lifts the limit on how long the connection of this request may be quiet. */
  keepOpen(request: Request): void;
  /**
   * Takes no new connection, gives running requests `patience` milliseconds to end by themselves,
   * and closes what is left.
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
}): RunningServer {
  const server: Server<undefined> = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout,
    // Each route bounds its own body and says so in its answer; Bun's refusal would be a bare 413.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: options.handle,
  });
  return {
    port: server.port ?? options.port,
    keepOpen: (request) => server.timeout(request, 0),
    async stop(patience) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const deadline = setTimeout(resolve, patience);
      await Promise.race([server.stop(), promise]);
      clearTimeout(deadline);
      await server.stop(true);
    },
  };
}
