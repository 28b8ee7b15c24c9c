import type { Citation } from "../chat/citations.ts";

/** A name as plain text within a line of Markdown: what a document is called is not ours. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*[\]<]/g, "\\$&");

/**
 * Where a passage stands: the document, then page and heading, or else which of its passages. There is
 * always more than a name: `[^1]: name` alone would be the definition of a link to renderers that do
 * not know footnotes, and not be shown.
 */
function describe(citation: Citation, isChinese: boolean): string {
  const { doc_name, page, heading, chunk_index } = citation;
  const place: string[] = [];
  if (typeof page === "number") place.push(isChinese ? `第 ${page} 页` : `page ${page}`);
  else if (page !== undefined) place.push(plain(page));
  if (heading !== undefined) place.push(plain(heading));
  const number = chunk_index + 1;
  if (place.length === 0) place.push(isChinese ? `第 ${number} 段` : `passage ${number}`);
  return [plain(doc_name), ...place].join(isChinese ? " · " : ", ");
}

/**
 * The footnotes of the passages that an answer cites, to be put behind it; empty where it cites none.
 * Footnotes of GitHub's Markdown, which most chat clients render; where one does not, they read as a
 * list of sources.
 */
export function footnotes(
  citations: readonly Citation[],
  cited: ReadonlySet<number>,
  isChinese: boolean,
): string {
  const notes = citations
    .filter(({ number }) => cited.has(number))
    .map((citation) => `[^${citation.number}]: ${describe(citation, isChinese)}`);
  return notes.length === 0 ? "" : `\n\n${notes.join("\n")}`;
}

/** An answer of an earlier turn without the footnotes that were put behind it. */
export const withoutFootnotes = (answer: string): string =>
  answer.replace(/\n\n\[\^\d{1,3}\]: [^\n]*(?:\n\[\^\d{1,3}\]: [^\n]*)*\s*$/, "");
