/** What whoever opens the documentation reads first, as Markdown. */
export const overview = `Accounts, conversations, streamed chat and knowledge bases over language models.

**Authentication.** Register, log in, and send the token as \`Authorization: Bearer <token>\` with every
other request. On this page: *Authorize*, then paste the token. Programs use an API key in its place, which
\`POST /api/keys\` makes; with one, any client of OpenAI's API works at the base URL \`/v1\`.

**Messages** are Chinese, or English with \`Accept-Language: en\`. Every error of every route has the one
shape of the schema *Error*; programs match on its \`code\`.

**Identifiers.** Conversations and users have integers below 2^53, messages count from 1 within their
conversation, knowledge bases, documents and chunks have UUIDs. Times are Unix seconds.

**Bodies.** \`null\` in a field that may be left out is as if it were left out; where a field can be \`null\`, and in
\`PATCH\`, it takes a setting back.

---

**身份验证**：注册并登录后，在其余请求中携带 \`Authorization: Bearer <token>\`；在本页点击 *Authorize* 并粘贴令牌即可试用。程序可改用 \`POST /api/keys\` 创建的 API 密钥；任何 OpenAI 客户端都可通过 \`/v1\` 接入。

**消息语言**：默认中文，\`Accept-Language: en\` 返回英文。所有错误的格式一致（见 *Error*），程序应依据 \`code\` 判断。

**标识与时间**：对话与用户为小于 2^53 的整数，消息在对话内从 1 开始编号，知识库、文档与文本块为 UUID，时间为 Unix 秒。

**请求主体**：可省略的字段为 \`null\` 时视为未发送；字段本身允许 \`null\` 时以及在 \`PATCH\` 中，\`null\` 表示恢复默认。`;

export const tags = [
  { name: "Users", description: "用户 · Accounts and tokens" },
  {
    name: "API keys",
    description: "API 密钥 · For programs: with scopes, an expiry and a last use",
  },
  { name: "Conversations", description: "对话 · Conversations and their history" },
  { name: "Chat", description: "聊天 · Streamed answers, with or without a knowledge base" },
  { name: "Knowledge bases", description: "知识库 · Collections of documents" },
  { name: "Documents", description: "文档 · What a knowledge base holds" },
  { name: "Retrieval", description: "检索 · Finding passages, and the models that do it" },
  { name: "OpenAI", description: "OpenAI 协议 · For any client that takes a base URL" },
  { name: "Usage", description: "用量 · Tokens by day and model" },
  { name: "Health", description: "健康检查 · For whatever watches over the server" },
];
