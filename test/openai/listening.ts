import type { Caller, TestApp } from "../harness.ts";
import { read } from "../http/knowing.ts";
import type { Script } from "../upstream.ts";

/** The base URL of a server that listens; clients of OpenAI's API take one. */
export function listen(app: TestApp): string {
  return `http://127.0.0.1:${app.app.listen().port}/v1`;
}

/** The settings for a server that listens where nobody else does. */
export const onFreePort = { SERVER_HOST: "127.0.0.1", SERVER_PORT: "0" };

export async function createKey(
  owner: Caller,
  scopes: readonly string[] = ["chat", "knowledge:read"],
): Promise<string> {
  const response = await owner.post("/api/keys", { name: "a client", scopes });
  const { key }: { key: string } = await response.json();
  return key;
}

export const revokeAll = async (owner: Caller): Promise<void> => {
  const keys = await read<{ key_id: string }[]>(await owner.get("/api/keys"));
  for (const { key_id } of keys) await owner.request("DELETE", `/api/keys/${key_id}`);
};

/** A whole answer of a provider, with this message and whatever else. */
export function complete(message: object, more: object = {}): Script {
  const completion = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1731851729,
    model: "scripted",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    ...more,
  };
  return (exchange) => {
    exchange.head(200, { "content-type": "application/json" });
    exchange.end(JSON.stringify(completion));
  };
}
