/** The head of a response of HTTP/1.x (RFC 9112, sections 4 and 5). */
export interface Head {
  readonly status: number;
  readonly statusText: string;
  /** Whether the connection takes another request after this answer. */
  readonly persists: boolean;
  /** By their names in lower case; values of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: (.*))?$/;
const fieldLine = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Reads a head, without the blank line behind it. Undefined where it is none: what answers does not
 * speak HTTP/1.
 */
export function readHead(text: string): Head | undefined {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const [, minor, status, statusText = ""] = statusLine.exec(first) ?? [];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ""] = fieldLine.exec(line) ?? [];
    if (name === undefined) return undefined;
    const key = name.toLowerCase();
    const known = headers.get(key);
    headers.set(key, known === undefined ? value : `${known}, ${value}`);
  }
  const options = (headers.get("connection") ?? "").toLowerCase().split(/\s*,\s*/);
  const persists = minor === "1" ? !options.includes("close") : options.includes("keep-alive");
  return { status: Number(status), statusText, persists, headers };
}
