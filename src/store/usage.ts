/**
 * What a provider was asked for: the `answer` of a conversation, its `title`, a follow-up question made
 * to stand by itself (`rewrite`); under /v1 a `completion`, an `embedding`, a `rerank`.
 */
export type UsageKind = "answer" | "title" | "rewrite" | "completion" | "embedding" | "rerank";

/** What one request took of a provider. */
export interface UsageEntry {
  readonly kind: UsageKind;
  readonly userId: number;
  /** Null outside of conversations. */
  readonly conversationId: number | null;
  /** The answer that it was for, or after which a title was found. */
  readonly messageId: number | null;
  /** As whoever asked named it, or `provider/model` where a fallback answered. */
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Whether we counted, since the provider did not say. */
  readonly estimated: boolean;
  readonly createdTime: number;
}

/** What sums can be told apart by. Days are those of UTC. */
export type UsageDimension = "day" | "model" | "user" | "kind";

export interface UsageQuery {
  /** Undefined: everybody's. */
  readonly userId: number | undefined;
  /** Unix seconds, inclusive. */
  readonly from: number;
  /** Unix seconds, exclusive. */
  readonly to: number;
  /** One sum for each combination that there is; none: one sum of all. */
  readonly by: readonly UsageDimension[];
}

/** Requests, added up. What they are not told apart by is null. */
export interface UsageSum {
  /** `2026-11-22` */
  readonly day: string | null;
  readonly model: string | null;
  readonly userId: number | null;
  readonly username: string | null;
  readonly kind: UsageKind | null;
  /** Of conversations and under /v1. */
  readonly answers: number;
  /** Those and all others. */
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Tokens of both kinds that were counted by us. */
  readonly estimatedTokens: number;
}

export interface UsageStore {
  record(entry: UsageEntry): Promise<void>;
  /** The newest day first, then by model, user and kind. */
  sum(query: UsageQuery): Promise<UsageSum[]>;
}
