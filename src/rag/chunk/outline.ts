/** UTF-16 units that are kept of a heading; what is longer is a paragraph in disguise. */
const longestHeading = 200;

/** The headings above the place that a reader has come to. */
export class Outline {
  private readonly open: { level: number; text: string }[] = [];

  /** Goes in under a heading, out of every one that is not above it. */
  enter(level: number, text: string): void {
    while ((this.open.at(-1)?.level ?? 0) >= level) this.open.pop();
    const line = text.replace(/\s+/g, " ").trim();
    const short = line.slice(0, longestHeading).replace(/[\ud800-\udbff]$/, "");
    this.open.push({ level, text: short });
  }

  /** The texts of the headings, the outermost first. */
  path(): string[] {
    return this.open.map(({ text }) => text);
  }
}
