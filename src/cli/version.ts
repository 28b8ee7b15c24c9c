import { version } from "../../package.json" with { type: "json" };
import { print } from "./print.ts";
import { exitCode } from "./usage.ts";

/** `--version`: the name of the program and its version. */
export async function run(): Promise<number> {
  await print(`llm-backend ${version}\n`);
  return exitCode.ok;
}
