import { Elysia } from "elysia";
import { requestIdOf } from "./request.ts";

/** Puts `X-Request-Id` on every answer: the caller's own when it is sane, else a fresh one. */
export const requestId = new Elysia({ name: "request-id" }).onRequest(({ request, set }) => {
  set.headers["x-request-id"] = requestIdOf(request);
});
