import type { Environment } from "./environment.ts";
import type { Report } from "./key-path.ts";
import { listItems } from "./list.ts";
import { isMapping, type RawMapping, valueAt, withValue } from "./mapping.ts";
import { shippedEmbeddingModels, shippedProviders } from "./providers.ts";
import { configSchema } from "./schema.ts";
import { substitute } from "./substitute.ts";

const shippedLists = [
  {
    path: ["llm", "providers"],
    schema: configSchema.properties.llm.properties.providers,
    entries: shippedProviders,
  },
  {
    path: ["rag", "embedding_models"],
    schema: configSchema.properties.rag.properties.embedding_models,
    entries: shippedEmbeddingModels,
  },
];

/**
 * The tree with what is shipped beneath the user's own entries. Those come first, in their order,
 * so that of two providers with the same prefix the user's is found first.
 */
export function addShipped(tree: unknown, environment: Environment, report: Report): unknown {
  return shippedLists.reduce((result, { path, schema, entries }) => {
    const listed = valueAt(result, path);
    const items = listed === undefined ? [] : listItems(schema, listed, path, report);
    const shipped = entries
      .map((entry) => substitute(entry, environment, report))
      .filter(isMapping);
    return withValue(result, path, mergeByName(shipped, items ?? []));
  }, tree);
}

/** Each listed entry over the shipped one of its name, field by field; then the rest of the shipped. */
function mergeByName(shipped: readonly RawMapping[], listed: readonly unknown[]): unknown[] {
  const merged = listed.map((entry) => {
    if (!isMapping(entry)) return entry;
    const given = Object.entries(entry).filter(([, value]) => value !== null);
    const base = shipped.find(({ name }) => name === entry.name);
    return { ...base, ...Object.fromEntries(given) };
  });
  const names = new Set(listed.map((entry) => (isMapping(entry) ? entry.name : undefined)));
  return [...merged, ...shipped.filter(({ name }) => !names.has(name))];
}
