import { AppError } from "../errors.ts";
import type { FromWorker, ToWorker, WorkerApi, WorkerFault } from "./protocol.ts";

declare const self: Worker;

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

/**
 * The Worker's side of `WorkerClient`: builds the API once from the client's options and answers its
 * calls. Synchronous functions run strictly one after another, in the order of the calls.
 */
export function serveWorker<Options>(
  create: (options: Options) => WorkerApi | Promise<WorkerApi>,
): void {
  let api: WorkerApi = {};

  async function start(options: unknown): Promise<void> {
    try {
      // The client that spawned this Worker is typed with the same Options.
      api = await create(options as Options);
      post({ type: "started" });
    } catch (error) {
      post({ type: "failed", error: fault(error) });
    }
  }

  function answer(id: number, value: unknown): void {
    if (value instanceof Transferred) {
      post({ type: "result", id, value: value.value }, value.transfer);
    } else {
      post({ type: "result", id, value });
    }
  }

  self.onmessage = (event: MessageEvent<ToWorker>) => {
    const message = event.data;
    if (message.type === "start") {
      void start(message.options);
      return;
    }
    const { id, name, args } = message;
    try {
      const method = api[name];
      if (method === undefined) throw new Error(`no such method: ${name}`);
      const value = method(...args);
      if (value instanceof Promise) {
        value.then(
          (settled) => answer(id, settled),
          (error) => post({ type: "error", id, error: fault(error) }),
        );
      } else {
        answer(id, value);
      }
    } catch (error) {
      post({ type: "error", id, error: fault(error) });
    }
  };
}
