import type { Running } from "../processes.ts";
import { markdown } from "./texts.ts";

/** Passages in one file. */
const fileSize = 1000;

export interface Client {
  readonly server: Running;
  readonly authorization: string;
}

export async function call<Answer>(
  { server, authorization }: Client,
  path: string,
  body: object,
): Promise<Answer> {
  const isForm = body instanceof FormData;
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { authorization, ...(isForm ? {} : { "content-type": "application/json" }) },
    body: isForm ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

export async function createKnowledgeBase(client: Client, model: string): Promise<string> {
  const body = { kb_name: "bench", embedding_model: model };
  return (await call<{ kb_id: string }>(client, "/api/rag/kb/create", body)).kb_id;
}

/** Uploads the passages from `first` on, a chunk each, and checks that they became so. */
export async function seed(
  client: Client,
  knowledgeBase: string,
  first: number,
  count: number,
): Promise<void> {
  const starts = Array.from({ length: Math.ceil(count / fileSize) }, (_, at) => at * fileSize);
  const waiting = starts.values();
  const upload = async () => {
    for (const start of waiting) {
      const size = Math.min(fileSize, count - start);
      const form = new FormData();
      form.set("kb_id", knowledgeBase);
      form.set("file", new File([markdown(first + start, size)], `${first + start}.md`));
      const { chunk_count } = await call<{ chunk_count: number }>(
        client,
        "/api/rag/doc/upload",
        form,
      );
      if (chunk_count !== size) throw new Error(`${size} passages became ${chunk_count} chunks`);
    }
  };
  await Promise.all([upload(), upload()]);
}
