import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { kindOf } from "./describe.ts";
import type { KeyPath } from "./key-path.ts";
import { isMapping, type RawMapping } from "./mapping.ts";
import { parseYaml } from "./yaml.ts";

/** Read when no other path is given, if it is there. */
export const defaultConfigFile = "config.yaml";

/** What a file says, or why it cannot be read. */
export type ConfigFile =
  | {
      readonly tree: RawMapping;
      /** Where a key stands, for a fault to name: `config.yaml, line 3`; undefined: not here. */
      origin(path: KeyPath): string | undefined;
    }
  | { readonly faults: readonly string[] };

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "found no file of this name, expected the configuration",
  EISDIR: "found a folder, expected a file",
  EACCES: "found a file that this user may not read, expected read permission",
};

/** The file at `path`, or `config.yaml` in `directory`; where that is missing, an empty one. */
export function readConfigFile(path: string | undefined, directory: string): ConfigFile {
  const name = path ?? defaultConfigFile;
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(directory, name));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (path === undefined && code === "ENOENT") return { tree: {}, origin: () => undefined };
    return { faults: [`${name}: ${reasons[code] ?? `could not be read (${code})`}`] };
  }

  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { faults: [`${name}: found bytes that are not UTF-8, expected UTF-8 text`] };
  }

  const parsed = parseYaml(text);
  if ("faults" in parsed) {
    return {
      faults: parsed.faults.map(
        (fault) => `${name}: line ${fault.line}, column ${fault.column}: ${fault.text}`,
      ),
    };
  }
  // An empty file, or one with nothing but comments, says nothing: everything keeps its default.
  const tree = parsed.value ?? {};
  if (!isMapping(tree)) {
    return { faults: [`${name}: found ${kindOf(tree)}, expected keys such as "server:"`] };
  }
  return {
    tree,
    origin: (key) => {
      const line = parsed.lineOf(key);
      return line === undefined ? undefined : `${name}, line ${line}`;
    },
  };
}
