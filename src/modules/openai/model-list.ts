import { findModel } from "../../config/find-model.ts";
import type { ChatProviderConfig } from "../../config/schema.ts";
import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import type { EmbeddingModels } from "../../providers/embedding/index.ts";
import { demoName } from "../../providers/llm/demo.ts";
import type { ChatRouter } from "../../providers/llm/index.ts";
import type { KnowledgeBase } from "../../store/knowledge.ts";
import { readKnowledgeModel } from "./chat-request.ts";

/** A model as OpenAI's API lists it. */
export interface ListedModel {
  readonly id: string;
  readonly object: "model";
  readonly created: number;
  readonly owned_by: string;
  /** What people call it. */
  readonly name?: string;
}

/** Who asks, and whether they may read the user's knowledge bases. */
export interface Asker {
  readonly userId: number;
  readonly mayRead: boolean;
}

const ownerOfOurs = "llm-backend-api";
const ownerOfKnowledge = "knowledge-base";

export function createModelList(options: {
  readonly providers: readonly ChatProviderConfig[];
  readonly router: ChatRouter;
  readonly embeddings: EmbeddingModels;
  readonly knowledge: {
    list(userId: number): Promise<readonly Pick<KnowledgeBase, "id" | "name" | "createdTime">[]>;
    /** @throws AppError `knowledge_base_not_found` */
    get(id: string, userId: number): Promise<Pick<KnowledgeBase, "name" | "createdTime">>;
  };
}) {
  const { providers, router, embeddings, knowledge } = options;
  const started = unixTime();

  const model = (id: string, owner: string): ListedModel => ({
    id,
    object: "model",
    created: started,
    owned_by: owner,
  });

  const ofKnowledge = (
    id: string,
    { name, createdTime }: Pick<KnowledgeBase, "name" | "createdTime">,
  ): ListedModel => ({
    id,
    object: "model",
    created: createdTime,
    owned_by: ownerOfKnowledge,
    name,
  });

  const listed = providers
    .filter(({ apiKey, requiresApiKey }) => apiKey !== "" || !requiresApiKey)
    .flatMap(({ name, listedModels }) =>
      listedModels.map((id) => {
        const isFound = findModel(providers, id)?.provider.name === name;
        return model(isFound ? id : `${name}/${id}`, name);
      }),
    );

  return {
    /** What a user can choose from: those inside this program, those of the configuration, their own. */
    async list({ userId, mayRead }: Asker): Promise<ListedModel[]> {
      const own = mayRead ? await knowledge.list(userId) : [];
      return [
        model(demoName, ownerOfOurs),
        ...listed,
        ...own.map((each) => ofKnowledge(`kb:${each.id}`, each)),
      ];
    },

    /**
     * Any model that a request may name, whether or not it is listed: a provider's models are known by
     * the beginnings of their names alone.
     *
     * @throws AppError `unknown_model`, `knowledge_base_not_found`
     */
    async get(id: string, { userId, mayRead }: Asker): Promise<ListedModel> {
      const wanted = readKnowledgeModel(id);
      if (wanted !== undefined) {
        if (!mayRead) throw new AppError("knowledge_base_not_found");
        const found = await knowledge.get(wanted.knowledgeBaseId, userId);
        if (wanted.model !== undefined) router.route(wanted.model);
        return ofKnowledge(id, found);
      }
      if (embeddings.names.includes(id)) return model(id, ownerOfOurs);
      const { providerName } = router.route(id);
      return model(id, providerName === demoName ? ownerOfOurs : providerName);
    },
  };
}

export type ModelList = ReturnType<typeof createModelList>;
