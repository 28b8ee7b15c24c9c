import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placeVectorExtension } from "./vector-extension.ts";
import { startWriter } from "./writer.ts";

async function withWriter(
  use: (insert: (id: number, name: string) => Promise<unknown>, beside: Database) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "llm-backend-writer-"));
  const path = join(folder, "test.db");
  const writer = await startWriter({ path, vectorExtension: placeVectorExtension(path) });
  const beside = new Database(path);
  const insert = (id: number, username: string) =>
    writer.call("insertUser", [{ id, username, passwordHash: "-", createdTime: 0 }]);
  try {
    await use(insert, beside);
  } finally {
    beside.close();
    await writer.closeAfter("end", []);
    rmSync(folder, { recursive: true });
  }
}

const namesIn = (database: Database) =>
  database.query("SELECT username FROM users ORDER BY id").values().flat();

test("of writes that are committed together, the one that fails is undone alone", async () => {
  await withWriter(async (insert, beside) => {
    const writes = [insert(1, "anna"), insert(1, "bob"), insert(2, "carol")];
    const ends = await Promise.allSettled(writes);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(namesIn(beside)).toEqual(["anna", "carol"]);
  });
});

test("when a full disk undoes what was to be committed together, each write tells the truth", async () => {
  await withWriter(async (insert, beside) => {
    // As SQLite does when it finds no room: the whole transaction is gone.
    beside.run(`CREATE TRIGGER full BEFORE INSERT ON users WHEN NEW.username = 'full'
      BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`);
    const names = ["anna", "bob", "full", "carol", "dora"];
    const ends = await Promise.allSettled(names.map((name, index) => insert(index, name)));
    // How many of them share a commit is a matter of their speed.
    const stored = names.filter((_, index) => ends[index]?.status === "fulfilled");
    expect(stored).not.toContain("full");
    expect(namesIn(beside)).toEqual(stored);
    await insert(5, "erik");
    expect(namesIn(beside)).toEqual([...stored, "erik"]);
  });
});
