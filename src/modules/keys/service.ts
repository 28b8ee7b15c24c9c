import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import { log } from "../../log.ts";
import type { ApiKey, ApiKeyStore, Scope } from "../../store/api-keys.ts";
import { hashOf, isWellFormed, makeKey, prefixOf } from "./secret.ts";

/** Keys that one user may have. */
const maxKeys = 100;

/** Seconds in which a key's uses are noted once. */
const useInterval = 60;

export interface WantedKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Seconds from now. */
  readonly expiresIn: number | undefined;
  readonly expiresTime: number | undefined;
}

/** Names are shown in one line: no control character, something to see. */
function cleanName(sent: string): string {
  const name = sent.toWellFormed().normalize("NFC").trim();
  if (name === "") throw new AppError("invalid_field", { field: "name", reason: "empty" });
  if (/\p{Cc}/u.test(name)) {
    throw new AppError("invalid_field", { field: "name", reason: "control_characters" });
  }
  return name;
}

function expiryOf({ expiresIn, expiresTime }: WantedKey, now: number): number | null {
  if (expiresIn === undefined) {
    if (expiresTime !== undefined && expiresTime <= now) {
      throw new AppError("invalid_field", {
        field: "expires_time",
        reason: "too_small",
        limit: now + 1,
      });
    }
    return expiresTime ?? null;
  }
  if (expiresTime !== undefined) {
    throw new AppError("invalid_field", {
      field: "expires_time",
      reason: "not_both",
      other: "expires_in",
    });
  }
  return now + expiresIn;
}

export function createApiKeyService(store: ApiKeyStore) {
  /** Keys whose last use is being written. */
  const marking = new Set<string>();

  /** Notes the use behind the answer's back: nobody waits for it, and losing one costs a minute. */
  function markUsed({ id, lastUsedTime }: ApiKey, now: number): void {
    if (now - (lastUsedTime ?? 0) < useInterval || marking.has(id)) return;
    marking.add(id);
    store
      .markUsed(id, now)
      .catch((cause: unknown) => log.warn("the use of an API key was not noted", { cause }))
      .finally(() => marking.delete(id));
  }

  return {
    /**
     * Makes a key. It can be told this once: only its hash is kept.
     *
     * @throws AppError `invalid_field`, `too_many_api_keys`
     */
    async create(userId: number, wanted: WantedKey): Promise<{ apiKey: ApiKey; key: string }> {
      const now = unixTime();
      const scopes = [...new Set(wanted.scopes)];
      if (scopes.length === 0) {
        throw new AppError("invalid_field", { field: "scopes", reason: "empty" });
      }
      const key = makeKey();
      const row = {
        id: Bun.randomUUIDv7(),
        userId,
        name: cleanName(wanted.name),
        prefix: prefixOf(key),
        scopes,
        createdTime: now,
        expiresTime: expiryOf(wanted, now),
      };
      if (!(await store.insert(row, hashOf(key), maxKeys))) {
        throw new AppError("too_many_api_keys", { limit: maxKeys });
      }
      return { apiKey: { ...row, lastUsedTime: null }, key };
    },

    /** Newest first, the expired ones too. */
    list: (userId: number): Promise<ApiKey[]> => store.list(userId),

    /**
     * From when it resolves the key opens nothing.
     *
     * @throws AppError `api_key_not_found`, also for another user's
     */
    async remove(id: string, userId: number): Promise<void> {
      if (!(await store.delete(id.toLowerCase(), userId))) throw new AppError("api_key_not_found");
    },

    /**
     * Whose key it is and what it may; undefined when it is none, revoked or expired. Asks the
     * database every time, some 10 µs, so that a key that was revoked by any process is no key at
     * once.
     */
    async identify(key: string): Promise<Pick<ApiKey, "userId" | "scopes"> | undefined> {
      const found = isWellFormed(key) ? await store.findByHash(hashOf(key)) : undefined;
      const now = unixTime();
      if (found === undefined || (found.expiresTime ?? Number.POSITIVE_INFINITY) <= now) {
        return undefined;
      }
      markUsed(found, now);
      return found;
    },
  };
}

export type ApiKeyService = ReturnType<typeof createApiKeyService>;
