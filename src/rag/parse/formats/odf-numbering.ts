import { strToU8 } from "fflate";
import { beforeText } from "../number-formats.ts";
import { ListCounter, type ListStyle, readOdfStyles } from "./odf-list-styles.ts";

/** A list that is open, or one within it. */
interface OpenList {
  readonly style: string | undefined;
  readonly counter: ListCounter;
  /** Set from the begin of an item to its first paragraph, which bears the number. */
  item: { readonly start: number | undefined } | undefined;
}

/** What has lists of its own, and the parts of a document that are not shown. */
const boundary = "draw:text-box|table:table-cell|text:note-body|office:annotation";
const tag = new RegExp(
  `<(/?)(text:(?:list|list-item|list-header|p|h|tracked-changes)|${boundary})(?=[\\s/>])([^<>]*?)(/?)>`,
  "g",
);
const attribute = (attributes: string, name: string): string | undefined =>
  new RegExp(`\\s${name}=(["'])(.*?)\\1`, "s").exec(attributes)?.[2];
const number = (value: string | undefined) => (value === undefined ? undefined : Number(value));

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escapeXml = (text: string) => text.replace(/[&<>]/g, (sign) => escapes[sign] ?? sign);

/**
 * The content of an OpenDocument text or presentation with the numbers of its list items and headings
 * written out, which its readers count (ODF 1.3 part 3, 5.3 and 19.880); officeparser does not.
 */
export async function withNumbers(content: string, styles: Uint8Array): Promise<string> {
  const head = content.slice(0, Math.max(0, content.indexOf("<office:body")));
  const { lists, outline, isUnnumbered } = await readOdfStyles([styles, strToU8(head)]);
  const byId = new Map<string, ListCounter>();
  const byStyle = new Map<string | undefined, ListCounter>();
  const headings = new ListCounter();
  const outer: OpenList[][] = [];
  let open: OpenList[] = [];
  let deleted = 0;

  function openList(attributes: string): OpenList {
    const above = open.at(-1);
    const style = attribute(attributes, "text:style-name") ?? above?.style;
    if (above) return { style, counter: above.counter, item: undefined };
    const continued = byId.get(attribute(attributes, "text:continue-list") ?? "");
    const isContinued = attribute(attributes, "text:continue-numbering") === "true";
    const counter =
      continued ?? (isContinued ? byStyle.get(style) : undefined) ?? new ListCounter();
    byStyle.set(style, counter);
    const id = attribute(attributes, "xml:id");
    if (id !== undefined) byId.set(id, counter);
    return { style, counter, item: undefined };
  }

  function label(name: string, attributes: string): string {
    const list = open.at(-1);
    const style: ListStyle | undefined = lists.get(list?.style ?? "");
    if (list?.item) {
      const { start } = list.item;
      list.item = undefined;
      return list.counter.next(style, open.length, start);
    }
    const isCounted =
      name === "text:h" &&
      list === undefined &&
      attribute(attributes, "text:is-list-header") !== "true" &&
      !isUnnumbered(attribute(attributes, "text:style-name"));
    if (!isCounted) return "";
    const isRestarted = attribute(attributes, "text:restart-numbering") === "true";
    const start = number(attribute(attributes, "text:start-value"));
    const at = number(attribute(attributes, "text:outline-level")) ?? 1;
    return headings.next(outline, at, isRestarted ? (start ?? 1) : start);
  }

  const pieces: string[] = [];
  let from = 0;
  for (const match of content.matchAll(tag)) {
    const [whole, slash, name = "", attributes = "", empty] = match;
    if (name === "text:tracked-changes" && empty === "") deleted += slash === "" ? 1 : -1;
    if (deleted > 0) continue;
    if (name === "text:p" || name === "text:h") {
      if (slash !== "") continue;
      const text = label(name, attributes);
      // An empty paragraph shows its number too, but only a cell says something by that.
      if (text === "" || (empty !== "" && outer.length === 0)) continue;
      const end = match.index + whole.length;
      if (empty === "") pieces.push(content.slice(from, end), escapeXml(beforeText(text)));
      else pieces.push(content.slice(from, end - 2), `>${escapeXml(text)}</${name}>`);
      from = end;
    } else if (empty !== "") continue;
    else if (name === "text:list") {
      if (slash === "") open.push(openList(attributes));
      else open.pop();
    } else if (name === "text:list-item" || name === "text:list-header") {
      const list = open.at(-1);
      if (!list) continue;
      const start = number(attribute(attributes, "text:start-value"));
      list.item = slash === "" && name === "text:list-item" ? { start } : undefined;
    } else if (slash === "") {
      outer.push(open);
      open = [];
    } else open = outer.pop() ?? [];
  }
  pieces.push(content.slice(from));
  return pieces.join("");
}
