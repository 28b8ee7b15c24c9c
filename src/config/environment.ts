import { KindGuard } from "@sinclair/typebox";
import { configKeys } from "./keys.ts";
import { nearest } from "./nearest.ts";
import type { Setting } from "./setting.ts";

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const prefix = "LLM_BACKEND_";

/** `server.port` is `LLM_BACKEND_SERVER_PORT`. */
const variableOf = (path: readonly string[]): string => prefix + path.join("_").toUpperCase();

const keys = new Map(configKeys.map((key) => [variableOf(key.path), key]));

/**
 * Kubernetes sets such variables in every container for each service beside it, and a service named
 * `llm-backend` is likely: `LLM_BACKEND_SERVICE_HOST`, `LLM_BACKEND_PORT=tcp://10.0.0.1:8080`,
 * `LLM_BACKEND_PORT_8080_TCP_ADDR`. They are not meant for us.
 */
const isServiceLink = (name: string, value: string): boolean =>
  /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
  (name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(value));

/** Every key that a `LLM_BACKEND_` variable sets; one that names no key is a fault. */
export function readEnvironment(environment: Environment): {
  readonly settings: readonly Setting[];
  readonly faults: readonly string[];
} {
  const settings: Setting[] = [];
  const faults: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(prefix) || isServiceLink(variable, text)) {
      continue;
    }
    const path = keys.get(variable)?.path;
    if (path === undefined) {
      faults.push(`${variable}: found a variable that names no key, expected ${meantBy(variable)}`);
    } else {
      settings.push({ path, text, origin: variable });
    }
  }
  return { settings, faults };
}

const bare = (variable: string): string => variable.slice(prefix.length);

function meantBy(variable: string): string {
  const names = [...keys.keys()];
  const inSection = names.filter((name) => name.startsWith(`${variable}_`));
  if (inSection.length > 0) return `one of ${inSection.join(", ")}`;
  for (const [name, { schema }] of keys) {
    // What stands in a list has no variable of its own.
    if (KindGuard.IsArray(schema) && variable.startsWith(`${name}_`))
      return `${name}, a whole list`;
  }
  // A right name without its section: PORT for SERVER_PORT.
  const [elsewhere] = names.filter((name) => name.endsWith(`_${bare(variable)}`));
  if (elsewhere !== undefined) return elsewhere;
  const meant = nearest(bare(variable), names.map(bare));
  return meant === undefined
    ? `the path of a key, as in ${names.slice(0, 2).join(", ")}`
    : prefix + meant;
}
