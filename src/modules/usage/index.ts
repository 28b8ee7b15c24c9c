import { Elysia } from "elysia";
import type { HttpContext } from "../../http/context.ts";
import { usageDocs } from "./docs.ts";
import { usageQuery } from "./model.ts";
import type { UsageService } from "./service.ts";

export const usageRoutes = (http: HttpContext, usage: UsageService) =>
  new Elysia({ prefix: "/api" }).use(http.auth.guard).get(
    "/usage",
    async ({ query, userId }) => {
      const { from = 0, to = Number.MAX_SAFE_INTEGER } = query;
      const sums = await usage.sum(userId, { from, to });
      const rows = sums.map((sum) => ({
        day: sum.day,
        model: sum.model,
        answers: sum.answers,
        prompt_tokens: sum.promptTokens,
        completion_tokens: sum.completionTokens,
        total_tokens: sum.promptTokens + sum.completionTokens,
        estimated_tokens: sum.estimatedTokens,
      }));
      const total = (pick: (row: (typeof rows)[number]) => number): number =>
        rows.reduce((whole, row) => whole + pick(row), 0);
      return {
        total: {
          answers: total((row) => row.answers),
          prompt_tokens: total((row) => row.prompt_tokens),
          completion_tokens: total((row) => row.completion_tokens),
          total_tokens: total((row) => row.total_tokens),
          estimated_tokens: total((row) => row.estimated_tokens),
        },
        days: rows,
      };
    },
    { query: usageQuery, detail: usageDocs },
  );
