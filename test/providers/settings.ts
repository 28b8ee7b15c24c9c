import { loadConfig } from "../../src/config/index.ts";
import type { ChatProviderConfig, Config } from "../../src/config/schema.ts";

/** A provider named `scripted` behind `baseUrl`, with a key. */
export function providerAt(
  baseUrl: string,
  overrides: Partial<ChatProviderConfig> = {},
): ChatProviderConfig {
  return {
    name: "scripted",
    baseUrl,
    apiKey: "sk-scripted-0123456789",
    models: ["model"],
    listedModels: [],
    streamOptions: true,
    maxCompletionTokens: [],
    fixedSampling: [],
    requiresApiKey: true,
    contextTokens: 1000,
    maxConcurrent: 0,
    requestsPerMinute: 0,
    maxQueue: 100,
    fallback: [],
    ...overrides,
  };
}

/** The configuration of a machine without a file and without variables, but for its providers. */
export function configWith(providers: readonly ChatProviderConfig[]): Config {
  const config = loadConfig({ environment: {}, directory: "/nonexistent" });
  return { ...config, llm: { ...config.llm, providers } };
}
