import { join } from "node:path";

export interface Passage {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export interface Question {
  readonly id: string;
  readonly text: string;
  /** The ids of the passages that answer it. */
  readonly relevant: ReadonlySet<string>;
}

export interface RetrievalSet {
  readonly passages: readonly Passage[];
  readonly questions: readonly Question[];
}

const lines = async (path: string): Promise<string[]> =>
  (await Bun.file(path).text()).split("\n").filter((line) => line.trim() !== "");

/** Reads a BEIR-style folder: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv` or `qrels/test.tsv`. */
export async function readBeir(folder: string): Promise<RetrievalSet> {
  const flat = join(folder, "qrels.tsv");
  const qrels = (await Bun.file(flat).exists()) ? flat : join(folder, "qrels", "test.tsv");
  const relevant = new Map<string, Set<string>>();
  for (const line of (await lines(qrels)).slice(1)) {
    const [question = "", passage = "", grade = "0"] = line.split("\t");
    if (Number(grade) > 0)
      relevant.set(question, (relevant.get(question) ?? new Set()).add(passage));
  }
  // The format says what each line holds.
  type Row = { _id?: string; id?: string; title?: string; text: string };
  const rows = async (file: string) =>
    (await lines(join(folder, file))).map((line) => JSON.parse(line) as Row);
  const passages = (await rows("corpus.jsonl")).map(({ _id, id, title, text }) => ({
    id: id ?? _id ?? "",
    title: title ?? "",
    text,
  }));
  const questions = (await rows("queries.jsonl")).flatMap(({ _id, id, text }) => {
    const key = id ?? _id ?? "";
    const answers = relevant.get(key);
    return answers === undefined ? [] : [{ id: key, text, relevant: answers }];
  });
  return { passages, questions };
}
