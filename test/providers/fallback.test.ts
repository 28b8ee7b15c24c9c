import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ChatProviderConfig, Config } from "../../src/config/schema.ts";
import type { ChatRequest } from "../../src/providers/llm/index.ts";
import { createChatRouter } from "../../src/providers/llm/router.ts";
import { closedUrl, type Script, startUpstream, type Upstream } from "../upstream.ts";
import { answer, hangBeforeHeaders, refuse, reset, unpaidBill } from "../upstream-scripts.ts";
import { ManualClock } from "./manual-clock.ts";
import { configWith, providerAt } from "./settings.ts";

const never = new AbortController().signal;
const messages = [{ role: "user" as const, content: "hi" }];

let first: Upstream;
let second: Upstream;
let clock: ManualClock;

beforeEach(async () => {
  first = await startUpstream();
  second = await startUpstream();
  clock = new ManualClock();
});
afterEach(() => Promise.all([first.close(), second.close()]));

interface Settings {
  readonly first?: Partial<ChatProviderConfig>;
  readonly second?: Partial<ChatProviderConfig>;
  readonly fallbacks?: Config["llm"]["fallbacks"];
}

/** Two providers, of which the second stands in for the first. */
function routerWith(settings: Settings = {}) {
  const config = configWith([
    providerAt(first.url, {
      name: "first",
      apiKey: "key-of-first",
      models: ["one"],
      fallback: ["two-b"],
      ...settings.first,
    }),
    providerAt(second.url, {
      name: "second",
      apiKey: "key-of-second",
      models: ["two"],
      ...settings.second,
    }),
  ]);
  const llm = { ...config.llm, fallbacks: settings.fallbacks ?? [] };
  return createChatRouter({ ...config, llm }, clock);
}

async function ask(
  settings: Settings = {},
  request: Partial<ChatRequest> = {},
  signal = never,
  model = "one-a",
) {
  const route = routerWith(settings).route(model);
  const whole = { userId: 1, messages, ...request, model: route.model };
  let text = "";
  try {
    const stream = await route.provider.stream(whole, signal);
    await stream.each((deltas) => {
      for (const delta of deltas) if (delta.type === "content") text += delta.text;
    });
    return { text, from: `${stream.providerName}/${stream.model}` };
  } catch (error) {
    return { text, error };
  }
}

const asked = () => [first.requests.length, second.requests.length];

/** A refusal that no retry follows: while there is another to ask, nobody waits so long. */
const refuseAtOnce = (status: number) => refuse(status, {}, { "retry-after": "3" });

describe("a provider that gives no first token", () => {
  const failures: readonly [string, Script, Partial<ChatProviderConfig>?][] = [
    ["429", refuseAtOnce(429)],
    ["500", refuseAtOnce(500)],
    ["529", refuseAtOnce(529)],
    ["an unpaid bill", unpaidBill],
    ["402", refuse(402, {})],
    ["a refused key of the configuration", refuse(401, {})],
    ["an end before the beginning", answer([], { end: "silent" })],
    ["garbage", answer([{ raw: "data: {\n\n" }], { end: "hang" })],
    ["an error in place of an answer", answer([{ chunk: { error: { code: "1305" } } }])],
  ];
  for (const [name, script] of failures) {
    test(`is stood in for: ${name}`, async () => {
      first.script(script);
      expect(await ask()).toEqual({ text: "Hello world", from: "second/two-b" });
      expect(asked()).toEqual([1, 1]);
      expect(second.requests[0]?.body).toMatchObject({ model: "two-b", messages });
      await clock.until((delays) => delays.length === 0);
    });
  }

  test("is stood in for when it cannot be reached, after its retries", async () => {
    const answered = ask({ first: { baseUrl: await closedUrl() } });
    for (let i = 0; i < 2; i++) {
      await clock.until((delays) => delays.length === 3);
      clock.advance(1000);
    }
    expect(await answered).toEqual({ text: "Hello world", from: "second/two-b" });
  });

  test("is stood in for when time is up, before the headers and after them", async () => {
    for (const hang of [hangBeforeHeaders, answer([{ raw: ":\n\n" }], { end: "hang" })]) {
      first.script(hang);
      const answered = ask();
      const request = await first.nextRequest();
      clock.advance(60_000);
      expect((await answered).from).toBe("second/two-b");
      await request.aborted;
    }
  });

  const faults: readonly [string, Script][] = [
    ["a request that is at fault", refuse(400, {})],
    ["a model that it does not know", refuse(404, {})],
    ["a prompt that is too long", refuse(413, {})],
    ["the same inside an answer", answer([{ chunk: { error: { code: "1301" } } }])],
  ];
  for (const [name, script] of faults) {
    test(`answers for itself: ${name}`, async () => {
      first.script(script);
      expect(await ask()).toMatchObject({ error: { code: "provider_failed" } });
      expect(asked()).toEqual([1, 0]);
    });
  }
});

test("after the first token nobody stands in", async () => {
  first.script(answer(["part"], { end: "silent" }));
  expect(await ask()).toMatchObject({ text: "part", error: { code: "provider_interrupted" } });
  expect(asked()).toEqual([1, 0]);
});

test("who needs no stand-in answers under the name that was asked for", async () => {
  expect(await ask()).toEqual({ text: "Hello world", from: "first/one-a" });
  expect(asked()).toEqual([1, 0]);
});

test("where all fail, the error is the first one's", async () => {
  first.script(refuse(429, { message: "from the first" }, { "retry-after": "3" }));
  second.script(refuse(400, { message: "from the second" }));
  expect((await ask()).error).toMatchObject({
    parameters: { provider: "first", status: 429, message: "from the first" },
    retryable: true,
    options: { retryAfter: 3 },
  });
  expect(asked()).toEqual([1, 1]);
});

describe("the caller's own key", () => {
  const apiKey = "key-of-caller";

  test("goes to the provider that was named, and to no other", async () => {
    first.script(refuseAtOnce(503));
    expect((await ask({}, { apiKey })).from).toBe("second/two-b");
    expect(first.requests[0]?.headers.authorization).toBe("Bearer key-of-caller");
    expect(second.requests[0]?.headers.authorization).toBe("Bearer key-of-second");
  });

  test("stays with another model of that provider", async () => {
    first.script(refuseAtOnce(503));
    const answered = await ask({ first: { fallback: ["one-mini"] } }, { apiKey });
    expect(answered.from).toBe("first/one-mini");
    expect(first.requests[1]?.headers.authorization).toBe("Bearer key-of-caller");
  });

  test("is told of when it is refused", async () => {
    for (const status of [401, 402, 403]) {
      first.script(refuse(status, {}));
      expect((await ask({}, { apiKey })).error).toMatchObject({ parameters: { status } });
    }
    expect(second.requests).toHaveLength(0);
    first.script(refuse(401, {}));
    expect((await ask({}, { apiKey: " " })).from).toBe("second/two-b");
  });
});

test("a stand-in without a key is passed over", async () => {
  first.script(refuseAtOnce(503), answer(["third"]));
  const settings = { first: { fallback: ["two-b", "one-mini"] }, second: { apiKey: "" } };
  expect(await ask(settings)).toEqual({ text: "third", from: "first/one-mini" });
  expect(second.requests).toHaveLength(0);
  first.script(refuseAtOnce(503));
  expect((await ask({ second: { apiKey: "" } })).error).toMatchObject({
    parameters: { provider: "first", status: 503 },
  });
  expect(second.requests).toHaveLength(0);
});

test("a missing key of the model itself is not stood in for", async () => {
  const route = routerWith({ first: { apiKey: "" } }).route("one-a");
  expect(() => route.provider.checkAccess(undefined)).toThrow("missing_api_key");
  expect(() => route.provider.checkAccess("own")).not.toThrow();
  expect((await ask({ first: { apiKey: "" } })).error).toMatchObject({ code: "missing_api_key" });
});

test("whoever gives up is not answered by the next", async () => {
  first.script(hangBeforeHeaders);
  const controller = new AbortController();
  const answered = ask({}, {}, controller.signal);
  await first.nextRequest();
  controller.abort("gone");
  expect((await answered).error).toBe("gone");

  first.script(reset);
  const pausing = new AbortController();
  const waiting = ask({}, {}, pausing.signal);
  await clock.until((delays) => delays.length === 3);
  pausing.abort("gone too");
  expect((await waiting).error).toBe("gone too");
  expect(second.requests).toHaveLength(0);
  expect(clock.pending).toBe(0);
});

test("the last one is waited for as long as it asks for", async () => {
  first.script(refuseAtOnce(503));
  second.script(refuseAtOnce(503), answer(["patience"]));
  const answered = ask();
  await clock.until((delays) => delays.includes(3000));
  clock.advance(3000);
  expect((await answered).text).toBe("patience");
});

test("a smaller window loses the oldest turns", async () => {
  first.script(refuseAtOnce(503));
  const history = [
    { role: "system" as const, content: "be brief" },
    { role: "user" as const, content: "old ".repeat(200) },
    { role: "assistant" as const, content: "answer" },
    { role: "user" as const, content: "newest" },
  ];
  await ask({ second: { contextTokens: 256 } }, { messages: history });
  expect(first.requests[0]?.body).toMatchObject({ messages: history });
  expect(second.requests[0]?.body).toMatchObject({ messages: [history[0], history[3]] });
});

describe("the list", () => {
  test("of a model goes before its provider's, by whatever name", async () => {
    const fallbacks = [{ model: "FIRST/one-a", fallback: ["second/special", "two-b"] }];
    first.script(refuseAtOnce(503), refuseAtOnce(503), refuseAtOnce(503));
    second.script(refuse(404, {}));
    expect((await ask({ fallbacks })).from).toBe("second/two-b");
    expect((await ask({ fallbacks }, {}, never, "first/one-a")).from).toBe("second/special");
    expect((await ask({ fallbacks }, {}, never, "one-b")).from).toBe("second/two-b");
  });

  test("of a model may be empty, and none leads to the model itself", async () => {
    first.script(refuse(401, {}), refuse(401, {}));
    const fallbacks = [{ model: "one-a", fallback: [] }];
    expect((await ask({ fallbacks })).error).toMatchObject({ code: "provider_failed" });
    expect((await ask({ first: { fallback: ["one-a"] } })).error).toMatchObject({
      code: "provider_failed",
    });
    expect(asked()).toEqual([2, 0]);
  });
});
