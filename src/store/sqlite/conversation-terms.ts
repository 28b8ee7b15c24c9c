import { cutTerms } from "../../text/cut.ts";
import type { WantedTerm } from "../../text/search-terms.ts";

/** Characters of one text that are searched: the terms of more take the writer too long. */
export const searchedLength = 50_000;

/** A private-use character, which no text that was cut into terms still has. */
const ownerMark = "\uf8f4";

const ownerTerm = (userId: number): string => `${ownerMark}${userId}`;

/** What the full-text table is given for a text of a user. */
export function indexedTerms(userId: number, text: string): string {
  const terms = new Set([ownerTerm(userId)]);
  cutTerms(text, (term) => terms.add(term));
  return [...terms].join(" ");
}

/** The expression of FTS5 that finds the user's texts which have all of the terms. */
export function ownedMatch(userId: number, terms: readonly WantedTerm[]): string {
  const wanted = terms.map(
    ({ text, prefix }) => `"${text.replaceAll('"', '""')}"${prefix ? " *" : ""}`,
  );
  return [`"${ownerTerm(userId)}"`, ...wanted].join(" AND ");
}
