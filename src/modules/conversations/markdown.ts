import type { Language } from "../../http/messages.ts";
import type { Conversation, Message } from "../../store/conversations.ts";
import { parseSources } from "../chat/sources.ts";

const words = {
  "zh-CN": { user: "用户", assistant: "助手", model: "模型", cut: "回答被中断", page: "页" },
  en: {
    user: "User",
    assistant: "Assistant",
    model: "Model",
    cut: "The answer was interrupted",
    page: "page",
  },
} as const;

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

const time = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;

function sourceList(sources: string, language: Language): string {
  const { page: pageWord } = words[language];
  return parseSources(sources)
    .citations.map(({ number, doc_name, heading, page }) => {
      const place = [heading, page === undefined ? undefined : `${pageWord} ${page}`];
      const parts = [doc_name, ...place.filter((part) => part !== undefined)];
      return `- [${number}] ${oneLine(parts.join(" · "))}`;
    })
    .join("\n");
}

function messageText(message: Message, language: Language): string {
  const { role, content, sources, status } = message;
  return [
    `## ${words[language][role]}`,
    content.trim(),
    ...(status === "complete" ? [] : [`*${words[language].cut}*`]),
    ...(sources === null ? [] : [sourceList(sources, language)]),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** A conversation for people to read, as Markdown: `messages` are those of the branch that is shown. */
export function toMarkdown(
  conversation: Conversation,
  messages: readonly Message[],
  language: Language,
): string {
  const { title, model, createdTime } = conversation;
  const head = `# ${oneLine(title)}\n\n${words[language].model}: ${oneLine(model)} · ${time(createdTime)}`;
  return `${[head, ...messages.map((message) => messageText(message, language))].join("\n\n")}\n`;
}
