import { t } from "elysia";
import { AppError } from "../../errors.ts";
import type { UsageDimension } from "../../store/usage.ts";

const time = (description: string) =>
  t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

export const usageQuery = t.Object({
  from: t.Optional(time("Unix seconds, such as `1795219200`; inclusive.")),
  to: t.Optional(time("Unix seconds; exclusive.")),
  group_by: t.Optional(
    t.String({
      examples: ["day,model"],
      description:
        "What `groups` are told apart by: `day`, `model`, `user` and `kind`, separated by commas.",
    }),
  ),
  users: t.Union([t.Literal("own"), t.Literal("all")], {
    default: "own",
    examples: ["own"],
    description: "Whose: the caller's own, or everybody's, which is for administrators.",
  }),
});

const dimensions: readonly UsageDimension[] = ["day", "model", "user", "kind"];

/**
 * What a caller wants groups to be told apart by.
 *
 * @throws AppError `invalid_field`
 */
export function parseDimensions(text: string): UsageDimension[] {
  const names = new Set(text.split(",").map((name) => name.trim()));
  const wanted = dimensions.filter((dimension) => names.has(dimension));
  if (wanted.length !== names.size) {
    throw new AppError("invalid_field", { field: "group_by", reason: "not_allowed" });
  }
  return wanted;
}
