import { Type } from "@sinclair/typebox";
import { openAiOperation } from "../../http/docs/openai-operation.ts";
import { json, jsonBodyErrors, providerErrors, response } from "../../http/docs/operation.ts";
import { citation, exampleCitation } from "../chat/docs.ts";
import { embeddingErrors, warnings } from "../knowledge/docs.ts";

const knowledgeBaseId = "0198f0c4-7a11-7c3e-9f02-1b6d5e8a4c70";
const created = 1731851729;

const open = { additionalProperties: true };

const chatBody = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      description:
        "`demo`, a provider's model, `kb:<kb_id>` or `kb:<kb_id>/<model>` for an answer from a knowledge base.",
      examples: [`kb:${knowledgeBaseId}`],
    }),
    messages: Type.Array(Type.Object({ role: Type.String() }, open), {
      examples: [[{ role: "user", content: "什么是不可抗力条款？" }]],
    }),
    stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()], { examples: [false] })),
    stream_options: Type.Optional(
      Type.Union([
        Type.Object({ include_usage: Type.Optional(Type.Boolean()) }, open),
        Type.Null(),
      ]),
    ),
  },
  { ...open, description: "Whatever else is in it goes to the provider as it is." },
);

const citations = Type.Optional(
  Type.Array(citation, { description: "Of `kb:` models: what the answer is grounded in." }),
);

const completion = Type.Object(
  {
    object: Type.Optional(Type.String()),
    choices: Type.Array(Type.Object({}, open)),
    citations,
    warnings,
  },
  { $id: "ChatCompletion", ...open, description: "The provider's own answer." },
);

const chunk = Type.Object(
  {
    object: Type.Optional(Type.String()),
    choices: Type.Optional(Type.Array(Type.Object({}, open))),
    citations,
    warnings,
  },
  { $id: "ChatCompletionChunk", ...open },
);

const answer = "不可抗力条款是指…[^1]\n\n[^1]: 合同协议.docx · 第五章 违约责任";
const identity = { id: "chatcmpl-1", created, model: "demo" };
const chunks = [
  { index: 0, delta: { role: "assistant", content: "" }, finish_reason: null },
  { index: 0, delta: { content: answer }, finish_reason: null },
  { index: 0, delta: {}, finish_reason: "stop" },
].map((choice) => ({ ...identity, object: "chat.completion.chunk", choices: [choice] }));
const lastChunk = { ...chunks[2], citations: [exampleCitation] };
const frames = [chunks[0], chunks[1], lastChunk].map((each) => `data: ${JSON.stringify(each)}\n\n`);

export const completionDocs = openAiOperation({
  id: "createChatCompletion",
  summary: "对话补全 · Chat completions",
  description: `OpenAI's protocol, for any client that takes a base URL; nothing is stored. The request goes to the
provider of its model untouched but for the model's name, and the answer comes back untouched: tools, images,
\`response_format\` and all else work as far as the model does. What the provider refuses is answered with its own
status and words. A stream that was cut ends in an event with \`error\`.

A knowledge base is a model: \`kb:<kb_id>\` answers by the server's model for that, \`kb:<kb_id>/<model>\` by any
other, from what the last message of the user finds. The answer cites by footnotes, \`[^1]\`, which stand at its
end, and has \`citations\` (in a stream: in the chunk with the finish reason), and \`warnings\` beside them when a
reranker failed. It takes the scope
\`knowledge:read\` beside \`chat\`.

兼容 OpenAI 协议：请求原样转发给模型所属的服务商，回答原样返回，不保存任何内容。以 \`kb:<kb_id>\` 为模型即可向知识库提问，引用以脚注形式附在回答末尾，并在 \`citations\` 字段中返回。`,
  body: chatBody,
  success: {
    200: response("The answer, at once or as it is made.", {
      "application/json": {
        schema: completion,
        example: {
          ...identity,
          object: "chat.completion",
          choices: [
            { index: 0, message: { role: "assistant", content: answer }, finish_reason: "stop" },
          ],
          citations: [exampleCitation],
        },
      },
      "text/event-stream": {
        schema: Type.String({ description: "Server-sent events.", "x-item-schema": chunk }),
        example: `${frames.join("")}data: [DONE]\n\n`,
      },
    }),
  },
  errors: [
    ...jsonBodyErrors,
    "unknown_model",
    "knowledge_base_not_found",
    "embedding_model_changed",
    ...providerErrors,
  ],
});

const usage = Type.Object(
  { prompt_tokens: Type.Integer({ minimum: 0 }), total_tokens: Type.Integer({ minimum: 0 }) },
  { description: "An estimate." },
);

const embeddingBody = Type.Object({
  model: Type.String({
    description: "One of `GET /api/rag/models`.",
    examples: ["builtin"],
  }),
  input: Type.Union([Type.String(), Type.Array(Type.String())], {
    description: "A text, or up to 2,048 of them; no tokens.",
    examples: [["什么是不可抗力？"]],
  }),
  encoding_format: Type.Optional(
    Type.Union([Type.Literal("float"), Type.Literal("base64")], { default: "float" }),
  ),
  dimensions: Type.Optional(
    Type.Integer({ description: "What the model has; any other number is refused." }),
  ),
});

export const embeddingDocs = openAiOperation({
  id: "createEmbeddings",
  summary: "文本向量 · Embeddings",
  description: `One vector of unit length for each text, in order, by the models that knowledge bases are made with;
\`builtin\` needs no key and no network.

按顺序为每段文本返回一个单位向量；\`builtin\` 无需密钥和网络。`,
  body: embeddingBody,
  success: {
    200: json(
      "The vectors",
      Type.Object({
        object: Type.Literal("list"),
        data: Type.Array(
          Type.Object({
            object: Type.Literal("embedding"),
            index: Type.Integer({ minimum: 0 }),
            embedding: Type.Union([Type.Array(Type.Number()), Type.String()], {
              description: "Numbers, or base64 of little-endian 32-bit floats.",
            }),
          }),
        ),
        model: Type.String(),
        usage,
      }),
      {
        object: "list",
        data: [{ object: "embedding", index: 0, embedding: [0.6, 0.8] }],
        model: "builtin",
        usage: { prompt_tokens: 9, total_tokens: 9 },
      },
    ),
  },
  errors: [
    ...jsonBodyErrors,
    ...embeddingErrors.filter((code) => code !== "embedding_model_changed"),
  ],
});

export const rerankDocs = openAiOperation({
  id: "rerank",
  summary: "重排序 · Rerank",
  description: `Puts documents in the order in which they answer the query, by the configured reranker, in the shape of
Cohere's and Jina's API. Without one (\`rag.reranker\`) it answers 404.

按与查询的相关性对文档重新排序；未配置 \`rag.reranker\` 时返回 404。`,
  success: {
    200: json(
      "The documents, the best first",
      Type.Object({
        id: Type.String(),
        object: Type.Literal("list"),
        model: Type.String(),
        results: Type.Array(
          Type.Object({
            index: Type.Integer({ minimum: 0, description: "Its place among the documents." }),
            relevance_score: Type.Number({ description: "Higher is better." }),
            document: Type.Optional(Type.Object({ text: Type.String() })),
          }),
        ),
        usage,
      }),
      {
        id: "0198f0c4-9d3b-7e21-a6b5-2f4c8d1e7a90",
        object: "list",
        model: "BAAI/bge-reranker-v2-m3",
        results: [{ index: 0, relevance_score: 0.98 }],
        usage: { prompt_tokens: 31, total_tokens: 31 },
      },
    ),
  },
  errors: [...jsonBodyErrors, "unknown_model", "no_reranker", ...providerErrors],
});

const model = Type.Object({
  id: Type.String(),
  object: Type.Literal("model"),
  created: Type.Integer({ description: "Unix seconds." }),
  owned_by: Type.String(),
  name: Type.Optional(Type.String({ description: "Of a knowledge base." })),
});

const exampleModel = {
  id: `kb:${knowledgeBaseId}`,
  object: "model" as const,
  created,
  owned_by: "knowledge-base",
  name: "法律知识库",
};

export const modelsDocs = openAiOperation({
  id: "listModels",
  summary: "模型列表 · List models",
  description: `\`demo\`, the models that the server's owner lists (\`listed_models\` of a provider) and, with the scope
\`knowledge:read\`, the caller's knowledge bases. Every other model of a configured provider can be used as well.

返回 \`demo\`、服务器配置中列出的模型，以及当前用户的知识库。`,
  success: {
    200: json(
      "The models",
      Type.Object({ object: Type.Literal("list"), data: Type.Array(model) }),
      {
        object: "list",
        data: [exampleModel],
      },
    ),
  },
  errors: [],
});

export const modelDocs = openAiOperation({
  id: "getModel",
  summary: "模型信息 · Get a model",
  description: "Whether a model can be used, listed or not. 查询某个模型是否可用。",
  success: { 200: json("The model", model, exampleModel) },
  errors: ["unknown_model", "knowledge_base_not_found"],
});
