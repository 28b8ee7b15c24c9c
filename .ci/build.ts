/**
 * Builds the single binary: `bun .ci/build.ts [--target bun-linux-arm64] [--outfile PATH]`.
 * SQLite's vector extension, the migrations, the Workers and the documentation page go into it.
 */
import { unlinkSync } from "node:fs";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    outfile: { type: "string", default: "dist/llm-backend" },
  },
});

/** The parts of a target such as `bun-linux-x64`, this machine's by default. */
const [, os = process.platform, arch = process.arch] = values.target?.split("-") ?? [];

const suffixes: Readonly<Record<string, string>> = {
  darwin: "dylib",
  win32: "dll",
  windows: "dll",
};
const library = `sqlite-vec-${os === "win32" ? "windows" : os}-${arch}/vec0.${suffixes[os] ?? "so"}`;

/** Puts the extension's library into the binary in the place of the module that finds it on disk. */
const embedVectorExtension: BunPlugin = {
  name: "embed-vector-extension",
  setup(build) {
    build.onLoad({ filter: /store\/sqlite\/sqlite-vec\.ts$/ }, () => ({
      loader: "ts",
      contents: `import path from "${library}" with { type: "file" };
        export const sqliteVecPath: string = path;`,
    }));
  },
};

const workers = [...new Bun.Glob("src/**/*-worker.ts").scanSync()].sort();

const result = await Bun.build({
  entrypoints: ["src/main.ts", ...workers],
  compile: {
    outfile: values.outfile,
    // Else the program would run whatever a bunfig.toml in the working directory preloads.
    autoloadBunfig: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
    ...(values.target === undefined ? {} : { target: values.target as Bun.Build.CompileTarget }),
  },
  format: "esm",
  // A command loads what it needs and no more: --version takes 8 ms in place of 20, serve 15 ms less.
  splitting: true,
  // Flat, since a compiled Worker is looked up beside the program.
  naming: { entry: "[name].[ext]" },
  // Not the names of classes: Elysia knows TypeBox's errors by theirs, and without it lets through
  // numbers in paths and queries that are out of bounds. `keepNames` does nothing in Bun 1.4.5.
  minify: { whitespace: true, syntax: true, identifiers: false },
  bytecode: true,
  sourcemap: "linked",
  // What officeparser imports for PDF and pictures, which it does not read here.
  external: ["pdfjs-dist", "tesseract.js", "@napi-rs/canvas", "puppeteer", "pdf-lib"],
  plugins: [embedVectorExtension],
});
for (const message of result.logs) process.stderr.write(`${message}\n`);
if (!result.success) process.exit(1);
// They are in the binary, too.
for (const { kind, path } of result.outputs) if (kind === "sourcemap") unlinkSync(path);
process.stdout.write(`${values.outfile} is built\n`);
