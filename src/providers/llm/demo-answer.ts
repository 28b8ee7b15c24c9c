import { setImmediate as nextTurn } from "node:timers/promises";
import type { Passage } from "./index.ts";

/** Sentences in one answer. */
const maxSentences = 3;
/** Characters of a sentence, or of the question, that are quoted. */
const maxQuoted = 300;
/** Characters of the question that the sentences are compared with. */
const maxQuestion = 1000;
/** The share of the question's weight that the best sentence has to hold, or nothing fits. */
const minFit = 0.2;
/** The share of the best sentence's score that another needs to be quoted beside it. */
const minShare = 0.6;

const han = /\p{Script=Han}/u;

/** What the demo model says of itself, in the question's language. */
export function introduce(question: string): string {
  const quoted = clip(question.trim(), maxQuoted);
  if (han.test(question)) {
    return `你好！我是 demo，内置在本服务器中的演示模型，不需要 API 密钥，也不需要网络。我不是大语言模型：向知识库提问时，我会摘录其中最相关的句子并注明出处；其他问题我无法真正回答。

你刚才说：“${quoted}”

连接真正的模型：
1. 设置 API 密钥，例如环境变量 ZHIPU_API_KEY 或 OPENAI_API_KEY，然后重启服务器；也可以在本机运行 Ollama，无需密钥。
2. 新建对话，把 model 设为该模型的名称，例如 glm-4-flash、gpt-4o 或 ollama/qwen3。
`;
  }
  const heard = quoted === "" ? "" : `You said: "${quoted}"\n\n`;
  return `Hello! I am demo, a model inside this server that needs no API key and no network. I am not a language model: asked over a knowledge base I quote the sentences that fit best and cite them; I cannot really answer anything else.

${heard}To connect a real model:
1. Set an API key, for example ZHIPU_API_KEY or OPENAI_API_KEY in the environment, and restart the server; or run Ollama on this machine, which needs no key.
2. Create a conversation whose model is the name of that model, for example glm-4-flash, gpt-4o or ollama/qwen3.
`;
}

interface Sentence {
  readonly text: string;
  readonly passage: number;
  readonly terms: ReadonlySet<string>;
}

/**
 * The sentences of the passages that share most with the question, in the order of the passages,
 * each followed by `[number]`. Says so, in the question's language, where nothing fits.
 *
 * A sentence's score is the sum of the question's terms in it, each weighed by its rarity among the
 * sentences (as in BM25's idf); among equals the earlier one wins. A heading is quoted only where
 * nothing else fits. The event loop turns between the passages.
 */
export async function quotePassages(
  question: string,
  passages: readonly Passage[],
): Promise<string> {
  const sentences: Sentence[] = [];
  for (const { number, content } of passages) {
    for (const text of splitSentences(content)) {
      sentences.push({ text, passage: number, terms: termsOf(text) });
    }
    await nextTurn();
  }
  const best = chooseSentences(clip(question, maxQuestion), sentences);
  if (best.length === 0) {
    return han.test(question)
      ? "知识库中没有找到能回答这个问题的内容。"
      : "The knowledge base holds nothing that answers this question.";
  }
  return best.map(quote).join("");
}

/** Chinese needs no space around a citation. */
function quote({ text, passage }: Sentence, index: number, all: readonly Sentence[]): string {
  const isHan = han.test(text);
  const before = all[index - 1];
  const space = before === undefined || (isHan && han.test(before.text)) ? "" : " ";
  return `${space}${clip(text, maxQuoted)}${isHan ? "" : " "}[${passage}]`;
}

function chooseSentences(question: string, sentences: readonly Sentence[]): Sentence[] {
  const weights = new Map<string, number>();
  for (const term of termsOf(question.replace(filler, " "))) {
    const holders = sentences.filter(({ terms }) => terms.has(term)).length;
    weights.set(term, Math.log(1 + (sentences.length + 1) / (holders + 0.5)));
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const fitting = sentences
    .map((sentence) => ({ sentence, score: scoreOf(sentence, weights) }))
    .filter(({ score }) => score > 0 && score >= total * minFit)
    .sort((a, b) => b.score - a.score);
  const telling = fitting.filter(({ sentence }) => tells.test(sentence.text));
  const scored = telling.length > 0 ? telling : fitting;
  const threshold = (scored[0]?.score ?? 0) * minShare;
  const chosen: Sentence[] = [];
  for (const { sentence, score } of scored) {
    if (chosen.length === maxSentences || score < threshold) break;
    if (!chosen.some(({ text }) => text.includes(sentence.text))) chosen.push(sentence);
  }
  return sentences.filter((sentence) => chosen.includes(sentence));
}

function scoreOf(sentence: Sentence, weights: ReadonlyMap<string, number>): number {
  let score = 0;
  for (const [term, weight] of weights) if (sentence.terms.has(term)) score += weight;
  return score;
}

/**
 * A text that ends as a sentence does, or a row of a table; a heading repeats the question's words and
 * answers nothing.
 */
const tells = /[。！？；.!?…][\p{Pe}\p{Pf}"']*$| \| /u;

/** Ends of sentences: Chinese marks at once, Western ones before a space, and every line. */
const sentenceEnd =
  /(?<=[。！？；][”’」』）]?)(?![”’」』）])|(?<=[.!?]["')\]]?)\s+(?=["'([]?[\p{Lu}\p{N}\p{Script=Han}])|\n+/u;

function splitSentences(text: string): string[] {
  return text
    .split(sentenceEnd)
    .map((sentence) =>
      sentence
        .replace(/^#+\s+/, "")
        .replace(/\s+/g, " ")
        .trim(),
    )
    .filter((sentence) => sentence !== "");
}

const cjkRun = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu;
const word = /[\p{L}\p{N}]+/gu;

/** Words that ask and do not name anything. */
const filler =
  /什么|怎么样?|如何|哪些|哪个|哪里|为什么|请问|是否|多少|有没有|介绍一下|[吗呢吧的是了]|\b(?:a|an|the|is|are|was|were|do|does|did|of|in|on|to|for|and|or|what|which|who|whom|when|where|why|how|it|its|this|that|with|by|be|can)\b/giu;

/** Bigrams of CJK runs and words of everything else, in lower case, without the plural's s. */
function termsOf(text: string): Set<string> {
  const terms = new Set<string>();
  const folded = text.normalize("NFKC").toLowerCase();
  for (const [run] of folded.matchAll(cjkRun)) {
    const characters = [...run];
    if (characters.length === 1) terms.add(run);
    for (let i = 1; i < characters.length; i++) terms.add(`${characters[i - 1]}${characters[i]}`);
  }
  for (const [term] of folded.replace(cjkRun, " ").matchAll(word)) {
    terms.add(term.length > 3 ? term.replace(/s$/, "") : term);
  }
  return terms;
}

/** The beginning of a text, whole characters only. */
function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = (text.charCodeAt(length) & 0xfc00) === 0xdc00 ? length - 1 : length;
  return `${text.slice(0, end)}…`;
}
