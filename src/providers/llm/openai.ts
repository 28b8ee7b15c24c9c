import type { ChatProviderConfig } from "../../config/schema.ts";
import { Admission } from "../admission.ts";
import { apiKeyOf } from "../api-key.ts";
import type { Clock } from "../clock.ts";
import { Deadline, type TimeLimits } from "../deadline.ts";
import { endpoint, post } from "../http/post.ts";
import { forwardStream, forwardWhole } from "./forward.ts";
import type { ChatProvider, ChatRequest } from "./index.ts";
import { OpenAiAnswer } from "./openai-answer.ts";
import { ChatDecoder } from "./openai-decoder.ts";

export interface ChatLimits extends TimeLimits {
  /** Seconds that a request may wait for its turn, before any other limit counts. */
  readonly queueTimeout: number;
}

/**
 * A provider that speaks OpenAI's chat completions protocol (`POST {base_url}/chat/completions`,
 * streamed). Requests beyond its limits wait for their turn, fairly between the users.
 */
export function createOpenAiChat(
  config: ChatProviderConfig,
  limits: ChatLimits,
  clock: Clock,
): ChatProvider {
  const provider = config.name;
  const { queueTimeout } = limits;
  const admission = new Admission(provider, { ...config, queueTimeout }, clock);
  const url = endpoint(config.baseUrl, "/chat/completions");
  return {
    checkAccess(apiKey) {
      apiKeyOf(config, apiKey);
    },
    async stream(request, signal) {
      const apiKey = apiKeyOf(config, request.apiKey);
      const release = await admission.enter(request.userId, signal);
      const deadline = new Deadline({ provider, limits, clock, caller: signal, release });
      try {
        const body = bodyOf(request, config);
        const { maxPause } = request;
        const { pace } = admission;
        const reply = await post({ provider, url, apiKey, body, maxPause, pace }, deadline);
        const contentType = reply.header("content-type") ?? "";
        const decoder = new ChatDecoder(contentType, provider, apiKey);
        const answer = new OpenAiAnswer(provider, request.model, reply.body, decoder, deadline);
        await answer.begin();
        return answer;
      } catch (error) {
        deadline.close();
        throw error;
      }
    },
    async forward({ userId, model, body, stream, maxPause, sent }, signal) {
      const apiKey = apiKeyOf(config);
      const release = await admission.enter(userId, signal);
      sent?.();
      const deadline = new Deadline({
        provider,
        // An answer that comes at once begins when it is whole.
        limits: stream ? limits : { ...limits, firstTokenTimeout: limits.requestTimeout },
        clock,
        caller: signal,
        release,
      });
      try {
        const known = config.streamOptions ? body : body.without("stream_options");
        const { bytes } = known.with("model", model);
        const { pace } = admission;
        const call = { provider, url, apiKey, body: bytes, maxPause, pace };
        const reply = await post(call, deadline);
        const forwarded = { providerName: provider, model, apiKey, reply, deadline };
        return await (stream ? forwardStream(forwarded) : forwardWhole(forwarded));
      } catch (error) {
        deadline.abort();
        deadline.close();
        throw error;
      }
    },
  };
}

function bodyOf(request: ChatRequest, config: ChatProviderConfig) {
  const { model, messages, maxTokens, temperature, topP } = request;
  const name = model.toLowerCase();
  const limit = config.maxCompletionTokens.some((start) => name.startsWith(start.toLowerCase()))
    ? "max_completion_tokens"
    : "max_tokens";
  const isFixed = config.fixedSampling.some((fixed) =>
    `${name}-`.startsWith(`${fixed.toLowerCase()}-`),
  );
  return {
    model,
    messages: messages.map(({ role, content }) => ({ role, content })),
    stream: true,
    ...(config.streamOptions ? { stream_options: { include_usage: true } } : {}),
    // JSON leaves out what is undefined.
    ...(isFixed ? {} : { temperature, top_p: topP }),
    [limit]: maxTokens,
  };
}
