import { Type } from "@sinclair/typebox";
import { t } from "elysia";

/** Documents in one request, as Cohere has it. */
const maxDocuments = 1000;

export const rerankBody = Type.Object({
  model: Type.Optional(
    Type.String({ minLength: 1, maxLength: 300, examples: ["BAAI/bge-reranker-v2-m3"] }),
  ),
  query: Type.String({ minLength: 1, maxLength: 10_000, examples: ["什么是不可抗力？"] }),
  documents: Type.Array(Type.Union([Type.String(), Type.Object({ text: Type.String() })]), {
    maxItems: maxDocuments,
    examples: [["不可抗力是指不能预见的客观情况。", "合同自成立时生效。"]],
  }),
  top_n: Type.Optional(Type.Integer({ minimum: 1, examples: [1] })),
  return_documents: Type.Optional(Type.Boolean()),
});

export const modelParams = t.Object({ model: t.String({ minLength: 1, examples: ["demo"] }) });
