import type { RedisCache } from "./redis.ts";

/** Events of one log that follow one another. */
export interface EventRun {
  /** The place of the first, counted from 0. */
  readonly first: number;
  /** Each is one line. */
  readonly events: readonly string[];
  /** Whether none will follow. */
  readonly closed: boolean;
}

/** Where a reader stands in a stream; `start` before the first run. */
export type Cursor = string;
export const start: Cursor = "0";

/** Runs that Redis keeps of one stream, about; a reader that is further behind has to look elsewhere. */
const longestStream = 4096;
/** Seconds that a stream is kept after the last run. */
const lifetime = 120;
/** Runs that one look takes from all streams together, at least one from each. */
const runsPerLook = 32;

/**
 * Carries the events of growing logs from the process that writes them to those that follow them, over
 * Redis Streams. Nothing but a quicker way: what it loses with Redis has to be had from the database.
 * It never rejects and no call waits for Redis longer than 50 ms.
 */
export class EventRelay {
  constructor(private readonly redis: RedisCache) {}

  /** Whether Redis is there at this moment. */
  get up(): boolean {
    return this.redis.up;
  }

  /**
   * Adds a run to a stream. When it answers false, nobody knows whether the run was added; it may be
   * added again.
   */
  append(stream: string, { first, events, closed }: EventRun): Promise<boolean> {
    return this.redis.append(stream, {
      fields: ["first", String(first), "events", events.join("\n"), "closed", closed ? "1" : "0"],
      limit: longestStream,
      ttlSeconds: lifetime,
    });
  }

  /**
   * What has come in streams behind the cursors, of each with the next cursor; of some streams perhaps
   * not all of it, of those without news nothing. Undefined when Redis is away: it may have forgotten
   * everything by its return, so read from the start then.
   */
  async read(
    cursors: ReadonlyMap<string, Cursor>,
  ): Promise<Map<string, { readonly cursor: Cursor; readonly runs: EventRun[] }> | undefined> {
    const runsEach = Math.max(1, Math.floor(runsPerLook / cursors.size));
    const entries = await this.redis.read(cursors, runsEach);
    if (entries === undefined) return undefined;
    const news = [...entries].map(([stream, list]) => {
      const runs = list.map(({ fields }) => toRun(fields));
      return [stream, { cursor: list.at(-1)?.id ?? start, runs }] as const;
    });
    return new Map(news);
  }
}

function toRun([, first, , events, , closed]: readonly string[]): EventRun {
  return {
    first: Number(first),
    events: events === undefined || events === "" ? [] : events.split("\n"),
    closed: closed === "1",
  };
}
