/** Where the development sets lie, beside the repository: their licence keeps them out of it. */
export const defaultData = new URL("../../../shared/data/retrieval", import.meta.url).pathname;

export const whereToGetData =
  "XQuAD (github.com/deepmind/xquad, CC BY-SA 4.0) has xquad.zh.json and xquad.en.json; write its paragraphs to corpus.jsonl {id, title, text}, its questions to queries.jsonl {id, text} and the pairs to qrels.tsv.";
