import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Caller, startApp, type TestApp } from "./harness.ts";
import { ask } from "./http/conversing.ts";
import { createKnowledgeBase, read, type UploadAnswer, upload } from "./http/knowing.ts";

const main = join(import.meta.dir, "../src/main.ts");
const root = mkdtempSync(join(tmpdir(), "llm-backend-doctor-"));
let app: TestApp;
let user: Caller;
let doc: string;
let folder: string;

beforeAll(async () => {
  app = await startApp();
  user = await app.signUp();
  const kb = await createKnowledgeBase(user);
  doc = (await read<UploadAnswer>(await upload(user, kb, "a.txt", "苹果"))).doc_id;
  await upload(user, kb, "b.docx", "PK\u0003\u0004");
  const id = await user.createConversation();
  await (await ask(user, id, "苹果")).text();
  // Makes what was said findable.
  await (await user.get("/api/conversations/search?q=x")).text();
});
afterAll(async () => {
  await app.close();
  rmSync(root, { recursive: true });
});

/** A copy of the server's data, as of a moment at which nothing is written. */
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  cpSync(app.folder, folder, { recursive: true, preserveTimestamps: true });
});

const path = () => join(folder, "test.db");

async function doctor(database: string, environment: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, "doctor"], {
    cwd: folder,
    env: { LLM_BACKEND_SQLITE_PATH: database, ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

function damage(...statements: string[]): void {
  const database = new Database(path());
  for (const statement of statements) database.run(statement);
  database.close();
}

test("finds nothing wrong beside a running server", async () => {
  const { stdout, stderr, code } = await doctor(join(app.folder, "test.db"));
  expect(stdout.split("\n")).toEqual([
    expect.stringMatching(/^ok {5}the database .*test\.db, [\d.]+ MB$/),
    "ok     knowledge bases: 2 documents, 1 chunks with their full-text rows and vectors",
    "ok     conversations: 1 with 2 messages, and the search over them",
    "ok     the secrets beside the database",
    expect.stringMatching(/^ok {5}the documents' files in .*test\.db\.files$/),
    "",
  ]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
});

test.each([
  ["a chunk without a slice", ["DELETE FROM slices"], "rows of chunks belong to no document"],
  ["a slice without a chunk", ["DELETE FROM chunks"], "1 rows of chunks are missing"],
  [
    "a wrong count",
    ["UPDATE documents SET chunk_count = 7"],
    "documents have another number of chunks than they say",
  ],
  [
    "a vector too few",
    ["DELETE FROM vectors_1024_rowids"],
    "rows of vectors_1024_rowids are missing",
  ],
  [
    "a row that refers to nothing",
    ["PRAGMA foreign_keys = OFF", "DELETE FROM users"],
    "rows refer to rows that are not there",
  ],
  [
    "no index that answers",
    ["UPDATE search_indexes SET state = 'building'"],
    "knowledge bases have no index that answers",
  ],
])("finds %s", async (_, statements, fault) => {
  damage(...statements);
  const { stdout, code } = await doctor(path());
  expect(stdout).toContain("FAULT  knowledge bases: ");
  expect(stdout).toContain(fault);
  expect(code).toBe(1);
});

test.each([
  [
    "a message that is lost to the search",
    ["DELETE FROM search_entries WHERE message_id = 2"],
    "1 messages can never be found",
  ],
  [
    "a text without terms",
    ["DROP TRIGGER search_entry_deleted", "DELETE FROM conversation_terms WHERE rowid = 1"],
    "1 searchable texts have no terms",
  ],
  [
    "terms without a text",
    ["DROP TRIGGER search_entry_deleted", "DELETE FROM search_entries"],
    "3 rows of terms belong to no text",
  ],
  ["a tip that leads nowhere", ["UPDATE conversations SET tip = 9"], "1 conversations show"],
  [
    "a message that follows none",
    ["UPDATE messages SET parent_id = 9 WHERE id = 2"],
    "1 messages follow one that is not there",
  ],
])("finds %s", async (_, statements, fault) => {
  damage(...statements);
  const { stdout, code } = await doctor(path());
  expect(stdout).toContain("FAULT  conversations: ");
  expect(stdout).toContain(fault);
  expect(code).toBe(1);
});

test("finds files without documents, and documents without files", async () => {
  const files = `${path()}.files`;
  rmSync(join(files, doc));
  const old = join(files, "0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90");
  writeFileSync(old, "left");
  utimesSync(old, 0, 0);
  writeFileSync(join(files, "on-its-way.part"), "new");
  const { stdout, code } = await doctor(path());
  expect(stdout).toContain(`1 documents have no file: ${doc}`);
  expect(stdout).toContain(
    "1 files belong to no document; the next start of the server removes them",
  );
  expect(stdout).not.toContain("on-its-way");
  expect(code).toBe(1);
  const kept = await doctor(path(), { LLM_BACKEND_RAG_KEEP_ORIGINALS: "false" });
  expect(kept.stdout).not.toContain("have no file");
});

test("finds secrets that others can read, or that are missing", async () => {
  chmodSync(`${path()}.jwt-secret`, 0o644);
  rmSync(`${path()}.encryption-secret`);
  const { stdout, code } = await doctor(path());
  expect(stdout).toContain(`others can read ${path()}.jwt-secret: chmod 600`);
  expect(stdout).toContain(`${path()}.encryption-secret is missing`);
  expect(code).toBe(1);
});

test("tells a database that is none, is missing, or is of another version or program", async () => {
  expect(await doctor(join(folder, "none.db"))).toMatchObject({
    stdout: expect.stringContaining("there is no such file"),
    code: 1,
  });
  writeFileSync(join(folder, "text.db"), "x".repeat(10_000));
  expect(await doctor(join(folder, "text.db"))).toMatchObject({
    stdout: expect.stringContaining("file is not a database"),
    code: 1,
  });
  damage("UPDATE __drizzle_migrations SET created_at = created_at + 1e12");
  expect(await doctor(path())).toMatchObject({
    stdout: expect.stringContaining("it is of a newer version of this program"),
    code: 1,
  });
  damage("DELETE FROM __drizzle_migrations");
  expect(await doctor(path())).toMatchObject({
    stdout: expect.stringContaining("brings up to date"),
    code: 1,
  });
  damage("DROP TABLE __drizzle_migrations");
  expect(await doctor(path())).toMatchObject({
    stdout: expect.stringContaining("it is another program's"),
    code: 1,
  });
});

test("changes nothing", async () => {
  damage("UPDATE documents SET chunk_count = 7", "PRAGMA wal_checkpoint(TRUNCATE)");
  const before = await Bun.file(path()).bytes();
  await doctor(path());
  expect((await Bun.file(path()).bytes()).toHex()).toBe(before.toHex());
});

test("refuses a wrong configuration or command line", async () => {
  const { stderr, code } = await doctor(path(), { LLM_BACKEND_RAG_CHUNK_SIZE: "1" });
  expect(stderr).toContain("rag.chunk_size");
  expect(code).toBe(2);
});
