/** UTF-16 units that are kept of a name; the end with its extension is not cut. */
const longestName = 255;
const longestExtension = 32;

/** Characters that hide or reorder others: control characters and bidirectional overrides. */
const unsafe = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A file's name as it is stored and shown, from whatever a caller sent: no path, nothing that cannot
 * be seen, composed (NFC), of bounded length. Empty when nothing is left.
 */
export function cleanFileName(sent: string): string {
  const base = sent.slice(Math.max(sent.lastIndexOf("/"), sent.lastIndexOf("\\")) + 1);
  const name = base.toWellFormed().replace(unsafe, "").normalize("NFC").trim();
  if (/^\.+$/.test(name)) return "";
  if (name.length <= longestName) return name;
  const dot = name.lastIndexOf(".");
  const extension = dot >= name.length - longestExtension ? name.slice(dot) : "";
  return name.slice(0, longestName - extension.length).replace(/[\ud800-\udbff]$/, "") + extension;
}
