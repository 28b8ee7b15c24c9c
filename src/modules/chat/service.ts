import type { EventRelay } from "../../cache/event-relay.ts";
import type { AppError, ErrorCode, ErrorParameters } from "../../errors.ts";
import type { LateWrites } from "../../late-writes.ts";
import { demoName } from "../../providers/llm/demo.ts";
import type { ChatRequest, ChatRouter } from "../../providers/llm/index.ts";
import { answeringModel } from "../../providers/llm/router.ts";
import type { AnswerStore } from "../../store/answers.ts";
import type { Conversation } from "../../store/conversations.ts";
import type { ConversationService } from "../conversations/service.ts";
import type { Warning } from "../knowledge/result.ts";
import type { ModelCall, UsageService } from "../usage/service.ts";
import { type Citation, toPassage } from "./citations.ts";
import { withLateEndings } from "./endings.ts";
import { createFollowing } from "./following.ts";
import { Generation } from "./generation.ts";
import { type Grounding, groundInAttached, type KnowledgeSource } from "./grounding.ts";
import { Mirrors } from "./mirrors.ts";
import { Outside } from "./outside.ts";
import { buildMessages, groundedQuestion } from "./prompt.ts";
import { standaloneQuery } from "./rewrite.ts";
import { RunningAnswers } from "./running.ts";
import { type Sources, warningsOf } from "./sources.ts";
import { type Plan, planTurn, type TurnRequest } from "./turn.ts";

export interface Question {
  readonly conversationId: number;
  readonly userId: number;
  readonly request: TurnRequest;
  /** What the answer is grounded in; where it is left out, what is attached to the conversation. */
  readonly grounding?: Grounding | undefined;
  describe(code: ErrorCode, parameters: ErrorParameters): string;
  /** What a caller is told when passages could not be reranked. */
  warn(failure: AppError): Warning;
}

export function createChatService(options: {
  readonly conversations: ConversationService;
  readonly answers: AnswerStore;
  /** Brings the events of other processes' answers quickly. */
  readonly relay: EventRelay | undefined;
  readonly router: ChatRouter;
  readonly usage: UsageService;
  readonly knowledge: KnowledgeSource;
  /** Takes the ends of answers that cannot be stored. */
  readonly late: LateWrites;
  /** For conversations that have none of their own. */
  readonly systemPrompt: string;
  /** Whether follow-up questions are made to stand by themselves before they are searched for. */
  readonly rewriteQuestions: boolean;
  /** Milliseconds that an answer goes on with nobody there. */
  readonly disconnectGrace: number;
  /** Called when an answer has ended, before its followers are told. */
  answered(conversationId: number, userId: number): void;
}) {
  const { conversations, answers, relay, router, usage, knowledge, late } = options;
  const endings = withLateEndings(conversations, late);
  const running = new RunningAnswers(conversations);
  const outside = new Outside(answers, running, relay);
  const mirrors = new Mirrors(answers, conversations, relay);

  function compose(
    conversation: Conversation,
    { history, message }: Plan,
    citations: readonly Citation[] | undefined,
  ): { request: ChatRequest; route: ReturnType<ChatRouter["route"]> } {
    const route = router.route(conversation.model);
    const passages = citations?.map(toPassage);
    const messages = buildMessages({
      systemPrompt: conversation.systemPrompt ?? options.systemPrompt,
      history,
      newest: passages === undefined ? message : groundedQuestion(message, passages),
      contextTokens: route.contextTokens,
      maxTokens: conversation.maxTokens,
    });
    const request = {
      userId: conversation.userId,
      model: route.model,
      messages,
      temperature: conversation.temperature ?? undefined,
      topP: conversation.topP ?? undefined,
      maxTokens: conversation.maxTokens ?? undefined,
      apiKey: conversations.apiKey(conversation),
      passages,
      question: message,
    };
    return { request, route };
  }

  async function search(
    conversation: Conversation,
    { history, message }: Plan,
    grounding: Grounding,
    { answerId, warn }: { readonly answerId: number } & Pick<Question, "warn">,
    signal: AbortSignal,
  ): Promise<Sources> {
    const find = async (query: string): Promise<Sources> => {
      const { citations, rerankingFailures } = await grounding(query, signal);
      return { citations, ...warningsOf(rerankingFailures, warn) };
    };
    const route = router.route(conversation.model);
    // The model inside the server answers from passages, and cannot rewrite.
    if (!options.rewriteQuestions || route.providerName === demoName) {
      return find(message);
    }
    const { id: conversationId, userId, model } = conversation;
    const followUp = {
      model,
      route,
      asker: { userId, apiKey: conversations.apiKey(conversation) },
      history,
      question: message,
      record: (call: ModelCall) =>
        usage.recordCall({ kind: "rewrite", userId, conversationId, messageId: answerId }, call),
    };
    const query = await standaloneQuery(followUp, signal);
    const sources = await find(query);
    return query === message ? sources : { ...sources, query };
  }

  /** What a question is answered from; undefined where it is from the model's own knowledge. */
  function groundingOf(conversation: Conversation, { grounding }: Question): Grounding | undefined {
    const isAttached = conversation.knowledgeBaseIds.length > 0;
    return grounding ?? (isAttached ? groundInAttached(knowledge, conversation) : undefined);
  }

  /**
   * Opens the answer that a question asks for, planned on all that stands before it. `read` is the
   * conversation as it is where no other answer of this process can change it.
   */
  async function open({ conversationId, userId, request }: Question, read: Conversation) {
    // One that shows nothing has no messages; were it otherwise, the turn would come to nothing.
    let isEmpty = read.tip === null && request.kind === "send";
    for (
      let conversation = read;
      ;
      conversation = await conversations.get(conversationId, userId)
    ) {
      const messages = isEmpty ? [] : await conversations.messages(conversationId);
      isEmpty = false;
      const plan = planTurn(messages, conversation.tip, request);
      const seen = messages.at(-1)?.id ?? 0;
      const turn = await conversations.beginTurn(conversationId, { ...plan, seen });
      if (turn !== undefined) return { conversation, plan, turn };
    }
  }

  return {
    /**
     * Stores the question and starts its answer, which runs on whoever follows it. Resolves when the
     * answer may be shown.
     *
     * @throws AppError `conversation_not_found`, `unknown_model`, `missing_api_key`,
     *   `generation_running`, and every fault of retrieval and provider before the first piece
     */
    async ask(question: Question): Promise<Generation> {
      const { conversationId, userId } = question;
      let asked = await conversations.get(conversationId, userId);
      router.route(asked.model).provider.checkAccess(conversations.apiKey(asked));
      // Whoever has seen in the history that an answer is whole may go on, before we have let go of it.
      const ending = running.find(conversationId)?.ending;
      if (ending !== undefined) {
        await ending;
        asked = await conversations.get(conversationId, userId);
      }
      // The end of the answer before, where it waits.
      await late.retry();
      running.claim(conversationId);
      const release = () => running.release(conversationId);
      try {
        const { conversation, plan, turn } = await open(question, asked);
        const { userMessageId, answerId } = turn;
        const generation = new Generation({
          conversationId,
          userMessageId,
          messageId: answerId,
          tipBefore: "id" in plan.question ? conversation.tip : userMessageId,
          model: conversation.model,
          conversations: endings,
          describe: question.describe,
          grace: options.disconnectGrace,
          estimate: usage.estimate,
          onEnd(spent) {
            release();
            if (conversation.untitled) options.answered(conversationId, userId);
            const message = {
              kind: "answer",
              userId,
              conversationId,
              messageId: answerId,
            } as const;
            if (spent !== undefined) usage.record({ ...message, ...spent });
          },
          async open(signal, cite) {
            const grounding = groundingOf(conversation, question);
            const sources =
              grounding === undefined
                ? plan.sources
                : await search(
                    conversation,
                    plan,
                    grounding,
                    { answerId, warn: question.warn },
                    signal,
                  );
            if (sources !== undefined) cite(sources);
            const { request, route } = compose(conversation, plan, sources?.citations);
            const answer = await route.provider.stream(request, signal);
            return {
              answer,
              model: answeringModel(conversation.model, route, answer),
              prompt: request.messages,
            };
          },
        });
        running.add(conversationId, generation);
        outside.wake();
        usage.prepare();
        void generation.run();
        return generation;
      } catch (error) {
        release();
        throw error;
      }
    },

    /**
     * Follows an answer from one of its events on: the one named, else the conversation's last. One
     * that is being made goes on live, also where another process makes it; one that has ended is told
     * again from storage.
     *
     * @throws AppError `conversation_not_found`, `answer_not_found`
     */
    follow: createFollowing({ conversations, running, mirrors }),

    /**
     * Ends the conversation's running answer with what has come of it. Answers whether there was one.
     *
     * @throws AppError `conversation_not_found`
     */
    async stop(conversationId: number, userId: number): Promise<boolean> {
      await conversations.get(conversationId, userId);
      await running.begun(conversationId);
      const live = running.find(conversationId);
      if (live === undefined) return outside.stop(conversationId);
      await live.stop();
      return true;
    },

    /** Cuts the running answer of a conversation that is gone. */
    abandon: (conversationId: number): void => running.find(conversationId)?.cancel(),

    /** See `RunningAnswers.drain`; those who follow the answers of other processes are let go then. */
    async drain(patience: number): Promise<void> {
      await Promise.all([running.drain(patience), mirrors.drain(patience)]);
      outside.close();
    },
  };
}

export type ChatService = ReturnType<typeof createChatService>;
