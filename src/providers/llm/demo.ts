import { setImmediate as nextTurn } from "node:timers/promises";
import { estimateTokens } from "../../text/tokens.ts";
import { asRecord } from "../json.ts";
import { introduce, quotePassages } from "./demo-answer.ts";
import type { ChatAnswer, ChatDelta, ChatProvider, ChatRequest, ForwardRequest } from "./index.ts";
import { readMessages } from "./openai-messages.ts";
import { writeStream, writeWhole } from "./openai-writer.ts";

/** The one model's name that leads here. */
export const demoName = "demo";

export const demoContextTokens = 32_000;

const identity = { providerName: demoName, model: demoName };

/**
 * The provider inside this server, without a key and without a network, for a newcomer and for the
 * tests of a client. Over passages it answers with their sentences that fit the question best, each
 * with its citation; without any it says what it is and how to connect a real model. The same
 * request always gets the same answer; usage is an estimate.
 */
export function createDemoChat(): ChatProvider {
  return {
    checkAccess() {},
    async stream(request, signal) {
      signal.throwIfAborted();
      return handedOver(answer(request, signal));
    },
    async forward(request, signal) {
      signal.throwIfAborted();
      const { asked, withUsage } = readForwarded(request);
      const given = { ...identity, deltas: answer(asked, signal) };
      return request.stream ? writeStream(given, withUsage) : writeWhole(given);
    },
  };
}

function handedOver(pieces: AsyncGenerator<readonly ChatDelta[], undefined>): ChatAnswer {
  let isCancelled = false;
  return {
    ...identity,
    async each(take) {
      for await (const deltas of pieces) {
        if (isCancelled) return;
        take(deltas);
      }
    },
    cancel() {
      isCancelled = true;
    },
  };
}

/** What counts here of a request in OpenAI's protocol. */
function readForwarded(request: ForwardRequest): { asked: ChatRequest; withUsage: boolean } {
  const { body, userId, model, passages, question } = request;
  const limit = body.get("max_completion_tokens") ?? body.get("max_tokens");
  return {
    asked: {
      userId,
      model,
      messages: readMessages(body.get("messages")),
      maxTokens: typeof limit === "number" && limit >= 1 ? limit : undefined,
      passages,
      question,
    },
    withUsage: asRecord(body.get("stream_options"))?.include_usage === true,
  };
}

async function* answer(
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly ChatDelta[], undefined> {
  const newest = request.messages.findLast((message) => message.role === "user")?.content ?? "";
  const question = request.question ?? newest;
  const text =
    request.passages === undefined
      ? introduce(question)
      : await quotePassages(question, request.passages);
  const limit = request.maxTokens ?? Number.POSITIVE_INFINITY;
  const pieces = text.match(piece) ?? [];
  const sent = pieces.slice(0, limit);
  for (const content of sent) {
    yield [{ type: "content", text: content }];
    // To the end of the event loop's round: other answers go on in between.
    await nextTurn();
    signal.throwIfAborted();
  }
  const promptTokens = request.messages.reduce(
    (sum, { content }) => sum + estimateTokens(content),
    0,
  );
  const completionTokens = sent.length;
  yield [
    { type: "finish", reason: sent.length < pieces.length ? "length" : "stop" },
    {
      type: "usage",
      usage: {
        promptTokens,
        completionTokens,
        totalTokens: promptTokens + completionTokens,
        // It is the provider, and these are the numbers that it goes by.
        estimated: false,
      },
    },
  ];
}

/** About what a tokenizer makes of a text: a pair of CJK characters, or a word with its space. */
const piece = /\p{Script=Han}{1,2}|[^\s\p{Script=Han}]{1,12}[^\S\n]?|\s/gu;
