import { Elysia } from "elysia";
import type { HttpContext } from "../../http/context.ts";
import type { UsageSum } from "../../store/usage.ts";
import type { UserService } from "../users/service.ts";
import { usageDocs } from "./docs.ts";
import { parseDimensions, usageQuery } from "./model.ts";
import type { UsageService } from "./service.ts";

const numbersOf = (sum: UsageSum) => ({
  answers: sum.answers,
  requests: sum.requests,
  prompt_tokens: sum.promptTokens,
  completion_tokens: sum.completionTokens,
  total_tokens: sum.promptTokens + sum.completionTokens,
  estimated_tokens: sum.estimatedTokens,
});

const toGroup = (sum: UsageSum) => ({
  ...(sum.day === null ? {} : { day: sum.day }),
  ...(sum.model === null ? {} : { model: sum.model }),
  ...(sum.userId === null ? {} : { user_id: sum.userId, username: sum.username }),
  ...(sum.kind === null ? {} : { kind: sum.kind }),
  ...numbersOf(sum),
});

export const usageRoutes = (
  http: HttpContext,
  usage: UsageService,
  users: Pick<UserService, "requireAdmin">,
) =>
  new Elysia({ prefix: "/api" }).use(http.auth.guard).get(
    "/usage",
    async ({ query, userId }) => {
      const { from = 0, to = Number.MAX_SAFE_INTEGER, group_by: groupBy } = query;
      const by = groupBy === undefined ? undefined : parseDimensions(groupBy);
      if (query.users === "all") await users.requireAdmin(userId);
      const range = { userId: query.users === "all" ? undefined : userId, from, to };
      const [total, days, groups] = await Promise.all([
        usage.sum({ ...range, by: [] }),
        usage.sum({ ...range, by: ["day", "model"] }),
        by === undefined ? undefined : usage.sum({ ...range, by }),
      ]);
      return {
        total: total.map(numbersOf)[0],
        days: days.map(toGroup),
        ...(groups === undefined ? {} : { groups: groups.map(toGroup) }),
      };
    },
    { query: usageQuery, detail: usageDocs },
  );
