import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readEvents } from "../chat-stream.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { answer } from "../upstream-scripts.ts";
import { ask } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";

interface Page {
  readonly messages: readonly {
    readonly message_id: number;
    readonly content: string;
    readonly siblings?: readonly number[];
  }[];
  readonly has_more?: boolean;
}

const english = { "accept-language": "en" };

let app: TestApp;
let user: Caller;
let id: number;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

beforeEach(async () => {
  user = await app.signUp();
  id = await user.createConversation();
});

async function say(message: string, edited?: number): Promise<void> {
  app.upstream.script(answer([`re: ${message}`]));
  const body = { message, ...(edited === undefined ? {} : { edit_message_id: edited }) };
  await readEvents(await user.post(`/api/chat/${id}`, body));
}

async function read(query: string): Promise<Page> {
  const response = await user.get(`/api/conversations/history/${id}${query}`);
  if (response.status !== 200) throw new Error(await response.text());
  return response.json();
}

const idsOf = ({ messages }: Page): number[] => messages.map(({ message_id }) => message_id);

describe("the pages of a history", () => {
  beforeEach(async () => {
    for (const message of ["a", "b", "c"]) await say(message);
  });

  test("are the newest messages, then those before them, whatever their size", async () => {
    for (const limit of [1, 2, 4, 5, 6, 7]) {
      const paged: number[] = [];
      for (let more = true, before = ""; more; before = `&before=${paged[0]}`) {
        const page = await read(`?limit=${limit}${before}`);
        expect(page.messages.length).toBeLessThanOrEqual(limit);
        paged.unshift(...idsOf(page));
        more = page.has_more ?? false;
      }
      expect(paged).toEqual([1, 2, 3, 4, 5, 6]);
    }
    expect(await read("?before=1")).toMatchObject({ messages: [], has_more: false });
    expect(idsOf(await read("?before=4"))).toEqual([1, 2, 3]);
  });

  test("stay what they were when messages are added and another branch is shown", async () => {
    const first = await read("?limit=2");
    expect(idsOf(first)).toEqual([5, 6]);
    await say("d");
    await say("another start", 1);
    expect(idsOf(await read(""))).toEqual([9, 10]);
    expect(await read("?limit=2&before=5")).toMatchObject({
      messages: [
        { message_id: 3, content: "b" },
        { message_id: 4, content: "re: b" },
      ],
      has_more: true,
    });
    expect(idsOf(await read("?limit=9&before=3"))).toEqual([1, 2]);
  });

  test("tell siblings where they are asked for", async () => {
    await say("b, again", 3);
    const page = await read("?limit=2&branches=true");
    expect(page.messages.map(({ siblings }) => siblings)).toEqual([[3, 7], [8]]);
  });

  test("are not the whole, which comes without a word of more", async () => {
    const whole = await read("");
    expect(whole).not.toHaveProperty("has_more");
    expect(await read("")).toEqual(whole);
    expect(await read("?limit=1000")).toEqual({ ...whole, has_more: false });
  });
});

test("a page before a message that is not there, or of no size, is refused", async () => {
  await ask(user, id, "a").then((response) => response.text());
  const path = `/api/conversations/history/${id}`;
  await expectFault(await user.get(`${path}?before=9`), 404, "message_not_found");
  for (const query of ["limit=0", "limit=1001", "limit=x", "before=0", "before=x"]) {
    const fault = await expectFault(
      await user.get(`${path}?${query}`, english),
      400,
      "invalid_field",
    );
    expect(fault.error).toStartWith(`Invalid field ${query.split("=")[0]}: `);
  }
  const stranger = await app.signUp();
  for (const query of ["?limit=1", "?before=1", "?before=9", "?branches=true"]) {
    await expectFault(await stranger.get(`${path}${query}`), 404, "conversation_not_found");
  }
});

test("the list's pages neither repeat nor leave out anything while conversations come and go", async () => {
  const ids = [id];
  for (let i = 0; i < 8; i++) ids.unshift(await user.createConversation());
  const seen: number[] = [];
  for (let before = ""; ; before = `&before=${seen.at(-1)}`) {
    const response = await user.get(`/api/conversations/list?limit=2${before}`);
    const page: { conversation_id: number }[] = await response.json();
    if (page.length === 0) break;
    seen.push(...page.map(({ conversation_id }) => conversation_id));
    await user.createConversation();
    // What was last seen may be gone: its place is still known.
    await user.post(`/api/conversations/del/${seen.at(-1)}`);
  }
  expect(seen).toEqual(ids);
});
