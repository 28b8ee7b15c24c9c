import type { BlockWriter } from "../block-writer.ts";
import type { Relationship } from "../ooxml.ts";
import { readXml } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { readChart } from "./ooxml-chart.ts";

/** Writes a drawing on a sheet: the text of its shapes, its charts and diagrams. */
export async function writeDrawing(
  drawing: AsyncIterable<Uint8Array>,
  writer: BlockWriter,
  parts: { zip: Zip; relationships: ReadonlyMap<string, Relationship> },
): Promise<void> {
  const linked: { kind: "chart" | "diagram"; id: string }[] = [];
  let text = "";
  let inText = false;
  let hiddenDepth = 0;
  await readXml(drawing, {
    open(name, attributes) {
      if (hiddenDepth > 0 || name === "mc:Fallback") hiddenDepth += 1;
      else if (name === "a:p") text = "";
      else if (name === "a:t") inText = true;
      else if (name === "a:br") text += "\n";
      else if (name === "c:chart") linked.push({ kind: "chart", id: attributes["r:id"] ?? "" });
      else if (name === "dgm:relIds") {
        linked.push({ kind: "diagram", id: attributes["r:dm"] ?? "" });
      }
    },
    text(piece) {
      if (inText && hiddenDepth === 0) text += piece;
    },
    close(name) {
      if (hiddenDepth > 0) hiddenDepth -= 1;
      else if (name === "a:t") inText = false;
      else if (name === "a:p") writer.paragraph(text);
    },
  });
  for (const { kind, id } of linked) {
    const part = parts.relationships.get(id)?.target;
    if (part === undefined) continue;
    if (kind === "chart") await readChart(parts.zip, part, writer);
    else await writeDiagram(parts.zip, part, writer);
  }
}

/** SmartArt: the text of each of its points. */
async function writeDiagram(zip: Zip, part: string, writer: BlockWriter): Promise<void> {
  let text = "";
  let inText = false;
  await readXml(zip.stream(part), {
    open(name) {
      inText = name === "a:t";
      if (name === "dgm:pt") text = "";
    },
    text(piece) {
      if (inText) text += piece;
    },
    close(name) {
      inText = false;
      if (name === "dgm:pt") writer.listItem(0, text);
    },
  });
}
