import type { JsonObject } from "../../json-object.ts";

/** One message as the providers' protocol has it. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A passage that retrieval found, as the answer may cite it: `[number]`. */
export interface Passage {
  readonly number: number;
  readonly content: string;
  readonly documentName: string;
}

export interface ChatRequest {
  /** Whose request it is: users take turns where requests have to wait. */
  readonly userId: number;
  /** The model as the provider knows it. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly maxTokens?: number | undefined;
  /** The caller's own key; it goes before the configured one. */
  readonly apiKey?: string | undefined;
  /** Milliseconds that a provider may ask for before another try; it fails when it asks for more. */
  readonly maxPause?: number | undefined;
  /** What the newest message's prompt was built from, for a provider that needs no prompt. */
  readonly passages?: readonly Passage[] | undefined;
  /** What the user wrote, without the prompt that retrieval built around it. */
  readonly question?: string | undefined;
}

/** A caller's own request in OpenAI's protocol, to be passed on as it is. */
export interface ForwardRequest {
  readonly userId: number;
  /** The model as the provider knows it; takes the place of the one in `body`. */
  readonly model: string;
  readonly body: JsonObject;
  /** Whether `body` asks for a stream. */
  readonly stream: boolean;
  /** As in `ChatRequest`. */
  readonly maxPause?: number | undefined;
  readonly passages?: readonly Passage[] | undefined;
  readonly question?: string | undefined;
  /** Called when its turn has come and it goes out, again for each provider that is asked. */
  sent?(): void;
}

/**
 * A provider's answer in its own bytes, read once: a stream in runs of whole events, the last of them
 * there or the iteration throws; a whole completion in one piece.
 */
export interface ForwardedAnswer extends AsyncIterable<Uint8Array> {
  /** As in `ChatAnswer`. */
  readonly providerName: string;
  readonly model: string;
}

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  /** Whether we counted, since the provider did not. */
  readonly estimated: boolean;
}

/** A piece of an answer, in the order in which the provider sent it. */
export type ChatDelta =
  | { readonly type: "content"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  | { readonly type: "usage"; readonly usage: TokenUsage }
  | { readonly type: "finish"; readonly reason: string };

/** Takes pieces that came together; none is empty, and there is at least one. */
export type TakeDeltas = (deltas: readonly ChatDelta[]) => void;

/** An answer that has begun. */
export interface ChatAnswer {
  /**
   * Who answers, by the provider's name in the configuration, and the model as that provider knows
   * it. Together, `name/model`, they lead there again.
   */
  readonly providerName: string;
  readonly model: string;
  /**
   * Hands over the pieces in the moment in which they come, and resolves when that was the last. Called
   * once. What fails after the first piece rejects the promise: see `ChatProvider.stream`.
   */
  each(take: TakeDeltas): Promise<void>;
  /** Lets the provider go: `each` resolves, and no piece comes any more. */
  cancel(): void;
}

export interface ChatProvider {
  /**
   * To be asked before anything is stored for a request.
   *
   * @throws AppError `missing_api_key` when neither the caller nor the configuration has a key that
   *   the provider requires.
   */
  checkAccess(apiKey: string | undefined): void;
  /**
   * Resolves once the answer has begun, with its first pieces at hand. The last piece but usage is a
   * `finish`.
   *
   * @throws AppError `provider_failed` (refused, unreachable), `provider_interrupted` (cut, garbled,
   *   silent for `idle_timeout`), `provider_timeout` (no first piece in `first_token_timeout`, no end
   *   in `request_timeout`), `rate_limited` (too many wait for the provider, or for too long),
   *   `missing_api_key`; the signal's reason when aborted. What fails before
   *   the first piece rejects this promise, what fails later that of `each`.
   */
  stream(request: ChatRequest, signal: AbortSignal): Promise<ChatAnswer>;
  /**
   * Passes a request on. Resolves once the answer has begun. `stream_options` is left out where the
   * provider does not know it.
   *
   * @throws as `stream` does; a body that is no JSON throws AppError `malformed_json` where it is read.
   */
  forward(request: ForwardRequest, signal: AbortSignal): Promise<ForwardedAnswer>;
}

/** The provider that a model's name leads to, and what that provider calls it. */
export interface ChatRoute {
  readonly provider: ChatProvider;
  readonly providerName: string;
  readonly model: string;
  /** Tokens that question, history and answer may take together. */
  readonly contextTokens: number;
}

export interface ChatRouter {
  /**
   * The provider asks the model's fallbacks in turn where the configuration names any: see
   * `withFallback`.
   *
   * @throws AppError `unknown_model` when no provider takes the model.
   */
  route(model: string): ChatRoute;
}
