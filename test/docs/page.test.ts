import { afterAll, beforeAll, expect, test } from "bun:test";
import { startApp, type TestApp } from "../harness.ts";

let server: TestApp;
beforeAll(async () => {
  server = await startApp();
});
afterAll(() => server.close());

const references = /(?:src|href)="([^"]*)"/g;

test.each(["/swagger", "/swagger/"])(
  "%s shows a page made of this server's files",
  async (path) => {
    const response = await server.nobody.get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const html = await response.text();
    const files = [...html.matchAll(references)].map(([, target = ""]) => target);
    expect(files.filter((target) => !target.startsWith("data:"))).toHaveLength(3);
    for (const target of files) {
      const address = new URL(target, `http://localhost${path}`);
      if (address.protocol === "data:") continue;
      expect(address.origin).toBe("http://localhost");
      const file = await server.nobody.get(address.pathname);
      expect(file.status, address.pathname).toBe(200);
      expect(file.headers.get("content-type")).toBe(
        target.endsWith(".js") ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8",
      );
      expect((await file.text()).length).toBeGreaterThan(100);
    }
  },
);

test("the page may ask nothing of any other server", async () => {
  const response = await server.nobody.get("/swagger");
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toStartWith("default-src 'none';");
  expect(policy).not.toMatch(/https?:|\*|unsafe/);
});

test("the script that starts it sends nothing to Swagger's validator", async () => {
  const response = await server.nobody.get("/swagger/start.js");
  expect(await response.text()).toContain("validatorUrl: null");
});

test("the style sheet loads nothing", async () => {
  const response = await server.nobody.get("/swagger/swagger-ui.css");
  expect(await response.text()).not.toMatch(/@import|url\(["']?(?!["']?data:)/);
});

test("the documentation does not document itself", async () => {
  const response = await server.nobody.get("/swagger/json");
  const { paths }: { paths: object } = await response.json();
  expect(Object.keys(paths).filter((path) => path.startsWith("/swagger"))).toEqual([]);
});
