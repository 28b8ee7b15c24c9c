import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { historyOf } from "../http/conversing.ts";
import { createKnowledgeBase, read, retrieve, upload } from "../http/knowing.ts";
import {
  BinaryProcess,
  BinaryServer,
  quietEnvironment,
  TemporaryFolder,
} from "./binary-process.ts";

const migrations = readMigrationFiles({
  migrationsFolder: new URL("../../drizzle", import.meta.url).pathname,
});

/** A database as the program left it that had only the first `count` migrations. */
function databaseOf(count: number, path: string): Database {
  const database = new Database(path, { create: true, strict: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run(
    "CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)",
  );
  for (const migration of migrations.slice(0, count)) {
    for (const statement of migration.sql) database.run(statement);
    database.run("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)", [
      migration.hash,
      migration.folderMillis,
    ]);
  }
  return database;
}

test("a database of the first version is migrated and keeps what it holds", async () => {
  using folder = new TemporaryFolder();
  {
    using database = databaseOf(1, folder.join("llm_backend.db"));
    database.run("INSERT INTO users VALUES (7, 'ada', ?, 1731851729)", [
      await Bun.password.hash("SecureP@ssw0rd!", { algorithm: "bcrypt", cost: 4 }),
    ]);
    database.run(
      `INSERT INTO conversations (id, user_id, title, model, created_time)
       VALUES (329629, 7, '旧对话', 'demo', 1731851729)`,
    );
    database.run(
      `INSERT INTO messages (conversation_id, id, role, content, status, created_time)
       VALUES (329629, 1, 'user', '介绍一下RUST', 'complete', 1731851730),
              (329629, 2, 'assistant', 'Rust 是一种', 'streaming', 1731851730)`,
    );
  }
  await using server = await BinaryServer.start({ folder });
  const ada = await server.signIn("ada");
  expect(await (await ada.get("/api/conversations/list")).json()).toEqual([
    { conversation_id: 329629, title: "旧对话", created_time: 1731851729 },
  ]);
  expect((await historyOf(ada, 329629)).messages).toMatchObject([
    { role: "user", content: "介绍一下RUST", message_id: 1 },
    { role: "assistant", content: "Rust 是一种", message_id: 2, status: "interrupted" },
  ]);
  expect(await ada.createConversation({ model: "demo" })).toBeGreaterThan(329629);
  expect(await server.stop()).toBe(0);

  using database = new Database(folder.join("llm_backend.db"), { readonly: true });
  const applied = database.query("SELECT hash FROM __drizzle_migrations ORDER BY created_at").all();
  expect(applied).toEqual(migrations.map(({ hash }) => ({ hash })));
});

test("a database of a newer version is refused in one line and left as it is", async () => {
  using folder = new TemporaryFolder();
  const path = folder.join("llm_backend.db");
  {
    using database = databaseOf(migrations.length, path);
    database.run(
      "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('next', 4102444800000)",
    );
    database.run("PRAGMA journal_mode = DELETE");
  }
  const before = readFileSync(path);
  await using child = new BinaryProcess({ folder });
  const { stderr, code } = await child.end();
  const refusal = stderr.split("\n").filter((line) => line.startsWith("llm-backend: "));
  expect(refusal).toEqual([expect.stringContaining("written by a newer version of this program")]);
  expect(code).toBe(1);
  using database = new Database(path, { readonly: true });
  expect(database.query("SELECT count(*) AS count FROM __drizzle_migrations").get()).toEqual({
    count: migrations.length + 1,
  });
  expect(readFileSync(path).length).toBe(before.length);
});

test("secrets are kept from others, and a token outlives a restart", async () => {
  using folder = new TemporaryFolder();
  const names = ["llm_backend.db.jwt-secret", "llm_backend.db.encryption-secret"];
  const secrets = () => names.map((name) => readFileSync(folder.join(name), "utf8"));
  let token: string | undefined;
  let kept: string[] = [];
  {
    await using server = await BinaryServer.start({ folder });
    token = (await server.signUp()).token;
    kept = secrets();
    for (const name of names) expect(statSync(folder.join(name)).mode & 0o777).toBe(0o600);
    expect(await server.stop()).toBe(0);
    for (const secret of kept) expect(server.stdout + server.stderr).not.toContain(secret.trim());
  }
  await using again = await BinaryServer.start({ folder });
  expect((await again.caller(token).get("/api/conversations/list")).status).toBe(200);
  expect(secrets()).toEqual(kept);
});

test("once it has stopped, the database is one whole file", async () => {
  using folder = new TemporaryFolder();
  {
    await using server = await BinaryServer.start({ folder });
    const ada = await server.signUp();
    await ada.createConversation({ model: "demo", title: "备份" });
    expect(await server.stop()).toBe(0);
  }
  using copies = new TemporaryFolder();
  await Bun.write(copies.join("copy.db"), Bun.file(folder.join("llm_backend.db")));
  using copy = new Database(copies.join("copy.db"));
  expect(copy.query("SELECT title FROM conversations").all()).toEqual([{ title: "备份" }]);
});

test("the vector extension goes beside the database where the temporary folder cannot be used", async () => {
  using folder = new TemporaryFolder();
  const environment = { ...quietEnvironment, TMPDIR: "/dev/null" };
  await using server = await BinaryServer.start({ folder, environment });
  const ada = await server.signUp();
  const kb = await createKnowledgeBase(ada);
  await read(await upload(ada, kb, "note.txt", "The ferry leaves at nine."));
  const [hit] = await retrieve(ada, kb, "When does the ferry leave?", { mode: "vector" });
  expect(hit?.content).toContain("The ferry leaves at nine.");
  expect(readdirSync(folder.join(".llm-backend"))).toEqual([expect.stringMatching(/^vec0-/)]);
});
