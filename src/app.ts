import { Elysia } from "elysia";
import { createCache } from "./cache/create.ts";
import type { Config } from "./config/schema.ts";
import { decrypt, encrypt } from "./encryption.ts";
import { createAuth } from "./http/auth.ts";
import { cors } from "./http/cors.ts";
import { docs } from "./http/docs/index.ts";
import { errorMapping, lastResort } from "./http/errors.ts";
import { requestId } from "./http/request-id.ts";
import { startServer } from "./http/server.ts";
import { createIdSource } from "./ids.ts";
import { log } from "./log.ts";
import { chatRoutes } from "./modules/chat/index.ts";
import { createChatService } from "./modules/chat/service.ts";
import { createExportService } from "./modules/conversations/export.ts";
import { createHistories } from "./modules/conversations/history.ts";
import { createImportService } from "./modules/conversations/import.ts";
import { conversationRoutes } from "./modules/conversations/index.ts";
import { createConversationSearchService } from "./modules/conversations/search.ts";
import { searchRoutes } from "./modules/conversations/search-routes.ts";
import { createConversationService } from "./modules/conversations/service.ts";
import { titleRoutes } from "./modules/conversations/title-routes.ts";
import { createTitleService } from "./modules/conversations/titles.ts";
import { transferRoutes } from "./modules/conversations/transfer-routes.ts";
import { healthRoutes } from "./modules/health/index.ts";
import { createHealthService } from "./modules/health/service.ts";
import { keyRoutes } from "./modules/keys/index.ts";
import { createApiKeyService } from "./modules/keys/service.ts";
import { knowledgeRoutes } from "./modules/knowledge/index.ts";
import { openKnowledge } from "./modules/knowledge/open.ts";
import { createKnowledgeSource } from "./modules/knowledge/source.ts";
import { createCompletions } from "./modules/openai/completions.ts";
import { openAiRoutes } from "./modules/openai/index.ts";
import { createModelList } from "./modules/openai/model-list.ts";
import { usageRoutes } from "./modules/usage/index.ts";
import { createUsageService } from "./modules/usage/service.ts";
import { userRoutes } from "./modules/users/index.ts";
import { createUserService } from "./modules/users/service.ts";
import { createChatRouter } from "./providers/llm/router.ts";
import { TokenCounter } from "./providers/llm/usage.ts";
import { createReranker } from "./providers/rerank/cohere.ts";
import { loadSecrets } from "./secrets.ts";
import { openSqliteStore } from "./store/sqlite/index.ts";

export interface App {
  /** Answers one request, without a network. */
  handle(request: Request): Promise<Response>;
  /**
   * Starts to serve.
   *
   * @throws Error with code `EADDRINUSE` when the port is taken
   */
  listen(): { readonly port: number };
  /**
   * Takes no new connection, lets running answers finish for `server.shutdown_timeout`, stores what
   * has come of the others, and closes everything.
   */
  close(): Promise<void>;
}

/**
 * Puts the whole server together.
 *
 * @throws Error that says what keeps it from starting: a database that cannot be used or is newer
 *   than the program, secrets that cannot be read.
 */
export async function createApp(config: Config): Promise<App> {
  const secrets = loadSecrets(config);
  const [store, cache] = await Promise.all([openSqliteStore(config.sqlite), createCache(config)]);
  log.info("SQLite initialized successfully!");

  const users = createUserService({
    users: store.users,
    registration: config.auth.registration,
    nextId: createIdSource(await store.users.highestId()),
  });
  const keys = createApiKeyService(store.apiKeys);
  const nextConversationId = createIdSource(await store.conversations.highestId());
  const conversations = createConversationService({
    store: store.conversations,
    histories: createHistories(store.conversations, cache),
    sealer: {
      seal: (text, context) => encrypt(secrets.encryptionKey, text, context),
      open: (sealed, context) => decrypt(secrets.encryptionKey, sealed, context),
    },
    nextId: nextConversationId,
    removed: (id) => chat.abandon(id),
  });
  const imports = createImportService({
    store: store.conversations,
    maxBytes: config.rag.maxUploadBytes,
    nextId: nextConversationId,
  });
  const usage = createUsageService({ usage: store.usage, counter: new TokenCounter() });
  const router = createChatRouter(config);
  const titles = createTitleService({ conversations, router });
  const chat = createChatService({
    conversations,
    usage,
    router,
    systemPrompt: config.llm.systemPrompt,
    rewriteQuestions: config.rag.rewrite,
    disconnectGrace: config.chat.disconnectGrace * 1000,
    answered: titles.answered,
  });
  const knowledge = await openKnowledge(config, store.knowledge);
  const source = createKnowledgeSource(knowledge.service);
  const { embeddings } = knowledge;
  const openAi = {
    completions: createCompletions({
      router,
      knowledge: source,
      chatModel: config.rag.chatModel,
      rewriteQuestions: config.rag.rewrite,
      estimate: usage.estimate,
    }),
    models: createModelList({
      providers: config.llm.providers,
      router,
      embeddings,
      knowledge: knowledge.service,
    }),
    embeddings,
    reranker: createReranker(config),
  };
  const workers = { ...store.threads, ...knowledge.threads };
  const health = createHealthService({ store, cache, workers });

  let server: ReturnType<typeof startServer> | undefined;

  const http = {
    auth: createAuth({
      secret: secrets.jwtSecret,
      expiresIn: config.jwt.expiresIn,
      userExists: async (id) => (await store.users.find(id)) !== undefined,
      identifyKey: keys.identify,
    }),
    language: config.server.language,
    maxBodyBytes: config.server.maxBodyBytes,
    keepOpen: (request: Request) => server?.keepOpen(request),
  };
  const routes = new Elysia()
    .use(requestId)
    .use(cors(config.server.corsOrigins))
    .use(errorMapping(config.server.language))
    .use(healthRoutes(health))
    .use(userRoutes(http, users))
    .use(keyRoutes(http, keys))
    .use(conversationRoutes(http, conversations))
    .use(titleRoutes(http, titles))
    .use(transferRoutes(http, createExportService(conversations), imports))
    .use(searchRoutes(http, createConversationSearchService(store.conversations)))
    .use(knowledgeRoutes(http, knowledge.service))
    .use(usageRoutes(http, usage))
    .use(chatRoutes(http, chat, source))
    .use(openAiRoutes({ ...http, maxBodyBytes: config.openai.maxBodyBytes }, openAi));
  routes.use(docs(routes));
  const handle = async (request: Request): Promise<Response> => routes.handle(request);

  return {
    handle,
    listen() {
      server = startServer({
        host: config.server.host,
        port: config.server.port,
        handle: routes.fetch,
        lastResort: (cause) => lastResort(cause, config.server.language),
      });
      return { port: server.port };
    },
    async close() {
      const patience = config.server.shutdownTimeout * 1000;
      titles.close();
      await Promise.all([chat.drain(patience), server?.stop(patience)]);
      await usage.close();
      await Promise.all([cache.close(), knowledge.close(), imports.close()]);
      await store.close();
    },
  };
}
