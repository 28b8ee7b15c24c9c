import {
  type Document,
  type ErrorCode,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from "yaml";
import type { KeyPath } from "./key-path.ts";

/**
 * Our own words for what the parser finds: its messages quote the text, and the text may hold a
 * password.
 */
const faultTexts: Record<ErrorCode, string> = {
  ALIAS_PROPS: "an alias takes no anchor and no tag",
  BAD_ALIAS:
    "an alias must name an anchor that stands before it; put a text that begins with * in quotes",
  BAD_COLLECTION_TYPE: "the tag does not fit what follows it",
  BAD_DIRECTIVE: "not a directive of YAML; put a text that begins with % in quotes",
  BAD_DQ_ESCAPE: 'an unknown escape after \\ in "double quotes"',
  BAD_INDENT: "wrong indentation, or a bracket or quote that is not closed",
  BAD_PROP_ORDER: "anchors and tags stand after the indicator, not before it",
  BAD_SCALAR_START: "a text that begins with this character must be in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a second key on one line; put a text with a colon in quotes",
  BLOCK_IN_FLOW: "inside brackets, lists and mappings need brackets too",
  DUPLICATE_KEY: "the same key a second time",
  IMPOSSIBLE: "this is not YAML",
  KEY_OVER_1024_CHARS: "a key of over 1024 characters",
  MISSING_CHAR: "a character is missing: a colon, a comma, a bracket, a quote or a space",
  MULTILINE_IMPLICIT_KEY: "a key over several lines, or a line without a colon",
  MULTIPLE_ANCHORS: "a second anchor on one value",
  MULTIPLE_DOCS: "a second document; one is allowed",
  MULTIPLE_TAGS: "a second tag on one value",
  NON_STRING_KEY: "a key that is not a text",
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAB_AS_INDENT: "a tab; indent with spaces",
  TAG_RESOLVE_FAILED: "an unknown tag; put a text that begins with ! in quotes",
  UNEXPECTED_TOKEN: "something that has no place here",
};

/** A fault of syntax. Line and column count from 1. */
export interface SyntaxFault {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** Either the plain value of the text, or the faults that keep it from being read. */
export type ParsedYaml =
  | {
      readonly value: unknown;
      /** The line of a key, or of the nearest one around it; undefined: neither is there. */
      lineOf(path: KeyPath): number | undefined;
    }
  | { readonly faults: readonly SyntaxFault[] };

/** Reads one YAML 1.2 document (JSON is one too). Never throws, and no fault quotes the text. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    prettyErrors: false,
    lineCounter: lines,
    stringKeys: true,
  });
  const problems = [...document.errors, ...document.warnings, ...danglingAliases(document)];
  if (problems.length > 0) {
    return {
      faults: problems.map(({ pos, code }) => {
        const { line, col } = lines.linePos(pos[0]);
        return { line, column: col, text: faultTexts[code] };
      }),
    };
  }
  try {
    return {
      value: document.toJS({ maxAliasCount: 100 }),
      lineOf: (path) => {
        const offset = offsetOf(document, path);
        return offset === undefined ? undefined : lines.linePos(offset).line;
      },
    };
  } catch {
    // What is left for `toJS` to throw for: aliases that multiply beyond the count above.
    return { faults: [{ line: 1, column: 1, text: "aliases that multiply each other" }] };
  }
}

/** The parser itself notices these only when it makes the value, and then without their place. */
function danglingAliases(document: Document): { pos: [number]; code: ErrorCode }[] {
  const dangling: { pos: [number]; code: ErrorCode }[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) {
        dangling.push({ pos: [alias.range?.[0] ?? 0], code: "BAD_ALIAS" });
      }
    },
  });
  return dangling;
}

function offsetOf(document: Document, path: KeyPath): number | undefined {
  let offset: number | undefined;
  let node: unknown = document.contents;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      if (isMap(node) || isSeq(node) || isScalar(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
