import { count, desc, eq, getTableColumns, sql } from "drizzle-orm";
import type { ApiKey, ApiKeyStore } from "../api-keys.ts";
import type { Drizzle } from "./connection.ts";
import { apiKeys, users } from "./schema.ts";
import type { Writer } from "./writer.ts";

const { hash: _, ...shown } = getTableColumns(apiKeys);

export function apiKeyWrites(db: Drizzle) {
  const countOf = db
    .select({ count: count() })
    .from(apiKeys)
    .where(eq(apiKeys.userId, sql.placeholder("userId")))
    .prepare();
  const remove = db
    .delete(apiKeys)
    .where(
      sql`${apiKeys.id} = ${sql.placeholder("id")} AND ${apiKeys.userId} = ${sql.placeholder("userId")}`,
    )
    .returning({ id: apiKeys.id })
    .prepare();
  const markUsed = db
    .update(apiKeys)
    .set({ lastUsedTime: sql`${sql.placeholder("time")}` })
    .where(eq(apiKeys.id, sql.placeholder("id")))
    .prepare();

  return {
    insertApiKey(key: Omit<ApiKey, "lastUsedTime">, hash: Uint8Array, limit: number): boolean {
      if ((countOf.get({ userId: key.userId })?.count ?? 0) >= limit) return false;
      db.insert(apiKeys)
        .values({ ...key, hash: Buffer.from(hash) })
        .run();
      return true;
    },
    deleteApiKey: (id: string, userId: number): boolean => remove.get({ id, userId }) !== undefined,
    markApiKeyUsed: (id: string, time: number): void => {
      markUsed.run({ id, time });
    },
  };
}

export function createApiKeyStore(db: Drizzle, writer: Writer): ApiKeyStore {
  const byHash = db
    .select(shown)
    .from(apiKeys)
    // A database that was mended by hand may hold a key of nobody.
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(eq(apiKeys.hash, sql.placeholder("hash")))
    .prepare();
  const ofUser = db
    .select(shown)
    .from(apiKeys)
    .where(eq(apiKeys.userId, sql.placeholder("userId")))
    .orderBy(desc(apiKeys.id))
    .prepare();

  return {
    insert: (key, hash, limit) => writer.call("insertApiKey", [key, hash, limit]),
    findByHash: async (hash) => byHash.get({ hash: Buffer.from(hash) }),
    list: async (userId) => ofUser.all({ userId }),
    delete: (id, userId) => writer.call("deleteApiKey", [id, userId]),
    markUsed: (id, time) => writer.call("markApiKeyUsed", [id, time]),
  };
}
