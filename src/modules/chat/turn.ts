import { AppError } from "../../errors.ts";
import type { Message, NewTurn } from "../../store/conversations.ts";
import { branchTo } from "../conversations/branches.ts";
import { parseSources, type Sources } from "./sources.ts";

/** What a user asks for: an answer to a new message, to a changed one, or another answer. */
export type TurnRequest =
  | { readonly kind: "send"; readonly message: string }
  | { readonly kind: "edit"; readonly messageId: number; readonly message: string }
  | { readonly kind: "regenerate"; readonly messageId: number | undefined };

export interface Plan {
  /** What the question follows, in order. */
  readonly history: readonly Message[];
  /** The question's text. */
  readonly message: string;
  readonly question: NewTurn["question"];
  /** What the answer before it was grounded in, to be used again. */
  readonly sources: Sources | undefined;
}

// Half a character, from a client that cut its text, cannot be stored, and providers refuse it.
const asText = (message: string): string => message.toWellFormed();

function find(
  messages: readonly Message[],
  id: number | undefined,
  role: Message["role"],
): Message | undefined {
  return messages.findLast((message) => message.role === role && message.id === (id ?? message.id));
}

/**
 * Where in the tree of messages a question stands and what goes before it. `regenerate` means the
 * question of the answer that is named, of the shown branch's last one by default; a question that
 * was never answered is answered then.
 *
 * @throws AppError `message_not_found`
 */
export function planTurn(
  messages: readonly Message[],
  tip: number | null,
  request: TurnRequest,
): Plan {
  const shown = branchTo(messages, tip);
  if (request.kind === "send") {
    const content = asText(request.message);
    const question = { content, parentId: tip };
    return { history: shown, message: content, question, sources: undefined };
  }
  if (request.kind === "edit") {
    const edited = find(messages, request.messageId, "user");
    if (edited === undefined) throw new AppError("message_not_found");
    const { parentId } = edited;
    const content = asText(request.message);
    const history = branchTo(messages, parentId);
    return { history, message: content, question: { content, parentId }, sources: undefined };
  }
  const { messageId } = request;
  const answer = messageId === undefined ? shown.at(-1) : find(messages, messageId, "assistant");
  const asked = answer?.role === "user" ? answer : find(messages, answer?.parentId ?? -1, "user");
  if (asked === undefined) throw new AppError("message_not_found");
  return {
    history: branchTo(messages, asked.parentId),
    message: asked.content,
    question: { id: asked.id },
    sources: answer?.sources ? parseSources(answer.sources) : undefined,
  };
}
