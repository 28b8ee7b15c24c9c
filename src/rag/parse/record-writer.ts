import type { BlockWriter } from "./block-writer.ts";

const wantedLength = 1500;

/** Writes data as text: a paragraph for each record, with a line `name: value` for each field. */
export class RecordWriter {
  private fields: string[] = [];
  private length = 0;

  constructor(private readonly writer: BlockWriter) {}

  /** Adds a field; one without a name is its value alone. Empty values and encoded bytes are left out. */
  field(name: string, value: string): void {
    const text = value.trim();
    if (text === "" || isEncodedBytes(text)) return;
    const line = name === "" ? text : `${name}: ${text}`;
    if (this.length > 0 && this.length + line.length > 2 * wantedLength) this.end();
    this.fields.push(line);
    this.length += line.length + 1;
  }

  /** Ends the paragraph if it is long enough to stand alone, at a joint within a record. */
  joint(): void {
    if (this.length > wantedLength) this.end();
  }

  /** Ends the record. */
  end(): void {
    if (this.length === 0) return;
    this.writer.paragraph(this.fields.join("\n"));
    this.fields = [];
    this.length = 0;
  }
}

/** Base64 and the like, of a length that nobody reads. */
function isEncodedBytes(text: string): boolean {
  return text.length > 512 && /^(data:[\w/+.-]+;base64,)?[\w+/=-]+$/.test(text);
}
