import { asRecord, type JsonRecord, recordsIn } from "../../providers/json.ts";
import type { Citation } from "../chat/citations.ts";
import type { Sources } from "../chat/sources.ts";
import { type ChunkEvent, type ChunkEvents, eventOf } from "./chunk-events.ts";
import { CitationMarks } from "./citation-marks.ts";
import { footnotes } from "./footnotes.ts";

/** What an answer may cite, and how its citations are shown. */
export interface Cited extends Pick<Sources, "warnings"> {
  readonly citations: readonly Citation[];
  readonly isChinese: boolean;
  /** Whether the answer is for a program, and not a word may be added to its text. */
  readonly isData: boolean;
}

/** Endings that no reader sees as text: the client makes the calls and asks again. */
const callReasons: ReadonlySet<unknown> = new Set(["tool_calls", "function_call"]);

/** The text of one choice, with references to its footnotes and the footnotes behind it. */
class CitedText {
  readonly #marks: CitationMarks;

  constructor(private readonly cited: Cited) {
    this.#marks = new CitationMarks(cited.isData ? 0 : cited.citations.length);
  }

  push(text: string): string {
    return this.cited.isData ? text : this.#marks.push(text);
  }

  end(finishReason: unknown): string {
    const rest = this.#marks.end();
    if (callReasons.has(finishReason)) return rest;
    const { citations, isChinese } = this.cited;
    return rest + footnotes(citations, this.#marks.cited, isChinese);
  }
}

/** What is told of an answer's grounds, beside what the provider says. */
const groundsOf = ({ citations, warnings }: Cited) => ({
  citations,
  ...(warnings === undefined ? {} : { warnings }),
});

/** A whole completion with its citations. */
export function citeWhole(completion: JsonRecord, cited: Cited): JsonRecord {
  const choices = recordsIn(completion.choices).map((choice) => {
    const message = asRecord(choice.message);
    if (typeof message?.content !== "string") return choice;
    const text = new CitedText(cited);
    const content = text.push(message.content) + text.end(choice.finish_reason);
    return { ...choice, message: { ...message, content } };
  });
  return { ...completion, choices, ...groundsOf(cited) };
}

/**
 * The same of a stream. Footnotes come in a chunk of their own in front of the one with the finish
 * reason, which has the citations too.
 */
export async function* citeStream(
  events: ChunkEvents,
  cited: Cited,
): AsyncGenerator<readonly ChunkEvent[]> {
  const open = new Map<unknown, CitedText>();
  let last: JsonRecord = {};
  let isTold = false;

  function takeText(choice: JsonRecord): JsonRecord {
    const delta = asRecord(choice.delta);
    if (typeof delta?.content !== "string" || delta.content === "") return choice;
    const text = open.get(choice.index) ?? new CitedText(cited);
    open.set(choice.index, text);
    return { ...choice, delta: { ...delta, content: text.push(delta.content) } };
  }

  /** What is left to say of a choice that has ended, as a chunk of its own. */
  function ending(chunk: JsonRecord, index: unknown, finishReason: unknown): ChunkEvent[] {
    const content = open.get(index)?.end(finishReason) ?? "";
    open.delete(index);
    if (content === "") return [];
    return [textEvent(chunk, index, content)];
  }

  function edit(event: ChunkEvent): ChunkEvent[] {
    const { chunk } = event;
    if (event.isDone) return [...close(), event];
    if (chunk === undefined || !Array.isArray(chunk.choices)) return [event];
    last = chunk;
    const given = recordsIn(chunk.choices);
    const choices = given.map(takeText);
    const finished = choices.filter(({ finish_reason: reason }) => typeof reason === "string");
    if (finished.length === 0) {
      const isSame = choices.every(
        (choice, index) => contentOf(choice) === contentOf(given[index]),
      );
      return isSame ? [event] : [eventOf({ ...chunk, choices })];
    }
    isTold = true;
    // Some clients look at no text in the chunk that has the finish reason.
    const texts = choices.filter((choice) => contentOf(choice) !== undefined);
    return [
      ...texts.map((choice) => textEvent(chunk, choice.index, contentOf(choice))),
      ...finished.flatMap(({ index, finish_reason: reason }) => ending(chunk, index, reason)),
      eventOf({
        ...chunk,
        choices: choices.map((choice) => ({ ...choice, delta: withoutContent(choice.delta) })),
        ...groundsOf(cited),
      }),
    ];
  }

  /** Ends what the provider left without a finish reason. */
  function close(): ChunkEvent[] {
    const endings = [...open.keys()].flatMap((index) => ending(last, index, null));
    if (isTold) return endings;
    isTold = true;
    return [...endings, eventOf({ ...last, choices: [], ...groundsOf(cited) })];
  }

  for await (const together of events) yield together.flatMap(edit);
  yield close();
}

/** A chunk like this one, with this text alone. */
function textEvent(chunk: JsonRecord, index: unknown, content: unknown): ChunkEvent {
  const { usage: _, ...rest } = chunk;
  return eventOf({ ...rest, choices: [{ index, delta: { content }, finish_reason: null }] });
}

const contentOf = (choice: JsonRecord | undefined): unknown => {
  const content = asRecord(choice?.delta)?.content;
  return content === "" ? undefined : (content ?? undefined);
};

function withoutContent(delta: unknown): JsonRecord {
  const { content: _, ...rest } = asRecord(delta) ?? {};
  return rest;
}
