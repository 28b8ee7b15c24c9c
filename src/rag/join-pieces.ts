/** A part of a document's text, as a chunk holds it. */
export interface Piece {
  /** The text from `start` to `end`; before it, where it goes on with a table, the table's header. */
  readonly content: string;
  /** UTF-16 units of the document's text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** The text of pieces that follow one another, as it stands in the document. */
export function joinPieces(pieces: readonly Piece[]): string {
  let text = "";
  let end: number | undefined;
  for (const piece of pieces) {
    if (end === undefined) {
      text = piece.content;
    } else {
      const own = piece.content.slice(-(piece.end - piece.start));
      // Blocks are a line feed apart; pieces of one block touch.
      text += (piece.start > end ? "\n" : "") + own.slice(Math.max(0, end - piece.start));
    }
    end = piece.end;
  }
  return text;
}
