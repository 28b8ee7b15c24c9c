import { spyOn } from "bun:test";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly cause?: { readonly message: string };
  readonly [field: string]: unknown;
}

/**
 * What the server logs from here to `release`, in place of standard output and standard error. Tests
 * that use one after the other see nothing of each other.
 */
export class CapturedLog implements Disposable {
  /** All of it, as it was written. */
  text = "";
  readonly #spies = [process.stdout, process.stderr].map((stream) =>
    spyOn(stream, "write").mockImplementation((chunk) => {
      this.text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      return true;
    }),
  );

  /** The lines since the start or since the last `clear`; whatever is no line of the log throws. */
  get lines(): LogLine[] {
    return this.text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  /** The messages of warnings and errors, with those of their causes. */
  get complaints(): string[] {
    return this.lines
      .filter(({ level }) => level === "warn" || level === "error")
      .map(({ message, cause }) =>
        cause === undefined ? message : `${message}: ${cause.message}`,
      );
  }

  clear(): void {
    this.text = "";
  }

  release(): void {
    for (const spy of this.#spies) spy.mockRestore();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
