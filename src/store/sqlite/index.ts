import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../../config/schema.ts";
import { StartError } from "../../errors.ts";
import type { Store } from "../index.ts";
import { createAnswerStore } from "./answer-owners.ts";
import { createApiKeyStore } from "./api-keys.ts";
import { createClaimStore } from "./claims.ts";
import { openDatabase, queries } from "./connection.ts";
import { openConversationSearch } from "./conversation-search-client.ts";
import { createConversationStore } from "./conversations.ts";
import { createKnowledgeStore } from "./knowledge.ts";
import { Presence } from "./presence.ts";
import { openUsageStore } from "./usage.ts";
import { createUserStore } from "./users.ts";
import { placeVectorExtension } from "./vector-extension.ts";
import { startWriter } from "./writer.ts";

/**
 * Opens the database, creating and migrating it as needed. Reads run where they are called, writes in
 * a thread of their own, one after another.
 *
 * @throws StartError that says why the database cannot be used: newer than this program, not one at
 *   all, not open to this user.
 */
export async function openSqliteStore(config: Config["sqlite"]): Promise<Store> {
  const folder = dirname(config.path);
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  const vectorExtension = placeVectorExtension(config.path);
  const writer = await startWriter({ path: config.path, vectorExtension }).catch(
    (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartError(`${config.path}: ${reason}`, { cause });
    },
  );
  await writer.call("interruptAnswers", [undefined]);
  const reader = openDatabase({ path: config.path, readonly: true });
  const db = queries(reader);
  const usage = openUsageStore({ path: config.path }, writer);
  const presence = new Presence(config.path, writer);
  const searcher = openConversationSearch({ path: config.path }, writer);
  return {
    users: createUserStore(db, writer),
    apiKeys: createApiKeyStore(db, writer),
    conversations: createConversationStore(db, writer, searcher, presence),
    answers: createAnswerStore(reader, writer, presence),
    claims: createClaimStore(writer, presence),
    usage,
    knowledge: createKnowledgeStore(db, writer),
    threads: { writer: () => writer.isAlive() },
    checkWritable: () => writer.call("checkWritable", []),
    async close() {
      await Promise.all([searcher.close(), usage.close()]);
      reader.close();
      // Last, so that a copy of the one file is a whole backup.
      await writer.closeAfter("end", []);
      presence.release();
    },
  };
}
