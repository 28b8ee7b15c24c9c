import { cors as elysiaCors } from "@elysiajs/cors";

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
      "X-Request-Id",
    ],
    exposeHeaders: ["X-Request-Id", "Retry-After", "Content-Disposition"],
    maxAge: 600,
  });
