/**
 * What the engine reads before any of our code runs, and how we want it. Measured over streams and chats
 * that begin, beside its own defaults (bench/stream.ts).
 */
const settings: Readonly<Record<string, string>> = {
  // `fetch` runs 256 requests at once otherwise, and the 257th waits. 65336 is the most that Bun takes.
  BUN_CONFIG_MAX_HTTP_REQUESTS: "65336",
  // Memory that was freed is kept for what comes next. Giving it back to the system all the time, and
  // asking for it again, took a fifth of the processor time of a streamed token.
  MIMALLOC_PURGE_DELAY: "-1",
  // The last stage of compilation only for what runs really hot, such as the loops of a search: for the
  // rest, each chat that began paid a fifth of its time for machine code that was no faster.
  BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "1000000",
};

/**
 * Sets the engine up: this process starts itself over with the variables set, under the same process
 * id, and does not return from here. What the operator has set stays. Returns where all of them are set,
 * and where the system cannot replace a process (Windows).
 */
export function tuneRuntime(): void {
  const { env, execve } = process;
  if (execve === undefined || Object.keys(settings).every((name) => env[name] !== undefined))
    return;
  // A compiled binary's own name stands where `bun` has the script.
  const inherited = Bun.isStandaloneExecutable
    ? process.argv.slice(2)
    : [...process.execArgv, ...process.argv.slice(1)];
  execve.call(process, process.execPath, [process.argv0, ...inherited], { ...settings, ...env });
}
