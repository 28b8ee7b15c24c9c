import { KindGuard, type TArray } from "@sinclair/typebox";
import { kindOf } from "./describe.ts";
import type { KeyPath, Report } from "./key-path.ts";
import { parseYaml } from "./yaml.ts";

/** Whether a text spells a list out, as YAML or JSON: `[a, b]`, or lines that begin with `- `. */
export const spellsList = (text: string): boolean => /^\s*(\[|-\s)/.test(text);

/**
 * The items of a list, which may also be given as a text: spelt out as YAML or JSON, or, where the
 * items are texts themselves, separated by commas. Undefined, and reported, when it is no list.
 */
export function listItems(
  schema: TArray,
  value: unknown,
  path: KeyPath,
  report: Report,
): unknown[] | undefined {
  const ofTexts = KindGuard.IsString(schema.items);
  const form = ofTexts ? "a list, or texts separated by commas" : "a list, each item with keys";
  if (Array.isArray(value)) return value;
  if (typeof value === "string" && spellsList(value)) {
    const parsed = parseYaml(value);
    if ("faults" in parsed) {
      const [fault] = parsed.faults;
      const where =
        fault === undefined ? "" : ` (line ${fault.line}, column ${fault.column}: ${fault.text})`;
      report(path, `found a text that is not YAML${where}, expected ${form}`);
      return undefined;
    }
    if (Array.isArray(parsed.value)) return parsed.value;
  } else if (typeof value === "string" && (ofTexts || value.trim() === "")) {
    return value.split(",").flatMap((item) => item.trim() || []);
  }
  report(path, `found ${kindOf(value)}, expected ${form}`);
  return undefined;
}
