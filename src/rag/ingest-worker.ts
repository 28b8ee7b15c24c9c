import type { Config } from "../config/schema.ts";
import { createBuiltinEmbedding } from "../providers/embedding/builtin.ts";
import { createEmbeddingModels } from "../providers/embedding/models.ts";
import { yieldToOtherThreads } from "../workers/priority.ts";
import { serveWorker, Transferred } from "../workers/serve.ts";
import type { IngestReply, IngestStep, Steps } from "./ingest-step.ts";
import { createDocumentParser } from "./parse/parser.ts";
import { type IngestJob, prepareDocument } from "./prepare.ts";

export interface IngestWorkerOptions {
  readonly config: Config;
  /** A folder on disk for what is read of a document while it is taken in. */
  readonly spoolDirectory: string;
}

interface Run {
  readonly steps: Steps<void>;
  readonly abort: AbortController;
}

const buffersOf = (step: IngestStep): ArrayBuffer[] =>
  step.type === "slice" ? [step.slice.chunks, step.slice.vectors] : [];

/** Cutting, counting terms and embedding keep a processor busy: they have a thread of their own. */
function createIngestWorker({ config, spoolDirectory }: IngestWorkerOptions) {
  yieldToOtherThreads("ingesting");
  const parser = createDocumentParser({
    timeoutSeconds: config.rag.parseTimeout,
    memoryBytes: config.rag.parseMemoryBytes,
    spoolDirectory,
  });
  const builtin = createBuiltinEmbedding();
  const models = createEmbeddingModels(config, builtin);
  const runs = new Map<string, Run>();

  return {
    /** Begins a run under an id that no other run has had. */
    start(id: string, job: IngestJob): void {
      const abort = new AbortController();
      const embedding = models.get(job.model);
      const preparation = { parser, embedding, isRemembered: embedding !== builtin };
      runs.set(id, { steps: prepareDocument(preparation, job, abort.signal), abort });
    },

    /** Goes on with a run to its next step; undefined at the end. Its faults end it. */
    async resume(
      id: string,
      reply: IngestReply | undefined,
    ): Promise<Transferred<IngestStep | undefined>> {
      const run = runs.get(id);
      if (run === undefined) throw new Error(`no such run: ${id}`);
      try {
        const { done, value } = await run.steps.next(reply);
        if (done !== true) return new Transferred(value, buffersOf(value));
      } catch (error) {
        runs.delete(id);
        throw error;
      }
      runs.delete(id);
      return new Transferred(undefined, []);
    },

    /** Ends a run wherever it is. */
    async cancel(id: string): Promise<void> {
      const run = runs.get(id);
      runs.delete(id);
      run?.abort.abort();
      await run?.steps.return().catch(() => {});
    },
  };
}

export type IngestWorkerApi = ReturnType<typeof createIngestWorker>;

serveWorker<IngestWorkerOptions>(createIngestWorker);
