import { createApp } from "../app.ts";
import { loadConfig } from "../config/index.ts";
import { configWarnings } from "../config/rules.ts";
import type { Config } from "../config/schema.ts";
import { StartError } from "../errors.ts";
import { log } from "../log.ts";
import { exitCodeOf, watchStopSignals } from "./signals.ts";
import { exitCode, readFlags } from "./usage.ts";

/**
 * `serve`: runs the server until SIGTERM or SIGINT, lets running answers finish for
 * `server.shutdown_timeout`, and answers 0. A second signal ends it at once.
 *
 * @throws UsageError, ConfigError
 */
export async function run(args: readonly string[]): Promise<number> {
  const { config: configPath, port } = readFlags(args, ["config", "port"]);
  // What users wrote is nobody else's on this machine: the database and all that lies beside it.
  process.umask(0o077);
  surviveFaults();
  const signals = watchStopSignals();
  const config = loadConfig({ configPath, flags: { port } });
  for (const warning of configWarnings(config)) log.warn(warning);
  try {
    return await Promise.race([serve(config, signals.first), signals.second.then(exitCodeOf)]);
  } catch (error) {
    return refuse(error);
  }
}

async function serve(config: Config, stopped: Promise<unknown>): Promise<number> {
  const starting = start(config);
  // Nothing is served yet, so nothing has to be finished: a signal ends a start that hangs, too.
  const app = await Promise.race([starting, stopped.then(() => undefined)]);
  if (app === undefined) return exitCode.ok;
  const signal = await stopped;
  log.info("The server is stopping", { signal, seconds: config.server.shutdownTimeout });
  await app.close();
  log.info("The server has stopped");
  return exitCode.ok;
}

async function start(config: Config) {
  const app = await createApp(config).catch((cause: unknown) => {
    if (cause instanceof StartError || !(cause instanceof Error)) throw cause;
    throw new Error(`The server cannot start: ${cause.message}`, { cause });
  });
  try {
    const { port } = app.listen();
    log.info(`Server is running on port ${port}`);
    return app;
  } catch (cause) {
    await app.close();
    throw listenError(config.server, cause);
  }
}

const unknownHost = "cannot be had, since server.host is no address, nor a name that is known here";

const listenFaults: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use already; stop what listens there or choose another with --port",
  EACCES: "is not open to this user; choose one above 1023 with --port",
  EADDRNOTAVAIL: "cannot be had, since server.host is no address of this machine",
  EINVAL: unknownHost,
  // What it is where no name server answers.
  ENOENT: unknownHost,
};

function listenError({ host, port }: Config["server"], cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const fault = listenFaults[code];
  return fault === undefined
    ? cause
    : new StartError(`port ${port} on ${host} ${fault}`, { cause });
}

function refuse(error: unknown): number {
  if (error instanceof StartError) process.stderr.write(`llm-backend: ${error.message}\n`);
  else log.error(error instanceof Error ? error.message : "The server failed", { error });
  return exitCode.failed;
}

/**
 * A fault in one request, or a log that nobody reads any more, must not end everybody's server.
 * Without a listener of its own, a broken pipe ends the process past `uncaughtException`.
 */
function surviveFaults(): void {
  process.on("unhandledRejection", (error) => log.error("A rejection was not handled", { error }));
  process.on("uncaughtException", (error) => log.error("An error was not caught", { error }));
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
