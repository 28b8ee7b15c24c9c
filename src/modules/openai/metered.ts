import type { ForwardedAnswer } from "../../providers/llm/index.ts";

/** Bytes of an answer that are kept to be counted; what comes behind them is not, but for the end. */
const mostKept = 8 * 1024 * 1024;
/** Runs at the end, where providers tell the usage. */
const lastRuns = 3;

/**
 * The same answer, byte by byte; `ended` is called with what was passed on of it, when all of it was,
 * when it broke off, and when nobody reads any further.
 */
export function metered(
  answer: ForwardedAnswer,
  ended: (passed: Uint8Array) => void,
): ForwardedAnswer {
  const { providerName, model } = answer;
  return {
    providerName,
    model,
    async *[Symbol.asyncIterator]() {
      const first: Uint8Array[] = [];
      const last: Uint8Array[] = [];
      let size = 0;
      try {
        for await (const run of answer) {
          size += run.length;
          if (size <= mostKept) first.push(run);
          else {
            last.push(run);
            if (last.length > lastRuns) last.shift();
          }
          yield run;
        }
      } finally {
        ended(Buffer.concat([...first, ...last]));
      }
    },
  };
}
