import { expect, test } from "bun:test";
import { type IngestProgress, ProgressBoard } from "./ingest-progress.ts";

const document = "d";

function watched() {
  const board = new ProgressBoard();
  const told: (IngestProgress | undefined)[] = [];
  const leave = board.watch(document, (progress) => told.push(progress));
  return { board, told, leave };
}

test("changes are told in order, and only changes", () => {
  const { board, told } = watched();
  board.begin(document);
  board.report(document, { stage: "parsing" });
  board.report(document, { stage: "parsing" });
  board.report(document, { stage: "embedding", chunksTotal: 3 });
  expect(board.get(document)).toMatchObject({ stage: "embedding", chunksDone: 0, chunksTotal: 3 });
  board.end(document, { stage: "ready", chunksDone: 3 });
  expect(told.map((progress) => progress?.stage)).toEqual([
    "stored",
    "parsing",
    "embedding",
    "ready",
  ]);
  expect(told.at(-1)).toEqual({
    stage: "ready",
    pages: null,
    chunksDone: 3,
    chunksTotal: 3,
    error: null,
  });
  expect(board.get(document)).toBeUndefined();
});

test("nothing is told of a document that is not on the board, or to whoever has left", () => {
  const { board, told, leave } = watched();
  board.report(document, { stage: "parsing" });
  board.end(document, { stage: "ready" });
  board.begin("another");
  expect(told).toEqual([]);
  board.begin(document);
  leave();
  board.end(document, { stage: "ready" });
  expect(told).toHaveLength(1);
});

test("an end without an end is told, too", () => {
  const { board, told } = watched();
  board.begin(document);
  board.end(document, undefined);
  expect(told.at(-1)).toBeUndefined();
  expect(told).toHaveLength(2);
});

test("a listener that leaves while it is told something disturbs no other", () => {
  const board = new ProgressBoard();
  const told: string[] = [];
  const leave = board.watch(document, () => {
    told.push("first");
    leave();
  });
  board.watch(document, () => told.push("second"));
  board.begin(document);
  board.report(document, { stage: "parsing" });
  expect(told).toEqual(["first", "second", "second"]);
});

test("when the process stops, those who watch are told that nothing comes, and so are those who come", async () => {
  const { board, told } = watched();
  board.begin(document);
  board.dismiss();
  const later = Promise.withResolvers<IngestProgress | undefined>();
  board.watch(document, later.resolve);
  expect(await later.promise).toBeUndefined();
  expect(told.map((progress) => progress?.stage)).toEqual(["stored", undefined]);
});
