import type { ProviderWords } from "../errors.ts";
import { asRecord } from "./json.ts";

/** What a provider says when it refuses or breaks off. */
export interface ProviderFault {
  /** One line for the caller, at most `maxMessageLength` characters, without the key. */
  readonly message: string;
  /** The provider's own codes for it, `1113` or `insufficient_quota` for example. */
  readonly codes: readonly string[];
}

export const maxMessageLength = 500;

/** Characters of a key; a shorter one is no secret, and its letters may be in every word. */
export const shortestSecret = 4;

/** The shapes of keys that the well-known vendors hand out. */
const keyShapes = [
  /\bBearer\s+[^\s"',]{16,}/gi,
  /\b(?:sk|gsk|xai|hf)[-_][\w*.-]{8,}/gi,
  /\bAIza[\w-]{20,}/g,
  /\beyJ[\w-]{8,}\.[\w.-]+/g,
  /\b[0-9a-f]{32}\.\w{8,}/gi,
];

/** Captured, so that splitting at it loses nothing. */
const wordBreak = /([\s"'`,:=()]+)/;

/**
 * Removes a key that the provider echoes: the key itself, a word that begins or ends as it does, and
 * whatever looks like one of another user.
 */
export function redactKeys(text: string, apiKey: string): string {
  let result = text;
  if (apiKey.length >= shortestSecret) {
    result = result.replaceAll(apiKey, "[redacted]");
    if (apiKey.length >= 12) {
      const ends = [apiKey.slice(0, 6), apiKey.slice(-6)];
      result = result
        .split(wordBreak)
        .map((word) => (ends.some((end) => word.includes(end)) ? "[redacted]" : word))
        .join("");
    }
  }
  for (const shape of keyShapes) result = result.replace(shape, "[redacted]");
  return result;
}

/**
 * Reads the error envelopes in use: `{"error":{"code","message"}}`, `{"error":"text"}`,
 * `{"message"}`, `{"detail"}`, each also as the first of an array. Undefined when there is none.
 */
export function faultOf(value: unknown, apiKey: string): ProviderFault | undefined {
  const body = asRecord(Array.isArray(value) ? value[0] : value);
  if (body === undefined) return undefined;
  const inner = asRecord(body.error);
  const candidates = [
    inner?.message,
    body.error,
    body.message,
    body.msg,
    body.detail,
    inner?.code,
    inner?.type,
  ];
  const text = candidates.find((candidate) => typeof candidate === "string" && candidate !== "");
  const message = text ?? (inner === undefined ? undefined : JSON.stringify(inner));
  if (typeof message !== "string") return undefined;
  const codes = [inner?.code, inner?.type, body.code, body.type]
    .filter((code) => typeof code === "string" || typeof code === "number")
    .map(String);
  return { message: tidy(message, apiKey), codes };
}

/** What the body of an answer with an error status says; `fallback` when it says nothing. */
export function readFault(body: string, apiKey: string, fallback: string): ProviderFault {
  const text = body.trim();
  if (text.startsWith("{") || text.startsWith("[")) {
    try {
      const fault = faultOf(JSON.parse(text), apiKey);
      if (fault !== undefined) return fault;
    } catch {
      // Cut off or not JSON after all: shown as the text that it is.
    }
  }
  const title = /<title[^<>]*>([^<]*)/i.exec(text)?.[1]?.trim();
  const shown = title || (text.startsWith("<") ? text.replace(/<[^<>]*>/g, " ") : text);
  const isEmpty = /^[\s{}[\]]*$/.test(shown);
  return { message: isEmpty ? fallback : tidy(shown, apiKey), codes: [] };
}

/** Names and paths, `messages[2].content` for example. */
const nameShape = /^[\w.[\]-]{1,100}$/;

function nameOf(value: unknown, apiKey: string): string | undefined {
  const name = typeof value === "number" ? String(value) : value;
  if (typeof name !== "string" || !nameShape.test(name)) return undefined;
  return redactKeys(name, apiKey) === name ? name : undefined;
}

/** How the body of an answer with an error status names its fault. */
export function wordsOf(body: string, apiKey: string): ProviderWords {
  let error: Readonly<Record<string, unknown>> | undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    error = asRecord(asRecord(Array.isArray(parsed) ? parsed[0] : parsed)?.error);
  } catch {
    // A page or a text names nothing.
  }
  return {
    type: nameOf(error?.type, apiKey),
    code: nameOf(error?.code, apiKey),
    param: nameOf(error?.param, apiKey),
  };
}

function tidy(text: string, apiKey: string): string {
  // A key that the cut would halve is redacted before it; the first cut only bounds the work.
  const line = redactKeys(text.slice(0, 8 * maxMessageLength), apiKey)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return line.length <= maxMessageLength
    ? line
    : `${line
        .slice(0, maxMessageLength - 1)
        .toWellFormed()
        .replace(/\ufffd$/, "")}…`;
}
