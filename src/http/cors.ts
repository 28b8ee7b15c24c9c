import { Elysia } from "elysia";

/** What OpenAI's own client, Vercel's AI SDK and chat clients in the browser send beside the token. */
const clientHeaders = [
  "Arch",
  "Helper-Method",
  "Lang",
  "OS",
  "Package-Version",
  "Poll-Helper",
  "Retry-Count",
  "Runtime",
  "Runtime-Version",
  "Timeout",
]
  .map((name) => `X-Stainless-${name}`)
  .concat("OpenAI-Organization", "OpenAI-Project", "OpenAI-Beta", "User-Agent", "X-Requested-With")
  .concat("HTTP-Referer", "X-Title");

/** What a page may send; only a preflight asks, so that no other answer carries these. */
const preflightHeaders = {
  "access-control-allow-methods": "GET, POST, PATCH, DELETE",
  "access-control-allow-headers": [
    "Authorization",
    "Content-Type",
    "Accept-Language",
    "Last-Event-ID",
    "Prefer",
    "X-Request-Id",
    ...clientHeaders,
  ].join(", "),
  "access-control-max-age": "600",
};

const exposedHeaders = "X-Request-Id, Retry-After, Content-Disposition, Location";

/**
 * Lets pages of these origins call the API (the Fetch standard's CORS protocol); `*` means any.
 * Credentials are never allowed: a caller is known by its token, and no browser sends that by itself.
 */
export const cors = (origins: readonly string[]) => {
  const isOpen = origins.includes("*");
  const allowed: ReadonlySet<string> = new Set(origins);
  return new Elysia({ name: "cors" }).onRequest(({ request, set }) => {
    const { headers } = set;
    if (!isOpen) headers.vary = "Origin";
    const origin = isOpen ? "*" : request.headers.get("origin");
    if (origin !== null && (isOpen || allowed.has(origin))) {
      headers["access-control-allow-origin"] = origin;
      headers["access-control-expose-headers"] = exposedHeaders;
    }
    if (request.method !== "OPTIONS") return;
    Object.assign(headers, preflightHeaders);
    return new Response(null, { status: 204 });
  });
};
