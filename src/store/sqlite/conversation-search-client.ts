import { log } from "../../log.ts";
import { WorkerClient } from "../../workers/client.ts";
import type { ConversationMatch, ConversationSearch } from "../conversations.ts";
import type {
  ConversationSearchApi,
  ConversationSearchOptions,
} from "./conversation-search-worker.ts";
import type { Writer } from "./writer.ts";

/** Steps that a search waits for; what is behind them is found when its turn has come. */
const stepsBeforeSearch = 10;
/** Milliseconds from a change until it is entered, if nobody searches before. */
const delay = 500;
/** Milliseconds between two steps, so that other writes have the writer's time. */
const pause = 20;

export interface ConversationSearcher {
  /**
   * Finds whatever was stored before, but for the rest of a backlog that is still worked off, or all of
   * it while nothing can be written.
   */
  search(wanted: ConversationSearch): Promise<ConversationMatch[]>;
  /** To be called when something is to be entered: it is, soon and in the background. */
  changed(): void;
  /** Stops; what has no entry yet gets it after the next start. */
  close(): Promise<void>;
}

/** The search over conversations in a thread of its own, which is started when it is first needed. */
export function openConversationSearch(
  options: ConversationSearchOptions,
  writer: Writer,
): ConversationSearcher {
  const worker = WorkerClient.onDemand<ConversationSearchApi>(
    "conversation search",
    () =>
      new Worker(new URL("./conversation-search-worker.ts", import.meta.url).href, { smol: true }),
    options,
  );
  let timer: Timer | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let closed = false;

  /** Answers whether there may be more to do. */
  async function step(): Promise<boolean> {
    const { entries, conversationIds } = await worker.call("nextStep", []);
    if (conversationIds.length === 0) return false;
    await writer.call("addSearchEntries", [entries, conversationIds]);
    return true;
  }

  /** Runs after what is running, so that it sees what was stored before. */
  function enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = running.then(task);
    running = result.catch(() => {});
    return result;
  }

  function schedule(milliseconds: number): void {
    if (closed || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      enqueue(step).then((more) => {
        if (more) schedule(pause);
      }, complain);
    }, milliseconds);
  }

  function complain(cause: unknown): void {
    if (!closed) log.error("conversations could not be made searchable", { cause });
  }

  async function catchUp(): Promise<void> {
    for (let steps = 0; steps < stepsBeforeSearch; steps += 1) {
      if (!(await step())) return;
    }
  }

  return {
    async search(wanted) {
      await enqueue(catchUp).catch(complain);
      return worker.call("search", [wanted]);
    },
    changed: () => schedule(delay),
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
      await worker.closeAfter("end", []);
    },
  };
}
