/**
 * The knowledge bases that a caller names by `kb_id`, by `kb_ids` or by both, each once; undefined
 * where neither is given.
 */
export function namedKnowledgeBases({
  kb_id,
  kb_ids,
}: {
  readonly kb_id?: string | null;
  readonly kb_ids?: readonly string[] | null;
}): string[] | undefined {
  if (kb_id === undefined && kb_ids === undefined) return undefined;
  const named = [kb_id ?? [], kb_ids ?? []].flat();
  return [...new Set(named.map((id) => id.toLowerCase()))];
}
