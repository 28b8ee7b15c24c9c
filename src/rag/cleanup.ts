import { log } from "../log.ts";
import type { KnowledgeStore } from "../store/knowledge.ts";
import type { Originals } from "./originals.ts";

export interface Cleanup {
  /** Removes what was deleted, in the background, one short step after another. */
  start(): void;
  /** Resolves when nothing is being removed. */
  idle(): Promise<void>;
  /** Stops after the step that runs; the rest goes after the next start. */
  close(): Promise<void>;
}

/** Removes what is left of deleted knowledge bases and documents, their files included. */
export function createCleanup(store: KnowledgeStore, originals: Originals): Cleanup {
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function purge(): Promise<void> {
    for (let more = true; more && !closed; ) {
      const purged = await store.purge();
      for (const id of purged.documentIds) await originals.remove(id);
      more = purged.more;
    }
  }

  async function run(): Promise<void> {
    do {
      again = false;
      await purge();
    } while (again && !closed);
  }

  return {
    start() {
      again = true;
      running ??= run()
        .catch((error) => log.error("removing deleted documents failed", { error }))
        .finally(() => {
          running = undefined;
        });
    },
    idle: async () => {
      await running;
    },
    async close() {
      closed = true;
      await running;
    },
  };
}
