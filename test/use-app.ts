import { afterAll, beforeAll } from "bun:test";
import { CapturedLog } from "./captured-log.ts";
import { type Caller, startApp, type TestApp } from "./harness.ts";

/** Stands for an object that is only there while the tests run. */
function late<T extends object>(find: () => T | undefined): T {
  // Nothing is asked of the empty object itself.
  return new Proxy({} as T, {
    get(_, name) {
      const object = find();
      if (object === undefined) throw new Error("this is only there while the tests run");
      const value: unknown = Reflect.get(object, name, object);
      return typeof value === "function" ? value.bind(object) : value;
    },
  });
}

/**
 * For the whole of a test file: a server with these settings, see `startApp`, two users of it, and what it
 * logs, which stays readable when the server is closed.
 */
export function useApp(settings: Record<string, string> = {}) {
  let log: CapturedLog | undefined;
  let app: TestApp | undefined;
  let user: Caller | undefined;
  let stranger: Caller | undefined;

  beforeAll(async () => {
    log = new CapturedLog();
    app = await startApp(settings);
    [user, stranger] = await Promise.all([app.signUp(), app.signUp()]);
  });
  afterAll(async () => {
    await app?.close();
    log?.release();
  });

  return {
    app: late(() => app),
    user: late(() => user),
    stranger: late(() => stranger),
    log: late(() => log),
  };
}
