import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { readEvents } from "../chat-stream.ts";
import { ask } from "../http/conversing.ts";
import { BinaryServer, quietEnvironment, TemporaryFolder } from "./binary-process.ts";

const root = new URL("../..", import.meta.url).pathname;

/** Needs npm's registry and a minute, so that it runs where it is asked for, as `.ci/run` does. */
const wanted = process.env.TEST_CLONE === "1";

/** A folder for the PATH with these programs of this machine in it and nothing else. */
function programs(folder: TemporaryFolder, names: readonly string[]): string {
  const path = folder.join("bin");
  mkdirSync(path);
  for (const name of names) {
    const program = Bun.which(name);
    if (program === null) throw new Error(`this test needs ${name} on the PATH`);
    symlinkSync(program, `${path}/${name}`);
  }
  return path;
}

test.skipIf(!wanted)(
  "a fresh clone serves on a machine with Node.js and npm alone, by one command",
  async () => {
    using folder = new TemporaryFolder();
    const clone = folder.join("clone");
    const cloned = Bun.spawnSync(["git", "clone", "--quiet", root, clone]);
    expect(cloned.stderr.toString()).toBe("");

    const path = programs(folder, ["node", "npm", "npx", "sh"]);
    await using server = await BinaryServer.start({
      folder,
      command: [`${path}/sh`, "-c", `cd ${clone} && exec npx -y bun@1.4.5 run start`],
      // Nothing that this machine has fetched before is used.
      environment: { ...quietEnvironment, PATH: path, HOME: folder.path },
    });
    const ada = await server.signUp();
    const id = await ada.createConversation({ model: "demo" });
    expect((await readEvents(await ask(ada, id, "你好"))).at(-1)?.event).toBe("full_response");

    // As Ctrl-C in a terminal: to npx and to all that it has started.
    server.signalAll("SIGINT");
    await server.printed(/The server has stopped/);
    await server.exited;
  },
  300_000,
);
