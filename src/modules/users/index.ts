import { Elysia } from "elysia";
import { jsonBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import { loginDocs, registerDocs } from "./docs.ts";
import { credentials, newUser } from "./model.ts";
import type { UserService } from "./service.ts";

export const userRoutes = (http: HttpContext, users: UserService) =>
  new Elysia({ prefix: "/api/users" })
    .post(
      "/register",
      async ({ body, request, status }) => {
        await users.register(body);
        return status(201, {
          message: successMessage("registered", languageOf(request, http.language)),
        });
      },
      { ...jsonBody(http.maxBodyBytes, newUser), detail: registerDocs },
    )
    .post(
      "/login",
      async ({ body }) => ({ token: await http.auth.issue(await users.login(body)) }),
      { ...jsonBody(http.maxBodyBytes, credentials), detail: loginDocs },
    );
