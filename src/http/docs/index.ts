import { type AnyElysia, Elysia } from "elysia";
import uiStyle from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import uiScript from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { contentSecurityPolicy, page, startScript } from "./page.ts";

const asset = (body: string | Blob, type: string): Response =>
  new Response(body, {
    headers: {
      "Content-Type": `${type}; charset=utf-8`,
      "Cache-Control": "public, max-age=3600",
      "X-Content-Type-Options": "nosniff",
    },
  });

/**
 * The documentation of `routes`: a page at `/swagger` and the OpenAPI document at `/swagger/json`,
 * written when it is first asked for.
 */
export function docs(routes: AnyElysia) {
  let document: Promise<string> | undefined;

  async function writeOnce(): Promise<string> {
    const { writeDocument } = await import("./document.ts");
    return writeDocument(routes);
  }

  return new Elysia({ prefix: "/swagger", detail: { hide: true } })
    .get("/", ({ path }) => {
      const base = path.endsWith("/") ? "." : "./swagger";
      return new Response(page(base), {
        headers: {
          "Content-Type": "text/html; charset=utf-8",
          "Content-Security-Policy": contentSecurityPolicy,
          "Cache-Control": "no-cache",
          "X-Content-Type-Options": "nosniff",
        },
      });
    })
    .get("/json", async () => {
      document ??= writeOnce();
      return new Response(await document, {
        headers: { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-cache" },
      });
    })
    .get("/start.js", () => asset(startScript, "text/javascript"))
    .get("/swagger-ui.js", () => asset(Bun.file(uiScript), "text/javascript"))
    .get("/swagger-ui.css", () => asset(Bun.file(uiStyle), "text/css"));
}
