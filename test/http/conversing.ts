import type { Caller } from "../harness.ts";

export interface HistoryMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly message_id: number;
  readonly created_time: number;
  /** Of answers alone, as all that follows. */
  readonly status?: "complete" | "streaming" | "interrupted";
  readonly finish_reason?: string | null;
  readonly reasoning?: string;
  readonly sources?: unknown[];
  readonly usage?: Record<string, number | boolean>;
}

export interface History {
  readonly conversation_id: number;
  readonly title: string;
  readonly model: string;
  readonly messages: readonly HistoryMessage[];
  readonly created_time: number;
}

export const ask = (caller: Caller, id: number, message: string, headers = {}): Promise<Response> =>
  caller.post(`/api/chat/${id}`, { message }, headers);

export async function historyOf(caller: Caller, id: number): Promise<History> {
  const response = await caller.get(`/api/conversations/history/${id}`);
  if (response.status !== 200) throw new Error(`no history: ${await response.text()}`);
  return response.json();
}

/** The newest message of a conversation. */
export const lastMessage = async (
  caller: Caller,
  id: number,
): Promise<HistoryMessage | undefined> => (await historyOf(caller, id)).messages.at(-1);

export function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error("no body");
  return response.body.getReader();
}
