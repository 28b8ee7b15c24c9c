import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBeir } from "../../bench/quality/beir.ts";
import { defaultData, whereToGetData } from "../../bench/quality/data.ts";
import { evaluate } from "../../bench/quality/over-http.ts";
import { startApp } from "../harness.ts";

/** What we promise, in percent: Recall@1 and Recall@5 of the `builtin` embedding, through the API. */
const promised = { "xquad-zh": [93.0, 99.0], "xquad-en": [94.2, 99.0] } as const;

describe.each(["xquad-zh", "xquad-en"] as const)("%s", (name) => {
  const folder = join(defaultData, name);
  const isMissing = !existsSync(folder);
  if (isMissing) process.stdout.write(`${name} is skipped: no ${folder}. ${whereToGetData}\n`);

  test.skipIf(isMissing)(
    "finds the passages that answer its questions",
    async () => {
      const server = await startApp();
      try {
        const caller = await server.signUp();
        const json = { "content-type": "application/json" };
        const metrics = await evaluate(
          (path, body) => caller.post(path, body, typeof body === "string" ? json : {}),
          await readBeir(folder),
        );
        // As the table of `eval:retrieval` shows them.
        const [atOne, atFive] = metrics.percentages().map((value) => Number(value.toFixed(1)));
        expect(atOne).toBeGreaterThanOrEqual(promised[name][0]);
        expect(atFive).toBeGreaterThanOrEqual(promised[name][1]);
      } finally {
        await server.close();
      }
    },
    120_000,
  );
});
