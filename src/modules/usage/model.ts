import { t } from "elysia";

const time = (examples: number[]) =>
  t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, examples });

export const usageQuery = t.Object({
  from: t.Optional(time([1795219200])),
  to: t.Optional(time([1795305600])),
});
