import { afterAll, beforeAll, expect, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { openBeside } from "../database.ts";
import { startApp, type TestApp } from "../harness.ts";

let log: CapturedLog;
let app: TestApp;

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp();
});
afterAll(async () => {
  await app.close();
  log.release();
});

test("the process is up, for anybody who asks", async () => {
  const response = await app.nobody.get("/healthz");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok" });
});

test("the server is ready while every part of it is, and says which is not", async () => {
  const ready = await app.nobody.get("/readyz");
  expect(ready.status).toBe(200);
  const report: { checks: Record<string, boolean> } = await ready.json();
  expect(report).toMatchObject({ status: "ready", checks: { database: true }, cache: "memory" });
  expect(Object.values(report.checks)).not.toContain(false);

  const database = openBeside(app);
  database.run("ALTER TABLE users RENAME TO hidden");
  const unready = await app.nobody.get("/readyz");
  expect(unready.status).toBe(503);
  expect(await unready.json()).toEqual({
    ...report,
    status: "not ready",
    checks: { ...report.checks, database: false },
  });
  expect((await app.nobody.get("/healthz")).status).toBe(200);

  database.run("ALTER TABLE hidden RENAME TO users");
  database.close();
  expect((await app.nobody.get("/readyz")).status).toBe(200);
});
