/**
 * `bun run test [ARGUMENTS OF bun test]`: sets up what the tests need on a machine that has nothing
 * but Bun, runs all of them, and closes with one line of counts. It imports no package, since none
 * may be installed yet.
 */

const root = new URL("..", import.meta.url).pathname;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a command to its end, its output on ours. */
async function run(...command: string[]): Promise<void> {
  say(`$ ${command.join(" ")}`);
  const child = Bun.spawn(command, { cwd: root, stdout: "inherit", stderr: "inherit" });
  const code = await child.exited;
  if (code !== 0) {
    say(`${command[0]} ended with status ${code}`);
    process.exit(code);
  }
}

async function ensureRedis(): Promise<void> {
  if (Bun.which("redis-server") !== null) return;
  if (Bun.which("apt-get") === null || process.getuid?.() !== 0) {
    say("The tests need redis-server on the PATH; install it with your package manager.");
    process.exit(1);
  }
  await run("apt-get", "update", "-qq");
  await run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "redis-server");
}

/** The number that Bun's summary gives for one outcome. */
function count(summary: string, outcome: string): number {
  return Number(new RegExp(`^ *(\\d+) ${outcome}$`, "m").exec(summary)?.[1] ?? 0);
}

async function runTests(): Promise<number> {
  const command = [process.execPath, "test", ...process.argv.slice(2)];
  say("$ bun test");
  const child = Bun.spawn(command, {
    cwd: root,
    stdout: "inherit",
    // Bun reports here: it is passed on as it comes, and its end is read for the counts.
    stderr: "pipe",
    env: { ...process.env, NODE_ENV: "test" },
  });
  const decoder = new TextDecoder();
  let tail = "";
  for await (const bytes of child.stderr) {
    process.stderr.write(bytes);
    tail = (tail + decoder.decode(bytes, { stream: true })).slice(-4000);
  }
  const code = await child.exited;
  const skipped = count(tail, "skip");
  say(
    `${count(tail, "pass")} passed, ${count(tail, "fail")} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`,
  );
  return code;
}

await run(process.execPath, "install", "--frozen-lockfile");
await ensureRedis();
await run(process.execPath, ".ci/build.ts");
process.exit(await runTests());
