import type { Database } from "bun:sqlite";
import type { TextPiece } from "../search.ts";
import { chunksPerIndex } from "./search-indexes.ts";

interface Row extends TextPiece {
  readonly document: number;
}

/** Finds the neighbours of chunks, on a connection that reads. */
export function createSurroundings(database: Database) {
  const find = database.query<Row, [number]>(
    `SELECT number AS chunk, content, start_offset AS start, end_offset AS "end",
       document_number AS document
     FROM chunks WHERE number = ?`,
  );
  // The slices of a document lie in the order of its text, with others in between.
  const firstBehind = database.query<{ chunk: number }, [number, number, number]>(
    `SELECT first AS chunk FROM slices
     WHERE document_number = ? AND first > ? AND first < ? ORDER BY first LIMIT 1`,
  );
  const lastBefore = database.query<{ chunk: number }, [number, number, number]>(
    `SELECT first + count - 1 AS chunk FROM slices
     WHERE document_number = ? AND first + count <= ? AND first >= ? ORDER BY first DESC LIMIT 1`,
  );

  function neighbour({ chunk, document }: Row, step: 1 | -1): Row | undefined {
    const beside = find.get(chunk + step);
    if (beside?.document === document) return beside;
    const base = chunk - (chunk % chunksPerIndex);
    const other =
      step === 1
        ? firstBehind.get(document, chunk, base + chunksPerIndex)
        : lastBefore.get(document, chunk, base);
    return other === null ? undefined : (find.get(other.chunk) ?? undefined);
  }

  function around(chunk: number, distance: number): TextPiece[] {
    const centre = find.get(chunk);
    if (centre === null) return [];
    const pieces = [centre];
    for (const step of [-1, 1] as const) {
      let last: Row | undefined = centre;
      for (let taken = 0; taken < distance; taken += 1) {
        last = neighbour(last, step);
        if (last === undefined) break;
        if (step === 1) pieces.push(last);
        else pieces.unshift(last);
      }
    }
    return pieces.map(({ document: _, ...piece }) => piece);
  }

  const aroundSnapshot = database.transaction(around);
  return (chunk: number, distance: number): TextPiece[] => aroundSnapshot.deferred(chunk, distance);
}
