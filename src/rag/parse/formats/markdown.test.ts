import { expect, test } from "bun:test";
import { BlockWriter, blockText } from "../block-writer.ts";
import type { Block } from "../document.ts";
import { writeMarkdown } from "./markdown.ts";

function read(text: string): Block[] {
  const blocks: Block[] = [];
  writeMarkdown([text], new BlockWriter((block) => blocks.push(block)));
  return blocks;
}

test("items keep their numbers, which other texts refer to", () => {
  const blocks = read("3. Third\n4) **Fourth**\n   goes on\n   - inner\n\n1986. A year.\n");
  expect(blocks.map(blockText)).toEqual([
    "3. Third",
    "4) Fourth goes on",
    "inner",
    "1986. A year.",
  ]);
});

test("code within a list is indented as its fence is", () => {
  const [, code] = read("1. Install:\n\n   ```sh\n   if true; then\n     npm ci\n   fi\n   ```\n");
  expect(code).toEqual({ type: "code", language: "sh", text: "if true; then\n  npm ci\nfi" });
});
