import { textWidth } from "../text/width.ts";
import { type BlockText, blockText } from "./chunk/block-text.ts";
import { cutLong } from "./chunk/cut-long.ts";
import { Outline } from "./chunk/outline.ts";
import type { Block } from "./parse/document.ts";

/**
 * A passage of a document, the unit of retrieval. Offsets count UTF-16 units of the document's plain
 * text: the texts of its blocks (`blockText` at the size of its chunks), a line feed between two.
 * `content` is that text from `start` to `end`, and before it the header of the table that the chunk goes on with, if it begins
 * behind that table's header.
 */
export interface Chunk {
  readonly content: string;
  /** Counts 0, 1, 2 … through the document. */
  readonly index: number;
  /** The headings above it, the outermost first; those that it begins with included. */
  readonly headings: readonly string[];
  /** Where it begins: page, slide or sheet, as the document counts them. */
  readonly page?: number;
  readonly start: number;
  readonly end: number;
}

/** A chunk in the making. */
interface Draft {
  text: string;
  /** The header line of a table that the chunk begins in the middle of. */
  prefix: string;
  start: number;
  end: number;
  width: number;
  headings: readonly string[];
  page: number | undefined;
  /** Whether it holds more than headings. */
  hasBody: boolean;
  section: number;
}

/** The width of what parts two blocks. */
const lineFeed = textWidth("\n");
/** What a chunk may grow to, in sizes, when that takes in the small rest of its section. */
const stretch = 1.2;
/** The part of a size below which the rest of a section counts as small. */
const smallRest = 0.2;

/**
 * Cuts a document into chunks as its blocks arrive; it holds on to two chunks at most. A chunk ends
 * where its section does, then between paragraphs, then between sentences or lines; `size` is the width
 * (`textWidth`) that it is filled up to, and 1.2 times that with the header of a table, or the small
 * rest of a section, is the most that it gets. Headings go with the text below them. The same blocks
 * give the same chunks. Takes time linear in the text's length.
 */
export class Chunker {
  private readonly outline = new Outline();
  private draft: Draft | undefined;
  private held: Draft | undefined;
  private offset = 0;
  private index = 0;
  private section = 0;
  private ready: Chunk[] = [];

  /** `size` is at least 8. */
  constructor(private readonly size: number) {}

  /** Takes the next block; answers the chunks that are complete by now. */
  push(block: Block): Chunk[] {
    const whole = blockText(block, this.size);
    const { text } = whole;
    const start = this.offset;
    // The line feed between two blocks.
    this.offset += text.length + 1;
    if (text === "") return [];
    if (block.type === "heading") this.addHeading(block, text, start);
    else this.addBody(block, whole, start);
    return this.takeReady();
  }

  /** No block follows: answers the chunks that are left. */
  finish(): Chunk[] {
    this.endSection();
    this.release();
    return this.takeReady();
  }

  private takeReady(): Chunk[] {
    const ready = this.ready;
    this.ready = [];
    return ready;
  }

  private addHeading(block: Block & { type: "heading" }, text: string, start: number): void {
    if (this.isPreamble()) this.leadOn();
    else if (this.draft?.hasBody === true) this.endSection();
    this.section++;
    this.outline.enter(block.level, text);
    if (this.draft !== undefined) this.draft.section = this.section;
    for (const piece of cutLong(text, 0, text.length, this.size)) {
      const slice = text.slice(piece.start, piece.end);
      const at = start + piece.start;
      if (this.grown(at, textWidth(slice)) > this.size) this.closeDraft();
      this.append(slice, at, block.page);
    }
  }

  /** Whether all there is so far are a few words above the first heading: a letterhead, a date. */
  private isPreamble(): boolean {
    const { draft, section } = this;
    const isFirst = section === 0 && this.index === 0 && this.held === undefined;
    return isFirst && draft !== undefined && draft.width <= this.size * smallRest;
  }

  /** Makes the draft go with the text below, as a heading does. */
  private leadOn(): void {
    if (this.draft !== undefined) this.draft.hasBody = false;
  }

  private addBody({ page }: Block, block: BlockText, start: number): void {
    const width = textWidth(block.text);
    const { draft } = this;
    const wellFilled = draft?.hasBody === true && draft.width >= this.size / 2;
    if (wellFilled && this.grown(start, width) > this.size) this.closeDraft();
    const whole = this.grown(start, width);
    if (whole > this.size) {
      this.addParts(block, start, whole, page);
      return;
    }
    this.append(block.text, start, page);
    this.markBody();
  }

  /** Spreads a block evenly over several chunks: with the draft it is `whole` wide, too much for one. */
  private addParts(
    { text, header, parts }: BlockText,
    start: number,
    whole: number,
    page: number | undefined,
  ): void {
    const room = this.size - textWidth(header);
    const target = whole / Math.ceil(whole / room);
    for (const part of parts()) {
      for (const piece of cutLong(text, part.start, part.end, room)) {
        const slice = text.slice(piece.start, piece.end);
        const at = start + piece.start;
        const full = this.draft?.hasBody === true && this.draft.width >= target;
        if (full || this.grown(at, textWidth(slice)) > this.size) this.closeDraft();
        const goesOn = this.draft === undefined && piece.start >= header.length - 1;
        this.append(slice, at, page);
        if (goesOn && header !== "" && this.draft !== undefined) {
          this.draft.prefix = header;
          this.draft.width += textWidth(header);
        }
        if (slice.trim() !== "") this.markBody();
      }
    }
  }

  /** How wide the draft would be with `width` more from `start` on. */
  private grown(start: number, width: number): number {
    const { draft } = this;
    return draft === undefined ? width : draft.width + lineFeed * (start - draft.end) + width;
  }

  private append(text: string, start: number, page: number | undefined): void {
    const width = this.grown(start, textWidth(text));
    const end = start + text.length;
    if (this.draft === undefined) {
      this.draft = {
        text,
        prefix: "",
        start,
        end,
        width,
        headings: this.outline.path(),
        page,
        hasBody: false,
        section: this.section,
      };
      return;
    }
    this.draft.text += "\n".repeat(start - this.draft.end) + text;
    this.draft.end = end;
    this.draft.width = width;
  }

  private markBody(): void {
    if (this.draft === undefined || this.draft.hasBody) return;
    this.draft.hasBody = true;
    this.draft.headings = this.outline.path();
  }

  /** Ends what stands under the newest heading; a small rest joins the chunk before it. */
  private endSection(): void {
    const { draft, held } = this;
    if (draft === undefined) return;
    const gap = draft.start - (held?.end ?? 0);
    const together = (held?.width ?? 0) + lineFeed * gap + draft.width;
    if (held !== undefined && together <= this.size * stretch) {
      const rest = draft.section === held.section && draft.width <= this.size * smallRest;
      // Headings without a body are the document's last words: nothing follows for them to lead.
      if (rest || !draft.hasBody) {
        held.text += "\n".repeat(gap) + draft.text;
        held.end = draft.end;
        held.width = together;
        this.draft = undefined;
        return;
      }
    }
    this.closeDraft();
  }

  private closeDraft(): void {
    if (this.draft === undefined) return;
    this.release();
    this.held = this.draft;
    this.draft = undefined;
  }

  private release(): void {
    const held = this.held;
    this.held = undefined;
    if (held === undefined) return;
    const lead = held.text.length - held.text.replace(/^(?:[^\S\n]*\n)+/, "").length;
    const body = held.text.slice(lead).trimEnd();
    if (body === "") return;
    this.ready.push({
      content: held.prefix + body,
      index: this.index++,
      headings: held.headings,
      ...(held.page === undefined ? {} : { page: held.page }),
      start: held.start + lead,
      end: held.start + lead + body.length,
    });
  }
}

/** Cuts a document as `Chunker` does, taking its blocks as they are needed. */
export async function* chunkBlocks(
  blocks: AsyncIterable<Block> | Iterable<Block>,
  size: number,
): AsyncGenerator<Chunk> {
  const chunker = new Chunker(size);
  for await (const block of blocks) yield* chunker.push(block);
  yield* chunker.finish();
}

/**
 * What a chunk is found by beside its content: the document's title and the headings above, each
 * once. The full-text index weighs it twice as much as the content; an embedding takes it first.
 */
export function chunkTitle(chunk: Pick<Chunk, "headings">, documentTitle: string): string {
  return [...new Set([documentTitle, ...chunk.headings])].filter((line) => line !== "").join("\n");
}
