/** The properties in YAML or TOML between two rules at the start of a document. */
export class FrontMatter {
  title: string | undefined;
  private state: "possible" | "open" | "past" = "possible";
  private isToml = false;

  /** Whether the line belongs to the properties; to be asked for each line, from the first one on. */
  takes(line: string): boolean {
    if (this.state === "past") return false;
    if (this.state === "possible") {
      const rule = /^(---|\+\+\+)\s*$/.exec(line)?.[1];
      this.isToml = rule === "+++";
      this.state = rule === undefined ? "past" : "open";
      return rule !== undefined;
    }
    if (this.isToml ? /^\+\+\+\s*$/.test(line) : /^(---|\.\.\.)\s*$/.test(line)) {
      this.state = "past";
    } else {
      const title = /^title\s*[:=]\s*(.+)$/i.exec(line)?.[1];
      if (title) this.title ??= title.trim().replace(/^(["'])(.*)\1$/, "$2");
    }
    return true;
  }
}
