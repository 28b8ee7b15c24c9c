import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../config/index.ts";
import type { ChatProviderConfig } from "../../config/schema.ts";
import { AppError } from "../../errors.ts";
import { createChatRouter } from "./router.ts";

const shipped = loadConfig({ environment: {}, directory: "/nonexistent" });

function routerWith(...providers: Partial<ChatProviderConfig>[]) {
  const base = shipped.llm.providers[0];
  if (base === undefined) throw new Error("no provider is shipped");
  const added = providers.map((provider) => ({ ...base, ...provider }));
  return createChatRouter({
    ...shipped,
    llm: { ...shipped.llm, providers: [...added, ...shipped.llm.providers] },
  });
}

const routeOf = (router: ReturnType<typeof routerWith>, model: string) => {
  const { providerName, model: sent } = router.route(model);
  return `${providerName} ${sent}`;
};

describe("createChatRouter", () => {
  test("leads the well-known models to their vendors", () => {
    const router = routerWith();
    const cases = {
      "gpt-4o": "openai",
      "o3-mini": "openai",
      "glm-4-flash": "zhipu",
      "deepseek-chat": "deepseek",
      "qwen-max": "qwen",
      "moonshot-v1-8k": "moonshot",
      "kimi-k2": "moonshot",
      "claude-sonnet-4": "anthropic",
      "gemini-2.5-pro": "gemini",
      "llama3.2": "ollama",
    };
    for (const [model, provider] of Object.entries(cases)) {
      expect(routeOf(router, model)).toBe(`${provider} ${model}`);
    }
  });

  test("prefers the longest prefix over all providers, then the earlier entry", () => {
    const router = routerWith(
      { name: "fine", models: ["gpt-4o-mini", "glm"] },
      { name: "coarse", models: ["g", "gpt-4o"] },
    );
    expect(routeOf(router, "gpt-4o-mini-2")).toBe("fine gpt-4o-mini-2");
    expect(routeOf(router, "gpt-4o-max")).toBe("coarse gpt-4o-max");
    expect(routeOf(router, "gpt-5")).toBe("openai gpt-5");
    expect(routeOf(router, "grok")).toBe("coarse grok");
    expect(routeOf(router, "glm-4")).toBe("fine glm-4");
  });

  test("matches in any case and sends the name as it was written", () => {
    const router = routerWith({ name: "upper", models: ["Foo-"] });
    expect(routeOf(router, "GLM-4-Flash")).toBe("zhipu GLM-4-Flash");
    expect(routeOf(router, "fOO-Bar")).toBe("upper fOO-Bar");
    expect(routeOf(router, "OLLAMA/Qwen3")).toBe("ollama Qwen3");
  });

  test("goes to the provider that is named, with what follows its name", () => {
    const router = routerWith({ name: "hub", models: ["deepseek-ai/"] });
    expect(routeOf(router, "ollama/gpt-4o")).toBe("ollama gpt-4o");
    expect(routeOf(router, "hub/meta/llama")).toBe("hub meta/llama");
    expect(routeOf(router, "deepseek-ai/V3")).toBe("hub deepseek-ai/V3");
    expect(routeOf(router, "gpt/oss")).toBe("openai gpt/oss");
  });

  test("keeps demo to itself", () => {
    const router = routerWith({ name: "taker", models: ["demo"] });
    expect(routeOf(router, "demo")).toBe("demo demo");
    expect(routeOf(router, "demo-2")).toBe("taker demo-2");
    expect(() => routerWith().route("demo-2")).toThrow(AppError);
    expect(() => routerWith().route("demo/demo")).toThrow(AppError);
  });

  test("refuses what nobody takes", () => {
    for (const model of ["", "unknown", "/", "/gpt-4o", "nobody/gpt", "zhipu/", " gpt-4o"]) {
      let error: unknown;
      try {
        routerWith().route(model);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: "unknown_model", parameters: { model } });
    }
  });

  test("tells the window of the model's provider", () => {
    const router = routerWith({ name: "small", models: ["small"], contextTokens: 300 });
    expect(router.route("small-1").contextTokens).toBe(300);
  });
});
