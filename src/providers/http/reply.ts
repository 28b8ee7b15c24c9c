import type { ReplyBody } from "./body.ts";

/** One request to a provider, whose body is sent whole. */
export interface Outgoing {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Aborts the exchange at any moment; its reason is thrown where something waits. */
  readonly signal: AbortSignal;
}

/** The head of a provider's answer, whose body follows. */
export interface Reply {
  readonly status: number;
  readonly statusText: string;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  readonly body: ReplyBody;
}
