/** The exit codes of every command. A second signal adds the signal's number to 128, as shells do. */
export const exitCode = {
  ok: 0,
  /** It could not start, or failed while it ran. */
  failed: 1,
  /** The command line or the configuration is at fault; every fault is on standard error. */
  usage: 2,
} as const;

/** The command line cannot be understood; the message is one line for whoever wrote it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads flags that each take a value, `--name value` or `--name=value`; of a repeated one the last
 * counts.
 *
 * @throws UsageError for anything else.
 */
export function readFlags<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const flags: Partial<Record<Name, string>> = {};
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (!argument.startsWith("-")) {
      throw new UsageError(`unexpected argument ${JSON.stringify(argument)}`);
    }
    const [, written = argument, , inline] = /^--([^=]*)(=(.*))?$/s.exec(argument) ?? [];
    const name = names.find((known) => known === written);
    if (name === undefined) throw new UsageError(`unknown flag ${JSON.stringify(argument)}`);
    const value = inline ?? args[++index];
    if (value === undefined || value === "" || value.startsWith("--")) {
      throw new UsageError(`--${name} needs a value`);
    }
    flags[name] = value;
  }
  return flags;
}
