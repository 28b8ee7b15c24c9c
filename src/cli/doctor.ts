import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../config/index.ts";
import type { Config } from "../config/schema.ts";
import { leftoverAge, originalsFolder, partial } from "../rag/originals.ts";
import { secretFiles } from "../secrets.ts";
import { type DatabaseReport, inspectDatabase } from "../store/sqlite/inspect.ts";
import { print } from "./print.ts";
import { exitCode, readFlags } from "./usage.ts";

/** What one check found: one line for each fault, none when all is well. */
interface Finding {
  readonly subject: string;
  readonly faults: readonly string[];
}

/** Names of documents that one line shows. */
const shownNames = 5;

const list = (names: readonly string[]): string =>
  names.length > shownNames
    ? `${names.slice(0, shownNames).join(", ")} and ${names.length - shownNames} more`
    : names.join(", ");

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const isOthers = (mode: number): boolean => process.platform !== "win32" && (mode & 0o077) !== 0;

const otherSchemas: Readonly<Record<Exclude<DatabaseReport["schema"], "current">, string>> = {
  newer: "it is of a newer version of this program",
  older: "it is of an older version, which the next start of the server brings up to date",
  foreign: "it is another program's",
};

function checkDatabase(path: string, report: DatabaseReport): Finding[] {
  const { documents, chunks, conversations, messages } = report.counts;
  const file: Finding = {
    subject: `the database ${path}, ${megabytes(statSync(path).size)}`,
    faults: report.integrity,
  };
  if (report.schema !== "current") {
    return [file, { subject: "its version", faults: [otherSchemas[report.schema]] }];
  }
  const knowledge = `knowledge bases: ${documents} documents, ${chunks} chunks with their full-text rows and vectors`;
  const talk = `conversations: ${conversations} with ${messages} messages, and the search over them`;
  return [
    file,
    { subject: knowledge, faults: report.knowledge },
    { subject: talk, faults: report.conversations },
  ];
}

/** Files that are younger may be on their way in, or be gone since the list was made. */
function oldFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => {
    const facts = statSync(join(folder, name), { throwIfNoEntry: false });
    return facts !== undefined && Date.now() - facts.mtimeMs > leftoverAge;
  });
}

function checkOriginals(config: Config, { documents }: DatabaseReport): Finding {
  const folder = originalsFolder(config.sqlite.path);
  const subject = `the documents' files in ${folder}`;
  const faults: string[] = [];
  const isThere = existsSync(folder);
  const owned = new Set(documents.map(({ id }) => id));
  const present = (id: string): boolean => isThere && existsSync(join(folder, id));
  const missing = documents.filter(
    ({ id, status }) =>
      status !== "deleting" && (status !== "ready" || config.rag.keepOriginals) && !present(id),
  );
  if (missing.length > 0) {
    faults.push(`${missing.length} documents have no file: ${list(missing.map(({ id }) => id))}`);
  }
  if (!isThere) return { subject, faults };
  const leftovers = oldFiles(folder).filter((name) => name.endsWith(partial) || !owned.has(name));
  if (leftovers.length > 0) {
    faults.push(
      `${leftovers.length} files belong to no document; the next start of the server removes them: ${list(leftovers)}`,
    );
  }
  if (isOthers(statSync(folder).mode)) faults.push(`others can look into it: chmod 700 ${folder}`);
  return { subject, faults };
}

function checkSecrets({ jwt, sqlite }: Config): Finding {
  const files = secretFiles(sqlite.path);
  const faults: string[] = [];
  if (!existsSync(files.encryption)) {
    faults.push(`${files.encryption} is missing: stored API keys cannot be read without it`);
  }
  if (jwt.secret === "" && !existsSync(files.jwt)) {
    faults.push(`${files.jwt} is missing: whoever is signed in has to sign in again`);
  }
  for (const file of Object.values(files)) {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts !== undefined && isOthers(facts.mode)) {
      faults.push(`others can read ${file}: chmod 600 ${file}`);
    }
  }
  return { subject: "the secrets beside the database", faults };
}

function examine(config: Config): Finding[] {
  const { path } = config.sqlite;
  if (!existsSync(path)) {
    return [{ subject: `the database ${path}`, faults: ["there is no such file"] }];
  }
  try {
    const report = inspectDatabase(path);
    const findings = [...checkDatabase(path, report), checkSecrets(config)];
    return report.schema === "current" ? [...findings, checkOriginals(config, report)] : findings;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [{ subject: `the database ${path}`, faults: [reason] }];
  }
}

/**
 * `doctor`: looks for damage in the database, the documents' files and the secrets of a
 * configuration, also while a server uses them, and changes nothing. Prints a line for each part and
 * each fault; answers 0 when there is none, else 1.
 *
 * @throws UsageError, ConfigError
 */
export async function run(args: readonly string[]): Promise<number> {
  const { config: configPath } = readFlags(args, ["config"]);
  const findings = examine(loadConfig({ configPath }));
  const lines = findings.flatMap(({ subject, faults }) =>
    faults.length === 0
      ? [`ok     ${subject}`]
      : [`FAULT  ${subject}`, ...faults.map((fault) => `         - ${fault}`)],
  );
  await print(`${lines.join("\n")}\n`);
  return findings.every(({ faults }) => faults.length === 0) ? exitCode.ok : exitCode.failed;
}
