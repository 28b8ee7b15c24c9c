import { Elysia } from "elysia";
import type { Config } from "../config/schema.ts";
import { chatRoutes } from "../modules/chat/index.ts";
import { conversationRoutes } from "../modules/conversations/index.ts";
import { searchRoutes } from "../modules/conversations/search-routes.ts";
import { titleRoutes } from "../modules/conversations/title-routes.ts";
import { transferRoutes } from "../modules/conversations/transfer-routes.ts";
import { healthRoutes } from "../modules/health/index.ts";
import { keyRoutes } from "../modules/keys/index.ts";
import { knowledgeRoutes } from "../modules/knowledge/index.ts";
import { openAiRoutes } from "../modules/openai/index.ts";
import { usageRoutes } from "../modules/usage/index.ts";
import { userRoutes } from "../modules/users/index.ts";
import { type AuthOptions, createAuth } from "./auth.ts";
import type { HttpContext } from "./context.ts";
import { cors } from "./cors.ts";
import { docs } from "./docs/index.ts";
import { errorMapping } from "./errors.ts";
import { requestId } from "./request-id.ts";
import { takeDecimalIntegersOnly } from "./validation.ts";

/** What each module's routes answer from. */
export interface Services {
  readonly health: Parameters<typeof healthRoutes>[0];
  readonly users: Parameters<typeof userRoutes>[1];
  readonly keys: Parameters<typeof keyRoutes>[1];
  readonly conversations: Parameters<typeof conversationRoutes>[1];
  readonly titles: Parameters<typeof titleRoutes>[1];
  readonly exports: Parameters<typeof transferRoutes>[1];
  readonly imports: Parameters<typeof transferRoutes>[2];
  readonly search: Parameters<typeof searchRoutes>[1];
  readonly knowledge: Parameters<typeof knowledgeRoutes>[1];
  readonly usage: Parameters<typeof usageRoutes>[1];
  readonly chat: Parameters<typeof chatRoutes>[1];
  readonly source: Parameters<typeof chatRoutes>[2];
  readonly openAi: Parameters<typeof openAiRoutes>[1];
}

export interface RouteOptions {
  readonly config: Config;
  readonly services: Services;
  readonly auth: Omit<AuthOptions, "expiresIn">;
  readonly keepOpen: HttpContext["keepOpen"];
}

/** Every route of the server, its documentation included. */
export function createRoutes({ config, services, auth, keepOpen }: RouteOptions) {
  takeDecimalIntegersOnly();
  const http: HttpContext = {
    auth: createAuth({ ...auth, expiresIn: config.jwt.expiresIn }),
    language: config.server.language,
    maxBodyBytes: config.server.maxBodyBytes,
    keepOpen,
  };
  const openAiHttp = { ...http, maxBodyBytes: config.openai.maxBodyBytes };
  // Else Elysia takes a host of fewer than four letters, such as a container's, for a part of the path.
  const routes = new Elysia({ handler: { standardHostname: false } })
    .use(requestId)
    .use(cors(config.server.corsOrigins))
    .use(errorMapping(config.server.language))
    .use(healthRoutes(services.health))
    .use(userRoutes(http, services.users))
    .use(keyRoutes(http, services.keys))
    .use(conversationRoutes(http, services.conversations, services.source))
    .use(titleRoutes(http, services.titles))
    .use(transferRoutes(http, services.exports, services.imports))
    .use(searchRoutes(http, services.search))
    .use(knowledgeRoutes(http, services.knowledge))
    .use(usageRoutes(http, services.usage, services.users))
    .use(chatRoutes(http, services.chat, services.source))
    .use(openAiRoutes(openAiHttp, services.openAi));
  routes.use(docs(routes));
  return routes;
}
