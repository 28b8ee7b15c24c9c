import { createHash } from "node:crypto";

/** What every key begins with, so that a scanner of leaked secrets knows one when it sees it. */
const mark = "sk-llmb-";
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 43 of 62 characters are 256 bits. */
const randomLength = 43;
/** Six of 62 characters hold any 32 bits. */
const checksumLength = 6;
/** Characters of the random part that may be shown: 220 bits stay unknown. */
const shownLength = 6;

const shape = new RegExp(`^${mark}[0-9A-Za-z]{${randomLength + checksumLength}}$`);

function randomText(): string {
  let text = "";
  while (text.length < randomLength) {
    for (const byte of crypto.getRandomValues(new Uint8Array(randomLength))) {
      // 248 is 4 x 62: what is left over would make some characters likelier than others.
      if (byte < 248 && text.length < randomLength) text += alphabet[byte % 62];
    }
  }
  return text;
}

/** CRC-32, the most significant digit first: a key that was cut or mistyped is known without a look-up. */
function checksumOf(text: string): string {
  let rest = Bun.hash.crc32(text);
  let digits = "";
  for (let i = 0; i < checksumLength; i++) {
    digits = alphabet.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** A fresh key: `sk-llmb-`, 256 random bits and a checksum, all letters and digits. */
export function makeKey(): string {
  const random = randomText();
  return mark + random + checksumOf(random);
}

/** Whether a text can be one of our keys at all. */
export function isWellFormed(key: string): boolean {
  const end = mark.length + randomLength;
  return shape.test(key) && checksumOf(key.slice(mark.length, end)) === key.slice(end);
}

/** The beginning of a key, by which its owner knows it again. */
export const prefixOf = (key: string): string => key.slice(0, mark.length + shownLength);

/**
 * SHA-256 of the key, by which it is found. A slow hash such as bcrypt makes passwords expensive to
 * guess; 256 random bits are not guessed at any speed, and every request would pay for it.
 */
export const hashOf = (key: string): Uint8Array => createHash("sha256").update(key).digest();
