/** A safety net; no test may depend on its length. */
const patienceSeconds = 30;

/**
 * Resolves as soon as `holds` answers true, for conditions that no event announces; rejects, with the
 * name of what did not come about, after 30 s.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what = "the condition",
): Promise<void> {
  const end = performance.now() + patienceSeconds * 1000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${patienceSeconds} s in vain for ${what}`);
    await Bun.sleep(2);
  }
}
