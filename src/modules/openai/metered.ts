import type { ForwardedAnswer } from "../../providers/llm/index.ts";
import type { Meter } from "../usage/service.ts";

/** Bytes of a stream that are kept to be counted together, about. */
const portionSize = 65_536;

/**
 * The same answer, byte by byte, metered as far as it was passed on: all of it, or what came before it
 * broke off or nobody read any further. Two portions of a stream are held at most.
 */
export function metered(answer: ForwardedAnswer, meter: Meter): ForwardedAnswer {
  const { providerName, model } = answer;
  return {
    providerName,
    model,
    async *[Symbol.asyncIterator]() {
      let kept: Uint8Array[] = [];
      let size = 0;
      let counting: Promise<void> | undefined;
      try {
        for await (const run of answer) {
          if (size > 0 && size + run.length > portionSize) {
            await counting;
            counting = meter.take(Buffer.concat(kept));
            kept = [];
            size = 0;
          }
          kept.push(run);
          size += run.length;
          yield run;
        }
      } finally {
        meter.end(Buffer.concat(kept));
      }
    },
  };
}
