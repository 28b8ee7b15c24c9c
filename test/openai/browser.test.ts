import { afterAll, beforeAll, expect, test } from "bun:test";
import OpenAI from "openai";
import { startApp, type TestApp } from "../harness.ts";
import { createKey } from "./listening.ts";

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

test("a page may send every header that OpenAI's client sends", async () => {
  const sent = new Set<string>();
  const client = new OpenAI({
    baseURL: "http://localhost/v1",
    apiKey: await createKey(await app.signUp()),
    organization: "o",
    project: "p",
    dangerouslyAllowBrowser: true,
    fetch: async (url, init) => {
      const request = new Request(url, init);
      for (const name of request.headers.keys()) sent.add(name);
      return app.app.handle(request);
    },
  });
  const messages = [{ role: "user" as const, content: "你好" }];
  const streamed = client.chat.completions.stream({ model: "demo", messages });
  await streamed.finalChatCompletion();
  await client.models.list();
  const preflight = await app.nobody.request("OPTIONS", "/v1/chat/completions", undefined, {
    headers: {
      origin: "https://chat.example.com",
      "access-control-request-method": "POST",
      "access-control-request-headers": [...sent].join(", "),
    },
  });
  const allowed = preflight.headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
  // Those that no page has to be allowed.
  const free = ["accept", "content-length"];
  expect([...sent].filter((name) => !free.includes(name) && !allowed?.includes(name))).toEqual([]);
  expect(sent.size).toBeGreaterThan(8);
});
