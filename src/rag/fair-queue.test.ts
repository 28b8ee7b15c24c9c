import { expect, test } from "bun:test";
import { FairQueue } from "./fair-queue.ts";

const drain = (queue: FairQueue<string>): string[] => {
  const taken: string[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
};

test("owners take turns, each with its own order", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "a3"]) queue.push(1, item);
  queue.push(2, "b1");
  queue.push(3, "c1");
  queue.push(2, "b2");
  expect(drain(queue)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  expect(queue.take()).toBeUndefined();
});

test("what is removed has no turn", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2"]) queue.push(1, item);
  for (const item of ["b1", "b2"]) queue.push(2, item);
  expect(queue.remove((item) => item.endsWith("1") || item === "a2")).toEqual(["a1", "a2", "b1"]);
  expect(drain(queue)).toEqual(["b2"]);
});
