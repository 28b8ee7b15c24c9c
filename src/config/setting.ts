import { KindGuard } from "@sinclair/typebox";
import type { Report } from "./key-path.ts";
import { configKeys } from "./keys.ts";
import { listItems, spellsList } from "./list.ts";

/** One key's value, set from outside the file. */
export interface Setting {
  readonly path: readonly string[];
  readonly text: string;
  /** The variable or flag. */
  readonly origin: string;
}

/**
 * What a setting puts into the tree. A list that is spelt out is read here, before variables in its
 * texts are replaced, because a key that is put into one may hold any character.
 */
export function settingValue({ path, text }: Setting, report: Report): unknown {
  const key = configKeys.find((known) => known.path.join() === path.join());
  if (key === undefined || !KindGuard.IsArray(key.schema) || !spellsList(text)) return text;
  return listItems(key.schema, text, path, report);
}
