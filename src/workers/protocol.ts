/** What a Worker offers: named functions whose arguments and results survive structured cloning. */
// biome-ignore lint/suspicious/noExplicitAny: a constraint on functions of any signature, nothing is called through it
export type WorkerApi = Record<string, (...args: any[]) => unknown>;

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: unknown[];
}

/** How a call ended. */
export type Outcome =
  | { readonly type: "result"; readonly id: number; readonly value: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: WorkerFault };

/** Calls that were made together, and their outcomes, cross in one message: each costs 10 us. */
export type ToWorker =
  | { readonly type: "start"; readonly options: unknown }
  | { readonly type: "calls"; readonly calls: readonly Call[] };

export type FromWorker =
  | { readonly type: "started" }
  | { readonly type: "failed"; readonly error: WorkerFault }
  | { readonly type: "outcomes"; readonly outcomes: readonly Outcome[] };

/** An error as it crosses the thread: `appError` is set where the Worker threw an `AppError`. */
export interface WorkerFault {
  readonly message: string;
  readonly stack: string | undefined;
  readonly appError?: {
    readonly code: string;
    readonly parameters: Readonly<Record<string, string | number>>;
  };
}
