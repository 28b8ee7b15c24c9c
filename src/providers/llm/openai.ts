import type { ChatProviderConfig } from "../../config/schema.ts";
import { apiKeyOf } from "../api-key.ts";
import type { Clock } from "../clock.ts";
import { Deadline, type TimeLimits } from "../deadline.ts";
import { endpoint, post } from "../http.ts";
import type { ChatProvider, ChatRequest } from "./index.ts";
import { OpenAiAnswer } from "./openai-answer.ts";
import { ChatDecoder } from "./openai-decoder.ts";

/**
 * A provider that speaks OpenAI's chat completions protocol (`POST {base_url}/chat/completions`,
 * streamed).
 */
export function createOpenAiChat(
  config: ChatProviderConfig,
  limits: TimeLimits,
  clock: Clock,
): ChatProvider {
  const provider = config.name;
  const url = endpoint(config.baseUrl, "/chat/completions");
  return {
    checkAccess(apiKey) {
      apiKeyOf(config, apiKey);
    },
    async stream(request, signal) {
      const apiKey = apiKeyOf(config, request.apiKey);
      const deadline = new Deadline(provider, limits, clock, signal);
      try {
        const body = bodyOf(request, config.streamOptions);
        const { maxPause } = request;
        const response = await post({ provider, url, apiKey, body, maxPause }, deadline);
        const contentType = response.headers.get("content-type") ?? "";
        const decoder = new ChatDecoder(contentType, provider, apiKey);
        const bytes = response.body ?? new Blob().stream();
        const answer = new OpenAiAnswer(provider, request.model, bytes, decoder, deadline);
        await answer.begin();
        return answer;
      } catch (error) {
        deadline.close();
        throw error;
      }
    },
  };
}

function bodyOf(request: ChatRequest, streamOptions: boolean) {
  return {
    model: request.model,
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    stream: true,
    ...(streamOptions ? { stream_options: { include_usage: true } } : {}),
    // JSON leaves out what is undefined.
    temperature: request.temperature,
    top_p: request.topP,
    max_tokens: request.maxTokens,
  };
}
