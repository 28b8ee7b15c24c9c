import { AppError, isErrorCode } from "../errors.ts";
import { log } from "../log.ts";
import type { Call, FromWorker, Outcome, ToWorker, WorkerApi, WorkerFault } from "./protocol.ts";
import type { Transferred } from "./serve.ts";

type Result<T> = Awaited<T> extends Transferred<infer Value> ? Value : Awaited<T>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Milliseconds between the death of a Worker, or a start that failed, and the next try. */
const respawnDelay = 200;

function revive(fault: WorkerFault): Error {
  const cause = new Error(fault.message);
  if (fault.stack !== undefined) cause.stack = fault.stack;
  if (fault.appError !== undefined && isErrorCode(fault.appError.code)) {
    return new AppError(fault.appError.code, fault.appError.parameters, { cause });
  }
  return cause;
}

/**
 * Calls functions that run in a Worker of their own. A Worker that dies fails the calls it had, and
 * a fresh one takes its place. Where none can start, each call rejects with the reason, and the next
 * call tries again.
 */
export class WorkerClient<Api extends WorkerApi> {
  private readonly pending = new Map<number, Pending>();
  /** Calls that leave together, at the end of this turn of the event loop. */
  private outgoing: Call[] = [];
  private transfer: Transferable[] = [];
  private worker: Worker | undefined;
  /** Rejects with what stopped the newest Worker from starting; undefined before the next try. */
  private ready: Promise<void> | undefined;
  /** Whether the last try failed, so that the next one waits. */
  private failed = false;
  /** Resolves when the newest Worker's thread has ended. */
  private ended: Promise<void> = Promise.resolve();
  private lastId = 0;
  private started = false;
  private closed = false;

  private constructor(
    private readonly name: string,
    private readonly spawn: () => Worker,
    private readonly options: unknown,
  ) {}

  /**
   * Spawns the Worker and resolves once it has built its API from `options`, which must survive
   * structured cloning. Rejects with what stopped it.
   */
  static async start<Api extends WorkerApi>(
    name: string,
    spawn: () => Worker,
    options: unknown,
  ): Promise<WorkerClient<Api>> {
    const client = WorkerClient.onDemand<Api>(name, spawn, options);
    await client.wake();
    return client;
  }

  /**
   * The same for a Worker that is not always needed: the first call spawns it, waits for it, and
   * rejects with what stopped it.
   */
  static onDemand<Api extends WorkerApi>(
    name: string,
    spawn: () => Worker,
    options: unknown,
  ): WorkerClient<Api> {
    return new WorkerClient<Api>(name, spawn, options);
  }

  /** Whether a Worker is there; one that is not yet is started and waited for. */
  async isAlive(): Promise<boolean> {
    await this.wake().catch(() => {});
    return this.started;
  }

  /** Calls are served in order. Buffers in `transfer` move to the Worker and are empty here. */
  async call<Name extends keyof Api & string>(
    name: Name,
    args: Parameters<Api[Name]>,
    transfer: Transferable[] = [],
  ): Promise<Result<ReturnType<Api[Name]>>> {
    if (!this.started) await this.wake();
    if (this.worker === undefined) throw new Error(`the ${this.name} Worker is closed`);
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      // The Worker's API is typed by the same Api, so the value is what its function returned.
      this.pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.outgoing.push({ id, name, args });
      this.transfer.push(...transfer);
      if (this.outgoing.length === 1) setImmediate(() => this.send());
    });
  }

  /** Ends the Worker; calls that wait are rejected. Resolves when its thread has ended. */
  async close(): Promise<void> {
    this.closed = true;
    this.started = false;
    const worker = this.worker;
    this.worker = undefined;
    worker?.terminate();
    this.failPending("closed");
    await this.ended;
  }

  /** Makes one last call, where there is a Worker to make it to, and closes. */
  async closeAfter<Name extends keyof Api & string>(
    name: Name,
    args: Parameters<Api[Name]>,
  ): Promise<void> {
    if (this.ready !== undefined) await this.call(name, args);
    await this.close();
  }

  /** Resolves when there is a Worker, or will not be any more. */
  private async wake(): Promise<void> {
    if (this.closed) return;
    if (this.ready === undefined) this.begin(this.failed ? respawnDelay : 0);
    await this.ready;
  }

  /** Sets `ready`: tries to get a Worker after so many milliseconds. */
  private begin(delay: number): void {
    const launch = async (): Promise<void> => {
      if (delay > 0) await Bun.sleep(delay);
      if (!this.closed) await this.launch();
    };
    const ready = launch();
    this.ready = ready;
    ready.then(
      () => {
        this.failed = false;
      },
      // Whoever calls meets the rejection; with no caller there is nobody to tell.
      () => {
        this.failed = true;
        if (this.ready === ready) this.ready = undefined;
      },
    );
  }

  /** Spawns a Worker; resolves once it has built its API. */
  private launch(): Promise<void> {
    const worker = this.spawn();
    this.worker = worker;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    worker.onmessage = (event: MessageEvent<FromWorker>) => {
      const message = event.data;
      if (message.type === "started") {
        this.started = true;
        resolve();
      } else if (message.type === "failed") {
        reject(revive(message.error));
        // It has nothing to offer; the next call starts another.
        if (this.worker === worker) this.worker = undefined;
        worker.terminate();
      } else {
        for (const outcome of message.outcomes) this.settle(outcome);
      }
    };
    worker.onerror = (event) => log.error(`${this.name} Worker failed`, { reason: event.message });
    worker.addEventListener("close", () => {
      ended.resolve();
      reject(new Error(`the ${this.name} Worker died`));
      if (this.worker === worker) this.replace();
    });
    const start: ToWorker = { type: "start", options: this.options };
    worker.postMessage(start);
    return promise;
  }

  /** After a death: fails what the Worker had; calls from now on wait for the next one. */
  private replace(): void {
    this.worker = undefined;
    this.started = false;
    this.failPending("died");
    log.error(`${this.name} Worker died; starting another`);
    this.begin(respawnDelay);
  }

  private send(): void {
    const message: ToWorker = { type: "calls", calls: this.outgoing };
    const { transfer } = this;
    this.outgoing = [];
    this.transfer = [];
    // Those of a Worker that died or was closed meanwhile have failed already.
    if (message.calls.length > 0) this.worker?.postMessage(message, transfer);
  }

  private settle(outcome: Outcome): void {
    const pending = this.pending.get(outcome.id);
    this.pending.delete(outcome.id);
    if (outcome.type === "result") pending?.resolve(outcome.value);
    else pending?.reject(revive(outcome.error));
  }

  private failPending(how: string): void {
    const failed = [...this.pending.values()];
    this.pending.clear();
    this.outgoing = [];
    this.transfer = [];
    for (const pending of failed) pending.reject(new Error(`the ${this.name} Worker ${how}`));
  }
}
