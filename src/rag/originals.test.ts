import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { openOriginals } from "./originals.ts";

test.skipIf(process.platform !== "linux")(
  "a disk without room is named, and nothing is left on it",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "originals-"));
    const originals = await openOriginals(folder);
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("the beginning");
      writeFileSync("/dev/full", "the rest");
    }
    const fault = await originals.receive(bytes(), 1000).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(AppError);
    expect(fault).toMatchObject({ code: "storage_full" });
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  },
);
