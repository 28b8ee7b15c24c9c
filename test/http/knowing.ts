import { expect } from "bun:test";
import type { Caller } from "../harness.ts";

export interface UploadAnswer {
  readonly success: true;
  readonly doc_id: string;
  readonly message: string;
  readonly chunk_count: number;
}

export interface ListedDocument {
  readonly doc_id: string;
  readonly kb_id: string;
  readonly doc_name: string;
  readonly file_type: string;
  readonly status: string;
  readonly error: string | null;
  readonly size_bytes: number;
  readonly chunk_count: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly created_time: number;
}

export interface ListedKnowledgeBase {
  readonly kb_id: string;
  readonly kb_name: string;
  readonly description: string;
  readonly embedding_model: string;
  readonly chunk_size: number;
  readonly weight: number | null;
  readonly doc_count: number;
  readonly chunk_count: number;
  readonly reindex: {
    readonly status: string;
    readonly embedding_model: string;
    readonly chunk_size: number;
    readonly docs_done?: number;
    readonly docs_total?: number;
    readonly error?: string;
    readonly doc_id?: string;
  } | null;
}

export interface DocumentStatus {
  readonly doc_id: string;
  readonly kb_id: string;
  readonly doc_name: string;
  readonly status: string;
  readonly stage: string;
  readonly pages: number | null;
  readonly chunks_done: number;
  readonly chunks_total: number | null;
  readonly error: string | null;
}

export interface Result {
  readonly content: string;
  readonly score: number;
  readonly doc_id: string;
  readonly doc_name: string;
  readonly chunk_id: string;
  readonly chunk_index: number;
  readonly page?: number;
  readonly heading?: string;
}

export const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** What a successful answer says. */
export async function read<Body>(response: Response): Promise<Body> {
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status: 200 });
  return JSON.parse(text);
}

export async function createKnowledgeBase(
  caller: Caller,
  settings: Record<string, unknown> = {},
): Promise<string> {
  const body = { kb_name: "知识库", ...settings };
  const created = await read<{ kb_id: string }>(await caller.post("/api/rag/kb/create", body));
  return created.kb_id;
}

/** A form with a knowledge base and a file. */
export function uploadForm(
  knowledgeBase: string,
  name: string,
  content: string | Uint8Array,
): FormData {
  const form = new FormData();
  form.set("kb_id", knowledgeBase);
  // A copy, for the type of its buffer.
  form.set("file", new File([typeof content === "string" ? content : content.slice()], name));
  return form;
}

export const upload = (
  caller: Caller,
  knowledgeBase: string,
  name: string,
  content: string | Uint8Array,
): Promise<Response> =>
  caller.post("/api/rag/doc/upload", uploadForm(knowledgeBase, name, content));

export async function listDocuments(caller: Caller, id: string): Promise<ListedDocument[]> {
  const list = await caller.get(`/api/rag/doc/list?kb_id=${id}`);
  return (await read<{ docs: ListedDocument[] }>(list)).docs;
}

export async function findKnowledgeBase(
  caller: Caller,
  id: string,
): Promise<ListedKnowledgeBase | undefined> {
  const list = await caller.get("/api/rag/kb/list");
  const { kbs } = await read<{ kbs: ListedKnowledgeBase[] }>(list);
  return kbs.find(({ kb_id }) => kb_id === id);
}

export async function statusOf(caller: Caller, document: string): Promise<DocumentStatus> {
  return read<DocumentStatus>(await caller.get(`/api/rag/doc/status?doc_id=${document}`));
}

export async function retrieve(
  caller: Caller,
  knowledgeBase: string,
  query: string,
  settings: Record<string, unknown> = {},
): Promise<Result[]> {
  const body = { kb_id: knowledgeBase, query, ...settings };
  const answer = await caller.post("/api/rag/retrieve", body);
  return (await read<{ results: Result[] }>(answer)).results;
}
