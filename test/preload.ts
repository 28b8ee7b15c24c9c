import { plugin } from "bun";

/**
 * Milliseconds. Tests start servers and processes on machines that may be busy, where Bun's own 5 s are
 * soon over. It is there for what hangs: no test may depend on it.
 */
const timeout = 120_000;

// Bun takes no such limit from bunfig.toml, and a call of setDefaultTimeout holds for one file alone,
// so that one from here would reach the first file only. It goes before the first line of each, on
// that line, so that errors keep their places.
plugin({
  name: "timeout-of-every-test",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, async ({ path }) => ({
      loader: "ts",
      contents: `import { setDefaultTimeout as limitTests } from "bun:test"; limitTests(${timeout}); ${await Bun.file(path).text()}`,
    }));
  },
});
