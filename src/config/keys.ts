import { KindGuard, type TSchema } from "@sinclair/typebox";
import { configSchema } from "./schema.ts";

export interface ConfigKey {
  readonly path: readonly string[];
  readonly schema: TSchema;
}

function keysBelow(schema: TSchema, path: readonly string[]): ConfigKey[] {
  if (!KindGuard.IsObject(schema)) return [{ path, schema }];
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    keysBelow(inner, [...path, key]),
  );
}

/** Every key that takes a value, in the order of the schema; a list counts as one value. */
export const configKeys: readonly ConfigKey[] = keysBelow(configSchema, []);
