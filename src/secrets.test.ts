import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "./config/index.ts";
import { StartError } from "./errors.ts";
import { loadSecrets } from "./secrets.ts";

const root = mkdtempSync(join(tmpdir(), "llm-backend-secrets-"));
afterAll(() => rmSync(root, { recursive: true }));
let folder = root;
let database = "";
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  database = join(folder, "x.db");
});

const configFor = (path: string, secret = "") =>
  loadConfig({
    directory: folder,
    environment: { LLM_BACKEND_SQLITE_PATH: path, LLM_BACKEND_JWT_SECRET: secret },
  });
const load = (path = database, secret = "") => loadSecrets(configFor(path, secret));
const modeOf = (file: string) => statSync(file).mode & 0o777;

test("secrets are made at the first start and the same at the next", () => {
  const first = load();
  expect(load()).toEqual(first);
  expect(first.encryptionKey).toHaveLength(32);
  expect(Buffer.from(first.jwtSecret, "base64")).toHaveLength(48);
  expect(readdirSync(folder).toSorted()).toEqual(["x.db.encryption-secret", "x.db.jwt-secret"]);
  for (const name of readdirSync(folder)) expect(modeOf(join(folder, name))).toBe(0o600);
});

test("each database has secrets of its own", () => {
  const one = load();
  const other = load(join(folder, "y.db"));
  expect(other.jwtSecret).not.toBe(one.jwtSecret);
  expect(other.encryptionKey).not.toEqual(one.encryptionKey);
});

test("a folder that is missing is made", () => {
  expect(load(join(folder, "a/b/x.db"))).toEqual(load(join(folder, "a/b/x.db")));
});

test("a configured secret is used, and none is made", () => {
  const secret = "configured".repeat(4);
  expect(load(database, secret).jwtSecret).toBe(secret);
  expect(readdirSync(folder)).toEqual(["x.db.encryption-secret"]);
});

test("a file that others may read is closed to them", () => {
  const first = load();
  chmodSync(`${database}.jwt-secret`, 0o644);
  expect(load()).toEqual(first);
  expect(modeOf(`${database}.jwt-secret`)).toBe(0o600);
});

test("a secret that the operator put there is taken as it is, but for space around it", () => {
  const own = "x".repeat(40);
  writeFileSync(`${database}.jwt-secret`, `\n ${own} \n`, { mode: 0o600 });
  expect(load().jwtSecret).toBe(own);
});

describe("refused, and left as it is:", () => {
  test.each(["jwt-secret", "encryption-secret"])("an empty or cut %s", (ending) => {
    const file = `${database}.${ending}`;
    for (const content of ["", "\n", "short", "x".repeat(31)]) {
      writeFileSync(file, content);
      expect(() => load()).toThrow(StartError);
      expect(() => load()).toThrow(file);
      expect(readFileSync(file, "utf8")).toBe(content);
    }
  });

  test("a folder in the place of a secret", () => {
    mkdirSync(`${database}.jwt-secret`, { mode: 0o755 });
    expect(() => load()).toThrow(StartError);
    expect(modeOf(`${database}.jwt-secret`)).toBe(0o755);
  });

  test("a database below a file", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => load(join(folder, "file", "x.db"))).toThrow(StartError);
  });
});

test.skipIf(process.platform === "win32")("a full disk leaves nothing behind", async () => {
  const script = `
    import { loadSecrets } from ${JSON.stringify(join(import.meta.dir, "secrets.ts"))};
    loadSecrets(JSON.parse(process.argv[1]));
  `;
  // Files of no bytes at most, and an error in place of the signal that would end the process.
  const command = `trap "" XFSZ; ulimit -f 0; exec "$0" "$@"`;
  const child = Bun.spawn(
    ["sh", "-c", command, process.execPath, "-e", script, JSON.stringify(configFor(database))],
    { stdout: "pipe", stderr: "pipe" },
  );
  expect(await new Response(child.stderr).text()).toContain("the secret cannot be read or made");
  expect(await child.exited).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

test("processes that start at once end with the same secrets", async () => {
  const script = `
    import { loadSecrets } from ${JSON.stringify(join(import.meta.dir, "secrets.ts"))};
    const { jwtSecret, encryptionKey } = loadSecrets(JSON.parse(process.argv[1]));
    process.stdout.write(jwtSecret + " " + Buffer.from(encryptionKey).toString("hex"));
  `;
  const config = JSON.stringify(configFor(database));
  const outputs = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const child = Bun.spawn([process.execPath, "-e", script, config], {
        stdout: "pipe",
        stderr: "inherit",
      });
      return new Response(child.stdout).text();
    }),
  );
  expect(outputs[0]?.length).toBeGreaterThan(100);
  expect(new Set(outputs).size).toBe(1);
  expect(readdirSync(folder).toSorted()).toEqual(["x.db.encryption-secret", "x.db.jwt-secret"]);
});
