import { expect, test } from "bun:test";
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { isFull } from "./disk-room.ts";

test("a disk is full when a message may not find room", () => {
  const bsize = 4096;
  expect(isFull({ blocks: 1000, bavail: 0, bsize })).toBe(true);
  expect(isFull({ blocks: 1000, bavail: 255, bsize })).toBe(true);
  expect(isFull({ blocks: 1000, bavail: 256, bsize })).toBe(false);
});

test("a file system that does not tell its size is not full", () => {
  expect(isFull({ blocks: 0, bavail: 0, bsize: 4096 })).toBe(false);
});

test("the disk of the tests has room", () => {
  expect(isFull(statfsSync(tmpdir()))).toBe(false);
});
