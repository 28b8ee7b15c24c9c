import type { ChatProviderConfig, Config } from "../../config/schema.ts";
import { AppError } from "../../errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { createDemoChat, demoContextTokens, demoName } from "./demo.ts";
import type { ChatProvider, ChatRoute, ChatRouter } from "./index.ts";
import { createOpenAiChat } from "./openai.ts";

interface Entry {
  readonly config: ChatProviderConfig;
  readonly provider: ChatProvider;
}

/**
 * Finds the provider of a model: the one with the longest prefix among its `models`, the later of
 * the configuration where two are equally long; `name/model` names one outright. Letter case does
 * not matter; the model goes out as it was written. `demo` is the provider inside this server, under
 * that name alone.
 */
export function createChatRouter(config: Config, clock: Clock = systemClock): ChatRouter {
  const entries = config.llm.providers.map((provider) => ({
    config: provider,
    provider: createOpenAiChat(provider, config.llm, clock),
  }));
  const demo: ChatRoute = {
    provider: createDemoChat(),
    providerName: demoName,
    model: demoName,
    contextTokens: demoContextTokens,
  };
  return {
    route(model) {
      const name = model.toLowerCase();
      if (name === demoName) return demo;
      const slash = model.indexOf("/");
      const named = entries.find((entry) => entry.config.name === name.slice(0, slash));
      if (slash > 0 && named !== undefined && slash + 1 < model.length) {
        return routeTo(named, model.slice(slash + 1));
      }
      const best = longestPrefix(entries, name);
      if (best === undefined) throw new AppError("unknown_model", { model });
      return routeTo(best, model);
    },
  };
}

function routeTo(entry: Entry, model: string): ChatRoute {
  return {
    provider: entry.provider,
    providerName: entry.config.name,
    model,
    contextTokens: entry.config.contextTokens,
  };
}

function longestPrefix(entries: readonly Entry[], name: string): Entry | undefined {
  let best: Entry | undefined;
  let length = 0;
  for (const entry of entries) {
    for (const prefix of entry.config.models) {
      if (prefix.length >= length && name.startsWith(prefix.toLowerCase())) {
        best = entry;
        length = prefix.length;
      }
    }
  }
  return best;
}
