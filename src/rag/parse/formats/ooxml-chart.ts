import type { BlockWriter } from "../block-writer.ts";
import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";

interface Series {
  name: string;
  readonly categories: Map<number, string>;
  readonly values: Map<number, string>;
}

const maxPoints = 5000;

/** Writes a chart as what it was drawn from: its titles, then a table of categories and series. */
export async function readChart(zip: Zip, part: string, writer: BlockWriter): Promise<void> {
  const titles: string[] = [];
  const series: Series[] = [];
  let title: string | undefined;
  let current: Series | undefined;
  let field: "name" | "categories" | "values" | undefined;
  let index = 0;
  let capture: "text" | "value" | undefined;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      capture = name === "a:t" ? "text" : name === "c:v" ? "value" : undefined;
      if (name === "c:title") title = "";
      else if (name === "c:ser") {
        current = { name: "", categories: new Map(), values: new Map() };
        series.push(current);
      } else if (name === "c:tx") field = "name";
      else if (name === "c:cat" || name === "c:xVal") field = "categories";
      else if (name === "c:val" || name === "c:yVal") field = "values";
      else if (name === "c:pt") index = Number(attributes.idx) || 0;
    },
    text(text) {
      if (capture === "text" && title !== undefined) title += text;
      if (capture !== "value" || !current || !field || index >= maxPoints) return;
      if (field === "name") current.name += text;
      else current[field].set(index, (current[field].get(index) ?? "") + text);
    },
    close(name) {
      capture = undefined;
      if (name === "c:title" && title !== undefined) {
        titles.push(title);
        title = undefined;
      } else if (/^c:(tx|cat|xVal|val|yVal)$/.test(name)) field = undefined;
    },
  });
  for (const text of titles) writer.paragraph(text);
  const categories = series[0]?.categories ?? new Map<number, string>();
  const table = writer.table(["", ...series.map((one) => one.name)]);
  const points = new Set(series.flatMap((one) => [...one.categories.keys(), ...one.values.keys()]));
  for (const point of [...points].sort((a, b) => a - b)) {
    table.row([categories.get(point) ?? "", ...series.map((one) => one.values.get(point) ?? "")]);
  }
  if (points.size > 0) table.end();
}
