import { findModel } from "../../config/find-model.ts";
import type { Config } from "../../config/schema.ts";
import { AppError } from "../../errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { createDemoChat, demoContextTokens, demoName } from "./demo.ts";
import { withFallback } from "./fallback.ts";
import type { ChatAnswer, ChatProvider, ChatRoute, ChatRouter } from "./index.ts";
import { createOpenAiChat } from "./openai.ts";

interface Entry {
  readonly name: string;
  readonly models: readonly string[];
  readonly contextTokens: number;
  readonly fallback: readonly string[];
  readonly provider: ChatProvider;
}

/**
 * Finds the provider of a model, as `findModel` says, and what stands in where it fails: the
 * fallbacks of the model, else those of its provider. `demo` is the provider inside this server, under
 * that name alone.
 */
export function createChatRouter(config: Config, clock: Clock = systemClock): ChatRouter {
  const entries: Entry[] = config.llm.providers.map((provider) => ({
    ...provider,
    provider: createOpenAiChat(provider, config.llm, clock),
  }));
  const demo: ChatRoute = {
    provider: createDemoChat(),
    providerName: demoName,
    model: demoName,
    contextTokens: demoContextTokens,
  };

  function find(model: string): { entry: Entry; route: ChatRoute } {
    const found = findModel(entries, model);
    if (found === undefined) throw new AppError("unknown_model", { model });
    const { provider, name, contextTokens } = found.provider;
    const route = { provider, providerName: name, model: found.model, contextTokens };
    return { entry: found.provider, route };
  }

  const ofModels = new Map(
    config.llm.fallbacks.map(({ model, fallback }) => [keyOf(find(model).route), fallback]),
  );

  return {
    route(model) {
      if (model.toLowerCase() === demoName) return demo;
      const { entry, route } = find(model);
      const others = (ofModels.get(keyOf(route)) ?? entry.fallback).map((name) => find(name).route);
      return withFallback(
        route,
        others.filter((other) => keyOf(other) !== keyOf(route)),
      );
    },
  };
}

/**
 * What answers, as whoever asked would name it: by the name that was asked for, or as `provider/model`
 * where it was a fallback.
 */
export function answeringModel(
  asked: string,
  route: Pick<ChatRoute, "providerName" | "model">,
  answer: Pick<ChatAnswer, "providerName" | "model">,
): string {
  const isAsked = answer.providerName === route.providerName && answer.model === route.model;
  return isAsked ? asked : `${answer.providerName}/${answer.model}`;
}

const keyOf = ({ providerName, model }: ChatRoute): string =>
  `${providerName}/${model.toLowerCase()}`;
