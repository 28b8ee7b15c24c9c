import { expect, test } from "bun:test";
import { blockText } from "../block-writer.ts";
import { readDocument } from "../index.ts";
import { bytesSource } from "../source.ts";

async function read(claimedExtension: string, text: string): Promise<string[]> {
  const texts: string[] = [];
  await readDocument(bytesSource(new TextEncoder().encode(text)), {
    claimedExtension,
    maxDecompressedBytes: 2 ** 20,
    sink: (block) => texts.push(`${block.type} ${blockText(block)}`),
  });
  return texts;
}

test.each([";", ",", "\t", "|"])(
  "a first line that names the separator %j is no row",
  async (by) => {
    const rows = [
      ["Name", "Wert; x"],
      ["A", "1,5"],
    ]
      .map((row) => row.join(by))
      .join("\r\n");
    const [table, ...more] = await read("csv", `sep=${by}\r\n${rows}`);
    expect(table?.startsWith("table Name | Wert")).toBe(true);
    expect(more).toEqual([]);
  },
);

test("HTML in the fields of a feed is read as such", async () => {
  const feed = `<rss><channel><title>News</title><item><title>One</title><link>https://x.test/1</link>
    <description><![CDATA[<p>First <b>bold</b> line</p><ul><li>point</li></ul><script>no()</script>]]></description>
    <encoded>&lt;p&gt;Escaped &amp;amp; kept&lt;/p&gt;</encoded><rank>a &lt; b &gt; c</rank></item></channel></rss>`;
  expect(await read("xml", feed)).toEqual([
    "heading News",
    "heading One",
    "paragraph link: https://x.test/1",
    "paragraph First bold line",
    "list_item point",
    "paragraph Escaped & kept",
    "paragraph rank: a < b > c",
  ]);
});

test("a mail that is forwarded is read as one, below the one that forwards it", async () => {
  const inner = [
    "From: =?gb18030?B?0ru2/g==?= <a@x.test>",
    "Subject: Inner",
    "Content-Type: text/plain; charset=gb18030",
    "Content-Transfer-Encoding: base64",
    "",
    "1tDOxNX9zsQ=",
  ];
  const outer = [
    "From: b@x.test",
    "Subject: Fwd",
    'Content-Type: multipart/mixed; boundary="x"',
    "",
    "--x",
    "Content-Type: text/plain",
    "",
    "See below.",
    "--x",
    "Content-Type: message/rfc822",
    "",
    ...inner,
    "--x--",
  ];
  expect(await read("eml", outer.join("\r\n"))).toEqual([
    "heading Fwd",
    "paragraph From: b@x.test",
    "paragraph See below.",
    "heading Inner",
    "paragraph From: 一二 <a@x.test>",
    "paragraph 中文正文",
  ]);
});

test("a notebook's cell that failed says in what", async () => {
  const output = {
    output_type: "error",
    ename: "ValueError",
    evalue: "no such port",
    traceback: [],
  };
  const cell = { cell_type: "code", source: ["open(9)"], outputs: [output] };
  const notebook = JSON.stringify({ nbformat: 4, metadata: {}, cells: [cell] });
  expect(await read("ipynb", notebook)).toEqual(["code open(9)", "code ValueError: no such port"]);
});

test("JSON with comments is read as the code that it is; a comment within a string is none", async () => {
  const settings = '{\n  // the folder\n  "outDir": "dist",\n  /* and more */\n}';
  expect(await read("json", settings)).toEqual([`code ${settings}`]);
  expect(await read("json", '{"link": "https://x.test // no comment"}')).toEqual([
    "paragraph link: https://x.test // no comment",
  ]);
});
