import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
const version = "v1";
const nonceBytes = 12;
const tagBytes = 16;

/** Bound to the version too, so that a later one cannot be passed off as this one. */
const authenticated = (context: string) => Buffer.from(`${version}:${context}`);

/**
 * Encrypts by AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce: `v1.` and, in base64url,
 * nonce, ciphertext and 128-bit tag. `key` has 32 bytes, `plaintext` is well-formed Unicode.
 * `context` says whose value it is (`conversation 7`); it is not stored, and `decrypt` must be given
 * the same one, so that a value copied to another place is of no use there.
 */
export function encrypt(key: Uint8Array, plaintext: string, context: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(authenticated(context));
  const sealed = Buffer.concat([
    nonce,
    cipher.update(plaintext, "utf8"),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return `${version}.${sealed.toString("base64url")}`;
}

/**
 * What `encrypt` was given.
 *
 * @throws Error when the text was changed in any way, or made with another key or context.
 */
export function decrypt(key: Uint8Array, encrypted: string, context: string): string {
  const text = encrypted.slice(version.length + 1);
  const sealed = Buffer.from(text, "base64url");
  // Many texts decode to the same bytes; only the one that `encrypt` writes is accepted.
  const canonical = `${version}.${sealed.toString("base64url")}` === encrypted;
  if (!canonical || sealed.length < nonceBytes + tagBytes) {
    throw new Error("not an encrypted value of a version that this program knows");
  }
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(authenticated(context));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(nonceBytes, -tagBytes)),
      decipher.final(),
    ]).toString("utf8");
  } catch (cause) {
    throw new Error("an encrypted value was changed, or made with another key or context", {
      cause,
    });
  }
}
