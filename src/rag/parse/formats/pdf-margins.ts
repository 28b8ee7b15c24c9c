import type { Line } from "./pdf-lines.ts";

/** Lines at the top and at the bottom of a page that may be its header and footer. */
const marginLines = 2;
const minPages = 2;
const minShare = 0.3;

/** What repeats from page to page although its number changes: the words and their place. */
function pattern(line: Line): string {
  const words = line.text.replace(/\s+/g, "").replace(/\d+/g, "#").toLowerCase();
  return `${Math.round(line.y / 4)} ${words}`;
}

function outermost(page: readonly Line[]): Line[] {
  const byHeight = [...page].sort((a, b) => a.y - b.y);
  return [...new Set([...byHeight.slice(0, marginLines), ...byHeight.slice(-marginLines)])];
}

/** Says which page it is and nothing else, and so also where there is but one. */
const pageNumber =
  /^(page\s*\d+(\s*(of|\/)\s*\d+)?|第\s*\d+\s*页(\s*[,，/]?\s*共\s*\d+\s*页)?|[-–—]\s*\d+\s*[-–—])$/i;

/** Takes headers, footers and page numbers away: what stands at the edge of many pages. */
export function dropMargins(pages: readonly (readonly Line[])[]): readonly (readonly Line[])[] {
  const counts = new Map<string, number>();
  for (const page of pages) {
    for (const seen of new Set(outermost(page).map(pattern))) {
      counts.set(seen, (counts.get(seen) ?? 0) + 1);
    }
  }
  const written = pages.filter((page) => page.length > 0).length;
  const needed = Math.max(minPages, written * minShare);
  return pages.map((page) => {
    const dropped = new Set(
      outermost(page).filter(
        (line) => pageNumber.test(line.text) || (counts.get(pattern(line)) ?? 0) >= needed,
      ),
    );
    // A page of nothing else is a short page, not a header.
    return dropped.size >= page.length ? page : page.filter((line) => !dropped.has(line));
  });
}
