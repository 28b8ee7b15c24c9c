/**
 * The providers and embedding models that exist without any file, in the file's own spelling. A
 * user's file adds to them and overrides them by name, field by field.
 */

/** A key that may be missing: what uses it says so when it is used. */
const fromVariable = (name: string) => `\${${name}:-}`;

/** Entries of `llm.providers`. A vendor that speaks OpenAI's protocol is one more of them. */
export const shippedProviders = [
  {
    name: "openai",
    base_url: "https://api.openai.com/v1",
    api_key: fromVariable("OPENAI_API_KEY"),
    models: ["gpt", "chatgpt", "o1", "o3", "o4"],
    max_completion_tokens: ["o1", "o3", "o4", "gpt-5"],
    // From gpt-5.1 on they take a temperature, as long as they are not told to reason.
    fixed_sampling: ["o1", "o3", "o4", "gpt-5"],
    context_tokens: 128_000,
  },
  {
    name: "zhipu",
    base_url: "https://open.bigmodel.cn/api/paas/v4",
    api_key: fromVariable("ZHIPU_API_KEY"),
    models: ["glm"],
    stream_options: false,
    context_tokens: 128_000,
  },
  {
    name: "deepseek",
    base_url: "https://api.deepseek.com/v1",
    api_key: fromVariable("DEEPSEEK_API_KEY"),
    models: ["deepseek"],
    context_tokens: 128_000,
  },
  {
    name: "qwen",
    base_url: "https://dashscope.aliyuncs.com/compatible-mode/v1",
    api_key: fromVariable("DASHSCOPE_API_KEY"),
    models: ["qwen", "qwq", "qvq"],
    context_tokens: 131_072,
  },
  {
    name: "moonshot",
    base_url: "https://api.moonshot.cn/v1",
    api_key: fromVariable("MOONSHOT_API_KEY"),
    models: ["moonshot", "kimi"],
    context_tokens: 131_072,
  },
  {
    name: "anthropic",
    base_url: "https://api.anthropic.com/v1",
    api_key: fromVariable("ANTHROPIC_API_KEY"),
    models: ["claude"],
    context_tokens: 200_000,
  },
  {
    name: "gemini",
    base_url: "https://generativelanguage.googleapis.com/v1beta/openai",
    api_key: fromVariable("GEMINI_API_KEY"),
    models: ["gemini"],
    context_tokens: 1_048_576,
  },
  {
    name: "ollama",
    base_url: "http://localhost:11434/v1",
    api_key: "",
    // `gpt-oss` is longer than OpenAI's `gpt`, so it stays here; names that a vendor above owns
    // (qwen, deepseek) go to the vendor unless they are written `ollama/qwen3`.
    models: ["llama", "codellama", "mistral", "mixtral", "gemma", "phi", "gpt-oss"],
    requires_api_key: false,
    // Ollama cuts silently beyond its own default of 4,096, the system prompt first.
    context_tokens: 4096,
  },
];

/** Entries of `rag.embedding_models`. `builtin`, which needs no provider, is not one of them. */
export const shippedEmbeddingModels = [
  {
    name: "zhipu-embedding-3",
    provider: "zhipu",
    model: "embedding-3",
    dimensions: 2048,
    send_dimensions: true,
    batch_size: 64,
    max_input_tokens: 3072,
  },
  {
    name: "zhipu-embedding-2",
    provider: "zhipu",
    model: "embedding-2",
    dimensions: 1024,
    send_dimensions: false,
    batch_size: 16,
    max_input_tokens: 512,
  },
];

/** The dimensions that Zhipu's models can answer with, by the model's name there. */
export const zhipuDimensions: Readonly<Record<string, readonly number[]>> = {
  "embedding-3": [256, 512, 1024, 2048],
  "embedding-2": [1024],
};

/** Served inside this program: a configured provider of this name would never be asked. */
export const reservedProvider = "demo";

/** The embedding model inside this program, which is always on offer. */
export const reservedEmbeddingModel = "builtin";
