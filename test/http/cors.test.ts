import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CapturedLog } from "../captured-log.ts";
import { startApp, type TestApp } from "../harness.ts";

const ours = "https://app.example.com";
const evil = "https://evil.example.com";

let log: CapturedLog;
let open: TestApp;
let narrow: TestApp;

beforeAll(async () => {
  log = new CapturedLog();
  open = await startApp();
  narrow = await startApp({ SERVER_CORS_ORIGINS: `${ours}, https://b.example.com` });
});
afterAll(async () => {
  await open.close();
  await narrow.close();
  log.release();
});

const preflight = (app: TestApp, origin: string, path = "/api/chat/1") =>
  app.nobody.request("OPTIONS", path, undefined, {
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization, content-type, last-event-id",
    },
  });

describe("a preflight", () => {
  test("lets a page of an allowed origin send what the API takes", async () => {
    for (const [app, origin, allowed] of [
      [open, evil, "*"],
      [narrow, ours, ours],
    ] as const) {
      const { status, headers } = await preflight(app, origin);
      expect(status).toBe(204);
      expect(headers.get("access-control-allow-origin")).toBe(allowed);
      const names = headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
      expect(names).toEqual(
        expect.arrayContaining([
          "authorization",
          "content-type",
          "accept-language",
          "last-event-id",
          "prefer",
          "x-request-id",
        ]),
      );
      expect(headers.get("access-control-allow-methods")?.split(", ")).toContain("POST");
    }
  });

  test("lets no page of another origin", async () => {
    for (const origin of [evil, `${ours}.evil.com`, "null", "http://app.example.com"]) {
      const { headers } = await preflight(narrow, origin);
      expect([origin, headers.get("access-control-allow-origin")]).toEqual([origin, null]);
    }
  });
});

describe("an answer", () => {
  const paths = ["/healthz", "/api/conversations/list", "/nowhere", "/api/conversations/history/x"];

  test("can be read by a page of an allowed origin, a fault as well", async () => {
    for (const [app, origin, allowed] of [
      [open, evil, "*"],
      [narrow, ours, ours],
    ] as const) {
      for (const path of paths) {
        const { headers } = await app.nobody.get(path, { origin });
        expect([path, headers.get("access-control-allow-origin")]).toEqual([path, allowed]);
        expect(headers.get("access-control-expose-headers")).toBe(
          "X-Request-Id, Retry-After, Content-Disposition, Location",
        );
      }
    }
  });

  test("can be read by no page of another origin, and differs by origin for caches", async () => {
    for (const path of paths) {
      const { headers } = await narrow.nobody.get(path, { origin: evil });
      expect([path, headers.get("access-control-allow-origin")]).toEqual([path, null]);
      expect(headers.get("vary")).toContain("Origin");
    }
  });

  test("may be cached where it is the same for all, and repeats nothing of a preflight", async () => {
    for (const path of paths) {
      const { headers } = await open.nobody.get(path, { origin: ours });
      const names = [...headers.keys()].filter((name) => /^(access-control-|vary)/.test(name));
      expect(names.toSorted()).toEqual([
        "access-control-allow-origin",
        "access-control-expose-headers",
      ]);
    }
  });

  test("never allows credentials", async () => {
    for (const app of [open, narrow]) {
      for (const response of [
        await preflight(app, ours),
        await app.nobody.get("/healthz", { origin: ours }),
      ]) {
        expect(response.headers.has("access-control-allow-credentials")).toBe(false);
      }
    }
  });
});
