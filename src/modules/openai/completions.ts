import { AppError } from "../../errors.ts";
import type { JsonObject } from "../../json-object.ts";
import { asRecord, type JsonRecord } from "../../providers/json.ts";
import { demoName } from "../../providers/llm/demo.ts";
import type {
  ChatRoute,
  ChatRouter,
  ForwardedAnswer,
  ForwardRequest,
} from "../../providers/llm/index.ts";
import { readMessages } from "../../providers/llm/openai-messages.ts";
import { answeringModel } from "../../providers/llm/router.ts";
import { toPassage } from "../chat/citations.ts";
import { defaultTopK, groundIn, type KnowledgeSource } from "../chat/grounding.ts";
import { standaloneQuery } from "../chat/rewrite.ts";
import { warningsOf } from "../chat/sources.ts";
import type { Warning } from "../knowledge/result.ts";
import type { ModelCall, UsageService } from "../usage/service.ts";
import { type ChatOptions, readChatOptions, readKnowledgeModel } from "./chat-request.ts";
import { readChunks, writeChunks } from "./chunk-events.ts";
import { type Cited, citeStream, citeWhole } from "./cited-answer.ts";
import { GroundedRequest } from "./grounded-request.ts";
import { metered } from "./metered.ts";
import { withUsageChunk } from "./usage-chunk.ts";

const noConversation = { conversationId: null, messageId: null };

export interface CompletionRequest {
  readonly userId: number;
  /** Whether the caller may read the user's knowledge bases. */
  readonly mayRead: boolean;
  readonly body: JsonObject;
  readonly signal: AbortSignal;
  /** What the caller is told when passages could not be reranked. */
  warn(failure: AppError): Warning;
}

/** An answer that has begun, as the bytes that go to the caller. */
export interface Completion {
  readonly isStream: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What is forwarded, and what is to be made of its answer. */
interface Prepared {
  /** What is to answer, by the name that the caller or the configuration gave it. */
  readonly model: string;
  readonly route: ChatRoute;
  readonly request: ForwardRequest;
  readonly cited: Cited | undefined;
}

export function createCompletions(options: {
  readonly router: ChatRouter;
  readonly knowledge: KnowledgeSource;
  /** Answers over a knowledge base where the caller names none. */
  readonly chatModel: string;
  /** Whether follow-up questions are made to stand by themselves before they are searched for. */
  readonly rewriteQuestions: boolean;
  readonly usage: Pick<UsageService, "estimate" | "recordCall" | "meter">;
}) {
  const { router, knowledge, chatModel, usage } = options;

  /** What is searched for: a follow-up question is made to stand by itself, as in conversations. */
  async function queryOf(
    { question, history }: GroundedRequest,
    { model, route }: Pick<Prepared, "model" | "route">,
    { userId, signal }: CompletionRequest,
  ): Promise<string> {
    // The model inside the server answers from passages, and cannot rewrite.
    const isRewritten = options.rewriteQuestions && route.providerName !== demoName;
    const record = (call: ModelCall): void =>
      usage.recordCall({ kind: "rewrite", userId, ...noConversation }, call);
    return isRewritten
      ? standaloneQuery({ model, route, asker: { userId }, history, question, record }, signal)
      : question;
  }

  async function prepare(call: CompletionRequest, chat: ChatOptions): Promise<Prepared> {
    const { userId, body } = call;
    const { stream } = chat;
    const wanted = readKnowledgeModel(chat.model);
    if (wanted === undefined) {
      const { model } = chat;
      const route = router.route(model);
      const request = { userId, model: route.model, body, stream };
      return { model, route, request, cited: undefined };
    }
    if (!call.mayRead) throw new AppError("knowledge_base_not_found");
    const { knowledgeBaseId } = wanted;
    const retrieve = await groundIn(knowledge, {
      knowledgeBaseIds: [knowledgeBaseId],
      userId,
      topK: defaultTopK,
    });
    const model = wanted.model ?? chatModel;
    const route = router.route(model);
    route.provider.checkAccess(undefined);
    const grounded = new GroundedRequest(body);
    const { question } = grounded;
    const query = await queryOf(grounded, { model, route }, call);
    const { citations, rerankingFailures } = await retrieve(query, call.signal);
    const passages = citations.map(toPassage);
    return {
      model,
      route,
      request: {
        userId,
        model: route.model,
        body: grounded.withPassages(passages),
        stream,
        question,
        passages,
      },
      cited: {
        citations,
        ...warningsOf(rerankingFailures, call.warn),
        isData: chat.isData,
        isChinese: /\p{Script=Han}/u.test(question),
      },
    };
  }

  return {
    /**
     * Passes a request in OpenAI's protocol on to the provider of its model and answers with what
     * comes back, untouched but for what our own additions ask for: the citations of `kb:` models,
     * and a chunk with the usage where the provider sends none. Nothing is stored but what it took.
     *
     * @throws AppError `unknown_model`, `knowledge_base_not_found`, `invalid_field`, and every fault of
     *   retrieval and of the provider before the first piece; later ones end the iteration
     */
    async complete(call: CompletionRequest): Promise<Completion> {
      const chat = readChatOptions(call.body);
      const { model, route, request, cited } = await prepare(call, chat);
      const metering = (answering: string) =>
        usage.meter(
          { kind: "completion", userId: call.userId, model: answering, ...noConversation },
          request.body.bytes,
        );
      const forwarded = await forward(route, request, call.signal, () =>
        metering(model).end(new Uint8Array()),
      );
      const answer = metered(forwarded, metering(answeringModel(model, route, forwarded)));
      const isStream = chat.stream;
      if (!isStream)
        return { isStream, bytes: cited === undefined ? answer : whole(answer, cited) };
      if (cited === undefined && !chat.includeUsage) return { isStream, bytes: answer };
      const chunks = readChunks(answer);
      const counted = chat.includeUsage
        ? withUsageChunk(chunks, (texts) =>
            usage.estimate(readMessages(request.body.get("messages")), texts),
          )
        : chunks;
      const events = cited === undefined ? counted : citeStream(counted, cited);
      return { isStream, bytes: writeChunks(events) };
    },
  };
}

/** `left` is called when the caller goes before the answer begins, but after a provider was asked. */
async function forward(
  { provider }: ChatRoute,
  request: ForwardRequest,
  signal: AbortSignal,
  left: () => void,
): Promise<ForwardedAnswer> {
  let isSent = false;
  const sent = (): void => {
    isSent = true;
  };
  try {
    return await provider.forward({ ...request, sent }, signal);
  } catch (error) {
    if (isSent && signal.aborted) left();
    throw error;
  }
}

async function* whole(answer: ForwardedAnswer, cited: Cited): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of answer) parts.push(part);
  let completion: JsonRecord;
  try {
    completion = asRecord(JSON.parse(Buffer.concat(parts).toString("utf8"))) ?? {};
  } catch (cause) {
    const message = "the answer is not JSON";
    const { providerName: provider } = answer;
    throw new AppError(
      "provider_failed",
      { provider, status: "unusable answer", message },
      { cause },
    );
  }
  yield Buffer.from(JSON.stringify(citeWhole(completion, cited)));
}

export type Completions = ReturnType<typeof createCompletions>;
