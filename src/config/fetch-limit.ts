const variable = "BUN_CONFIG_MAX_HTTP_REQUESTS";

/** The most that Bun takes. */
const most = "65336";

/**
 * Lifts Bun's limit of 256 requests that `fetch` runs at once (the 257th stream would wait for
 * another to end). Bun reads it before any of our code runs, so this process starts itself over with
 * the variable set, under the same process id, and does not return from here. It returns where the
 * variable is set, by us or by the operator, and where the system cannot replace a process (Windows).
 */
export function raiseFetchLimit(): void {
  if (process.env[variable] !== undefined || process.execve === undefined) return;
  // A compiled binary's own name stands where `bun` has the script.
  const inherited = Bun.isStandaloneExecutable
    ? process.argv.slice(2)
    : [...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, [process.argv0, ...inherited], {
    ...process.env,
    [variable]: most,
  });
}
