/** Where a value stands in the configuration: `["llm", "providers", 0, "api_key"]`. */
export type KeyPath = readonly (string | number)[];

/** Takes a fault of one key; a key's first fault is the one that counts. */
export type Report = (path: KeyPath, text: string) => void;

/** No key that is known is longer. */
const longestKey = 60;

/**
 * A key as far as it looks like one. `{password:hunter2}`, without the space, makes the whole of it
 * a key, and a key may hold line breaks.
 */
const shown = (key: string) => key.slice(0, longestKey).replace(/[^\p{L}\p{N}_-].*/su, "…");

/** The path as a user writes it: `llm.providers[0].api_key`. */
export function formatKey(path: KeyPath): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return index === 0 ? shown(part) : `.${shown(part)}`;
    })
    .join("");
}

const secretKeys = new Set(["api_key", "password", "secret"]);

/** Whether the value of this key may never be shown. */
export function isSecret(path: KeyPath): boolean {
  const last = path.at(-1);
  return typeof last === "string" && secretKeys.has(last);
}
