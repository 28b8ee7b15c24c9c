/** What an API key may be allowed to do. */
export const scopes = ["chat", "knowledge:read", "knowledge:write"] as const;

export type Scope = (typeof scopes)[number];

/** A personal API key, without the key itself. */
export interface ApiKey {
  /** A UUIDv7. */
  readonly id: string;
  readonly userId: number;
  readonly name: string;
  /** The beginning of the key, by which its owner knows it again. */
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  readonly createdTime: number;
  /** From then on the key opens nothing; null: it never expires. */
  readonly expiresTime: number | null;
  /** Null: it was never used. */
  readonly lastUsedTime: number | null;
}

export interface ApiKeyStore {
  /**
   * Stores a key by the hash of it. Answers false, and changes nothing, when the user has `limit`
   * keys or more.
   */
  insert(key: Omit<ApiKey, "lastUsedTime">, hash: Uint8Array, limit: number): Promise<boolean>;
  /** Undefined as soon as it was deleted, or its user is gone. */
  findByHash(hash: Uint8Array): Promise<ApiKey | undefined>;
  /** Newest first. */
  list(userId: number): Promise<ApiKey[]>;
  /** Answers false when the user has no such key. */
  delete(id: string, userId: number): Promise<boolean>;
  /** Notes when a key was last used. */
  markUsed(id: string, time: number): Promise<void>;
}
