/**
 * Whether the environment names a proxy for addresses of this protocol (`https:`), as `fetch` reads it.
 * Hosts that `NO_PROXY` excepts are counted in.
 */
export function namesProxy(protocol: string): boolean {
  const name = `${protocol.replace(":", "")}_proxy`;
  return [name, name.toUpperCase()].some((variable) => (process.env[variable] ?? "") !== "");
}
