import { constants } from "node:os";

type StopSignal = "SIGTERM" | "SIGINT";

/**
 * Milliseconds in which signals count as one: `bun run` and `npx` pass on to us the Ctrl-C that the
 * terminal has sent us already, measured 0.1 to 0.7 ms later.
 */
const oneKeystroke = 250;

export interface StopSignals {
  /** Resolves with the first SIGTERM or SIGINT. */
  readonly first: Promise<StopSignal>;
  /** Resolves with the one after it. */
  readonly second: Promise<StopSignal>;
}

/** Takes over SIGTERM and SIGINT for the rest of the process. */
export function watchStopSignals(now: () => number = () => performance.now()): StopSignals {
  const first = Promise.withResolvers<StopSignal>();
  const second = Promise.withResolvers<StopSignal>();
  let since: number | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (since === undefined) {
        since = now();
        first.resolve(signal);
      } else if (now() - since >= oneKeystroke) second.resolve(signal);
    });
  }
  return { first: first.promise, second: second.promise };
}

/** What shells answer for a process that the signal ended. */
export const exitCodeOf = (signal: StopSignal): number => 128 + constants.signals[signal];
