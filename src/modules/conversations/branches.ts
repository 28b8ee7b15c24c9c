import type { Message } from "../../store/conversations.ts";

/**
 * A conversation's messages form a tree: an edited question or a second answer begins a branch beside
 * the first. The tip is the newest message of the branch that is shown.
 */

/** The messages from the first to `tip`, in order; none when there is no such message. */
export function branchTo<Place extends Pick<Message, "id" | "parentId">>(
  messages: readonly Place[],
  tip: number | null,
): Place[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const branch: Place[] = [];
  for (let at = tip; at !== null; ) {
    const message = byId.get(at);
    if (message === undefined) break;
    branch.push(message);
    at = message.parentId;
  }
  return branch.reverse();
}

/** Answers, for each message, the ids of those that stand in its place, itself among them, the oldest first. */
export function siblingsIn(messages: readonly Message[]): (message: Message) => number[] {
  const places = Map.groupBy(messages, ({ parentId }) => parentId);
  return ({ parentId }) => (places.get(parentId) ?? []).map(({ id }) => id);
}

/** The tip of the branch that goes through `id`, the newest one where it forks further on. */
export function tipThrough(messages: readonly Message[], id: number): number {
  const newest = new Map(messages.map((message) => [message.parentId, message.id]));
  let tip = id;
  for (let next = newest.get(tip); next !== undefined; next = newest.get(tip)) tip = next;
  return tip;
}
