import type { Cache } from "../../cache/index.ts";
import type { Store } from "../../store/index.ts";

export interface HealthReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
  /** The engine of the cache; the server is ready with either. */
  readonly cache: Cache["backend"];
}

export function createHealthService(options: {
  readonly store: Store;
  readonly cache: Cache;
  /** Whether each of the other threads is there, by name. */
  readonly workers: Readonly<Record<string, () => Promise<boolean>>>;
}) {
  async function databaseWritable(): Promise<boolean> {
    try {
      await options.store.checkWritable();
      return true;
    } catch {
      return false;
    }
  }

  return {
    /** Migrations have run before a server listens, so a writable database is a migrated one. */
    async report(): Promise<HealthReport> {
      const workers = Object.entries(options.workers).map(
        async ([name, isAlive]) => [name, await isAlive()] as const,
      );
      const checks = {
        database: await databaseWritable(),
        ...Object.fromEntries(await Promise.all(workers)),
      };
      return {
        ready: Object.values(checks).every(Boolean),
        checks,
        cache: options.cache.backend,
      };
    },
  };
}

export type HealthService = ReturnType<typeof createHealthService>;
