import { Redis } from "ioredis";
import type { RedisAddress } from "../config/redis-address.ts";
import { log } from "../log.ts";
import { Deadline, NoAnswerError } from "./deadline.ts";

/** How long a connection, and one that was made but says nothing, is waited for in the background. */
const connectTimeout = 2000;
const longestPause = 2000;
/** Redis counts as steady, and its next fault is answered with an immediate probe, after so long. */
const steadyAfter = 5000;

/** Doubles from 50 ms to the longest pause, less up to a fifth so that processes do not march. */
const pauseBefore = (attempt: number): number =>
  Math.min(50 * 2 ** Math.min(attempt, 10), longestPause) * (1 - Math.random() / 5);

/** An entry of a stream: fields and values in turn. */
interface StreamEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

const isReplyError = (error: unknown): error is Error =>
  error instanceof Error && error.name === "ReplyError";

/**
 * Strings and streams in Redis, behind a circuit breaker. It never throws and no call waits longer than it is
 * told to; a write is not waited for at all. Redis is trusted with nothing but bytes:
 *
 * - **Whether a value is still true is not Redis's to say.** Each value carries the stamp of its key
 *   (`Generations`), which lives beside the database and is compared after the answer came. So the
 *   hard cases need no protocol here: an invalidation that Redis never got, or got late out of a
 *   socket's buffer; a fill that lost a race against a change in this or in another process; a Redis
 *   that comes back with yesterday's snapshot, or fails over to a replica that lags; a process that
 *   hangs, or dies and starts again. In all of them Redis holds a value under an old stamp, and that
 *   is a miss. Epochs and tombstones inside Redis cannot do the same: while one process cannot reach
 *   Redis and another can, nothing in Redis tells the other what the first has changed.
 * - **A fault opens the breaker.** After a silence, a closed connection or an error reply (OOM,
 *   READONLY, NOAUTH, LOADING …) nothing is asked of Redis until it has taken and confirmed a probe
 *   within the deadline. The probe is a write, since a full or read-only Redis still answers PING.
 *   A key of the wrong type is a fault of that key alone: a miss, which the next fill overwrites.
 * - **It reconnects for ever**, pausing at most 2 s. A connection on which an answer is due and none
 *   came for 2 s is given up for a new one.
 *
 * The log gets one line per change, none per request.
 */
export class RedisCache {
  private readonly redis: Redis;
  private readonly deadline: Deadline;
  private readonly settled = Promise.withResolvers<void>();
  private state: "connecting" | "up" | "away" | "closed" = "connecting";
  private everUp = false;
  private upSince = 0;
  private reported: "unreachable" | "refused" | undefined;
  /** What went wrong on the connection that is being made. */
  private fault: Error | undefined;
  private failedProbes = 0;
  private nextProbe: ReturnType<typeof setTimeout> | undefined;

  /**
   * `namespace` begins every key, so that several databases can share one Redis; `patience` is the
   * longest wait for an answer, in milliseconds.
   */
  constructor(
    private readonly address: RedisAddress,
    private readonly namespace: string,
    patience: number,
  ) {
    this.deadline = new Deadline(patience);
    this.redis = new Redis({
      host: address.host,
      port: address.port,
      db: address.db,
      ...(address.username === undefined ? {} : { username: address.username }),
      ...(address.password === undefined ? {} : { password: address.password }),
      ...(address.tls ? { tls: {} } : {}),
      connectTimeout,
      socketTimeout: connectTimeout,
      disconnectTimeout: 200,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      enableAutoPipelining: true,
      // A command that was in flight when the connection broke fails at once. ioredis would
      // otherwise never settle it, and with it no later one: it runs one auto-pipeline at a time.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (attempt) => pauseBefore(attempt - 1),
    });
    this.redis.on("connecting", () => {
      this.fault = undefined;
    });
    this.redis.on("error", (error: Error) => {
      this.fault = error;
    });
    this.redis.on("close", () => this.lost(this.fault ?? new Error("connection closed")));
    this.redis.on("ready", () => {
      clearTimeout(this.nextProbe);
      // A refused SELECT does not stop ioredis: it would go on in database 0.
      if (this.fault === undefined) void this.probe();
      else this.lost(this.fault);
    });
  }

  get up(): boolean {
    return this.state === "up";
  }

  /** Waits for the outcome of the first attempt; after so many milliseconds it counts as failed. */
  async start(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => {
      if (this.state === "connecting") this.lost(new NoAnswerError());
    }, milliseconds);
    await this.settled.promise;
    clearTimeout(timer);
  }

  /** Undefined while Redis is away, and when it is by the end of this call. */
  async get(key: string): Promise<string | undefined> {
    if (!this.up) return undefined;
    try {
      return (await this.deadline.run(this.redis.get(this.name(key)))) ?? undefined;
    } catch (error) {
      if (!(isReplyError(error) && error.message.startsWith("WRONGTYPE"))) this.failed(error);
      return undefined;
    }
  }

  set(key: string, value: string, ttlSeconds: number): void {
    if (this.up) this.send(this.redis.set(this.name(key), value, "EX", ttlSeconds));
  }

  delete(key: string): void {
    if (this.up) this.send(this.redis.del(this.name(key)));
  }

  /**
   * Adds an entry to a stream of about `limit` entries at most. Answers whether Redis has it for sure;
   * an error reply, of a Redis without streams for example, is no fault that opens the breaker.
   */
  async append(
    key: string,
    entry: {
      readonly fields: readonly string[];
      readonly limit: number;
      readonly ttlSeconds: number;
    },
  ): Promise<boolean> {
    if (!this.up) return false;
    const name = this.name(key);
    const { fields, limit, ttlSeconds } = entry;
    try {
      const added = this.redis.xadd(name, "MAXLEN", "~", limit, "*", ...fields);
      await this.deadline.run(Promise.all([added, this.redis.expire(name, ttlSeconds)]));
      return true;
    } catch (error) {
      if (!isReplyError(error)) this.failed(error);
      return false;
    }
  }

  /** Up to `count` entries of each stream behind its id; undefined when they could not be had. */
  async read(
    ids: ReadonlyMap<string, string>,
    count: number,
  ): Promise<Map<string, readonly StreamEntry[]> | undefined> {
    if (!this.up) return undefined;
    const names = [...ids.keys()].map((key) => this.name(key));
    try {
      const reply = await this.deadline.run(
        this.redis.xread("COUNT", count, "STREAMS", ...names, ...ids.values()),
      );
      const streams = (reply ?? []).map(([name, entries]) => {
        const list = entries.map(([id, fields]) => ({ id, fields }));
        return [name.slice(this.namespace.length + 1), list] as const;
      });
      return new Map(streams);
    } catch (error) {
      if (!isReplyError(error)) this.failed(error);
      return undefined;
    }
  }

  close(): void {
    this.state = "closed";
    clearTimeout(this.nextProbe);
    this.settled.resolve();
    this.redis.disconnect();
  }

  private name(key: string): string {
    return `${this.namespace}:${key}`;
  }

  private send(answer: Promise<unknown>): void {
    this.deadline.run(answer).catch((error: unknown) => this.failed(error));
  }

  /** A command that was sent while Redis was up went wrong. */
  private failed(error: unknown): void {
    if (!this.up) return;
    this.lost(error);
    this.probeAgain();
  }

  private async probe(): Promise<void> {
    const answer = this.redis.set(this.namespace, "probe", "EX", 60);
    try {
      await this.deadline.run(answer);
      this.found();
    } catch (error) {
      this.failedProbes++;
      this.lost(error);
      // One that is late is waited for, to its answer or the end of the connection, lest they pile up.
      await answer.catch(() => undefined);
      this.probeAgain();
    }
  }

  /** Without a connection there is nothing to do: the next one begins with a probe. */
  private probeAgain(): void {
    if (this.state !== "away" || this.redis.status !== "ready") return;
    clearTimeout(this.nextProbe);
    const pause = this.failedProbes === 0 ? 0 : pauseBefore(this.failedProbes - 1);
    this.nextProbe = setTimeout(() => {
      if (this.state === "away" && this.redis.status === "ready") void this.probe();
    }, pause);
  }

  private found(): void {
    if (this.state === "closed" || this.redis.status !== "ready") return;
    this.state = "up";
    this.upSince = performance.now();
    this.reported = undefined;
    log.info(
      this.everUp ? "Redis is back and holds the cache again" : "Connected to Redis successfully!",
      this.place,
    );
    this.everUp = true;
    this.settled.resolve();
  }

  private lost(error: unknown): void {
    if (this.state === "closed") return;
    // Redis that fails again soon after it was found is probed less and less often.
    if (this.up) {
      const steady = performance.now() - this.upSince >= steadyAfter;
      this.failedProbes = steady ? 0 : this.failedProbes + 1;
    }
    this.state = "away";
    this.settled.resolve();
    const kind = isReplyError(error) ? "refused" : "unreachable";
    if (this.reported === kind) return;
    this.reported = kind;
    log.warn(
      kind === "refused"
        ? "Redis refuses to work (see reason; redis.password and redis.db may be wrong); the in-process cache is used"
        : "Redis is not reachable; the in-process cache is used",
      { ...this.place, reason: reasonOf(error) },
    );
  }

  private get place() {
    const { host, port, db } = this.address;
    return { address: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`, db };
  }
}

/** The message alone: the error of a command also carries its arguments, the password among them. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : error.name;
  return error.message === "" ? code : error.message;
}
