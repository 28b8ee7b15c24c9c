import { yieldToOtherThreads } from "../../workers/priority.ts";
import { serveWorker } from "../../workers/serve.ts";
import { openDatabase } from "./connection.ts";
import { createConversationSearch } from "./conversation-search.ts";

export interface ConversationSearchOptions {
  readonly path: string;
}

/** Cutting texts into terms, searching and marking keep a processor busy: they have their own thread. */
function createWorker({ path }: ConversationSearchOptions) {
  yieldToOtherThreads("searching");
  const database = openDatabase({ path, readonly: true });
  return {
    ...createConversationSearch(database),
    /** Lets go of the database. */
    end: () => database.close(),
  };
}

export type ConversationSearchApi = ReturnType<typeof createWorker>;

serveWorker<ConversationSearchOptions>(createWorker);
