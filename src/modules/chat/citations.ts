import type { Passage } from "../../providers/llm/index.ts";

/** A hit as a caller sees it: `number` is what the answer cites it by, from 1. */
export interface Citation {
  readonly number: number;
  readonly content: string;
  readonly score: number;
  readonly doc_id: string;
  readonly doc_name: string;
  readonly chunk_id: string;
  readonly chunk_index: number;
  readonly page?: number | string;
  readonly heading?: string;
}

/** A citation as the model is shown it. */
export const toPassage = ({ number, content, doc_name: documentName }: Citation): Passage => ({
  number,
  content,
  documentName,
});
