import { AppError } from "../../../errors.ts";
import { decodeText } from "../encoding.ts";
import type { TextReader } from "../reader.ts";
import { writeMarkdown } from "./markdown.ts";
import { writeText } from "./text.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const records = (value: unknown) => (Array.isArray(value) ? value.filter(isRecord) : []);

/** A multi-line string of the format: one string, or a list of lines with their ends. */
function joined(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((line) => typeof line === "string").join("") : "";
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours start with escape
const terminalColour = /\x1b\[[0-9;]*[A-Za-z]/g;

/** What a cell printed or returned as text; pictures and HTML are left out. */
function outputText(output: Record<string, unknown>): string {
  const data = isRecord(output.data) ? output.data : {};
  // The text beside a picture is the name of its class.
  if (Object.keys(data).some((type) => type.startsWith("image/"))) return "";
  const fault = [joined(output.ename), joined(output.evalue)].filter((part) => part !== "");
  const text = joined(output.text) || joined(data["text/plain"]) || fault.join(": ");
  return text.replace(terminalColour, "");
}

/** Jupyter notebooks (nbformat 3 and 4): Markdown cells, code, and the texts that it printed. */
export const readNotebook: TextReader = ({ source, encoding, writer }) => {
  let notebook: unknown;
  try {
    notebook = JSON.parse([...decodeText(source, encoding)].join(""));
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new AppError("document_unreadable", {}, { cause: error });
  }
  if (!isRecord(notebook)) throw new AppError("document_unreadable");
  const metadata = isRecord(notebook.metadata) ? notebook.metadata : {};
  const kernel = isRecord(metadata.kernelspec) ? metadata.kernelspec : {};
  const languageInfo = isRecord(metadata.language_info) ? metadata.language_info : {};
  const language = joined(languageInfo.name) || joined(kernel.language) || "python";
  const worksheets = records(notebook.worksheets).flatMap((sheet) => records(sheet.cells));
  let title: string | undefined;
  for (const cell of [...records(notebook.cells), ...worksheets]) {
    const text = joined(cell.source) || joined(cell.input);
    if (cell.cell_type === "markdown") {
      const found = writeMarkdown([text], writer);
      title ??= found;
    } else if (cell.cell_type === "code") {
      writer.code(text, language);
      for (const output of records(cell.outputs)) writer.code(outputText(output));
    } else if (cell.cell_type === "heading") writer.heading(Number(cell.level) || 1, text);
    else writeText([text], writer);
  }
  return { title: joined(metadata.title) || title };
};
