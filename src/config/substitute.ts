import type { Environment } from "./environment.ts";
import type { KeyPath, Report } from "./key-path.ts";
import { mapTexts } from "./mapping.ts";

/** `$${`, or `${NAME}`, or `${NAME:-default}`, or a `${` that begins none of them. */
const reference = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-((?:(?!\$\{)[^}])*))?\})?/g;

/**
 * The same value with `${NAME}` and `${NAME:-default}` in every text replaced from the environment,
 * once: what comes in is not looked at again. As in a shell, the default also stands in for a
 * variable that is empty. `$${` is a way to write `${` itself.
 */
export function substitute(value: unknown, environment: Environment, report: Report): unknown {
  return mapTexts(value, (text, path) => substituteText(text, environment, path, report));
}

function substituteText(
  text: string,
  environment: Environment,
  path: KeyPath,
  report: Report,
): string {
  return text.replace(reference, (match: string, name?: string, fallback?: string) => {
    if (match === "$${") return "${";
    if (name === undefined) {
      report(
        path,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it explains that very syntax
        'found a "${" that names no variable, expected ${NAME} or ${NAME:-default}, or $${ for the two characters themselves',
      );
      return "";
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    if (value === undefined) {
      report(
        path,
        `found \${${name}}, but ${name} is not set, expected it in the environment or a default as in \${${name}:-default}`,
      );
    }
    return value ?? "";
  });
}
