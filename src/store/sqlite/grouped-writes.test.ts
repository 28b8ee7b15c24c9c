import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { AppError } from "../../errors.ts";
import { groupedWrites } from "./grouped-writes.ts";

/** Writes into a database that takes no more than a few pages. */
function openSmall() {
  const database = new Database(":memory:");
  database.run("CREATE TABLE notes (text TEXT)");
  database.run("PRAGMA max_page_count = 8");
  return {
    database,
    ...groupedWrites(database, {
      note: (text: string): void => {
        database.query("INSERT INTO notes VALUES (?)").run(text);
      },
    }),
  };
}

test("a full disk is told as one, and to every write that it undid", () => {
  const { database, api, together } = openSmall();
  const faults: unknown[] = [];
  const note = (text: string): void => {
    try {
      api.note?.(text);
    } catch (error) {
      faults.push(error);
    }
  };
  const commit = () =>
    together(() => {
      note("fits");
      note("x".repeat(100_000));
      note("fits, too");
    });
  expect(commit).toThrow(new AppError("storage_full"));
  expect(faults).toEqual(Array(2).fill(expect.objectContaining({ code: "storage_full" })));
  expect(database.query("SELECT * FROM notes").all()).toEqual([]);
  together(() => note("room"));
  expect(database.query("SELECT text FROM notes").values()).toEqual([["room"]]);
});

test("any other fault stays what it is, and undoes its own write alone", () => {
  const { database, api, together } = openSmall();
  database.run("CREATE UNIQUE INDEX once ON notes (text)");
  const faults: unknown[] = [];
  together(() => {
    for (const text of ["a", "a", "b"]) {
      try {
        api.note?.(text);
      } catch (error) {
        faults.push(error);
      }
    }
  });
  expect(faults).toEqual([expect.objectContaining({ code: "SQLITE_CONSTRAINT_UNIQUE" })]);
  expect(database.query("SELECT text FROM notes").values()).toEqual([["a"], ["b"]]);
});
