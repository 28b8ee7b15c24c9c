import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { AppError } from "../errors.ts";
import { storageFault } from "./storage-fault.ts";

test.skipIf(process.platform !== "linux")("a file that finds no room says so", () => {
  const write = (): void => {
    try {
      writeFileSync("/dev/full", "x");
    } catch (error) {
      throw storageFault(error);
    }
  };
  expect(write).toThrow(new AppError("storage_full"));
});

test("other faults stay as they are", () => {
  for (const fault of [new Error("disk full"), Object.assign(new Error(), { code: "EIO" }), "x"]) {
    expect(storageFault(fault)).toBe(fault);
  }
});
