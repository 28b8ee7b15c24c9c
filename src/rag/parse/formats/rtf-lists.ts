/** What stands before an item as it was shown last, for programs that do not count (RTF 1.9.1). */
const listText = /\{\\(?:listtext|pntext)\b([^{}]*)\}/g;
/** Control words but those for characters. */
const controlWord = /\\(?!u-?\d|')[a-z]+-?\d* ?/g;
const unicode = /\\u(-?\d+) ?(?:\\'[0-9a-f]{2}|\?)?/g;
const byte = /\\'([0-9a-f]{2})/g;
/** A number, or letters as one; two bytes beyond ASCII are Chinese. A bullet is one sign or letter. */
const isNumber = /\p{N}|\p{Script=Han}|\p{L}[.)、）]|[\x80-\xff]{2}/u;

const visible = (label: string): string =>
  label
    .replace(unicode, (_, code: string) => String.fromCharCode(Number(code) & 0xffff))
    .replace(byte, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** Rich Text with the numbers of list items in the text: officeparser passes them over. */
export function withListNumbers(content: string): string {
  return content.replace(listText, (group, inside: string) => {
    const label = inside.replace(controlWord, "").trim();
    return isNumber.test(visible(label)) ? `${group}${label} ` : group;
  });
}
