import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { AppError, type ErrorCode, type ErrorParameters } from "../../errors.ts";
import { tooComplex } from "./budget.ts";
import type { Block, DocumentParser, ParsedDocument, ParseLimits } from "./document.ts";
import { claimedExtension } from "./file-types.ts";
import type { DocumentSummary } from "./index.ts";
import { Spool } from "./spool.ts";

const defaultMaxDecompressedBytes = 536_870_912;
const defaultConcurrency = 2;

/** The whole environment of a process that parses. */
function environment(memoryBytes: number): Record<string, string> {
  return {
    // It ends with the server, however the server ends.
    BUN_FEATURE_FLAG_NO_ORPHANS: "1",
    // The engine collects garbage by the memory that it thinks there is: told of half the ceiling, it
    // reads 4 million characters of ODT in 366 MB, otherwise it goes over 512.
    BUN_JSC_forceRAMSize: String(Math.floor(memoryBytes / 2)),
  };
}

/** The last line of what the process writes. */
interface Outcome {
  readonly summary?: DocumentSummary;
  readonly error?: { code: ErrorCode; parameters: ErrorParameters; cause?: string };
}

function command(args: readonly string[]): string[] {
  const isCompiled = import.meta.path.startsWith("/$bunfs/");
  if (isCompiled) return [process.execPath, "parse-document", ...args];
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  return [process.execPath, "--no-env-file", main, "parse-document", ...args];
}

/** Lets a bounded number of tasks run at once; the others wait in order. */
class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** Resolves when the caller may run; rejects with the signal's reason when aborted before. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.free > 0) {
      this.free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.waiting.splice(this.waiting.indexOf(grant), 1);
        reject(signal.reason);
      };
      const grant = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      this.waiting.push(grant);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  give(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}

class ProcessDocumentParser implements DocumentParser {
  private readonly slots: Slots;
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<unknown>>();

  constructor(private readonly limits: ParseLimits) {
    this.slots = new Slots(limits.concurrency ?? defaultConcurrency);
  }

  async parse(path: string, name: string, signal: AbortSignal): Promise<ParsedDocument> {
    const either = AbortSignal.any([signal, this.closing.signal]);
    await this.slots.take(either);
    const run = this.run(path, claimedExtension(name), either);
    this.running.add(run);
    try {
      return await run;
    } finally {
      this.running.delete(run);
      this.slots.give();
    }
  }

  async close(): Promise<void> {
    this.closing.abort(new Error("The parser was closed."));
    await Promise.allSettled(this.running);
  }

  private async run(path: string, claimed: string, signal: AbortSignal): Promise<ParsedDocument> {
    const input = openSync(path, "r");
    let spool: Spool | undefined;
    try {
      spool = new Spool(this.limits.spoolDirectory ?? tmpdir());
      await this.runProcess(input, spool, claimed, signal);
      return await openDocument(spool);
    } catch (error) {
      spool?.close();
      throw error;
    } finally {
      closeSync(input);
    }
  }

  /** Resolves when the process ended by itself. */
  private async runProcess(
    input: number,
    spool: Spool,
    claimed: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { timeoutSeconds, memoryBytes } = this.limits;
    const maxDecompressedBytes = this.limits.maxDecompressedBytes ?? defaultMaxDecompressedBytes;
    signal.throwIfAborted();
    const args = [claimed, String(maxDecompressedBytes), String(memoryBytes)];
    const child = Bun.spawn(command(args), {
      stdin: input,
      stdout: spool.descriptor,
      stderr: "ignore",
      env: environment(memoryBytes),
      // A `.env` or `bunfig.toml` of the server's folder is not for it.
      cwd: "/",
    });
    let verdict: unknown;
    const kill = (reason: unknown) => {
      verdict ??= reason;
      child.kill("SIGKILL");
    };
    const onAbort = () => kill(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const deadline = setTimeout(
      () => kill(tooComplex("time", timeoutSeconds)),
      timeoutSeconds * 1000,
    );
    try {
      await child.exited;
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener("abort", onAbort);
    }
    if (verdict !== undefined) throw verdict;
    // It kills itself over its ceiling; the system and the engine do when they find no memory.
    if (child.signalCode) {
      throw tooComplex(
        "memory",
        memoryBytes,
        new Error(`The parser ended by ${child.signalCode}.`),
      );
    }
  }
}

async function openDocument(spool: Spool): Promise<ParsedDocument> {
  const line = await spool.lastLine();
  // The process is ours and writes nothing else.
  const { summary, error } = (line === undefined ? {} : JSON.parse(line)) as Outcome;
  if (error) {
    const cause = error.cause === undefined ? undefined : new Error(error.cause);
    throw new AppError(error.code, error.parameters, { cause });
  }
  if (!summary) throw new AppError("internal", {}, { cause: new Error("The parser broke off.") });
  return {
    title: summary.title,
    fileType: summary.fileType,
    pages: summary.pages,
    textLength: summary.textLength,
    async *blocks() {
      // The process is ours: each of its lines but the last is a block.
      for await (const block of spool.linesButLast()) yield JSON.parse(block) as Block;
    },
    async [Symbol.asyncDispose]() {
      spool.close();
    },
  };
}

/**
 * A parser that reads each document in a process of its own, started from this program's binary or
 * source with nothing in its environment. The process gets the document and a nameless file for
 * what it finds as open descriptors; it is killed at the deadline and on abort, and kills itself over
 * the memory ceiling. Since its output lies on disk, a document of 100 MB costs this process a few hundred
 * kilobytes, a consumer may take its time, and no block is seen of a document that fails later.
 */
export function createDocumentParser(limits: ParseLimits): DocumentParser {
  return new ProcessDocumentParser(limits);
}
