import type { AnswerStore } from "./answers.ts";
import type { ApiKeyStore } from "./api-keys.ts";
import type { ClaimStore } from "./claims.ts";
import type { ConversationStore } from "./conversations.ts";
import type { KnowledgeStore } from "./knowledge.ts";
import type { UsageStore } from "./usage.ts";
import type { UserStore } from "./users.ts";

/**
 * What the product needs from storage. Every method is one atomic unit: when it resolves, all of it
 * is durable against the death of this process; when it rejects, none of it happened. Ids and times
 * are made by the caller, times in Unix seconds.
 */
export interface Store {
  readonly users: UserStore;
  readonly apiKeys: ApiKeyStore;
  readonly conversations: ConversationStore;
  readonly answers: AnswerStore;
  readonly claims: ClaimStore;
  readonly usage: UsageStore;
  readonly knowledge: KnowledgeStore;
  /** The engine's own threads by name, and whether each is there. */
  readonly threads: Readonly<Record<string, () => Promise<boolean>>>;
  /** Rejects unless the database takes a write at this moment. */
  checkWritable(): Promise<void>;
  close(): Promise<void>;
}
