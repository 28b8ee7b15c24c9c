import { expect, test } from "bun:test";
import { strToU8, zipSync } from "fflate";
import { readDocument } from "../index.ts";
import { bytesSource } from "../source.ts";

const namespaces = ["office", "style", "text", "table", "draw"]
  .map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`)
  .join(" ");
const level = (at: number, attributes: string, element = "list-level-style-number") =>
  `<text:${element} text:level="${at}" ${attributes}/>`;
const outlineLevel = (at: number, attributes: string) =>
  level(at, attributes, "outline-level-style");

const styles = `<office:document-styles ${namespaces}><office:styles>
  <style:style style:name="Free" style:family="paragraph" style:list-style-name=""/>
  <style:style style:name="Freer" style:family="paragraph" style:parent-style-name="Free"/>
  <text:outline-style>${outlineLevel(1, 'style:num-format="1"')}${outlineLevel(
    2,
    'style:num-format="1" text:display-levels="2"',
  )}${outlineLevel(3, 'style:num-format=""')}</text:outline-style>
</office:styles></office:document-styles>`;

const automatic = `<office:automatic-styles>
  <text:list-style style:name="N">${level(1, 'style:num-format="1" style:num-suffix="."')}${level(
    2,
    'style:num-format="a" style:num-prefix="(" style:num-suffix=")"',
  )}</text:list-style>
  <text:list-style style:name="Z">${level(
    1,
    'style:num-format="一, 二, 三, ..." loext:num-list-format="第%1%条" style:num-suffix="条" text:start-value="9"',
  )}</text:list-style>
  <text:list-style style:name="B">${level(1, 'text:bullet-char="•"', "list-level-style-bullet")}</text:list-style>
</office:automatic-styles>`;

/** The texts of what a reader gets, lists indented. */
async function read(body: string): Promise<string[]> {
  const content = `<office:document-content ${namespaces} xmlns:loext="l">${automatic}<office:body><office:text>${body}</office:text></office:body></office:document-content>`;
  const texts: string[] = [];
  await readDocument(
    bytesSource(
      zipSync({
        mimetype: strToU8("application/vnd.oasis.opendocument.text"),
        "content.xml": strToU8(content),
        "styles.xml": strToU8(styles),
      }),
    ),
    {
      claimedExtension: "odt",
      maxDecompressedBytes: 2 ** 26,
      sink: (block) => {
        if (block.type === "table") texts.push(...block.rows.map((row) => row.join(" | ")));
        else texts.push(block.text);
      },
    },
  );
  return texts;
}

const p = (text: string) => `<text:p>${text}</text:p>`;
const h = (at: number, text: string, attributes = "") =>
  `<text:h text:outline-level="${at}" ${attributes}>${text}</text:h>`;
const item = (content: string, attributes = "") =>
  `<text:list-item ${attributes}>${content}</text:list-item>`;
const list = (attributes: string, ...items: string[]) =>
  `<text:list ${attributes}>${items.join("")}</text:list>`;

test("headings are numbered by the outline, but for those that say otherwise", async () => {
  const body = [
    h(1, "A"),
    h(2, "B"),
    h(2, "C"),
    h(1, "D"),
    h(2, "E"),
    h(3, "F"),
    h(1, "G", 'text:is-list-header="true"'),
    h(1, "H", 'text:style-name="Freer"'),
    h(1, "I", 'text:restart-numbering="true" text:start-value="7"'),
  ];
  expect(await read(body.join(""))).toEqual("1 A|1.1 B|1.2 C|2 D|2.1 E|F|G|H|7 I".split("|"));
});

test("items bear the numbers of their levels, once each", async () => {
  const body = list(
    'text:style-name="N"',
    item(p("A") + list("", item(p("B")), item(p("C &amp; D"))) + p("E")),
    `<text:list-header>${p("F")}</text:list-header>`,
    item(p("G") + list("", item(p("H")))),
    item(p("I"), 'text:start-value="20"'),
  );
  const bullets = list('text:style-name="B"', item(p("J")));
  expect(await read(body + bullets)).toEqual(
    "1. A|(a) B|(b) C & D|E|F|2. G|(a) H|20. I|J".split("|"),
  );
});

test("a list goes on where it says so, by its style or its id, else it begins anew", async () => {
  const body = [
    list('xml:id="one" text:style-name="Z"', item(p("A")), item(p("B"))),
    p("between"),
    list('text:style-name="Z" text:continue-numbering="true"', item(p("C"))),
    list('text:style-name="Z"', item(p("D"))),
    list('text:style-name="Z" text:continue-list="one"', item(p("E"))),
  ];
  expect(await read(body.join(""))).toEqual(
    "第九条 A|第十条 B|between|第十一条 C|第九条 D|第十二条 E".split("|"),
  );
});

test("a text box in an item and a cell have lists of their own; deleted items are not counted", async () => {
  const box = `<draw:frame><draw:text-box>${list('text:style-name="N"', item(p("in a box")))}</draw:text-box></draw:frame>`;
  const cell = (content: string) => `<table:table-cell>${content}</table:table-cell>`;
  const numberAlone = list('text:style-name="Z"', item("<text:p/>"));
  const body = [
    `<text:tracked-changes>${h(1, "deleted")}${list('text:style-name="N"', item(p("x")))}</text:tracked-changes>`,
    h(1, "A"),
    list('text:style-name="N"', item(p(`B${box}`)), item(p("C"))),
    `<table:table><table:table-row>${cell(p("No"))}${cell(p("What"))}</table:table-row><table:table-row>${cell(numberAlone)}${cell(p("D"))}</table:table-row></table:table>`,
  ];
  const texts = await read(body.join(""));
  for (const text of ["1 A", "1. in a box", "2. C", "第九条 | D"]) expect(texts).toContain(text);
  expect(texts.join()).not.toContain("deleted");
});
