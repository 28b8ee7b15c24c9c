import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { messageText, readEvents } from "../chat-stream.ts";
import { freePort } from "../redis.ts";
import {
  BinaryServer,
  binary,
  history,
  type ProcessOptions,
  TemporaryFolder,
} from "./binary-process.ts";

/** The binary in a folder where nothing else is, with nothing on its PATH and nothing in its environment. */
function alone(folder: TemporaryFolder): ProcessOptions {
  const copy = folder.join("llm-backend");
  copyFileSync(binary, copy);
  return { folder, command: [copy], args: ["--port", String(freePort())], environment: {} };
}

test("serves accounts, conversations and the demo model", async () => {
  using folder = new TemporaryFolder();
  await using server = await BinaryServer.start(alone(folder));
  const lines = server.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).message);
  expect(lines).toEqual([
    "SQLite initialized successfully!",
    `Server is running on port ${server.port}`,
  ]);

  const ada = await server.signUp();
  const id = await ada.createConversation({ model: "demo" });
  const answer = await ada.post(`/api/chat/${id}`, { message: "你好" });
  const events = await readEvents(answer);
  const whole = messageText(events);
  expect(whole).toContain("demo");
  expect(events.slice(-2)).toMatchObject([
    { event: "done", data: "Stream finished" },
    { event: "full_response", data: whole },
  ]);
  expect(await history(ada, id)).toMatchObject([
    { role: "user", content: "你好", message_id: 1 },
    { role: "assistant", content: whole, message_id: 2, status: "complete" },
  ]);
});
