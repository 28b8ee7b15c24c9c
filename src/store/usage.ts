/** What one answer took of a provider. */
export interface UsageEntry {
  readonly userId: number;
  readonly conversationId: number;
  readonly messageId: number;
  /** As the conversation named it, or `provider/model` where a fallback answered. */
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Whether we counted, since the provider did not say. */
  readonly estimated: boolean;
  readonly createdTime: number;
}

/** The answers of one day by one model, added up. */
export interface UsageSum {
  /** In UTC, `2026-11-22`. */
  readonly day: string;
  readonly model: string;
  readonly answers: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Tokens of both kinds that were counted by us. */
  readonly estimatedTokens: number;
}

export interface UsageStore {
  record(entry: UsageEntry): Promise<void>;
  /** The newest day first, models by name; `from` is inclusive, `to` is not, both in Unix seconds. */
  sum(userId: number, range: { readonly from: number; readonly to: number }): Promise<UsageSum[]>;
}
