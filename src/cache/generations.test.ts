import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Generations } from "./generations.ts";

let folder: string;
let database: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "generations-"));
  database = join(folder, "test.db");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs `body`, with `generations` open on the database, in another process; a line of input at a time. */
function inAnotherProcess(body: string) {
  const module = JSON.stringify(join(import.meta.dir, "generations.ts"));
  const child = Bun.spawn(
    [
      process.execPath,
      "--eval",
      `import { Generations } from ${module};
       const generations = Generations.open(process.env.DATABASE);
       ${body}`,
    ],
    { env: { ...process.env, DATABASE: database }, stdin: "pipe", stdout: "pipe" },
  );
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  return {
    child,
    say: (line: string) => {
      child.stdin.write(`${line}\n`);
      child.stdin.flush();
    },
    hear: async () => (await lines.read()).value?.trim(),
  };
}

describe("Generations", () => {
  test("a bump changes the stamp of its key and of no other", () => {
    const generations = Generations.private();
    const before = { a: generations.stamp("a"), b: generations.stamp("b") };
    expect(generations.stamp("a")).toBe(before.a);
    generations.bump("a");
    expect(generations.stamp("a")).not.toBe(before.a);
    expect(generations.stamp("b")).toBe(before.b);
  });

  test("two that are open on one database share their stamps, whatever name it goes by", () => {
    writeFileSync(database, "");
    const link = join(folder, "link.db");
    symlinkSync(database, link);
    const one = Generations.open(database);
    const two = Generations.open(link);
    const before = one.stamp("key");
    expect(two.stamp("key")).toBe(before);
    expect(two.id).toBe(one.id);
    two.bump("key");
    expect(one.stamp("key")).toBe(two.stamp("key"));
    expect(one.stamp("key")).not.toBe(before);
    expect(readdirSync(folder).sort()).toEqual(["link.db", "test.db", "test.db-cache"]);
  });

  test("opening ends what was stamped before, and leaves the identity", () => {
    const before = Generations.open(database);
    const stamp = before.stamp("key");
    const after = Generations.open(database);
    expect(after.id).toBe(before.id);
    expect(after.stamp("key")).not.toBe(stamp);
    expect(before.stamp("key")).not.toBe(stamp);
  });

  test("different databases have different identities", () => {
    expect(Generations.open(database).id).not.toBe(Generations.open(join(folder, "b.db")).id);
  });

  test("no bump of two processes is lost when both bump at once", async () => {
    const other = inAnotherProcess(`
      console.log("open");
      for await (const line of console) {
        for (let i = 0; i < 300000; i++) generations.bump(line);
        console.log("done");
      }`);
    expect(await other.hear()).toBe("open");
    const generations = Generations.open(database);
    const count = () => Number(generations.stamp("key").split(".")[1]);
    expect(count()).toBe(0);
    other.say("key");
    for (let i = 0; i < 300_000; i++) generations.bump("key");
    expect(await other.hear()).toBe("done");
    expect(count()).toBe(600_000);
    other.child.kill();
  });

  test("processes that start together on a new database agree on one file", async () => {
    const others = Array.from({ length: 4 }, () =>
      inAnotherProcess("console.log(generations.id);"),
    );
    const ids = await Promise.all(others.map((other) => other.hear()));
    expect(ids).toEqual(Array(4).fill(Generations.open(database).id));
    await Promise.all(others.map((other) => other.child.exited));
    expect(readdirSync(folder)).toEqual(["test.db-cache"]);
  });

  test("another kind of file is refused and left alone", async () => {
    writeFileSync(`${database}-cache`, "precious");
    expect(() => Generations.open(database)).toThrow("not a file of cache counters");
    expect(await Bun.file(`${database}-cache`).text()).toBe("precious");
  });

  test("an empty file and a missing folder are refused", () => {
    writeFileSync(`${database}-cache`, "");
    expect(() => Generations.open(database)).toThrow();
    expect(() => Generations.open(join(folder, "missing", "test.db"))).toThrow();
  });
});
