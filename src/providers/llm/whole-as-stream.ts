import { asRecord } from "../json.ts";

/** A whole completion as the one chunk of a stream. */
export function streamOf(
  document: Readonly<Record<string, unknown>>,
  choices: readonly unknown[],
): Buffer {
  const chunk = {
    ...document,
    object: "chat.completion.chunk",
    choices: choices.map((choice) => {
      const { message, ...rest } = asRecord(choice) ?? {};
      return { ...rest, delta: asDelta(message) };
    }),
  };
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
}

/** The calls of a streamed message are numbered, those of a whole one are not. */
function asDelta(message: unknown): object {
  const { tool_calls: calls, ...delta } = asRecord(message) ?? {};
  if (!Array.isArray(calls)) return delta;
  return { ...delta, tool_calls: calls.map((call, index) => ({ index, ...asRecord(call) })) };
}
