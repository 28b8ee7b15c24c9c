import { expect, test } from "bun:test";
import { readTags, type StructNode, tagRuns } from "./pdf-tags.ts";

let contents = 0;
const content = (): StructNode => {
  contents += 1;
  return { type: "content", id: `c${contents}` };
};
const node = (role: string, ...children: StructNode[]): StructNode => ({ role, children });
const cells = (...roles: string[]) => roles.map((role) => node(role, content()));

/** The kinds of what the tree says, in the order of its contents. */
function kinds(root: StructNode): unknown[] {
  contents = 0;
  return [...readTags(root).values()].map((tag) =>
    tag.kind === "cell" ? `${tag.row}.${tag.place}/${tag.cells}` : `${tag.kind} ${tag.level}`,
  );
}

test("headings, items by their lists' depth, paragraphs; wrappers say nothing", () => {
  const items = node(
    "L",
    node("LI", node("Lbl", content()), node("LBody", content(), node("L", node("LI", content())))),
  );
  const root = node(
    "Root",
    node("Sect", node("H2", node("Span", content())), node("P", content())),
    items,
    node("Figure", content()),
  );
  expect(kinds(root)).toEqual(["heading 2", "paragraph 0", "item 0", "item 0", "item 1"]);
});

test("the cells of tables in their groups, whatever is inside them", () => {
  const row = node("TR", ...cells("TH", "TH"));
  const full = node(
    "TR",
    node("TD", node("P", content()), node("L", node("LI", content()))),
    ...cells("TD"),
  );
  const table = node("Table", node("THead", row), node("TBody", full));
  expect(kinds(table)).toEqual(["0.0/2", "0.1/2", "1.0/2", "1.0/2", "1.1/2"]);
});

test("a table that lays out a page is none", () => {
  const inner = node("Table", node("TR", ...cells("TH", "TH")), node("TR", ...cells("TD", "TD")));
  const frame = node(
    "Table",
    node("TR", node("TD", node("P", content())), node("TD", inner)),
    node("TR", ...cells("TD", "TD")),
  );
  expect(kinds(frame)).toEqual(["paragraph 0", "0.0/2", "0.1/2", "1.0/2", "1.1/2"]);
  expect(kinds(node("Table", node("TR", node("TD", node("H1", content())))))).toEqual([
    "heading 1",
  ]);
});

test("runs have the tag of the innermost marked content that has one", () => {
  const run = (str: string) => ({ str, transform: [1, 0, 0, 1, 0, 0], width: 1 });
  const tag = { kind: "paragraph", id: 1, level: 0 } as const;
  const begin = (id?: string) => ({
    type: "beginMarkedContentProps",
    ...(id === undefined ? {} : { id }),
  });
  const end = { type: "endMarkedContent" };
  const items = [
    end,
    run("a"),
    begin("p"),
    run("b"),
    begin(),
    run("c"),
    end,
    end,
    run("d"),
    begin("x"),
    run("e"),
  ];
  const tags = new Map([["p", tag]]);
  expect(tagRuns(items, tags).map(({ str, tag: of }) => [str, of?.id])).toEqual([
    ["a", undefined],
    ["b", 1],
    ["c", 1],
    ["d", undefined],
    ["e", undefined],
  ]);
});
