import { cors as elysiaCors } from "@elysiajs/cors";

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

/**
 * Lets pages of these origins call the API; `*` means any. Credentials are never allowed: a caller
 * is known by its token, and no browser sends that by itself.
 */
export const cors = (origins: readonly string[]) =>
  elysiaCors({
    origin: origins.includes("*") ? "*" : [...origins],
    credentials: false,
    methods: ["GET", "POST", "PATCH", "DELETE"],
    allowedHeaders: [
      "Authorization",
      "Content-Type",
      "Accept-Language",
      "Last-Event-ID",
      "Prefer",
      "X-Request-Id",
      ...clientHeaders,
    ],
    exposeHeaders: ["X-Request-Id", "Retry-After", "Content-Disposition", "Location"],
    maxAge: 600,
  });
