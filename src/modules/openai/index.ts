import { Elysia } from "elysia";
import { AppError } from "../../errors.ts";
import { jsonBody, noBody, readJsonObject } from "../../http/body.ts";
import { byteStreamResponse } from "../../http/byte-stream.ts";
import type { HttpContext } from "../../http/context.ts";
import { describeForOpenAi } from "../../http/openai-errors.ts";
import { languageOf } from "../../http/request.ts";
import { log } from "../../log.ts";
import type { EmbeddingModels } from "../../providers/embedding/index.ts";
import type { Reranker } from "../../providers/rerank/index.ts";
import { rerankingWarning } from "../knowledge/result.ts";
import type { UsageService } from "../usage/service.ts";
import type { Completions } from "./completions.ts";
import { completionDocs, embeddingDocs, modelDocs, modelsDocs, rerankDocs } from "./docs.ts";
import { embed } from "./embeddings.ts";
import { modelParams, rerankBody } from "./model.ts";
import type { ModelList } from "./model-list.ts";
import { rerank } from "./reranking.ts";

/** Everything that OpenAI's protocol gives access to. */
export interface OpenAiServices {
  readonly completions: Completions;
  readonly models: ModelList;
  readonly embeddings: EmbeddingModels;
  readonly reranker: Reranker | undefined;
  readonly usage: Pick<UsageService, "record">;
}

const jsonType = "application/json";
const streamType = "text/event-stream; charset=utf-8";

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) read.push(piece);
  return Buffer.concat(read);
}

/** OpenAI's own protocol, for any client that takes a base URL; `http.maxBodyBytes` holds images too. */
export function openAiRoutes(http: HttpContext, services: OpenAiServices) {
  const { completions, models, embeddings, reranker, usage } = services;

  /** Adds to a user's sums what was asked of a model that answers without words. */
  const recorder =
    (kind: "embedding" | "rerank", userId: number) =>
    (model: string, promptTokens: number): void =>
      usage.record({
        kind,
        userId,
        conversationId: null,
        messageId: null,
        model,
        promptTokens,
        completionTokens: 0,
        estimated: true,
      });

  /** The last event of a stream that was cut: clients throw what it says. */
  function ending(request: Request, error: unknown): string {
    const fault =
      error instanceof AppError ? error : new AppError("internal", {}, { cause: error });
    if (fault.code === "internal") log.error("stream failed", { cause: fault.cause });
    const { error: said } = describeForOpenAi(fault, languageOf(request, http.language));
    return `data: ${JSON.stringify({ error: said })}\n\n`;
  }

  return new Elysia({ prefix: "/v1" })
    .use(http.auth.guard)
    .post(
      "/chat/completions",
      async ({ request, userId, may }) => {
        http.keepOpen(request);
        const body = await readJsonObject(request, http.maxBodyBytes);
        const { signal } = request;
        const mayRead = may("knowledge:read");
        const language = languageOf(request, http.language);
        const warn = (failure: AppError) => rerankingWarning(failure, language);
        const call = { userId, mayRead, body, signal, warn };
        const { isStream, bytes } = await completions.complete(call);
        if (!isStream) {
          return new Response(await readAll(bytes), { headers: { "Content-Type": jsonType } });
        }
        return byteStreamResponse({
          bytes,
          contentType: streamType,
          signal,
          ending: (error) => ending(request, error),
        });
      },
      { ...noBody, detail: completionDocs },
    )
    .post(
      "/embeddings",
      async ({ request, userId }) => {
        http.keepOpen(request);
        const body = await readJsonObject(request, http.maxBodyBytes);
        const { signal } = request;
        const bytes = await embed(embeddings, body, recorder("embedding", userId), signal);
        return byteStreamResponse({ bytes, contentType: jsonType, signal, ending: () => "" });
      },
      { ...noBody, detail: embeddingDocs },
    )
    .post(
      "/rerank",
      ({ body, request, userId }) =>
        rerank(reranker, body, recorder("rerank", userId), request.signal),
      { ...jsonBody(http.maxBodyBytes, rerankBody), detail: rerankDocs },
    )
    .get(
      "/models",
      async ({ userId, may }) => ({
        object: "list",
        data: await models.list({ userId, mayRead: may("knowledge:read") }),
      }),
      { detail: modelsDocs },
    )
    .get(
      "/models/:model",
      ({ params, userId, may }) =>
        models.get(params.model, { userId, mayRead: may("knowledge:read") }),
      { params: modelParams, detail: modelDocs },
    );
}
