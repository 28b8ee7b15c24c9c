import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { type Copy, type Dockerfile, DockerfileParser, type Instruction } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import manifest from "../package.json" with { type: "json" };
import { loadConfig } from "../src/config/index.ts";

const root = join(import.meta.dir, "..");
const text = readFileSync(join(root, "Dockerfile"), "utf8");

let dockerfile: Dockerfile;
/** The instructions of the stage that builds, and of the one that is shipped. */
let build: Instruction[];
let final: Instruction[];

beforeAll(() => {
  dockerfile = DockerfileParser.parse(text);
  const instructions = dockerfile.getInstructions();
  const starts = dockerfile.getFROMs().map((from) => instructions.indexOf(from));
  build = instructions.slice(starts[0], starts[1]);
  final = instructions.slice(starts[1]);
});

/** The arguments of a stage's only instruction of this kind, variables replaced. */
function only(stage: readonly Instruction[], keyword: string): string[] {
  const found = stage.filter((each) => each.getKeyword() === keyword);
  expect(found, keyword).toHaveLength(1);
  return found.flatMap((each) => each.getArguments().map((argument) => argument.getValue()));
}

/** The array of an instruction that is written as JSON. */
const list = (args: readonly string[]): string[] => JSON.parse(args.join(" "));

const commands = (stage: readonly Instruction[]): string[] =>
  stage
    .filter((each) => each.getKeyword() === "RUN")
    .flatMap((each) => (each.getArgumentsContent() ?? "").replace(/\\\n/g, " ").split("&&"))
    .map((command) => command.trim().replace(/\s+/g, " "));

/** What is copied from the repository. */
const copied = (): string[] =>
  dockerfile
    .getCOPYs()
    .filter((copy: Copy) => copy.getFromFlag() === null)
    .flatMap((copy) => copy.getArguments().slice(0, -1))
    .map((argument) => argument.getValue());

test("a linter finds nothing", () => {
  expect(validate(text)).toEqual([]);
});

test("there are two stages, both of Debian's slim image", () => {
  const images = dockerfile.getFROMs().map((from) => from.getImage());
  expect(images).toEqual(["debian:bookworm-slim", "debian:bookworm-slim"]);
});

describe("the build", () => {
  test("is made by the Bun that everything else uses", () => {
    const [, version] = /^BUN_VERSION=(.*)$/.exec(only(build, "ARG").join(" ")) ?? [];
    expect(version).toBe(Bun.version);
    const ci = readFileSync(join(root, ".ci/run"), "utf8");
    expect(ci).toContain(`npx -y bun@${version} `);
    const install = /^npm install --global "bun@\$\{BUN_VERSION\}"$/;
    expect(commands(build).filter((command) => install.test(command))).toHaveLength(1);
  });

  test("runs the scripts of this repository and ships what they write", () => {
    const scripts = commands(build).filter((each) => each.startsWith("bun .ci/"));
    expect(scripts).toEqual(["bun .ci/build.ts", "bun .ci/notices.ts"]);
    const [folder = ""] = only(build, "WORKDIR");
    const written = scripts.map((command) => {
      const script = readFileSync(join(root, command.replace("bun ", "")), "utf8");
      return /outfile: \{ type: "string", default: "([^"]+)" \}/.exec(script)?.[1] ?? "";
    });
    const shipped = dockerfile
      .getCOPYs()
      .filter((copy) => copy.getFromFlag()?.getValue() === "build")
      .map((copy) => copy.getArguments().map((each) => each.getValue()));
    expect(shipped).toEqual([
      [join(folder, written[0] ?? ""), "/usr/local/bin/llm-backend"],
      [join(folder, written[1] ?? ""), "/usr/share/doc/llm-backend/"],
    ]);
  });

  test("copies what there is, and the ignore list lets it through", () => {
    const ignored = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
    expect(ignored.find((line) => line !== "" && !line.startsWith("#"))).toBe("*");
    expect(copied().length).toBeGreaterThan(5);
    for (const path of copied()) {
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(ignored, path).toContain(`!${path}`);
    }
    const allowed = ignored.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    expect(allowed.sort()).toEqual(copied().sort());
  });

  test("has every file that the source imports from outside its folder", () => {
    const outside = new Set<string>();
    for (const file of new Bun.Glob("src/**/*.ts").scanSync(root)) {
      if (file.endsWith(".test.ts")) continue;
      const source = readFileSync(join(root, file), "utf8");
      for (const [, path = ""] of source.matchAll(/(?:from|import\(|URL\() ?"(\.\.?\/[^"]*)"/g)) {
        const target = normalize(join(dirname(file), path));
        if (!target.startsWith("src/")) outside.add(target.split("/")[0] ?? "");
      }
    }
    expect(outside).toContain("package.json");
    expect(copied()).toEqual(expect.arrayContaining([...outside]));
  });
});

describe("the image", () => {
  const environment = (): Record<string, string> =>
    Object.fromEntries(
      dockerfile
        .getENVs()
        .flatMap((each) => each.getProperties())
        .map((property) => [property.getName(), property.getUnescapedValue() ?? ""]),
    );

  test("listens on every address, at the port that it exposes", () => {
    const config = loadConfig({ environment: environment(), directory: root });
    expect(config.server.host).toBe("0.0.0.0");
    expect(only(final, "EXPOSE")).toEqual([String(config.server.port)]);
  });

  test("keeps the database in its volume, which belongs to its user", () => {
    const [volume = ""] = list(only(final, "VOLUME"));
    const config = loadConfig({ environment: environment(), directory: root });
    expect(dirname(config.sqlite.path)).toBe(volume);
    const [user = "", group = ""] = only(final, "USER").join("").split(":");
    expect(commands(final)).toContain(
      `install --directory --owner ${user} --group ${group} --mode 0700 ${volume}`,
    );
  });

  test("runs as a user of its own, by number", () => {
    const [user = "", group = ""] = only(final, "USER").join("").split(":");
    expect(Number(user)).toBeGreaterThan(999);
    expect(commands(final)).toContain(`groupadd --gid ${group} llm-backend`);
    expect(
      commands(final).some((each) => each.startsWith(`useradd --uid ${user} --gid ${group} `)),
    ).toBe(true);
    const order = final.map((each) => each.getKeyword());
    expect(order.lastIndexOf("RUN")).toBeLessThan(order.indexOf("USER"));
  });

  test("starts the server, where the configuration lies", () => {
    expect(list(only(final, "ENTRYPOINT"))).toEqual(["llm-backend"]);
    expect(list(only(final, "CMD"))).toEqual(["serve"]);
    const [folder] = only(final, "WORKDIR");
    const settings = dockerfile
      .getCOPYs()
      .map((copy) => copy.getArguments().map((each) => each.getValue()))
      .find((args) => args.includes("config.yaml"));
    expect(settings?.at(-1)).toBe(`${folder}/`);
  });

  test("is asked for its health by a command that the program has", () => {
    const [keyword, ...command] = only(final, "HEALTHCHECK");
    expect(keyword).toBe("CMD");
    expect(list(command)).toEqual(["llm-backend", "healthcheck"]);
    expect(existsSync(join(root, "src/cli/healthcheck.ts"))).toBe(true);
  });

  test("is stopped by the signal that lets answers finish", () => {
    expect(only(final, "STOPSIGNAL")).toEqual(["SIGTERM"]);
  });

  test("installs nothing that it does not need, and leaves no lists behind", () => {
    for (const stage of [build, final]) {
      const installs = commands(stage).filter((each) => each.startsWith("apt-get install"));
      expect(installs).toHaveLength(1);
      expect(installs[0]).toStartWith("apt-get install --yes --no-install-recommends ");
      expect(commands(stage)).toContain("rm -rf /var/lib/apt/lists/*");
    }
    expect(commands(final)).toContain(
      "apt-get install --yes --no-install-recommends ca-certificates",
    );
  });
});

test("the licences of what is inside go with it", async () => {
  const outfile = join(tmpdir(), `notices-${process.pid}.txt`);
  const child = Bun.spawn([process.execPath, ".ci/notices.ts", "--outfile", outfile], {
    cwd: root,
  });
  expect(await child.exited).toBe(0);
  const notices = readFileSync(outfile, "utf8");
  rmSync(outfile);
  const { dependencies, devDependencies } = manifest;
  for (const name of Object.keys(dependencies)) expect(notices).toContain(`\n${name} `);
  // Swagger UI's Apache licence asks for its NOTICE, whichever file it is in.
  expect(notices).toContain("SmartBear Software");
  for (const name of Object.keys(devDependencies)) expect(notices).not.toContain(`\n${name} `);
});
