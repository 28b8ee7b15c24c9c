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
