import { exitCode, UsageError } from "./cli/usage.ts";
import { ConfigError } from "./config/config-error.ts";
import { tuneRuntime } from "./config/runtime.ts";
import { log } from "./log.ts";

interface Command {
  /** Takes what follows the command's name, answers the exit code once all its output is written. */
  run(args: readonly string[]): Promise<number>;
}

/** Each command is loaded only when it is called: a process that does one small job stays small. */
const commands = {
  serve: () => {
    tuneRuntime();
    return import("./cli/serve.ts");
  },
  healthcheck: () => import("./cli/healthcheck.ts"),
  doctor: () => import("./cli/doctor.ts"),
  /** Not for people: the server starts it to read one document. */
  "parse-document": () => import("./cli/parse-document.ts"),
  "--help": () => import("./cli/help.ts"),
  "--version": () => import("./cli/version.ts"),
} satisfies Record<string, () => Promise<Command>>;

type CommandName = keyof typeof commands;

const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);

/** The command that the arguments call, and what is left for it. */
function route(args: readonly string[]): [CommandName, readonly string[]] {
  const [first, ...rest] = args;
  const isNamed = first !== undefined && !first.startsWith("-");
  const name = isNamed ? first : "serve";
  if (!isCommand(name)) throw new UsageError(`unknown command ${JSON.stringify(name)}`);
  // What it is given may look like anything: it comes from a document's name.
  if (name === "parse-document") return [name, rest];
  const calls = (...flags: string[]) => args.some((argument) => flags.includes(argument));
  if (calls("--help", "-h")) return ["--help", []];
  if (calls("--version", "-v")) return ["--version", []];
  return [name, isNamed ? rest : args];
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const [name, rest] = route(args);
    const command: Command = await commands[name]();
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`llm-backend: ${error.message}; see llm-backend --help\n`);
      return exitCode.usage;
    }
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      return exitCode.usage;
    }
    log.error("The command failed", { error });
    return exitCode.failed;
  }
}

process.exit(await main(process.argv.slice(2)));
