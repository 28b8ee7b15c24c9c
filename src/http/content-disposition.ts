/** What the `Content-Disposition` of a form's part says (RFC 7578, section 4.2). */
export interface PartNames {
  readonly name: string;
  /** As the sender wrote it: it may be a path, or anything else. */
  readonly filename: string | undefined;
}

const decoders = ["utf-8", "gb18030"].map((label) => new TextDecoder(label, { fatal: true }));

/** Browsers send UTF-8; some older Chinese clients send their own encoding. */
function decode(bytes: Uint8Array): string {
  for (const decoder of decoders) {
    try {
      return decoder.decode(bytes);
    } catch {
      // The next encoding may fit.
    }
  }
  return new TextDecoder().decode(bytes);
}

/** RFC 8187: `UTF-8''%e2%82%ac`. */
function decodeExtended(value: string): string | undefined {
  const [, charset = "", encoded = ""] = /^([\w-]+)'[^']*'(.*)$/.exec(value) ?? [];
  if (!/^(utf-8|iso-8859-1|gbk|gb18030|gb2312)$/i.test(charset)) return undefined;
  const binary = encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return new TextDecoder(charset).decode(Buffer.from(binary, "latin1"));
}

/** Each character can be read in one way only: no input makes the search go back and forth. */
const parameter =
  /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:\\["\\]|\\(?!["\\])|[^"\\])*)"|([^;"\s]*))/g;

/**
 * Reads the header's value. Names may be in UTF-8 or GB18030, with `"` as `\"` (curl) or `%22`
 * (browsers); `filename*` goes before `filename`. Undefined when it is no part of a form.
 */
export function readPartNames(header: Uint8Array): PartNames | undefined {
  const text = Buffer.from(header).toString("latin1");
  if (!/^\s*form-data\s*(;|$)/i.test(text)) return undefined;
  const values = new Map<string, string>();
  for (const [, key = "", quoted, plain = ""] of text.matchAll(parameter)) {
    const raw = quoted === undefined ? plain : quoted.replace(/\\(["\\])/g, "$1");
    values.set(key.toLowerCase(), raw.replaceAll("%22", '"'));
  }
  const read = (key: string): string | undefined => {
    const value = values.get(key);
    return value === undefined ? undefined : decode(Buffer.from(value, "latin1"));
  };
  const name = read("name");
  if (name === undefined) return undefined;
  const extended = values.get("filename*");
  return {
    name,
    filename: (extended && decodeExtended(extended)) ?? read("filename"),
  };
}

/** What no file system takes in a name, and what hides or reorders the rest. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\\/:*?"<>|]+/gu;
/** UTF-16 units of a name before its extension. */
const longestName = 80;

/** RFC 8187, section 3.2.1: `encodeURIComponent` leaves four characters more than that allows. */
export const encodeExtended = (text: string): string =>
  encodeURIComponent(text).replace(/['()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });

/**
 * The header's value for a file to be saved as `title` (RFC 6266): whatever is in it becomes a name
 * that every system takes. `plain`, in ASCII, serves clients that know no other; it is the name too
 * where nothing is left of the title.
 */
export function attachment(title: string, plain: string, extension: string): string {
  const clean = title.toWellFormed().replace(unsafe, " ").replace(/\s+/g, " ").trim();
  // No half of a pair, no name that is hidden or that Windows cuts.
  const cut = clean.slice(0, longestName).replace(/[\ud800-\udbff]$/, "");
  const name = cut.replace(/^[.\s]+|[.\s]+$/g, "");
  const fallback = `attachment; filename="${plain}.${extension}"`;
  return name === ""
    ? fallback
    : `${fallback}; filename*=UTF-8''${encodeExtended(`${name}.${extension}`)}`;
}
