import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ConversationService } from "../conversations/service.ts";
import type { Generation } from "./generation.ts";
import { RunningAnswers } from "./running.ts";

let running: RunningAnswers;

beforeEach(() => {
  // Nothing is stored here: no answer grows.
  running = new RunningAnswers({} as ConversationService);
});
afterEach(() => running.drain(0));

test("whoever comes while an answer is about to begin finds it", async () => {
  const generation = { takePart: () => undefined } as unknown as Generation; // Only kept here.
  running.claim(1);
  let found: Generation | undefined;
  const looking = running.begun(1).then(() => {
    found = running.find(1);
  });
  await Promise.resolve();
  expect(found).toBeUndefined();
  running.add(1, generation);
  await looking;
  expect(found).toBe(generation);
  running.release(1);
});

test("nobody waits for an answer that does not begin, or of which there is no sign", async () => {
  running.claim(1);
  const looking = running.begun(1);
  running.release(1);
  await looking;
  await running.begun(2);
  expect(running.find(1)).toBeUndefined();
});
