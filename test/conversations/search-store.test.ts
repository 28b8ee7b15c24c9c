import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { ConversationStore } from "../../src/store/conversations.ts";
import { openDatabase, queries } from "../../src/store/sqlite/connection.ts";
import { checkConversations } from "../../src/store/sqlite/conversation-check.ts";
import { openConversationSearch } from "../../src/store/sqlite/conversation-search-client.ts";
import { createConversationStore } from "../../src/store/sqlite/conversations.ts";
import { Presence } from "../../src/store/sqlite/presence.ts";
import { placeVectorExtension } from "../../src/store/sqlite/vector-extension.ts";
import { startWriter } from "../../src/store/sqlite/writer.ts";
import { cutTerms } from "../../src/text/cut.ts";
import { searchTerms } from "../../src/text/search-terms.ts";

/** A folder for one test's database; removed by `using`. */
class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "conversations-"));

  get database(): string {
    return join(this.path, "test.db");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const users = [1, 2] as const;

interface OpenStore {
  readonly conversations: ConversationStore;
  /** Lets go of everything wherever it is, as the end of the process would. */
  crash(): Promise<void>;
}

async function openStore(path: string): Promise<OpenStore> {
  const writer = await startWriter({ path, vectorExtension: placeVectorExtension(path) });
  await writer.call("interruptAnswers", [undefined]);
  const reader = openDatabase({ path, readonly: true });
  const searcher = openConversationSearch({ path }, writer);
  const presence = new Presence(path, writer);
  return {
    conversations: createConversationStore(queries(reader), writer, searcher, presence),
    async crash() {
      presence.release();
      await writer.close();
      await searcher.close();
      reader.close();
    },
  };
}

interface ModelConversation {
  readonly userId: number;
  title: string;
  untitled: boolean;
  readonly messages: { readonly id: number; content: string; growing: boolean }[];
}

type Model = Map<number, ModelConversation>;

const word = fc.constantFrom(
  "不可抗力",
  "所有权",
  "抗",
  "權",
  "Rust",
  "ownership",
  "owner",
  "C++",
  "2024",
  "de",
);
const text = fc.array(word, { maxLength: 4 }).map((words) => words.join(" "));
const at = fc.nat(1000);

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant("create" as const), at, text }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("createUntitled" as const), at, text }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("rename" as const), at, text }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("untitle" as const), at, text }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("ask" as const), at, text }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("answer" as const), at, text }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("drop" as const), at, text }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), at, text }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("search" as const), at, text }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("crash" as const), at, text }) },
);

type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

function choose<T>(all: readonly T[], index: number): T | undefined {
  return all[index % Math.max(1, all.length)];
}

function has(content: string, query: string): boolean {
  const terms = new Set<string>();
  cutTerms(content, (term) => terms.add(term));
  return searchTerms(query).every(({ text: wanted, prefix }) =>
    prefix ? terms.values().some((term) => term.startsWith(wanted)) : terms.has(wanted),
  );
}

/** What a search has to find, from a look at every text. */
function expectedOf(model: Model, userId: number, query: string) {
  return [...model]
    .filter(([, conversation]) => conversation.userId === userId)
    .map(([id, { title, untitled, messages }]) => {
      const found = messages.filter(({ content, growing }) => !growing && has(content, query));
      return {
        id,
        title,
        found: found.map((message) => message.id).reverse(),
        isFound: found.length > 0 || (!untitled && has(title, query)),
      };
    })
    .filter(({ isFound }) => isFound)
    .map(({ id, title, found }) => ({ id, title, count: found.length, newest: found.slice(0, 3) }))
    .reverse();
}

async function run(path: string, commands: readonly Command[]): Promise<void> {
  const model: Model = new Map();
  let lastId = 0;
  let store = await openStore(path);
  const settings = { model: "m", encryptedApiKey: null, systemPrompt: null, temperature: null };
  for (const { type, at: index, text: given } of commands) {
    const { conversations } = store;
    const [id, conversation] = choose([...model], index) ?? [];
    const end = {
      content: given,
      reasoning: "",
      pieces: [],
      sources: null,
      usage: null,
      model: null,
    };
    if (type === "create" || type === "createUntitled") {
      lastId += 1;
      const userId = users[index % 2] ?? 1;
      const created = { title: given, untitled: type === "createUntitled" };
      const rest = {
        ...settings,
        topP: null,
        maxTokens: null,
        knowledgeBaseIds: [],
        tip: null,
        createdTime: 1,
      };
      await conversations.insert({ ...created, ...rest, id: lastId, userId });
      model.set(lastId, { ...created, userId, messages: [] });
    } else if (type === "crash") {
      await store.crash();
      store = await openStore(path);
      for (const { messages } of model.values()) {
        for (const message of messages) message.growing = false;
      }
    } else if (id === undefined || conversation === undefined) {
      // Nothing to do it to.
    } else if (type === "rename" || type === "untitle") {
      const changes = { title: given, untitled: type === "untitle" };
      await conversations.update(id, conversation.userId, changes);
      Object.assign(conversation, changes);
    } else if (type === "ask") {
      if (conversation.messages.some((message) => message.growing)) continue;
      const question = { content: given, parentId: undefined };
      const seen = conversation.messages.at(-1)?.id ?? 0;
      const turn = await conversations.beginTurn(id, { question, seen, createdTime: 1 });
      if (typeof turn === "string") throw new Error(turn);
      conversation.messages.push(
        { id: turn.userMessageId, content: given, growing: false },
        { id: turn.answerId, content: "", growing: true },
      );
    } else if (type === "answer" || type === "drop") {
      const growing = conversation.messages.find((message) => message.growing);
      if (growing === undefined) continue;
      if (type === "answer") {
        await conversations.endAnswer(id, growing.id, {
          ...end,
          status: "complete",
          finishReason: null,
        });
        Object.assign(growing, { content: given, growing: false });
      } else {
        await conversations.dropAnswer(id, growing.id, null);
        conversation.messages.splice(conversation.messages.indexOf(growing), 1);
      }
    } else if (type === "delete") {
      await conversations.delete(id, conversation.userId);
      model.delete(id);
    } else {
      for (const userId of users) {
        const terms = searchTerms(given);
        if (terms.length === 0) continue;
        const found = await conversations.search({ userId, terms, limit: 1000 });
        expect(
          found.map((match) => ({
            id: match.id,
            title: match.title.text,
            count: match.messageCount,
            newest: match.messages.map(({ messageId }) => messageId),
          })),
        ).toEqual(expectedOf(model, userId, given));
      }
    }
  }
  await store.crash();
}

test("a search finds what a look at every text finds, and nothing is left behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 60 }), async (commands) => {
      using folder = new TemporaryFolder();
      const path = folder.database;
      {
        const writer = await startWriter({ path, vectorExtension: placeVectorExtension(path) });
        for (const id of users) {
          const user = { id, username: `u${id}`, passwordHash: "h", createdTime: 1 };
          await writer.call("insertUser", [user]);
        }
        await writer.close();
      }
      await run(path, commands);
      using database = new Database(path, { readonly: true });
      expect(checkConversations(database)).toEqual([]);
    }),
    { numRuns: 10 },
  );
});
