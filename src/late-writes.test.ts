import { expect, test } from "bun:test";
import { eventually, FakeTime } from "../test/fake-time.ts";
import { LateWrites } from "./late-writes.ts";

/** A write that fails while the disk is full, and notes that it succeeded. */
const writing =
  (done: string[], name: string, isFull: () => boolean) => async (): Promise<void> => {
    if (isFull()) throw new Error("full");
    done.push(name);
  };

test("what could not be written is tried until it can, in order and once", async () => {
  using time = new FakeTime();
  const late = new LateWrites();
  const done: string[] = [];
  let full = true;
  late.add(writing(done, "first", () => full));
  late.add(writing(done, "second", () => full));
  await time.pass(5000);
  expect(done).toEqual([]);
  full = false;
  await time.pass(1000);
  await eventually(() => done.length === 2);
  await time.pass(5000);
  // Each try that failed sent one of them behind the other.
  expect(done.toSorted()).toEqual(["first", "second"]);
});

test("one that will never succeed holds up no other", async () => {
  using time = new FakeTime();
  const late = new LateWrites();
  const done: string[] = [];
  late.add(writing(done, "never", () => true));
  late.add(writing(done, "other", () => false));
  await time.pass(3000);
  expect(done).toEqual(["other"]);
  await late.close();
});

test("the end tries what waits once more", async () => {
  const late = new LateWrites();
  const done: string[] = [];
  let tries = 0;
  late.add(writing(done, "at last", () => false));
  late.add(async () => {
    tries += 1;
    throw new Error("full");
  });
  await late.close();
  expect(done).toEqual(["at last"]);
  expect(tries).toBe(1);
});
