import type { Config } from "../../config/schema.ts";
import { AppError } from "../../errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { EmbeddingModels, EmbeddingProvider } from "./index.ts";
import { createOpenAiEmbedding } from "./openai.ts";

/**
 * Every embedding model on offer: those of the configuration, in its order, then the one inside this
 * program.
 */
export function createEmbeddingModels(
  config: Config,
  builtin: EmbeddingProvider,
  clock: Clock = systemClock,
): EmbeddingModels {
  const models = new Map<string, EmbeddingProvider>();
  for (const model of config.rag.embeddingModels) {
    const provider = config.llm.providers.find(({ name }) => name === model.provider);
    if (provider === undefined) {
      throw new Error(`embedding model ${model.name}: no provider is called ${model.provider}`);
    }
    const timeout = config.llm.firstTokenTimeout;
    models.set(model.name, createOpenAiEmbedding({ provider, model, timeout, clock }));
  }
  models.set(builtin.name, builtin);
  return {
    names: [...models.keys()],
    get(name) {
      const model = models.get(name);
      if (model === undefined) throw new AppError("unknown_embedding_model", { model: name });
      return model;
    },
  };
}
