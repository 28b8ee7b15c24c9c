import { get } from "node:http";
import { text } from "node:stream/consumers";
import { loadConfig } from "../config/index.ts";
import { print } from "./print.ts";
import { exitCode, readFlags } from "./usage.ts";

/** Milliseconds for the whole answer. */
const patience = 2000;

/** Where a server that listens on every address of its machine is found from there. */
const ownAddresses: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

async function askReadiness(host: string, port: number): Promise<{ ready: boolean; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ ready: boolean; body: string }>();
  const signal = AbortSignal.timeout(patience);
  const request = get({ host, port, path: "/readyz", signal }, (response) => {
    text(response).then((body) => resolve({ ready: response.statusCode === 200, body }), reject);
  });
  request.on("error", reject);
  return promise;
}

/**
 * `healthcheck`: asks the server that was started with the same configuration whether it is ready,
 * for a container whose image has no other client. Prints what it says and answers 0 when it is.
 *
 * @throws UsageError, ConfigError
 */
export async function run(args: readonly string[]): Promise<number> {
  const { config: configPath, port } = readFlags(args, ["config", "port"]);
  const { server } = loadConfig({ configPath, flags: { port } });
  const address = ownAddresses[server.host] ?? server.host;
  try {
    const { ready, body } = await askReadiness(address, server.port);
    await print(`${body}\n`);
    return ready ? exitCode.ok : exitCode.failed;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`llm-backend: no answer on ${address} port ${server.port}: ${reason}\n`);
    return exitCode.failed;
  }
}
