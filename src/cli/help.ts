import { print } from "./print.ts";
import { exitCode } from "./usage.ts";

const text = `llm-backend: accounts, conversations, streamed chat and knowledge bases over language models

Usage: llm-backend [serve] [--config PATH] [--port N]

Commands:
  serve            starts the server; the default
  healthcheck      ends with 0 when the server of the same configuration is ready, else with 1
  doctor           looks for damage in the database, its files and its secrets, also beside a running
                   server, and changes nothing; ends with 0 when all is well, else with 1

Flags:
  --config PATH    the configuration; without it, config.yaml in the working directory if there is one
  --port N         the port to listen on, 0 to 65535; 0 takes any free one
  -h, --help       shows this text
  -v, --version    shows the version

Every key of the configuration can also be set from the environment by its path in upper case:
server.port is LLM_BACKEND_SERVER_PORT. A flag goes before the environment, the environment before
the file.

Exit codes: 0 ended as asked; 1 could not start, or failed; 2 the command line or the configuration
is at fault. A second SIGTERM or SIGINT ends the server at once, with 128 and the signal's number.
`;

/** `--help`: how to call the program. */
export async function run(): Promise<number> {
  await print(text);
  return exitCode.ok;
}
