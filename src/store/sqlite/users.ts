import { eq, sql } from "drizzle-orm";
import type { User, UserStore } from "../users.ts";
import { type Drizzle, highestId } from "./connection.ts";
import { users } from "./schema.ts";
import type { Writer } from "./writer.ts";

export function userWrites(db: Drizzle) {
  const insert = db
    .insert(users)
    .values({
      id: sql.placeholder("id"),
      username: sql.placeholder("username"),
      passwordHash: sql.placeholder("passwordHash"),
      createdTime: sql.placeholder("createdTime"),
    })
    .onConflictDoNothing({ target: users.username })
    .returning({ id: users.id })
    .prepare();

  return {
    insertUser: (user: User): boolean => insert.get({ ...user }) !== undefined,
  };
}

export function createUserStore(db: Drizzle, writer: Writer): UserStore {
  const byId = db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder("id")))
    .prepare();
  const byUsername = db
    .select()
    .from(users)
    .where(eq(users.username, sql.placeholder("username")))
    .prepare();

  return {
    insert: (user) => writer.call("insertUser", [user]),
    highestId: async () => highestId(db, "users"),
    find: async (id) => byId.get({ id }),
    findByUsername: async (username) => byUsername.get({ username }),
  };
}
