import type { ChatProviderConfig } from "../config/schema.ts";
import { AppError } from "../errors.ts";

/**
 * The key to send to a provider: the caller's own, else the configured one; empty where the provider
 * needs none.
 *
 * @throws AppError `missing_api_key`, naming the configuration's key in `key`; `invalid_field` for a
 *   key that no HTTP header can carry.
 */
export function apiKeyOf(config: ChatProviderConfig, ownKey?: string): string {
  // A key that was pasted or read from a file often carries its line end.
  const key = ownKey?.trim() || config.apiKey.trim();
  if (key === "" && config.requiresApiKey) {
    throw new AppError("missing_api_key", {
      provider: config.name,
      key: `llm.providers[${config.name}].api_key`,
    });
  }
  if (!/^[\x21-\x7e]*$/.test(key)) {
    throw new AppError("invalid_field", { field: "api_key", reason: "not_header" });
  }
  return key;
}
