/** A number from the environment of a benchmark's process. */
export function setting(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isFinite(value)) throw new Error(`${name} is not a number`);
  return value;
}
