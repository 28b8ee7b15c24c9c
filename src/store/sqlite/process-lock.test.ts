import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, ProcessLock } from "./process-lock.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "process-lock-"));
  path = join(folder, "test.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("each takes the lowest number that is free, and holds it until it lets go", () => {
  const first = ProcessLock.take(path);
  const second = ProcessLock.take(path);
  expect([first.number, second.number]).toEqual([1, 2]);
  expect([1, 2, 3].map((number) => isAlive(path, number))).toEqual([true, true, false]);
  first.release();
  expect([1, 2].map((number) => isAlive(path, number))).toEqual([false, true]);
  const third = ProcessLock.take(path);
  expect(third.number).toBe(1);
  // A look at the own lock must not let go of it.
  expect(isAlive(path, 1)).toBe(true);
  expect(isAlive(path, 1)).toBe(true);
  second.release();
  third.release();
});

test("a process that is killed holds nothing, and one that stands still goes on holding", async () => {
  const module = join(import.meta.dir, "process-lock.ts");
  const script = `
    const { ProcessLock } = await import(${JSON.stringify(module)});
    globalThis.lock = ProcessLock.take(${JSON.stringify(path)});
    console.log(lock.number);
    setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("1\n");
  const own = ProcessLock.take(path);
  expect(own.number).toBe(2);
  child.kill("SIGSTOP");
  expect(isAlive(path, 1)).toBe(true);
  child.kill("SIGKILL");
  await child.exited;
  expect(isAlive(path, 1)).toBe(false);
  own.release();
});

test("where no file can be written, nothing is taken", () => {
  expect(() => ProcessLock.take(join(folder, "missing", "test.db"))).toThrow();
});
