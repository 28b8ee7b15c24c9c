import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBeir } from "../../bench/quality/beir.ts";
import { defaultData, whereToGetData } from "../../bench/quality/data.ts";
import { evaluate } from "../../bench/quality/over-http.ts";
import { BinaryServer, TemporaryFolder } from "../binary/binary-process.ts";
import type { Caller } from "../harness.ts";

/** What we promise, in percent: Recall@1 and Recall@5 of the `builtin` embedding, through the API. */
const promised = { "xquad-zh": [95.0, 99.1], "xquad-en": [95.5, 99.2] } as const;

// The program itself: its parsers, one process for each document, start in half the time.
const folder = new TemporaryFolder();
let server: BinaryServer;
let caller: Caller;

beforeAll(async () => {
  server = await BinaryServer.start({ folder });
  caller = await server.signUp();
});
afterAll(async () => {
  await server.kill();
  folder[Symbol.dispose]();
});

describe.each(["xquad-zh", "xquad-en"] as const)("%s", (name) => {
  const data = join(defaultData, name);
  const isMissing = !existsSync(data);
  if (isMissing) process.stdout.write(`${name} is skipped: no ${data}. ${whereToGetData}\n`);

  test.skipIf(isMissing)(
    "finds the passages that answer its questions",
    async () => {
      const json = { "content-type": "application/json" };
      const metrics = await evaluate(
        (path, body) => caller.post(path, body, typeof body === "string" ? json : {}),
        await readBeir(data),
      );
      // As the table of `eval:retrieval` shows them.
      const [atOne, atFive] = metrics.percentages().map((value) => Number(value.toFixed(1)));
      expect(atOne).toBeGreaterThanOrEqual(promised[name][0]);
      expect(atFive).toBeGreaterThanOrEqual(promised[name][1]);
    },
    // 240 documents and 1,200 questions.
    600_000,
  );
});
