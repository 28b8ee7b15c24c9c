import { beforeEach, describe, expect, test } from "bun:test";
import { messageText, readEvents } from "../chat-stream.ts";
import { answer, refuse } from "../upstream-scripts.ts";
import { useApp } from "../use-app.ts";

const { app, user, stranger } = useApp();

interface Shown {
  readonly messages: readonly {
    readonly message_id: number;
    readonly content: string;
    readonly siblings?: readonly number[];
  }[];
}

let id: number;

beforeEach(async () => {
  id = await user.createConversation();
  await say("first question", "first answer");
});

/** Sends something that is answered, and answers what came. */
async function ask(path: string, body: Record<string, unknown> | undefined, reply: string) {
  app.upstream.script(answer([reply]));
  return messageText(await readEvents(await user.post(path, body)));
}

const say = (message: string, reply: string) => ask(`/api/chat/${id}`, { message }, reply);

const edit = (messageId: number, message: string, reply: string) =>
  ask(`/api/chat/${id}`, { message, edit_message_id: messageId }, reply);

const regenerate = (reply: string, body?: Record<string, unknown>) =>
  ask(`/api/chat/${id}/regenerate`, body, reply);

async function history(query = ""): Promise<Shown["messages"]> {
  const response = await user.get(`/api/conversations/history/${id}${query}`);
  const { messages }: Shown = await response.json();
  return messages;
}

const contents = async () => (await history()).map(({ content }) => content);

const show = (messageId: number) =>
  user.post(`/api/conversations/${id}/branch`, { message_id: messageId });

/** What the provider was asked last, without the system prompt. */
function asked(): string[] {
  const { body } = app.upstream.requests.at(-1) ?? {};
  // The upstream records bodies as they came; a chat request has messages.
  const { messages } = body as { messages: { role: string; content: string }[] };
  return messages.filter(({ role }) => role !== "system").map(({ content }) => content);
}

describe("regenerating", () => {
  test("makes another answer to the same question and shows it", async () => {
    expect(await regenerate("second answer")).toBe("second answer");
    expect(await contents()).toEqual(["first question", "second answer"]);
    expect(asked()).toEqual(["first question"]);
  });

  test("can name an earlier answer", async () => {
    await say("second question", "another answer");
    await regenerate("again", { message_id: 2 });
    expect(await contents()).toEqual(["first question", "again"]);
    expect(asked()).toEqual(["first question"]);
  });

  test("answers a question that was never answered", async () => {
    app.upstream.script(refuse(400, {}));
    await user.post(`/api/chat/${id}`, { message: "unlucky" });
    expect(await contents()).toEqual(["first question", "first answer", "unlucky"]);
    await regenerate("at last");
    expect(await contents()).toEqual(["first question", "first answer", "unlucky", "at last"]);
  });

  test("that comes to nothing shows what was shown before", async () => {
    app.upstream.script(refuse(400, {}));
    await user.post(`/api/chat/${id}/regenerate`);
    expect(await contents()).toEqual(["first question", "first answer"]);
  });

  test("needs a question", async () => {
    const empty = await user.createConversation();
    expect((await user.post(`/api/chat/${empty}/regenerate`)).status).toBe(404);
    expect((await user.post(`/api/chat/${id}/regenerate`, { message_id: 1 })).status).toBe(404);
  });
});

describe("editing", () => {
  test("begins a branch beside the edited message", async () => {
    await say("second question", "second answer");
    await edit(3, "better question", "better answer");
    expect(await contents()).toEqual([
      "first question",
      "first answer",
      "better question",
      "better answer",
    ]);
    expect(asked()).toEqual(["first question", "first answer", "better question"]);
  });

  test("of the first message begins anew", async () => {
    await edit(1, "other start", "other answer");
    expect(await contents()).toEqual(["other start", "other answer"]);
    expect(asked()).toEqual(["other start"]);
  });

  test("needs a question of this conversation", async () => {
    for (const messageId of [2, 99]) {
      const body = { message: "x", edit_message_id: messageId };
      expect((await user.post(`/api/chat/${id}`, body)).status).toBe(404);
    }
  });
});

describe("branches", () => {
  beforeEach(async () => {
    await edit(1, "other start", "other answer");
    await regenerate("other answer, again");
  });

  test("are listed as siblings when asked for", async () => {
    const shown = await history("?branches=true");
    expect(shown.map(({ message_id, siblings }) => [message_id, siblings])).toEqual([
      [3, [1, 3]],
      [5, [4, 5]],
    ]);
    expect((await history())[0]).not.toHaveProperty("siblings");
  });

  test("can be switched, from anywhere on them", async () => {
    expect(await (await show(1)).json()).toEqual({ tip: 2 });
    expect(await contents()).toEqual(["first question", "first answer"]);
    expect(await (await show(4)).json()).toEqual({ tip: 4 });
    expect(await contents()).toEqual(["other start", "other answer"]);
    expect(await (await show(3)).json()).toEqual({ tip: 5 });
  });

  test("go on from the one that is shown", async () => {
    await show(2);
    await say("further", "on");
    expect(await contents()).toEqual(["first question", "first answer", "further", "on"]);
    expect(asked()).toEqual(["first question", "first answer", "further"]);
  });

  test("survive a restart", async () => {
    await show(2);
    await app.restart();
    expect(await contents()).toEqual(["first question", "first answer"]);
  });

  test("are switched by their owner alone, to a message that exists", async () => {
    expect((await show(99)).status).toBe(404);
    const path = `/api/conversations/${id}/branch`;
    expect((await stranger.post(path, { message_id: 1 })).status).toBe(404);
    expect((await stranger.post(`/api/chat/${id}/regenerate`)).status).toBe(404);
    expect((await user.post(path, { message_id: "1" })).status).toBe(400);
  });
});
