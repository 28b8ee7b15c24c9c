import { AppError } from "../errors.ts";
import type { Call, FromWorker, Outcome, ToWorker, WorkerApi, WorkerFault } from "./protocol.ts";

declare const self: Worker;

/** Milliseconds of work after which the outcomes so far are told, though more calls came with them. */
const longestGroup = 1;

const post = (message: FromWorker, transfer: Transferable[] = []) =>
  self.postMessage(message, transfer);

function fault(error: unknown): WorkerFault {
  const known = error instanceof Error ? error : new Error(String(error));
  return {
    message: known.message,
    stack: known.stack,
    ...(known instanceof AppError
      ? { appError: { code: known.code, parameters: known.parameters } }
      : {}),
  };
}

/** A result whose buffers move to the caller instead of being copied. */
export class Transferred<T> {
  constructor(
    readonly value: T,
    readonly transfer: Transferable[],
  ) {}
}

/** An API whose calls that came together share something, such as a transaction. */
export class Grouped {
  /** Where `together` throws, what it ran has had no effect: each of its calls fails with that error. */
  constructor(
    readonly api: WorkerApi,
    readonly together: (run: () => void) => void,
  ) {}
}

type Served = WorkerApi | Grouped;

/**
 * The Worker's side of `WorkerClient`: builds the API once from the client's options and answers its
 * calls. Synchronous functions run strictly one after another, in the order of the calls.
 */
export function serveWorker<Options>(create: (options: Options) => Served | Promise<Served>): void {
  let { api, together } = new Grouped({}, (run) => run());
  let outcomes: Outcome[] = [];
  let transfer: Transferable[] = [];

  async function start(options: unknown): Promise<void> {
    try {
      // The client that spawned this Worker is typed with the same Options.
      const served = await create(options as Options);
      if (served instanceof Grouped) ({ api, together } = served);
      else api = served;
      post({ type: "started" });
    } catch (error) {
      post({ type: "failed", error: fault(error) });
    }
  }

  function tell(): void {
    if (outcomes.length > 0) post({ type: "outcomes", outcomes }, transfer);
    outcomes = [];
    transfer = [];
  }

  function succeed(id: number, value: unknown): void {
    const moves = value instanceof Transferred;
    outcomes.push({ type: "result", id, value: moves ? value.value : value });
    if (moves) transfer.push(...value.transfer);
  }

  const fail = (id: number, error: unknown) =>
    outcomes.push({ type: "error", id, error: fault(error) });

  async function finish(id: number, promise: Promise<unknown>): Promise<void> {
    try {
      succeed(id, await promise);
    } catch (error) {
      fail(id, error);
    }
    tell();
  }

  function run({ id, name, args }: Call): void {
    try {
      const method = api[name];
      if (method === undefined) throw new Error(`no such method: ${name}`);
      const value = method(...args);
      if (value instanceof Promise) void finish(id, value);
      else succeed(id, value);
    } catch (error) {
      fail(id, error);
    }
  }

  /** Runs the first of the calls, as many as the time allows, and answers the rest. */
  function runGroup(calls: readonly Call[]): readonly Call[] {
    const started = performance.now();
    let count = 0;
    try {
      together(() => {
        for (const call of calls) {
          run(call);
          count += 1;
          if (performance.now() - started > longestGroup) break;
        }
      });
    } catch (error) {
      outcomes = [];
      transfer = [];
      for (const { id } of calls.slice(0, count)) fail(id, error);
    }
    tell();
    return calls.slice(count);
  }

  self.onmessage = ({ data: message }: MessageEvent<ToWorker>) => {
    if (message.type === "start") {
      void start(message.options);
      return;
    }
    let { calls } = message;
    while (calls.length > 0) calls = runGroup(calls);
  };
}
