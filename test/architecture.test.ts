import { describe, expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";

const source = new URL("../src/", import.meta.url).pathname;

interface Import {
  /** From the source folder, `rag/ingest.ts` for example. */
  readonly from: string;
  /** The same for a file of ours; a package's name as it is written. */
  readonly to: string;
}

const statement =
  /^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

async function readImports(): Promise<Import[]> {
  const imports: Import[] = [];
  for (const from of new Bun.Glob("**/*.ts").scanSync(source)) {
    if (from.endsWith(".test.ts")) continue;
    const text = await Bun.file(join(source, from)).text();
    for (const [, first, second, third] of text.matchAll(statement)) {
      const name = first ?? second ?? third ?? "";
      imports.push({
        from,
        to: name.startsWith(".") ? normalize(join(dirname(from), name)) : name,
      });
    }
  }
  return imports;
}

const imports = await readImports();

/** Floors from the top; whoever stands higher may use whatever stands lower. */
const floors = [
  /^main\.ts$/,
  /^cli\//,
  /^app\.ts$/,
  /^(modules|http)\//,
  /^rag\//,
  /^(providers|cache|store)\//,
  /^(config|workers|text)\/|^[a-z-]+\.ts$/,
];

const floorOf = (file: string): number => floors.findIndex((floor) => floor.test(file));

const ours = imports.filter(({ to }) => to.endsWith(".ts") && !to.startsWith(".."));

const show = ({ from, to }: Import): string => `${from} -> ${to}`;

describe("the plan of the code", () => {
  test("reads imports at all", () => {
    expect(ours.length).toBeGreaterThan(50);
  });

  test("arrows point down", () => {
    const upward = ours.filter(({ from, to }) => floorOf(to) < floorOf(from));
    expect(upward.map(show)).toEqual([]);
  });

  test("providers, cache and store never import each other", () => {
    const leaf = /^(providers|cache|store)\//;
    const across = ours.filter(
      ({ from, to }) =>
        leaf.test(from) && leaf.test(to) && leaf.exec(from)?.[0] !== leaf.exec(to)?.[0],
    );
    expect(across.map(show)).toEqual([]);
  });

  test("a module calls another module's service, never its routes", () => {
    const module = /^modules\/([^/]+)\//;
    const routes = ours.filter(
      ({ from, to }) =>
        to.endsWith("/index.ts") &&
        module.test(to) &&
        module.test(from) &&
        module.exec(from)?.[1] !== module.exec(to)?.[1],
    );
    expect(routes.map(show)).toEqual([]);
  });

  const only: readonly [string, RegExp, RegExp][] = [
    [
      "Elysia in routes, models, the guard and app.ts",
      /^(elysia|@elysiajs\/.+)$/,
      /^(http\/|app\.ts$|modules\/[^/]+\/(index|model|docs|[a-z-]+-routes)\.ts$)/,
    ],
    ["ioredis in cache/redis.ts", /^ioredis$/, /^cache\/redis\.ts$/],
    [
      "bun:sqlite and drizzle in store/sqlite",
      /^(bun:sqlite|drizzle-orm.*|sqlite-vec)$/,
      /^store\/sqlite\//,
    ],
  ];
  for (const [name, dependency, place] of only) {
    test(`${name}, nowhere else`, () => {
      const elsewhere = imports.filter(({ from, to }) => dependency.test(to) && !place.test(from));
      expect(elsewhere.map(show)).toEqual([]);
    });
  }

  const places: readonly [string, RegExp, RegExp][] = [
    [
      "outbound connections in providers/http",
      /(?<![.\w])fetch\(|Bun\.connect/,
      /^providers\/http\//,
    ],
    ["process.env in config", /process\.env\b/, /^config\//],
    ["process.exit in main.ts", /process\.exit\b/, /^main\.ts$/],
  ];
  for (const [name, pattern, place] of places) {
    test(`${name}, nowhere else`, async () => {
      const elsewhere: string[] = [];
      for (const file of new Bun.Glob("**/*.ts").scanSync(source)) {
        if (place.test(file) || file.endsWith(".test.ts")) continue;
        const code = (await Bun.file(join(source, file)).text()).replace(
          /\/\*[\s\S]*?\*\/|\/\/.*/g,
          "",
        );
        if (pattern.test(code)) elsewhere.push(file);
      }
      expect(elsewhere).toEqual([]);
    });
  }
});
