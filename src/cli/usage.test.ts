import { expect, test } from "bun:test";
import { readFlags, UsageError } from "./usage.ts";

const read = (...args: string[]) => readFlags(args, ["config", "port"]);

test.each([
  [[], {}],
  [["--port", "80"], { port: "80" }],
  [["--port=80"], { port: "80" }],
  [["--port", "-1"], { port: "-1" }],
  [["--config=a=b\nc", "--port", "1"], { config: "a=b\nc", port: "1" }],
  [["--port", "1", "--port=2"], { port: "2" }],
] as [string[], object][])("%j is understood", (args, flags) => {
  expect(read(...args)).toEqual(flags);
});

test.each([
  [["--prot", "80"], 'unknown flag "--prot"'],
  [["--prot=80"], 'unknown flag "--prot=80"'],
  [["-p", "80"], 'unknown flag "-p"'],
  [["-config", "x"], 'unknown flag "-config"'],
  [["--"], 'unknown flag "--"'],
  [["--constructor", "x"], 'unknown flag "--constructor"'],
  [["x"], 'unexpected argument "x"'],
  [[""], 'unexpected argument ""'],
  [["--port", "1", "2\n"], 'unexpected argument "2\\n"'],
  [["--port"], "--port needs a value"],
  [["--port="], "--port needs a value"],
  [["--config", "--port"], "--config needs a value"],
  [["--config", ""], "--config needs a value"],
] as [string[], string][])("%j is refused", (args, message) => {
  expect(() => read(...args)).toThrow(new UsageError(message));
});
