import { AppError } from "../../errors.ts";
import type { JsonObject } from "../../json-object.ts";
import { asRecord } from "../../providers/json.ts";
import type { Passage } from "../../providers/llm/index.ts";
import { textOf } from "../../providers/llm/openai-messages.ts";
import { groundedQuestion } from "../chat/prompt.ts";
import { withoutFootnotes } from "./footnotes.ts";

/** A request over a knowledge base. */
export class GroundedRequest {
  /** What the user asks: the text of their last message. */
  readonly question: string;
  readonly #messages: readonly unknown[];
  readonly #asked: number;

  /** @throws AppError `invalid_field` when the user says nothing in it, `malformed_json` */
  constructor(private readonly body: JsonObject) {
    const messages = body.get("messages");
    this.#messages = Array.isArray(messages) ? messages : [];
    this.#asked = this.#messages.findLastIndex((message) => asRecord(message)?.role === "user");
    if (this.#asked < 0) {
      throw new AppError("invalid_field", { field: "messages", reason: "no_question" });
    }
    this.question = textOf(asRecord(this.#messages[this.#asked])?.content).toWellFormed();
  }

  /** What was said before, by either side. */
  get history(): readonly { readonly role: "user" | "assistant"; readonly content: string }[] {
    return this.#messages.slice(0, this.#asked).flatMap((message) => {
      const { role, content } = asRecord(message) ?? {};
      const text = withoutFootnotes(textOf(content));
      return (role === "user" || role === "assistant") && text !== ""
        ? [{ role, content: text }]
        : [];
    });
  }

  /**
   * The request with the passages in front of the question. Images and everything beside the messages
   * stay as they are; of earlier answers the footnotes go, whose numbers meant other passages.
   */
  withPassages(passages: readonly Passage[]): JsonObject {
    const prompt = groundedQuestion(this.question, passages);
    const messages = this.#messages.map((given, index) => {
      const message = asRecord(given);
      if (message === undefined) return given;
      if (index === this.#asked)
        return { ...message, content: replaceText(message.content, prompt) };
      const { role, content } = message;
      if (role !== "assistant" || typeof content !== "string") return given;
      return { ...message, content: withoutFootnotes(content) };
    });
    return this.body.with("messages", messages);
  }
}

/** A message's content with this text in place of all its texts. */
function replaceText(content: unknown, text: string): unknown {
  if (!Array.isArray(content)) return text;
  const others = content.filter((part) => asRecord(part)?.type !== "text");
  return [{ type: "text", text }, ...others];
}
