import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../../../test/any-text.ts";
import type { ChatDelta } from "../../providers/llm/index.ts";
import { Answer } from "./answer.ts";

const tokens = fc.nat(1000);
const delta: fc.Arbitrary<ChatDelta> = fc.oneof(
  fc.record({ type: fc.constant("content" as const), text: anyText }),
  fc.record({ type: fc.constant("reasoning" as const), text: anyText }),
  fc.record({ type: fc.constant("finish" as const), reason: fc.constantFrom("stop", "length") }),
  fc.record({
    type: fc.constant("usage" as const),
    usage: fc.record({
      promptTokens: tokens,
      completionTokens: tokens,
      totalTokens: tokens,
      estimated: fc.boolean(),
    }),
  }),
);
const batches = fc.array(fc.array(delta, { minLength: 1, maxLength: 4 }), { maxLength: 8 });

const texts = (deltas: readonly ChatDelta[], type: "content" | "reasoning") =>
  deltas.map((piece) => (piece.type === type ? piece.text : "")).join("");

function eventOf(piece: ChatDelta): object[] {
  switch (piece.type) {
    case "content":
      return [{ event: "message", data: piece.text }];
    case "reasoning":
      return [{ event: "reasoning", data: piece.text }];
    case "usage": {
      const { promptTokens, completionTokens, totalTokens } = piece.usage;
      const data = {
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        total_tokens: totalTokens,
      };
      return [{ event: "usage", data: expect.objectContaining(data) }];
    }
    case "finish":
      return [];
  }
}

describe("Answer", () => {
  test("tells each piece as it comes, and has them all in the end", () => {
    fc.assert(
      fc.property(batches, (batches) => {
        const answer = new Answer();
        for (const batch of batches) {
          expect(answer.grow(batch).map((event) => JSON.parse(event))).toEqual(
            batch.flatMap(eventOf),
          );
        }
        const all = batches.flat();
        expect(answer.content).toBe(texts(all, "content"));
        expect(answer.reasoning).toBe(texts(all, "reasoning"));
        const usage = all.findLast((piece) => piece.type === "usage");
        expect(answer.usage).toEqual(usage?.usage ?? null);
        const finish = all.findLast((piece) => piece.type === "finish");
        expect(answer.finishReason).toBe(finish?.reason ?? null);
      }),
    );
  });

  test("hands out its parts once each, wherever it is asked for them", () => {
    fc.assert(
      fc.property(batches, fc.infiniteStream(fc.boolean()), (batches, ask) => {
        const answer = new Answer();
        const taken = { content: "", reasoning: "", pieces: [] as number[] };
        const take = () => {
          const part = answer.takeNew();
          if (part === undefined) return;
          expect(part.firstPiece).toBe(taken.pieces.length);
          expect(part.pieces?.length).toBeGreaterThan(0);
          taken.content += part.content;
          taken.reasoning += part.reasoning;
          taken.pieces.push(...(part.pieces ?? []));
        };
        for (const batch of batches) {
          answer.grow(batch);
          if (ask.next().value) take();
        }
        take();
        expect(answer.takeNew()).toBeUndefined();
        const { content, reasoning, pieces } = answer;
        expect(taken).toEqual({ content, reasoning, pieces: [...pieces] });
      }),
    );
  });
});

test("parts that could not be stored are given again, so that no text is missing between them", () => {
  const piece = fc.oneof(
    fc.record({ type: fc.constant("content" as const), text: fc.string({ minLength: 1 }) }),
    fc.record({ type: fc.constant("reasoning" as const), text: fc.string({ minLength: 1 }) }),
  );
  const steps = fc.array(fc.record({ pieces: fc.array(piece), stored: fc.boolean() }));
  fc.assert(
    fc.property(steps, (scenario) => {
      const answer = new Answer();
      const stored = { content: "", reasoning: "", pieces: [] as number[] };
      for (const step of [...scenario, { pieces: [], stored: true }]) {
        answer.grow(step.pieces);
        const part = answer.takeNew();
        if (part === undefined) continue;
        if (!step.stored) {
          answer.giveBack(part);
          continue;
        }
        expect(part.firstPiece).toBe(stored.pieces.length);
        stored.content += part.content;
        stored.reasoning += part.reasoning;
        stored.pieces.push(...part.pieces);
      }
      const { content, reasoning, pieces } = answer;
      expect(stored).toEqual({ content, reasoning, pieces });
    }),
  );
});
