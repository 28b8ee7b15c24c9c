import type { ErrorCode, ErrorParameters } from "../errors.ts";

export type Language = "zh-CN" | "en";
type Text = Readonly<Record<Language, string>>;

/** What each error says. `{name}` stands for a parameter of the error. */
const errorTexts: Record<ErrorCode, Text> = {
  malformed_json: {
    "zh-CN": "请求主体不是有效的 UTF-8 编码 JSON",
    en: "The request body is not valid JSON in UTF-8",
  },
  malformed_form: {
    "zh-CN": "请求主体不是完整的 multipart/form-data 表单",
    en: "The request body is not a whole multipart/form-data form",
  },
  invalid_body: {
    "zh-CN": "请求主体必须是一个 JSON 对象",
    en: "The request body must be a JSON object",
  },
  invalid_field: {
    "zh-CN": "字段 {field} 无效：{reason}",
    en: "Invalid field {field}: {reason}",
  },
  username_taken: { "zh-CN": "用户名已存在", en: "The username is taken" },
  unknown_model: {
    "zh-CN": "没有提供商支持模型 {model}；可用 demo 试用，或在 llm.providers 中配置",
    en: 'No provider takes the model "{model}"; try "demo", or configure one under llm.providers',
  },
  missing_api_key: {
    "zh-CN": "提供商 {provider} 缺少 API 密钥：请设置 {key}",
    en: "The provider {provider} has no API key: set {key}",
  },
  unknown_embedding_model: {
    "zh-CN": "不支持的 Embedding 模型: {model}",
    en: "Unsupported embedding model: {model}",
  },
  embedding_model_changed: {
    "zh-CN":
      "知识库按 {expected} 维向量建立，而 Embedding 模型 {model} 现在给出 {found} 维：请恢复原配置或重建索引",
    en: "The knowledge base holds vectors of {expected} dimensions, but the embedding model {model} now has {found}: restore its configuration, or reindex",
  },
  unsupported_file_type: {
    "zh-CN": "不支持的文件类型: {type}",
    en: "Unsupported file type: {type}",
  },
  unauthorized: {
    "zh-CN": "未授权：缺少或无效的 JWT 令牌",
    en: "Unauthorized: the token is missing, invalid or expired",
  },
  wrong_credentials: { "zh-CN": "用户名或密码错误", en: "Wrong username or password" },
  registration_closed: { "zh-CN": "注册已关闭", en: "Registration is closed" },
  insufficient_scope: {
    "zh-CN": "该 API 密钥权限不足：{reason}",
    en: "The API key does not allow this: {reason}",
  },
  not_an_admin: {
    "zh-CN": "仅限管理员：请在 auth.admins 中配置",
    en: "Only for administrators, who are named in auth.admins",
  },
  api_key_not_found: { "zh-CN": "API 密钥不存在", en: "No such API key" },
  too_many_api_keys: {
    "zh-CN": "API 密钥过多：每个用户最多 {limit} 个",
    en: "Too many API keys: at most {limit} a user",
  },
  route_not_found: { "zh-CN": "路由不存在", en: "No such route" },
  no_reranker: {
    "zh-CN": "没有配置重排序模型：请设置 rag.reranker",
    en: "No reranker is configured: set rag.reranker",
  },
  conversation_not_found: { "zh-CN": "对话不存在", en: "No such conversation" },
  message_not_found: { "zh-CN": "消息不存在", en: "No such message" },
  answer_not_found: { "zh-CN": "回答不存在", en: "No such answer" },
  knowledge_base_not_found: { "zh-CN": "知识库不存在", en: "No such knowledge base" },
  document_not_found: { "zh-CN": "文档不存在", en: "No such document" },
  original_not_kept: {
    "zh-CN": "该文档的原文件未保留",
    en: "The file of this document was not kept",
  },
  generation_running: {
    "zh-CN": "该对话正在生成回答，请等待其结束",
    en: "This conversation is still answering; wait for the end",
  },
  reindex_running: {
    "zh-CN": "该知识库正在重建索引，请等待其结束",
    en: "This knowledge base is being reindexed; wait for the end",
  },
  body_too_large: {
    "zh-CN": "请求主体过大：最多 {limit} 字节",
    en: "The request body is too large: at most {limit} bytes",
  },
  file_too_large: {
    "zh-CN": "文件过大：最多 {limit} 字节",
    en: "The file is too large: at most {limit} bytes",
  },
  unsupported_content_type: {
    "zh-CN": "不支持的 Content-Type，应为 {expected}",
    en: "Unsupported Content-Type, expected {expected}",
  },
  file_type_mismatch: {
    "zh-CN": "文件内容与扩展名 {type} 不符",
    en: "The file's content is not what its extension {type} says",
  },
  document_unreadable: {
    "zh-CN": "无法读取文档：文件已损坏",
    en: "The document cannot be read: it is damaged",
  },
  document_encrypted: {
    "zh-CN": "无法读取文档：文件已加密",
    en: "The document cannot be read: it is encrypted",
  },
  document_empty: { "zh-CN": "文档为空", en: "The document is empty" },
  document_without_text: {
    "zh-CN": "文档中没有可提取的文本（可能是扫描件）",
    en: "The document holds no text (it may be a scan)",
  },
  document_too_complex: {
    "zh-CN": "文档过于复杂：{limit}",
    en: "The document is too complex: {limit}",
  },
  rate_limited: { "zh-CN": "请求过于频繁，请稍后再试", en: "Too many requests; try again later" },
  provider_failed: {
    "zh-CN": "模型提供商 {provider} 出错（{status}）：{message}",
    en: "The provider {provider} failed ({status}): {message}",
  },
  provider_interrupted: {
    "zh-CN": "模型提供商 {provider} 中断了回答：{message}",
    en: "The provider {provider} broke off its answer: {message}",
  },
  provider_timeout: {
    "zh-CN": "模型提供商 {provider} 未在规定时间内响应",
    en: "The provider {provider} did not answer in time",
  },
  interrupted: { "zh-CN": "回答被中断", en: "The answer was interrupted" },
  storage_full: {
    "zh-CN": "服务器磁盘空间不足，无法保存",
    en: "The server's disk is full: nothing can be stored",
  },
  internal: { "zh-CN": "服务器内部错误", en: "Internal server error" },
};

/** What errors say to clients of OpenAI's protocol in other words: theirs are keys, not tokens. */
const openAiTexts: Readonly<Partial<Record<ErrorCode, Text>>> = {
  unauthorized: {
    "zh-CN": "未授权：API 密钥缺失、无效或已过期",
    en: "Unauthorized: the API key is missing, invalid or expired",
  },
};

/** Why a field is refused, by the `reason` of `invalid_field`. */
const reasonTexts: Readonly<Record<string, Text>> = {
  required: { "zh-CN": "缺少该字段", en: "it is missing" },
  empty: { "zh-CN": "不能为空", en: "it must not be empty" },
  too_short: { "zh-CN": "至少 {limit} 个字符", en: "at least {limit} characters" },
  too_long: { "zh-CN": "最多 {limit} 个字符", en: "at most {limit} characters" },
  too_many: { "zh-CN": "最多 {limit} 项", en: "at most {limit} of them" },
  too_many_bytes: { "zh-CN": "最多 {limit} 字节", en: "at most {limit} bytes" },
  too_small: { "zh-CN": "最小为 {limit}", en: "at least {limit}" },
  too_large: { "zh-CN": "最大为 {limit}", en: "at most {limit}" },
  control_characters: { "zh-CN": "不能含有控制字符", en: "it must hold no control characters" },
  invisible_characters: {
    "zh-CN": "不能含有不可见字符",
    en: "it must hold no invisible characters",
  },
  not_unicode: { "zh-CN": "不是有效的 Unicode 文本", en: "it is not valid Unicode" },
  not_header: {
    "zh-CN": "只能由不含空格的 ASCII 字符组成",
    en: "only ASCII characters other than spaces",
  },
  not_string: { "zh-CN": "必须是字符串", en: "it must be a string" },
  not_integer: { "zh-CN": "必须是整数", en: "it must be an integer" },
  not_number: { "zh-CN": "必须是数字", en: "it must be a number" },
  not_boolean: { "zh-CN": "必须是布尔值", en: "it must be a boolean" },
  not_object: { "zh-CN": "必须是对象", en: "it must be an object" },
  not_array: { "zh-CN": "必须是数组", en: "it must be an array" },
  not_uuid: { "zh-CN": "必须是 UUID", en: "it must be a UUID" },
  not_file: { "zh-CN": "必须是文件", en: "it must be a file" },
  no_file_name: { "zh-CN": "缺少文件名", en: "it has no file name" },
  no_question: { "zh-CN": "缺少用户消息", en: "it holds no message of the user" },
  tokens: { "zh-CN": "只接受文本，不接受 token", en: "it takes texts, not tokens" },
  only: { "zh-CN": "只能是 {limit}", en: "it can only be {limit}" },
  scope: { "zh-CN": "需要 {scope}", en: "it takes {scope}" },
  signed_in_user: { "zh-CN": "需要登录令牌", en: "it takes the token of a signed-in user" },
  not_both: { "zh-CN": "不能同时使用 {other}", en: "not together with {other}" },
  not_allowed: { "zh-CN": "不是允许的值", en: "this value is not allowed" },
};

/** Which ceiling a document ran into, by the `limit` of `document_too_complex`. */
const ceilingTexts: Readonly<Record<string, Text>> = {
  time: { "zh-CN": "解析耗时过长", en: "reading it takes too long" },
  memory: { "zh-CN": "解析所需内存过多", en: "reading it takes too much memory" },
  decompressed_size: { "zh-CN": "解压后的内容过大", en: "it unfolds to too much" },
  entries: { "zh-CN": "压缩包内的条目过多", en: "its archive has too many entries" },
  nesting: { "zh-CN": "嵌套层次过深", en: "it is nested too deep" },
};

/** What success says, in the words of the founding specification. */
const successTexts = {
  registered: { "zh-CN": "用户注册成功", en: "User registered" },
  new_conversation: { "zh-CN": "新对话", en: "New conversation" },
  knowledge_base_created: {
    "zh-CN": "知识库创建成功，使用模型: {model}",
    en: "Knowledge base created with the model {model}",
  },
  knowledge_bases_listed: { "zh-CN": "知识库列表获取成功", en: "Knowledge bases listed" },
  knowledge_base_updated: { "zh-CN": "知识库更新成功", en: "Knowledge base updated" },
  reindex_started: {
    "zh-CN": "知识库开始重建索引，完成前照常使用原索引",
    en: "Reindexing has begun; the old index answers until it is done",
  },
  knowledge_base_deleted: { "zh-CN": "知识库删除成功", en: "Knowledge base deleted" },
  document_uploaded: {
    "zh-CN": "文档上传处理成功，共分割并添加 {count} 个文本块",
    en: "Document taken in, chunks added: {count}",
  },
  document_accepted: {
    "zh-CN": "文档已接收，正在处理",
    en: "Document accepted; it is being taken in",
  },
  documents_uploaded: {
    "zh-CN": "{total} 个文档中已成功处理 {ready} 个",
    en: "{ready} of {total} documents taken in",
  },
  documents_accepted: {
    "zh-CN": "已接收 {total} 个文档，正在处理",
    en: "{total} documents accepted; they are being taken in",
  },
  document_status_shown: { "zh-CN": "文档状态获取成功", en: "Document status shown" },
  chunks_listed: { "zh-CN": "文本块列表获取成功", en: "Chunks listed" },
  documents_listed: { "zh-CN": "文档列表获取成功", en: "Documents listed" },
  document_deleted: { "zh-CN": "文档删除成功", en: "Document deleted" },
  retrieved: { "zh-CN": "检索成功", en: "Retrieved" },
  reranking_failed: {
    "zh-CN": "重排序未完成，结果保持检索得分的顺序：{reason}",
    en: "The results could not be reranked and keep the order of the search: {reason}",
  },
  embedding_models_listed: {
    "zh-CN": "支持的Embedding模型列表获取成功",
    en: "Supported embedding models listed",
  },
  answer_stopped: { "zh-CN": "已停止生成", en: "The answer was stopped" },
  nothing_to_stop: { "zh-CN": "没有正在生成的回答", en: "No answer was running" },
  conversations_imported: {
    "zh-CN": "已导入 {count} 个对话",
    en: "{count} conversations imported",
  },
  conversations_partly_imported: {
    "zh-CN": "已导入 {count} 个对话，{failed} 处有误",
    en: "{count} conversations imported, {failed} at fault",
  },
  conversation_deleted: { "zh-CN": "对话删除成功", en: "Conversation deleted" },
  api_key_deleted: { "zh-CN": "API 密钥已删除", en: "API key revoked" },
} satisfies Record<string, Text>;

export type SuccessKey = keyof typeof successTexts;

const fillIn = (template: string, parameters: ErrorParameters): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ""));

export function errorMessage(
  code: ErrorCode,
  language: Language,
  parameters: ErrorParameters = {},
): string {
  const reason = reasonTexts[parameters.reason ?? ""]?.[language];
  const ceiling = ceilingTexts[parameters.limit ?? ""]?.[language];
  return fillIn(errorTexts[code][language], {
    ...parameters,
    ...(reason === undefined ? {} : { reason: fillIn(reason, parameters) }),
    ...(ceiling === undefined ? {} : { limit: ceiling }),
  });
}

/** The same, to a client of OpenAI's protocol. */
export const openAiErrorMessage = (
  code: ErrorCode,
  language: Language,
  parameters: ErrorParameters,
): string => openAiTexts[code]?.[language] ?? errorMessage(code, language, parameters);

export const successMessage = (
  key: SuccessKey,
  language: Language,
  parameters: ErrorParameters = {},
): string => fillIn(successTexts[key][language], parameters);

/**
 * The language that an `Accept-Language` header prefers among ours (RFC 9110, section 12.5.4);
 * `fallback` when it names neither.
 */
export function preferredLanguage(header: string | null, fallback: Language): Language {
  if (header === null || header.length > 1000) return fallback;
  let best = fallback;
  let bestQuality = 0;
  for (const range of header.split(",")) {
    const [tag = "", ...options] = range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const weight = options.find((option) => option.startsWith("q="));
    const quality = weight === undefined ? 1 : Number(weight.slice(2));
    const primary = tag.split("-")[0];
    const language = primary === "zh" ? "zh-CN" : primary === "en" ? "en" : undefined;
    if (language !== undefined && quality > bestQuality) {
      best = language;
      bestQuality = quality;
    }
  }
  return best;
}
