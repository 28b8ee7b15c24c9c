/**
 * Writes a text to standard output; resolves when it is out, or when nobody reads it any more.
 * `Bun.write(Bun.stdout)` puts as many zero bytes before a longer text where it is appended to an empty file.
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.once("error", () => resolve());
    process.stdout.write(text, () => resolve());
  });
}
