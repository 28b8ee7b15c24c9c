import type { Database } from "bun:sqlite";
import type { ClaimStore } from "../claims.ts";
import type { Presence } from "./presence.ts";
import { isAliveOn } from "./process-lock.ts";
import type { Writer } from "./writer.ts";

export function claimWrites(database: Database) {
  return {
    takeClaim: (own: number, name: string): boolean => {
      const claim = database
        .query<{ process: number }, [string]>("SELECT process FROM claims WHERE name = ?")
        .get(name);
      if (claim?.process === own) return true;
      if (claim !== null && isAliveOn(database, claim.process)) return false;
      database
        .query<unknown, [string, number]>("INSERT OR REPLACE INTO claims VALUES (?, ?)")
        .run(name, own);
      return true;
    },

    releaseClaim: (own: number, name: string): void => {
      database
        .query<unknown, [string, number]>("DELETE FROM claims WHERE name = ? AND process = ?")
        .run(name, own);
    },
  };
}

export const createClaimStore = (writer: Writer, presence: Presence): ClaimStore => ({
  take: async (name) => writer.call("takeClaim", [await presence.take(), name]),
  release: async (name) => writer.call("releaseClaim", [await presence.take(), name]),
});
