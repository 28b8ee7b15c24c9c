const htmlTag = /^<[a-z!/?].*>$/is;
const htmlBreak = /^<br\b/i;

/** What each inline element of Markdown leaves: its text. Line breaks are kept where they are meant. */
const callbacks: Bun.markdown.RenderCallbacks = {
  // Tags come as a text of their own, and so do asterisks that found no partner: CommonMark does not
  // close `**重点：**内容`, which Chinese authors write all the time.
  text: (text) =>
    text === "**" ? "" : htmlTag.test(text) ? (htmlBreak.test(text) ? "\n" : "") : text,
  html: () => "",
  paragraph: (children) => children,
  link: (children) => children,
  image: (children) => children,
  strong: (children) => children,
  emphasis: (children) => children,
  strikethrough: (children) => children,
  codespan: (children) => children,
};

/**
 * Links by a name that stands elsewhere, whose text is the first; and those of Obsidian and wikis, whose
 * text is the last. What stands between backticks is neither.
 */
const namedLink =
  /`[^`]*`|(?<![\w\]])!?\[([^[\]]+)\]\[[^[\]]*\]|\[\[(?:[^[\]|]*\|)?([^[\]|]+)\]\]/g;
const footnoteMark = /\[\^[^\]\s]{1,40}\]/g;

/** The text of a line of Markdown without its markup. */
export function stripInlineMarkdown(line: string): string {
  if (!/[*_`[\]<&\\~!^]/.test(line)) return line;
  const named = line.replace(namedLink, (all, link, wiki) => link ?? wiki ?? all);
  // With a word before it no line is a heading, a list or a block of another kind.
  const text = Bun.markdown.render(`x ${named.replaceAll("\n", " ")}`, callbacks);
  return text.slice(2).replace(footnoteMark, "");
}
