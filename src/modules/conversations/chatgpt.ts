import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import { asRecord, type JsonRecord } from "../../providers/json.ts";
import type { Message } from "../../store/conversations.ts";
import type { ImportedConversation } from "../../store/imported.ts";
import { toTitle } from "./title-text.ts";

/**
 * ChatGPT's export, `conversations.json`: what is read of it here. There is no specification; this is
 * what its files have held since 2023. Nothing in them is relied on.
 */
interface Node {
  readonly parent: string | undefined;
  readonly children: readonly string[];
  readonly message: JsonRecord | undefined;
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

/** The model of a conversation whose file does not say. */
const unknownModel = "gpt-4o";
const longestTitle = 200;
const mostMessages = 10_000;
/** Unix seconds: the end of the year 9999. */
const latest = 253_402_300_799;

function timeOf(value: unknown, otherwise: number): number {
  const isTime = typeof value === "number" && value >= 0 && value <= latest;
  return isTime ? Math.floor(value) : otherwise;
}

function readNode(value: unknown): Node {
  const node = asRecord(value) ?? {};
  const children = Array.isArray(node.children) ? node.children : [];
  return {
    parent: textOf(node.parent),
    children: children.filter((child) => typeof child === "string"),
    message: asRecord(node.message),
  };
}

/** What of a message is said to people: the texts of its parts, without images and files. */
function contentOf(message: JsonRecord): string {
  const content = asRecord(message.content) ?? {};
  const { content_type: type, parts } = content;
  if (type !== "text" && type !== "multimodal_text" && type !== undefined) return "";
  if (!Array.isArray(parts)) return "";
  return parts
    .map((part) => textOf(part) ?? textOf(asRecord(part)?.text) ?? "")
    .filter((part) => part !== "")
    .join("\n\n");
}

/** The role of a message that is shown; undefined of system messages, tools, and calls of tools. */
function roleOf(message: JsonRecord): Message["role"] | undefined {
  const role = asRecord(message.author)?.role;
  const metadata = asRecord(message.metadata) ?? {};
  const toTool = (textOf(message.recipient) ?? "all") !== "all";
  if (toTool || metadata.is_visually_hidden_from_conversation === true) return undefined;
  return role === "user" || role === "assistant" ? role : undefined;
}

/** The tree of a file, walked from its roots, parents first and siblings in their order. */
class MessageTree {
  readonly messages: Message[] = [];
  /** The message that each node became, or the one before it where it became none. */
  readonly shownAt = new Map<string, number | null>();
  /** The model that answered last. */
  model: string | undefined;

  /** Nodes that name a parent which may not name them. */
  private readonly byParent: ReadonlyMap<string | undefined, string[]>;

  constructor(
    private readonly nodes: ReadonlyMap<string, Node>,
    private readonly createdTime: number,
  ) {
    this.byParent = Map.groupBy(nodes.keys(), (id) => nodes.get(id)?.parent);
    for (const [id, { parent }] of nodes) {
      if (parent === undefined || !nodes.has(parent)) this.walk(id);
    }
  }

  private walk(root: string): void {
    const waiting: { readonly id: string; readonly parentId: number | null }[] = [
      { id: root, parentId: null },
    ];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { id, parentId } = next;
      const node = this.nodes.get(id);
      // A node that is reached twice would make a ring of the tree.
      if (node === undefined || this.shownAt.has(id)) continue;
      const shown = this.add(node, parentId) ?? parentId;
      this.shownAt.set(id, shown);
      const children = [...node.children, ...(this.byParent.get(id) ?? [])];
      for (const child of children.reverse()) waiting.push({ id: child, parentId: shown });
    }
  }

  /** Answers the message's id, if the node has one that is shown. */
  private add({ message }: Node, parentId: number | null): number | undefined {
    const role = message === undefined ? undefined : roleOf(message);
    if (message === undefined || role === undefined) return undefined;
    const content = contentOf(message).toWellFormed();
    if (content === "") return undefined;
    const id = this.messages.length + 1;
    if (id > mostMessages) {
      const limit = { field: "mapping", reason: "too_large", limit: mostMessages };
      throw new AppError("invalid_field", limit);
    }
    const metadata = asRecord(message.metadata) ?? {};
    if (role === "assistant") this.model = textOf(metadata.model_slug) ?? this.model;
    this.messages.push({
      id,
      parentId,
      role,
      content,
      reasoning: null,
      status: message.status === "in_progress" ? "interrupted" : "complete",
      finishReason: null,
      sources: null,
      pieces: null,
      usage: null,
      model: null,
      createdTime: timeOf(message.create_time, this.createdTime),
    });
    return id;
  }
}

/**
 * An answer that ChatGPT gave in several messages, with calls of tools between, is one: where nothing
 * but a message of the assistant follows one of its own. Ids stay dense. Answers the new id of each
 * message beside.
 */
function joinAnswers(messages: readonly Message[]): {
  readonly joined: Message[];
  readonly newIds: ReadonlyMap<number, number>;
} {
  const followers = Map.groupBy(messages, ({ parentId }) => parentId);
  const joined: Message[] = [];
  const newIds = new Map<number, number>();
  for (const message of messages) {
    const parentId = message.parentId === null ? null : (newIds.get(message.parentId) ?? null);
    const parent = parentId === null ? undefined : joined[parentId - 1];
    const isAlone = followers.get(message.parentId)?.length === 1;
    if (parent?.role === "assistant" && message.role === "assistant" && isAlone) {
      joined[parent.id - 1] = { ...parent, content: `${parent.content}\n\n${message.content}` };
      newIds.set(message.id, parent.id);
    } else {
      const id = joined.length + 1;
      joined.push({ ...message, id, parentId });
      newIds.set(message.id, id);
    }
  }
  return { joined, newIds };
}

/** Whether this looks like a conversation of ChatGPT's export. */
export const isChatGpt = (value: unknown): value is JsonRecord =>
  "mapping" in (asRecord(value) ?? {});

/**
 * Reads one conversation of ChatGPT's export with all its branches. System messages, tools and what is
 * hidden are left out; what follows them follows what was before them.
 *
 * @throws AppError `invalid_field`
 */
export function readChatGpt(file: JsonRecord): ImportedConversation {
  const mapping = asRecord(file.mapping);
  if (mapping === undefined) {
    throw new AppError("invalid_field", { field: "mapping", reason: "not_object" });
  }
  const nodes = new Map(Object.entries(mapping).map(([id, node]) => [id, readNode(node)]));
  const createdTime = timeOf(file.create_time, unixTime());
  const { messages, shownAt, model } = new MessageTree(nodes, createdTime);
  const { joined, newIds } = joinAnswers(messages);
  const current = shownAt.get(textOf(file.current_node) ?? "") ?? messages.at(-1)?.id ?? null;
  const title = (textOf(file.title) ?? "").toWellFormed().trim().slice(0, longestTitle);
  const firstQuestion = joined.find(({ role }) => role === "user")?.content ?? "";
  const slug = textOf(file.default_model_slug) ?? model ?? "";
  return {
    title: title.replace(/[\ud800-\udbff]$/, "") || toTitle(firstQuestion),
    untitled: false,
    model: slug === "" || slug.length > 200 ? unknownModel : slug,
    systemPrompt: null,
    temperature: null,
    topP: null,
    maxTokens: null,
    knowledgeBaseIds: [],
    tip: current === null ? null : (newIds.get(current) ?? null),
    createdTime,
    messages: joined,
  };
}
