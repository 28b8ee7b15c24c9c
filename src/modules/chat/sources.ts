import type { AppError } from "../../errors.ts";
import type { Warning } from "../knowledge/result.ts";
import type { Citation } from "./citations.ts";

/** What an answer is grounded in. */
export interface Sources {
  readonly citations: readonly Citation[];
  /** What was searched for, where that is not what the user wrote. */
  readonly query?: string;
  /** What went wrong with the search, in the language of whoever asked; never empty. */
  readonly warnings?: readonly Warning[];
}

/** What is to be said of failures, each thing once, and nothing where there was none. */
export function warningsOf(
  failures: readonly AppError[],
  warn: (failure: AppError) => Warning,
): Pick<Sources, "warnings"> {
  const warnings = new Map(failures.map(warn).map((warning) => [warning.message, warning]));
  return warnings.size === 0 ? {} : { warnings: [...warnings.values()] };
}

export const serializeSources = (sources: Sources): string => JSON.stringify(sources);

/** Reads what `serializeSources` wrote: nothing else is ever stored as a message's sources. */
export const parseSources = (stored: string): Sources => JSON.parse(stored) as Sources;
