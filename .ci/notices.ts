/**
 * Writes the licences of everything that goes into the binary, which their authors ask to have shown
 * with every copy: `bun .ci/notices.ts [--outfile PATH]`.
 */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly homepage?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { values } = parseArgs({
  options: { outfile: { type: "string", default: "dist/THIRD-PARTY-NOTICES.txt" } },
});

const root = join(import.meta.dir, "..");
const notice = /^(licen[cs]e|notice|copying)\b|\.licen[cs]e\.txt$/i;

/** The folder from which a module in `from` gets this package; undefined for one of another platform. */
function find(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === root) return undefined;
  }
}

/** What is installed for use, by folder; nothing that only tests or builds need. */
async function collect(folder: string, found: Map<string, Package>): Promise<void> {
  const self: Package = await Bun.file(join(folder, "package.json")).json();
  if (folder !== root) found.set(folder, self);
  for (const name of Object.keys({ ...self.dependencies, ...self.optionalDependencies })) {
    const next = find(name, folder);
    if (next !== undefined && !found.has(next)) await collect(next, found);
  }
}

async function describe(folder: string, self: Package): Promise<string> {
  const title = `${self.name} ${self.version} (${self.license ?? "see below"})`;
  const files = readdirSync(folder).filter((name) => notice.test(name));
  const texts = await Promise.all(files.map((name) => Bun.file(join(folder, name)).text()));
  const body = texts.length > 0 ? texts : [`${self.license}; ${self.homepage ?? "no homepage"}`];
  return [title, "-".repeat(title.length), ...body.map((text) => text.trim())].join("\n\n");
}

const packages = new Map<string, Package>();
await collect(root, packages);
const sections = await Promise.all([...packages].map(([folder, self]) => describe(folder, self)));
const runtime = `Bun ${Bun.version} (MIT)\n\nThe runtime, whose own parts have their licences listed at
https://github.com/oven-sh/bun/blob/bun-v${Bun.version}/LICENSE.md`;
await Bun.write(values.outfile, `${[runtime, ...sections.sort()].join("\n\n\n")}\n`);
process.stdout.write(`${values.outfile} names ${sections.length} packages\n`);
