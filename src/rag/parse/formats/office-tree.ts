import type { OfficeContentNode, OfficeParserAST } from "officeparser";
import type { BlockWriter } from "../block-writer.ts";
import { cleanText } from "../plain-text.ts";
import { TableBuilder } from "../table-builder.ts";

type Node = OfficeContentNode;
type ChartData = NonNullable<OfficeParserAST["attachments"][number]["chartData"]>;

/** What stands beside others rather than within a line of text. */
const blockTypes = new Set<Node["type"]>([
  "paragraph",
  "heading",
  "list",
  "table",
  "admonition",
  "definitionList",
]);

/** A first line of a slide that is longer than this is not its title. */
const maxSlideTitle = 80;

/** The text within a node, its notes and comments left out. */
export function nodeText(node: Node): string {
  if (node.type === "break") return "\n";
  if (node.type === "note" || node.type === "comment") return "";
  // Parsers of HTML leave the text to the leaves; others state it at each level.
  return node.text || (node.children ?? []).map(nodeText).join("");
}

function rowTexts(row: Node): string[] {
  return (row.children ?? []).map(cellText);
}

/** A table in a cell is a part of that cell's text. */
function cellText(cell: Node): string {
  const texts = (cell.children ?? []).flatMap((child) =>
    child.type === "table"
      ? (child.children ?? []).map((row) => rowTexts(row).map(cleanText).join(" | "))
      : nodeText(child),
  );
  return texts.filter((text) => text !== "").join("\n") || (cell.text ?? "");
}

/** Writes the tree that officeparser makes of a document as blocks, in reading order. */
export class OfficeTreeWriter {
  private readonly charts: ReadonlyMap<string, ChartData>;
  /** Whether the numbers of items are in their text. */
  private readonly hasNumbers: boolean;

  constructor(
    private readonly writer: BlockWriter,
    { attachments, type }: OfficeParserAST,
  ) {
    this.hasNumbers = type !== "epub";
    this.charts = new Map(
      attachments.flatMap(({ name, chartData }) => (chartData ? [[name, chartData]] : [])),
    );
  }

  writeAll(nodes: readonly Node[] = []): void {
    for (const node of nodes) this.write(node);
  }

  private write(node: Node): void {
    switch (node.type) {
      case "heading":
        this.line(node, (text) => this.writer.heading(node.metadata?.level ?? 1, text));
        break;
      case "list":
        this.listItem(node);
        break;
      case "code":
        this.writer.code(nodeText(node), node.metadata?.language);
        break;
      case "table":
        this.table(node);
        break;
      // A chart of OpenDocument with a description is a picture to officeparser.
      case "chart":
      case "image":
        this.chart(this.chartOf(node));
        break;
      case "slide":
        this.slide(node);
        break;
      case "embed":
      case "break":
        break;
      case "paragraph":
      case "text":
      case "definitionTerm":
      case "definitionDescription":
        this.line(node, (text) => this.writer.paragraph(text));
        break;
      default:
        this.writeAll(node.children);
        this.beside([node]);
    }
  }

  private listItem(item: Node & { type: "list" }): void {
    const { indentation = 0, listType, itemIndex = 0 } = item.metadata ?? {};
    let label = listType === "ordered" && !this.hasNumbers ? `${itemIndex + 1}. ` : "";
    this.line(item, (text) => {
      if (text.trim() === "") return;
      this.writer.listItem(indentation, label + text);
      label = "";
    });
  }

  private chartOf(node: Node): ChartData | undefined {
    if (node.type !== "chart" && node.type !== "image") return undefined;
    return this.charts.get(node.metadata?.attachmentName ?? "");
  }

  private standsAlone(node: Node): boolean {
    return blockTypes.has(node.type) || this.chartOf(node) !== undefined;
  }

  /** A run of text is one line; what is anchored in it, a text box for example, stands alone. */
  private line(node: Node, send: (text: string) => void): void {
    const { children = [] } = node;
    if (!children.some((child) => this.standsAlone(child))) {
      send(nodeText(node));
      this.beside([node, ...children]);
      return;
    }
    let run: Node[] = [];
    const flush = () => {
      send(run.map(nodeText).join(""));
      this.beside(run);
      run = [];
    };
    for (const child of children) {
      if (this.standsAlone(child)) {
        flush();
        this.write(child);
      } else run.push(child);
    }
    flush();
    this.beside([node]);
  }

  /** The notes and comments of these nodes. */
  private beside(nodes: readonly Node[]): void {
    // A parser may hang the same note on a run of text and on its paragraph.
    const all = new Set(nodes.flatMap(({ notes = [], comments = [] }) => [...notes, ...comments]));
    for (const one of all) this.writeAll(one.children);
  }

  /** Its title first, wherever it stands; without one, its first line if that is short. */
  private slide(slide: Node & { type: "slide" }): void {
    this.writer.page = slide.metadata?.slideNumber;
    const { children = [] } = slide;
    const titles = children.filter(({ type }) => type === "heading");
    const [first] = children;
    if (titles.length > 0) this.writeAll(titles);
    else if (first?.type === "paragraph" && nodeText(first).length <= maxSlideTitle) {
      this.write({ ...first, type: "heading", metadata: { level: 1 } });
      titles.push(first);
    }
    this.writeAll(children.filter((child) => !titles.includes(child)));
    this.beside([slide]);
  }

  private table(table: Node): void {
    const builder = new TableBuilder(this.writer);
    for (const row of table.children ?? []) {
      builder.row(
        (row.children ?? []).map((cell) => {
          const { colSpan = 1, rowSpan = 1 } = (cell.type === "cell" && cell.metadata) || {};
          return { text: cellText(cell), columns: colSpan, rows: rowSpan };
        }),
      );
    }
    builder.end();
    this.besideAll(table);
  }

  private besideAll(node: Node): void {
    this.beside([node]);
    for (const child of node.children ?? []) this.besideAll(child);
  }

  /** What it was drawn from: its title, then a table of categories and series. */
  private chart(chart: ChartData | undefined): void {
    if (!chart) return;
    for (const title of [chart.title, chart.xAxisTitle, chart.yAxisTitle]) {
      this.writer.paragraph(title ?? "");
    }
    const table = this.writer.table(["", ...chart.dataSets.map(({ name = "" }) => name)]);
    const points = Math.max(
      chart.labels.length,
      ...chart.dataSets.map(({ values }) => values.length),
    );
    for (let point = 0; point < points; point += 1) {
      table.row([
        chart.labels[point] ?? "",
        ...chart.dataSets.map(({ values }) => values[point] ?? ""),
      ]);
    }
    if (points > 0) table.end();
  }
}
