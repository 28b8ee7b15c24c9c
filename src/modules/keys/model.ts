import { Type } from "@sinclair/typebox";
import { t } from "elysia";

const exampleId = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";

/** Ten years. */
const longestLife = 315_576_000;

export const scope = Type.Union([
  Type.Literal("chat"),
  Type.Literal("knowledge:read"),
  Type.Literal("knowledge:write"),
]);

export const newKey = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100, examples: ["NextChat"] }),
  scopes: Type.Array(scope, { maxItems: 10, examples: [["chat", "knowledge:read"]] }),
  expires_in: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: longestLife,
      description: "Seconds until it expires; without it and `expires_time`, never.",
      examples: [7_776_000],
    }),
  ),
  expires_time: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 253_402_300_799,
      description: "Unix seconds; in place of `expires_in`.",
    }),
  ),
});

export const keyParams = t.Object({
  key_id: t.String({ format: "uuid", examples: [exampleId] }),
});
