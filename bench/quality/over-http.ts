import type { RetrievalSet } from "./beir.ts";
import { Metrics } from "./metrics.ts";

/** Sends one request of a signed-in user to `path`. */
export type Post = (path: string, body: string | FormData) => Promise<Response>;

/** Requests at a time. */
const concurrency = 8;

/** Hits that are asked for: several may be of one document. */
const topK = 50;

async function call<Answer>(post: Post, path: string, body: object): Promise<Answer> {
  const response = await post(path, body instanceof FormData ? body : JSON.stringify(body));
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

async function forEach<Item>(items: readonly Item[], act: (item: Item) => Promise<void>) {
  const waiting = items.values();
  const work = async () => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** A name that says the title, as the file of a person would. */
const fileName = (title: string, id: string): string =>
  `${title.replace(/[/\\\p{Cc}]/gu, " ").trim() || id}.txt`;

/**
 * Measures retrieval as a caller meets it: uploads every passage as a document of its own, named by
 * its title, to a fresh knowledge base with the `builtin` embedding, and asks every question. Where
 * a document was found by several of its chunks, the first counts.
 */
export async function evaluate(post: Post, set: RetrievalSet): Promise<Metrics> {
  const created = await call<{ kb_id: string }>(post, "/api/rag/kb/create", {
    kb_name: "eval",
    embedding_model: "builtin",
  });
  const kb = created.kb_id;
  // The same text twice is one document.
  const passagesOf = new Map<string, string[]>();
  await forEach(set.passages, async ({ id, title, text }) => {
    const form = new FormData();
    form.set("kb_id", kb);
    form.set("file", new File([text], fileName(title, id)));
    const { doc_id } = await call<{ doc_id: string }>(post, "/api/rag/doc/upload", form);
    passagesOf.set(doc_id, [...(passagesOf.get(doc_id) ?? []), id]);
  });
  const metrics = new Metrics();
  await forEach(set.questions, async ({ text, relevant }) => {
    const { results } = await call<{ results: { doc_id: string }[] }>(post, "/api/rag/retrieve", {
      kb_id: kb,
      query: text,
      top_k: topK,
    });
    const documents = new Set(results.map(({ doc_id }) => doc_id));
    metrics.add(
      [...documents].flatMap((id) => passagesOf.get(id) ?? []),
      relevant,
    );
  });
  return metrics;
}
