import { Type } from "@sinclair/typebox";
import { json, operation } from "../../http/docs/operation.ts";
import { conversationId, createdTime } from "./docs.ts";

const highlights = Type.Array(
  Type.Array(Type.Integer({ minimum: 0 }), { minItems: 2, maxItems: 2 }),
  { description: "Start and end of what was found, in UTF-16 units; the end is exclusive." },
);

export const searchDocs = operation({
  id: "searchConversations",
  tag: "Conversations",
  summary: "搜索对话 · Search conversations",
  description: `Finds the caller's conversations with a title or a message, on any branch, that has every word of \`q\`:
Chinese by its characters, traditional and simplified alike, other languages by their words' stems. Newest
first; for the next page, send the last \`conversation_id\` as \`before\`. Of each, the newest three messages
are shown. Of a very long message, the first 50,000 characters are searched.

在对话标题和所有分支的消息中搜索，须包含全部关键词；中文按字词匹配，繁简通用。最新的在前，翻页时将最后一个 \`conversation_id\` 作为 \`before\`。`,
  success: {
    200: json(
      "One page",
      Type.Object({
        results: Type.Array(
          Type.Object({
            conversation_id: conversationId,
            title: Type.String(),
            title_highlights: highlights,
            created_time: createdTime,
            match_count: Type.Integer({ minimum: 0, description: "Messages that were found." }),
            matches: Type.Array(
              Type.Object({
                message_id: Type.Integer({ minimum: 1 }),
                role: Type.Union([Type.Literal("user"), Type.Literal("assistant")]),
                snippet: Type.String({ description: "Part of the message, as one line of text." }),
                highlights,
                created_time: createdTime,
              }),
            ),
          }),
        ),
        has_more: Type.Boolean(),
      }),
      {
        results: [
          {
            conversation_id: 329629,
            title: "不可抗力条款",
            title_highlights: [[0, 4]],
            created_time: 1731851729,
            match_count: 1,
            matches: [
              {
                message_id: 1,
                role: "user",
                snippet: "什么是不可抗力条款？",
                highlights: [[3, 7]],
                created_time: 1731851730,
              },
            ],
          },
        ],
        has_more: false,
      },
    ),
  },
  errors: ["invalid_field"],
});
