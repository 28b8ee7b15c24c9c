/**
 * Resolves as soon as `holds` answers true, rejects after so many milliseconds: for conditions that no
 * event announces. The deadline is a safety net; no test may depend on its length.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what = "the condition",
  milliseconds = 20_000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(2);
  }
}
