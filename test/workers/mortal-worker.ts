import { serveWorker } from "../../src/workers/serve.ts";

/** A Worker that can be told to die, for the tests of `WorkerClient`. */
const api = {
  echo: (text: string): string => text,
  die: (): void => process.exit(3),
  refuse: (reason: string): void => {
    throw new Error(reason);
  },
  later: async (text: string): Promise<string> => text,
  never: (): Promise<void> => new Promise(() => {}),
};

export type MortalApi = typeof api;

serveWorker<{ readonly refuse?: string }>(({ refuse }) => {
  if (refuse !== undefined) throw new Error(refuse);
  return api;
});
