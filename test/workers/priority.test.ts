import { expect, test } from "bun:test";
import { getPriority } from "node:os";

test.if(process.platform === "linux")("only the thread that yields is lowered", async () => {
  const own = getPriority(process.pid);
  const worker = new Worker(new URL("./yielding-worker.ts", import.meta.url).href);
  const { promise, resolve } = Promise.withResolvers<number>();
  worker.onmessage = (event: MessageEvent<number>) => resolve(event.data);
  expect(await promise).toBe(Math.min(own + 10, 19));
  expect(getPriority(process.pid)).toBe(own);
  worker.terminate();
});
