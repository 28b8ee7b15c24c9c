import { Elysia } from "elysia";
import { jsonBody, noBody } from "../../http/body.ts";
import type { HttpContext } from "../../http/context.ts";
import { successMessage } from "../../http/messages.ts";
import { languageOf } from "../../http/request.ts";
import type { ApiKey } from "../../store/api-keys.ts";
import { createKeyDocs, deleteKeyDocs, listKeysDocs } from "./docs.ts";
import { keyParams, newKey } from "./model.ts";
import type { ApiKeyService } from "./service.ts";

const toListed = (apiKey: ApiKey) => ({
  key_id: apiKey.id,
  name: apiKey.name,
  prefix: apiKey.prefix,
  scopes: apiKey.scopes,
  created_time: apiKey.createdTime,
  expires_time: apiKey.expiresTime,
  last_used_time: apiKey.lastUsedTime,
});

export const keyRoutes = (http: HttpContext, keys: ApiKeyService) =>
  new Elysia({ prefix: "/api" })
    .use(http.auth.guard)
    .post(
      "/keys",
      async ({ body, userId, set, status }) => {
        const { apiKey, key } = await keys.create(userId, {
          name: body.name,
          scopes: body.scopes,
          expiresIn: body.expires_in,
          expiresTime: body.expires_time,
        });
        set.headers["cache-control"] = "no-store";
        return status(201, { ...toListed(apiKey), key });
      },
      { ...jsonBody(http.maxBodyBytes, newKey), detail: createKeyDocs },
    )
    .get("/keys", async ({ userId }) => (await keys.list(userId)).map(toListed), {
      detail: listKeysDocs,
    })
    .delete(
      "/keys/:key_id",
      async ({ params, userId, request }) => {
        await keys.remove(params.key_id, userId);
        const language = languageOf(request, http.language);
        return { success: true, message: successMessage("api_key_deleted", language) };
      },
      { params: keyParams, ...noBody, detail: deleteKeyDocs },
    );
