import { serveWorker } from "../../workers/serve.ts";
import { openDatabase } from "./connection.ts";
import { createSearch } from "./search.ts";

export interface SearchOptions {
  readonly path: string;
  readonly vectorExtension: string;
}

/** Searches read a lot and compute: they have a thread and a connection of their own. */
serveWorker<SearchOptions>(({ path, vectorExtension }) =>
  createSearch(openDatabase({ path, vectorExtension, readonly: true })),
);
