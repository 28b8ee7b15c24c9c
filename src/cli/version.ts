import { version } from "../../package.json" with { type: "json" };
import { exitCode } from "./usage.ts";

/** `--version`: the name of the program and its version. */
export async function run(): Promise<number> {
  await Bun.write(Bun.stdout, `llm-backend ${version}\n`);
  return exitCode.ok;
}
