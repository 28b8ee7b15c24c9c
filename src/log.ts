export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, unknown>>;

const secretName = /api_?key|authorization|password|secret|token$/i;

/** The stack of an error and of everything that caused it, as plain data. */
function describe(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return {
    name: value.name,
    message: value.message,
    stack: value.stack,
    ...(value.cause === undefined ? {} : { cause: describe(value.cause) }),
  };
}

function redact(key: string, value: unknown): unknown {
  if (key !== "" && secretName.test(key) && typeof value === "string") return "[redacted]";
  return describe(value);
}

function write(level: LogLevel, message: string, fields?: LogFields): void {
  const line = JSON.stringify(
    { time: new Date().toISOString(), level, message, ...fields },
    redact,
  );
  const stream = level === "warn" || level === "error" ? process.stderr : process.stdout;
  stream.write(`${line}\n`);
}

/**
 * The server's log: one JSON object a line, warnings and errors on standard error. Fields whose name
 * looks like a secret are replaced; errors are written with their stack and causes.
 */
export const log = {
  debug: (message: string, fields?: LogFields) => write("debug", message, fields),
  info: (message: string, fields?: LogFields) => write("info", message, fields),
  warn: (message: string, fields?: LogFields) => write("warn", message, fields),
  error: (message: string, fields?: LogFields) => write("error", message, fields),
};
