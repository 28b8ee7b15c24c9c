import type { TextRun } from "./pdf-lines.ts";

/**
 * What a tagged PDF says that a piece of text belongs to: a block of running text, or a cell of a
 * table. Ids are unique within a page.
 */
export type Tag =
  | {
      readonly kind: "paragraph" | "heading" | "item";
      readonly id: number;
      /** Of a heading, from 1; of an item how many lists its own lies in. */
      readonly level: number;
    }
  | {
      readonly kind: "cell";
      readonly id: number;
      readonly row: number;
      /** Its place among the cells of its row, of which there are `cells`: some may span columns. */
      readonly place: number;
      readonly cells: number;
    };

/** A node of the structure tree as pdfjs gives it (ISO 32000-1, 14.7). */
export interface StructNode {
  readonly role?: string;
  readonly type?: string;
  readonly id?: string;
  readonly children?: readonly StructNode[];
}

/** An item of a page's text as pdfjs gives it: a run, or the begin or end of marked content. */
export type ContentItem =
  | TextRun
  | { readonly type: string; readonly id?: string; readonly tag?: string };

const headingRole = /^H([1-6])?$/;

const hasTable = ({ children = [] }: StructNode): boolean =>
  children.some((child) => child.role === "Table" || hasTable(child));

/** The cells' rows of a table, through the groups that they may lie in. */
function rowsOf(node: StructNode): StructNode[] {
  return (node.children ?? []).flatMap((child) => (child.role === "TR" ? child : rowsOf(child)));
}

const isCell = ({ role }: StructNode): boolean => role === "TH" || role === "TD";

/** Whether a table is one for its reader, not a frame that lays out a page. */
function isData(table: StructNode, rows: readonly StructNode[]): boolean {
  const widths = rows.map(({ children = [] }) => children.filter(isCell).length);
  return rows.length >= 2 && Math.max(...widths) >= 2 && !hasTable(table);
}

/** What each piece of marked content belongs to, by its id. */
export function readTags(root: StructNode): ReadonlyMap<string, Tag> {
  const tags = new Map<string, Tag>();
  let lastId = 0;

  function assign(node: StructNode, tag: Tag | undefined, lists: number): void {
    for (const child of node.children ?? []) {
      if (child.type === "content") {
        if (tag && child.id !== undefined) tags.set(child.id, tag);
      } else walk(child, tag, lists);
    }
  }

  function walk(node: StructNode, tag: Tag | undefined, lists: number): void {
    const { role = "" } = node;
    const isOpen = tag?.kind !== "cell" && tag?.kind !== "heading";
    const heading = headingRole.exec(role);
    if (!isOpen) assign(node, tag, lists);
    else if (heading) {
      lastId += 1;
      assign(node, { kind: "heading", id: lastId, level: Number(heading[1] ?? 1) }, lists);
    } else if (role === "L") assign(node, tag, lists + 1);
    else if (role === "LI") {
      lastId += 1;
      assign(node, { kind: "item", id: lastId, level: Math.max(0, lists - 1) }, lists);
    } else if (role === "P" && tag === undefined) {
      lastId += 1;
      assign(node, { kind: "paragraph", id: lastId, level: 0 }, lists);
    } else if (role === "Table") {
      const rows = rowsOf(node);
      if (isData(node, rows)) assignTable(rows, lists);
      else assign(node, tag, lists);
    } else assign(node, tag, lists);
  }

  function assignTable(rows: readonly StructNode[], lists: number): void {
    lastId += 1;
    for (const [row, { children = [] }] of rows.entries()) {
      const cells = children.filter(isCell);
      for (const [place, cell] of cells.entries()) {
        assign(cell, { kind: "cell", id: lastId, row, place, cells: cells.length }, lists);
      }
    }
  }

  walk(root, undefined, 0);
  return tags;
}

/** The runs of a page with their tags. */
export function tagRuns(
  items: readonly ContentItem[],
  tags: ReadonlyMap<string, Tag>,
): readonly TextRun[] {
  const runs: TextRun[] = [];
  const open: (Tag | undefined)[] = [];
  for (const item of items) {
    if ("str" in item) {
      const tag = open.at(-1);
      runs.push(tag === undefined ? item : { ...item, tag });
    } else if (item.type === "endMarkedContent") open.pop();
    else open.push((item.id === undefined ? undefined : tags.get(item.id)) ?? open.at(-1));
  }
  return runs;
}
