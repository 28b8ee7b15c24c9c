import { createCache } from "./cache/create.ts";
import type { Config } from "./config/schema.ts";
import { decrypt, encrypt } from "./encryption.ts";
import { startServer } from "./http/server.ts";
import { createIdSource } from "./ids.ts";
import { LateWrites } from "./late-writes.ts";
import { log } from "./log.ts";
import { createChatService } from "./modules/chat/service.ts";
import { createExportService } from "./modules/conversations/export.ts";
import { createHistories } from "./modules/conversations/history.ts";
import { createImportService } from "./modules/conversations/import.ts";
import { createConversationSearchService } from "./modules/conversations/search.ts";
import { createConversationService } from "./modules/conversations/service.ts";
import { createTitleService } from "./modules/conversations/titles.ts";
import { createHealthService } from "./modules/health/service.ts";
import { createApiKeyService } from "./modules/keys/service.ts";
import { openKnowledge } from "./modules/knowledge/open.ts";
import { createKnowledgeSource } from "./modules/knowledge/source.ts";
import { createCompletions } from "./modules/openai/completions.ts";
import { createModelList } from "./modules/openai/model-list.ts";
import { createUsageService } from "./modules/usage/service.ts";
import { createUserService } from "./modules/users/service.ts";
import { createChatRouter } from "./providers/llm/router.ts";
import { TokenCounter } from "./providers/llm/usage.ts";
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
  const opening = openSqliteStore(config.sqlite);
  // Loaded here, while the database's own thread starts. The cache comes after it: the load would
  // use up the time that the cache waits for Redis.
  const loading = Promise.all([import("./http/routes.ts"), import("./http/errors.ts")]);
  const [store, cache] = await Promise.all([opening, loading.then(() => createCache(config))]);
  log.info("SQLite initialized successfully!");

  const users = createUserService({
    users: store.users,
    registration: config.auth.registration,
    admins: config.auth.admins,
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
  const late = new LateWrites();
  const usage = createUsageService({ usage: store.usage, counter: new TokenCounter(), late });
  const router = createChatRouter(config);
  const titles = createTitleService({ conversations, router, usage });
  const knowledge = await openKnowledge(config, store, conversations);
  const source = createKnowledgeSource(knowledge.service);
  const chat = createChatService({
    conversations,
    answers: store.answers,
    relay: cache.relay,
    usage,
    router,
    knowledge: source,
    late,
    systemPrompt: config.llm.systemPrompt,
    rewriteQuestions: config.rag.rewrite,
    disconnectGrace: config.chat.disconnectGrace * 1000,
    answered: titles.answered,
  });
  const { embeddings, reranker } = knowledge;
  const openAi = {
    completions: createCompletions({
      router,
      knowledge: source,
      chatModel: config.rag.chatModel,
      rewriteQuestions: config.rag.rewrite,
      usage,
    }),
    models: createModelList({
      providers: config.llm.providers,
      router,
      embeddings,
      knowledge: knowledge.service,
    }),
    embeddings,
    reranker,
    usage,
  };
  const workers = { ...store.threads, ...knowledge.threads };

  let server: ReturnType<typeof startServer> | undefined;

  const [{ createRoutes }, { lastResort }] = await loading;
  const routes = createRoutes({
    config,
    services: {
      health: createHealthService({ store, cache, workers }),
      users,
      keys,
      conversations,
      titles,
      exports: createExportService(conversations),
      imports,
      search: createConversationSearchService(store.conversations),
      knowledge: knowledge.service,
      usage,
      chat,
      source,
      openAi,
    },
    auth: {
      secret: secrets.jwtSecret,
      userExists: async (id) => (await store.users.find(id)) !== undefined,
      identifyKey: keys.identify,
    },
    keepOpen: (request) => server?.keepOpen(request),
  });
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
      knowledge.endWatches();
      const cutOff = setTimeout(knowledge.endUploads, patience);
      await Promise.all([chat.drain(patience), server?.stop(patience)]);
      clearTimeout(cutOff);
      await usage.close();
      await late.close();
      await Promise.all([cache.close(), knowledge.close(), imports.close()]);
      await store.close();
    },
  };
}
