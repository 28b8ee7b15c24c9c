import { serveWorker } from "../../src/workers/serve.ts";

/** A Worker that cannot start, for the tests of `WorkerClient`. */
serveWorker(() => {
  throw new Error("no disk");
});
