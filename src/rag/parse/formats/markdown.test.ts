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

test("properties in TOML, ids of headings and the frames of boxes are no text", () => {
  const blocks: Block[] = [];
  const writer = new BlockWriter((block) => blocks.push(block));
  const title = writeMarkdown(
    [
      '+++\ntitle = "Manual"\ndate = 2025-01-01\n+++\n## Install {#install .wide}\n:::tip 提示\nUse npm.\n:::\n',
      "::: warning\nNot yarn.\n:::\n> [!NOTE]\n> Or bun.\n## Set {a, b} {#s}\n",
    ],
    writer,
  );
  expect(title).toBe("Manual");
  expect(blocks.map(blockText)).toEqual(
    "Install|提示|Use npm.|Not yarn.|Or bun.|Set {a, b}".split("|"),
  );
});

test("Chinese numbers without a space begin an item each", () => {
  const blocks = read("说明：\n1、先登记\n2、再缴费\n   现金或转账\n");
  expect(blocks.map(blockText)).toEqual(["说明：", "1、先登记", "2、再缴费现金或转账"]);
});

test("links by name and of wikis leave their text; code is none of them", () => {
  const [block] = read(
    "See [the tariff][1], [[Berth]], [[ship|the fleet]], `[[ -f x ]]` and a[0][1].",
  );
  expect(block && blockText(block)).toBe(
    "See the tariff, Berth, the fleet, [[ -f x ]] and a[0][1].",
  );
});
