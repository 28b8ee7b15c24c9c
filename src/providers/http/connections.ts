import { Connection } from "./connection.ts";
import { decoded } from "./decoding.ts";
import type { Outgoing, Reply } from "./reply.ts";

/** Milliseconds for which a free connection is kept: proxies on the way forget it after a minute. */
const longestIdle = 30_000;

/** Free connections that are kept to one host. */
const mostIdle = 1024;

interface Idle {
  readonly connection: Connection;
  readonly timer: Timer;
}

/** Free connections by their origin, the one used last at the end. */
const idle = new Map<string, Idle[]>();

/**
 * Sends a request over a free connection or a new one; resolves with the answer's head as soon as that
 * is there.
 *
 * @throws ConnectionFault; the signal's reason when that aborts
 */
export async function exchange(outgoing: Outgoing): Promise<Reply> {
  const { url, signal } = outgoing;
  signal.throwIfAborted();
  const connection = take(url.origin) ?? (await connect(url, signal));
  return decoded(await connection.exchange(outgoing));
}

async function connect(url: URL, signal: AbortSignal): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  Connection.open(url).then((connection) => {
    if (signal.aborted) connection.close();
    connection.onFree = () => keep(url.origin, connection);
    connection.onClose = () => forget(url.origin, connection);
    resolve(connection);
  }, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function keep(origin: string, connection: Connection): void {
  const known = idle.get(origin) ?? [];
  if (known.length >= mostIdle) {
    connection.close();
    return;
  }
  idle.set(origin, known);
  const timer = setTimeout(() => connection.close(), longestIdle);
  timer.unref();
  known.push({ connection, timer });
}

function take(origin: string): Connection | undefined {
  const { connection, timer } = idle.get(origin)?.pop() ?? {};
  clearTimeout(timer);
  return connection;
}

function forget(origin: string, closed: Connection): void {
  const known = idle.get(origin) ?? [];
  const left = known.filter(({ connection, timer }) => {
    if (connection === closed) clearTimeout(timer);
    return connection !== closed;
  });
  if (left.length > 0) idle.set(origin, left);
  else idle.delete(origin);
}
