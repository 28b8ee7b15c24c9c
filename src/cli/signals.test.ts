import { afterEach, expect, test } from "bun:test";
import { exitCodeOf, watchStopSignals } from "./signals.ts";

afterEach(() => {
  process.removeAllListeners("SIGTERM");
  process.removeAllListeners("SIGINT");
});

/** As if the signal had come, without the process's death where nobody listens. */
const raise = (signal: "SIGTERM" | "SIGINT") => process.emit(signal, signal);

test("the first signal is told from the second", async () => {
  let now = 0;
  const { first, second } = watchStopSignals(() => now);
  raise("SIGTERM");
  expect(await first).toBe("SIGTERM");
  now = 250;
  raise("SIGINT");
  expect(await second).toBe("SIGINT");
});

test("one keystroke that arrives several times is one signal", async () => {
  let now = 0;
  const { first, second } = watchStopSignals(() => now);
  raise("SIGINT");
  now = 249;
  raise("SIGINT");
  raise("SIGTERM");
  expect(await Promise.race([second, first])).toBe("SIGINT");
  now = 1000;
  raise("SIGTERM");
  // Had one of the earlier ones counted, this would be SIGINT.
  expect(await second).toBe("SIGTERM");
});

test("exit codes are those of shells", () => {
  expect(exitCodeOf("SIGINT")).toBe(130);
  expect(exitCodeOf("SIGTERM")).toBe(143);
});
