import { hkdfSync, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Config } from "./config/schema.ts";
import { StartError } from "./errors.ts";
import { log } from "./log.ts";

export interface Secrets {
  /** Signs the tokens of signed-in users. */
  readonly jwtSecret: string;
  /** 32 bytes: the key that stored API keys are encrypted with. */
  readonly encryptionKey: Uint8Array;
}

/** Fewer are refused: a file that was cut or edited by accident must not weaken every signature. */
const shortestSecretBytes = 32;

/** Where the secrets lie that were made. */
export const secretFiles = (databasePath: string) => ({
  jwt: `${databasePath}.jwt-secret`,
  encryption: `${databasePath}.encryption-secret`,
});

const newSecret = () => randomBytes(48).toString("base64");

/**
 * The configured JWT secret, or else one that is made at the first start and kept in
 * `<sqlite.path>.jwt-secret`; and a key derived from a secret kept in
 * `<sqlite.path>.encryption-secret`. Both files have mode 0600, and processes that start at the same
 * time end with the same content.
 *
 * @throws StartError when a file cannot be read or made, or does not hold a whole secret.
 */
export function loadSecrets({ jwt, sqlite }: Pick<Config, "jwt" | "sqlite">): Secrets {
  const { jwt: jwtFile, encryption: encryptionFile } = secretFiles(sqlite.path);
  if (existsSync(sqlite.path) && !existsSync(encryptionFile)) {
    log.warn(
      `${encryptionFile} is missing beside a database that exists: API keys stored in it cannot be read until the file is put back; a new one is made`,
    );
  }
  return {
    jwtSecret: jwt.secret || keptSecret(jwtFile),
    encryptionKey: deriveKey(keptSecret(encryptionFile)),
  };
}

/** HKDF with SHA-256 (RFC 5869); the secret is random already, so it needs no salt. */
function deriveKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", "llm-backend-api stored keys, v1", 32));
}

function keptSecret(file: string): string {
  try {
    return readSecret(file) ?? makeSecret(file);
  } catch (cause) {
    if (cause instanceof StartError || !(cause instanceof Error)) throw cause;
    throw new StartError(`${file}: the secret cannot be read or made: ${cause.message}`, { cause });
  }
}

/** Undefined when there is no such file. */
function readSecret(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile())
      throw new StartError(`${file}: found a folder or device, expected a file`);
    restrict(file, descriptor, status.mode & 0o777);
    const secret = readFileSync(descriptor, "utf8").trim();
    const length = Buffer.byteLength(secret);
    if (length < shortestSecretBytes) {
      throw new StartError(
        `${file}: found ${length} bytes, expected a secret of at least ${shortestSecretBytes}; put the file back from a backup, or delete it to have a new one made (what the old one signed or encrypted is lost then)`,
      );
    }
    return secret;
  } finally {
    closeSync(descriptor);
  }
}

/** Takes away from group and others what they may do with the file; Windows has no such modes. */
function restrict(file: string, descriptor: number, mode: number): void {
  if ((mode & 0o077) === 0 || process.platform === "win32") return;
  try {
    fchmodSync(descriptor, 0o600);
    log.warn(`${file} could be read by others: its mode was ${mode.toString(8)} and is now 600`);
  } catch (error) {
    log.warn(`${file} can be read by others; set its mode to 600`, { error });
  }
}

/**
 * The file appears under its name only when it is whole and on disk: it is written under another
 * name and then linked, which fails if somebody else was first. Then theirs counts.
 */
function makeSecret(file: string): string {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  const draft = `${file}.${randomBytes(8).toString("hex")}`;
  try {
    writeDurably(draft, `${newSecret()}\n`);
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(folder);
  const secret = readSecret(file);
  if (secret === undefined) throw new StartError(`${file}: the secret vanished while it was made`);
  return secret;
}

function writeDurably(file: string, content: string): void {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a new name in the folder survive a power cut; Windows cannot open folders. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
