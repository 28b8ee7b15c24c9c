import { log } from "../../log.ts";
import { CollectedAnswer } from "../../providers/llm/collect.ts";
import type { ChatMessage, ChatRequest, ChatRoute } from "../../providers/llm/index.ts";
import { answeringModel } from "../../providers/llm/router.ts";
import type { Message } from "../../store/conversations.ts";
import type { ModelCall } from "../usage/service.ts";

/** Messages before the question that are shown to the model; what it refers to is rarely older. */
const shownMessages = 6;
/** UTF-16 units of each of them. */
const shownLength = 1000;
/** Milliseconds after which the question is searched for as it stands. */
const patience = 10_000;
/** UTF-16 units; whatever is longer is no question but a model that did not understand its task. */
const longestQuery = 1000;

/** A message of either side. */
type Said = Pick<Message, "role" | "content">;

export interface FollowUp {
  /** What it is asked of, by the name that whoever asked gave it. */
  readonly model: string;
  readonly route: ChatRoute;
  readonly asker: Pick<ChatRequest, "userId" | "apiKey">;
  /** What was said before. */
  readonly history: readonly Said[];
  readonly question: string;
  /** Called with what was asked of the model, however that ended. */
  record(call: ModelCall): void;
}

const instructions = `Rewrite the user's last message as one search query that can be understood without the conversation: put in what it refers to ("it", "the second one", "那第二个呢"). Keep its language. If it stands by itself already, repeat it unchanged. Answer with the query alone.`;

function prompt(history: readonly Said[], question: string): ChatMessage[] {
  const shown = history
    .slice(-shownMessages)
    .map(({ role, content }) => `${role}: ${content.slice(0, shownLength).toWellFormed()}`);
  const conversation = `${shown.join("\n\n")}\n\nuser: ${question}`;
  return [
    { role: "system", content: instructions },
    { role: "user", content: conversation },
  ];
}

/**
 * A follow-up question ("and the second one?") as a query that stands by itself, from the model that
 * will answer. The question as it is when it is the first of its conversation, empty or too long for a
 * query, or when the model fails, is slow or answers with something else.
 *
 * @throws the signal's reason when aborted
 */
export async function standaloneQuery(
  { model, route, asker, history, question, record }: FollowUp,
  signal: AbortSignal,
): Promise<string> {
  const isQuery = question.trim() !== "" && question.length <= longestQuery;
  if (history.length === 0 || !isQuery) return question;
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const messages = prompt(history, question);
    const answer = await route.provider.stream(
      { ...asker, model: route.model, messages, temperature: 0, question },
      limited,
    );
    const rewritten = new CollectedAnswer();
    try {
      await rewritten.read(answer, longestQuery);
    } finally {
      const answering = answeringModel(model, route, answer);
      record({ model: answering, prompt: messages, answer: rewritten });
    }
    const query = rewritten.content.trim();
    return query === "" || query.length > longestQuery ? question : query;
  } catch (cause) {
    signal.throwIfAborted();
    log.warn("follow-up question is searched for as it stands", { cause });
    return question;
  }
}
