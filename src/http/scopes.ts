import type { Scope } from "../store/api-keys.ts";

/** `any`: every key will do. */
export type Needed = Scope | "any";

/**
 * What an API key needs for a route, by method and path; the first that fits counts. What fits none
 * takes a signed-in user: a key that was given away to a program reaches neither the conversations
 * of its owner nor other keys.
 */
const rules: readonly (readonly [RegExp, Needed | undefined])[] = [
  [/^GET \/v1\/models\b/, "any"],
  [/^POST \/v1\//, "chat"],
  [/^POST \/api\/rag\/chat$/, undefined],
  [/^POST \/api\/rag\/retrieve$/, "knowledge:read"],
  [/^GET \/api\/rag\//, "knowledge:read"],
  [/^\w+ \/api\/rag\//, "knowledge:write"],
];

const known = new Map<string, Needed | undefined>();

/** `route` is the path as it is mounted. Undefined where no key will do. */
export function scopeOf(method: string, route: string): Needed | undefined {
  const name = `${method} ${route}`;
  if (!known.has(name)) known.set(name, rules.find(([shape]) => shape.test(name))?.[1]);
  return known.get(name);
}
