import { expect, test } from "bun:test";
import type { Block } from "../document.ts";
import { readDocument } from "../index.ts";
import { bytesSource } from "../source.ts";

async function read(content: string | Uint8Array, claimedExtension = "html") {
  const blocks: Block[] = [];
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const { title } = await readDocument(bytesSource(bytes), {
    claimedExtension,
    maxDecompressedBytes: 2 ** 26,
    sink: (block) => blocks.push(block),
  });
  return { title, blocks };
}

const texts = (blocks: readonly Block[]) =>
  blocks.map((block) => (block.type === "table" ? [block.header, ...block.rows] : block.text));

test("the encoding that a page states is used where the bytes are not UTF-8", async () => {
  const head = new TextEncoder().encode('<meta charset="gb2312"><title>');
  const page = Buffer.concat([head, Buffer.from("bacfcdac", "hex"), Buffer.from("</title><p>x")]);
  expect((await read(page)).title).toBe("合同");
});

test("cells over columns and rows stand where they are seen", async () => {
  const { blocks } = await read(
    "<table><tr><th>a<th colspan=2>b<tr><td rowspan=2>1<td>2<td>3<tr><td>4<td>5</table>",
  );
  expect(texts(blocks)).toEqual([
    [
      ["a", "b"],
      ["1", "2", "3"],
      ["1", "4", "5"],
    ],
  ]);
});

test("a header of two rows names each column by both", async () => {
  const { blocks } = await read(
    "<table><tr><th rowspan=2>Service<th colspan=2>Price<th rowspan=2>Unit<tr><th>weekday<th>holiday<tr><td>Towing<td>100<td>200<td>hour</table>",
  );
  expect(texts(blocks)).toEqual([
    [
      ["Service", "Price weekday", "Price holiday", "Unit"],
      ["Towing", "100", "200", "hour"],
    ],
  ]);
});

test("a table that lays out a page is read as its content", async () => {
  const { blocks } = await read(
    "<table><tr><td>left</td><td><h2>Title</h2><table><tr><td>k</td><td>v</td></tr><tr><td>x</td><td>y</td></tr></table>after</td></tr></table>",
  );
  expect(texts(blocks).flat(2)).toEqual(["left", "Title", "k", "v", "x", "y", "after"]);
});

test("what is hidden, around the content or a form's is left out; a form around a page is not", async () => {
  const long = "Whole pages of old programs stand in one form. ".repeat(10).trim();
  const { blocks } = await read(
    `<p hidden>a</p><p style="display: none">b</p><div role=navigation>c</div><form>Search</form><form><p>${long}</p></form><ruby>漢<rt>かん</rt></ruby>`,
  );
  expect(texts(blocks)).toEqual([long, "漢"]);
});

test("Chinese lines that the source breaks are joined without a space", async () => {
  expect(texts((await read("<p>第一行\n  第二行 and\n more</p>")).blocks)).toEqual([
    "第一行第二行 and more",
  ]);
});

test("markup that is never closed still has its text", async () => {
  const { title, blocks } = await read(
    "<html><head><title>T</title><body><div><p>one<li>two<pre>three",
  );
  expect(title).toBe("T");
  expect(texts(blocks)).toEqual(["one", "two", "three"]);
});

test("Markdown loses its markup and nothing else", async () => {
  const { blocks } = await read(
    "a * b and 2 * 3, snake_case_name, **重点：**内容，`x < y`, 1 < 2, <b>bold</b><br>next \\*star\\*\n\n1986. A year.\n\n#标题\n\n#hashtag\n",
    "md",
  );
  expect(texts(blocks)).toEqual([
    "a * b and 2 * 3, snake_case_name, 重点：内容，x < y, 1 < 2, bold\nnext *star*",
    "1986. A year.",
    "标题",
    "#hashtag",
  ]);
});

test("items of lists with numbers bear them, once each", async () => {
  const { blocks } = await read(
    "<ol start=3><li><p>a</p><p>b</p><li>c<ul><li>d</ul>e<ol type=i><li>f<li value=4>g</ol><li></li><li>h</ol><ul><li>i</ul>",
  );
  expect(texts(blocks)).toEqual("3. a|b|4. c|d|e|i. f|iv. g|6. h|i".split("|"));
});

test("a heading that is a button is kept, any other button is not", async () => {
  const { blocks } = await read(
    "<h3><button aria-expanded=false>How do I pay?</button></h3><div>By card.<button>Buy</button></div>",
  );
  expect(blocks).toEqual([
    { type: "heading", level: 3, text: "How do I pay?" },
    { type: "paragraph", text: "By card." },
  ]);
});
