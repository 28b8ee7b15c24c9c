/** The configuration cannot be used. Its message is every fault, one a line; none shows a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly faults: readonly string[]) {
    super(faults.join("\n"));
  }
}
