import { complete } from "./complete.ts";
import { ConfigError } from "./config-error.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { readConfigFile } from "./file.ts";
import { freezeInCamelCase } from "./freeze.ts";
import { formatKey, type Report } from "./key-path.ts";
import { withValue } from "./mapping.ts";
import { checkRules } from "./rules.ts";
import { type Config, configSchema } from "./schema.ts";
import { type Setting, settingValue } from "./setting.ts";
import { addShipped } from "./shipped.ts";
import { substitute } from "./substitute.ts";

export interface ConfigSource {
  /** A file that must be there. Without it, `config.yaml` in `directory` is read where it exists. */
  readonly configPath?: string | undefined;
  /** Flags of the command line, as they were written. */
  readonly flags?: { readonly port?: string | undefined };
  /** In place of this process's own variables. */
  readonly environment?: Environment;
  /** In place of the working directory. */
  readonly directory?: string;
}

/**
 * The configuration from flags, environment, file and defaults, the earlier before the later, with
 * `${NAME}` and `${NAME:-default}` replaced from the environment.
 *
 * @throws ConfigError with every fault of every source at once.
 */
export function loadConfig(source: ConfigSource = {}): Config {
  const environment = source.environment ?? process.env;
  const file = readConfigFile(source.configPath, source.directory ?? process.cwd());
  const variables = readEnvironment(environment);
  // What a broken file says is unknown, and so is what would be wrong with it.
  if ("faults" in file) throw new ConfigError([...file.faults, ...variables.faults]);

  const settings = [...variables.settings, ...flagSettings(source.flags)];
  const faults = new Map<string, string>();
  const report: Report = (path, text) => {
    const key = formatKey(path);
    const setting = settings.findLast((each) => each.path.every((part, i) => part === path[i]));
    const origin = setting?.origin ?? file.origin(path);
    const line = origin === undefined ? `${key}: ${text}` : `${key}: ${text} (${origin})`;
    if (!faults.has(key)) faults.set(key, line);
  };

  const layered = settings.reduce<unknown>(
    (tree, setting) => withValue(tree, setting.path, settingValue(setting, report)),
    file.tree,
  );
  const raw = addShipped(substitute(layered, environment, report), environment, report);
  const tree = complete(configSchema, raw, [], report);
  checkRules(tree, report);
  if (faults.size > 0 || variables.faults.length > 0) {
    throw new ConfigError([...variables.faults, ...faults.values()]);
  }
  for (const provider of tree.llm.providers) {
    provider.base_url = provider.base_url.replace(/\/+$/, "");
  }
  return freezeInCamelCase(tree);
}

function flagSettings(flags: ConfigSource["flags"]): Setting[] {
  if (flags?.port === undefined) return [];
  return [{ path: ["server", "port"], text: flags.port, origin: "--port" }];
}
