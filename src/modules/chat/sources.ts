import type { Citation } from "./citations.ts";

/** What an answer is grounded in. */
export interface Sources {
  readonly citations: readonly Citation[];
  /** What was searched for, where that is not what the user wrote. */
  readonly query?: string;
}

export const serializeSources = (sources: Sources): string => JSON.stringify(sources);

/** Reads what `serializeSources` wrote: nothing else is ever stored as a message's sources. */
export const parseSources = (stored: string): Sources => JSON.parse(stored) as Sources;
