import type { Database } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { answerOwners } from "./answer-owners.ts";
import { answerWrites } from "./answers.ts";
import { apiKeyWrites } from "./api-keys.ts";
import { claimWrites } from "./claims.ts";
import { queries } from "./connection.ts";
import { conversationImportWrites } from "./conversation-import.ts";
import { conversationIndexWrites } from "./conversation-index.ts";
import { conversationWrites } from "./conversation-writes.ts";
import { isFull } from "./disk-room.ts";
import { embeddingCacheWrites } from "./embedding-cache.ts";
import { knowledgeWrites } from "./knowledge-writes.ts";
import { usageWrites } from "./usage.ts";
import { userWrites } from "./users.ts";

/** Everything that changes the database, by name. Each runs as one transaction in the writer. */
export function createWrites(database: Database) {
  const db = queries(database);
  const answers = answerWrites(db);
  const owners = answerOwners(database, answers);
  return {
    ...userWrites(db),
    ...apiKeyWrites(db),
    ...conversationWrites(db, answers, owners),
    ...owners.writes,
    ...claimWrites(database),
    ...conversationIndexWrites(database),
    ...conversationImportWrites(db),
    ...usageWrites(db),
    ...knowledgeWrites(database, db),
    ...embeddingCacheWrites(db),

    checkWritable: (): void => {
      database.run("UPDATE users SET id = id WHERE id = -1");
      // That one needs no room.
      if (isFull(statfsSync(dirname(database.filename)))) throw new Error("the disk is full");
    },
  };
}

export type Writes = ReturnType<typeof createWrites>;
