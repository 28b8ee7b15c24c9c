/**
 * An embedding provider that knows the passages and questions of the retrieval benchmark: a passage
 * by the number in its heading, a question by its words. `QUESTIONS` says how many of each kind there
 * are. Prints its port.
 */
import { commonQuestion, passageNumber, question } from "../retrieval/texts.ts";
import { passageVector, questionVector } from "../retrieval/vectors.ts";
import { setting } from "./setting.ts";

const questions = new Map<string, number>();
for (let number = 0; number < setting("QUESTIONS", 100); number += 1) {
  questions.set(question(number), number);
  questions.set(commonQuestion(number), number);
}

function vectorOf(text: string): Float32Array {
  const asked = questions.get(text);
  if (asked !== undefined) return questionVector(asked);
  const number = passageNumber(text);
  if (number === undefined) throw new Error(`neither a passage nor a question: ${text}`);
  return passageVector(number);
}

const server = Bun.serve({
  port: 0,
  async fetch(request) {
    const { input }: { input: string[] } = await request.json();
    const data = input.map((text, index) => {
      const { buffer } = vectorOf(text);
      return { index, embedding: Buffer.from(buffer).toString("base64") };
    });
    return Response.json({ data });
  },
});
process.stdout.write(`${server.port}\n`);
