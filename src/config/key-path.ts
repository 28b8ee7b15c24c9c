/** Where a value stands in the configuration: `["llm", "providers", 0, "api_key"]`. */
export type KeyPath = readonly (string | number)[];

/** Takes a fault of one key; a key's first fault is the one that counts. */
export type Report = (path: KeyPath, text: string) => void;

/** The path as a user writes it: `llm.providers[0].api_key`. */
export function formatKey(path: KeyPath): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join("");
}

const secretKeys = new Set(["api_key", "password", "secret"]);

/** Whether the value of this key may never be shown. */
export function isSecret(path: KeyPath): boolean {
  const last = path.at(-1);
  return typeof last === "string" && secretKeys.has(last);
}
