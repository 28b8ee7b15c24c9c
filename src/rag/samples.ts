import type { SearchStore } from "../store/search.ts";
import { type LooseStatistics, looseStatistics } from "./loose/features.ts";
import { vocabularyOf } from "./spelling.ts";

/** Passages that tell what a knowledge base is like. */
const sampleSize = 200;

/** Knowledge bases that are remembered: 128 KiB each, and their words, once they were asked for. */
const mostRemembered = 64;

interface Sampled {
  readonly version: string;
  readonly statistics: LooseStatistics;
  vocabulary?: ReadonlySet<string>;
}

/** What some passages of each knowledge base tell; `version` is another one after every change. */
export class Samples {
  private readonly remembered = new Map<string, Sampled>();

  constructor(private readonly store: Pick<SearchStore, "sample">) {}

  /** How common the features of a loose match are. */
  async statistics(knowledgeBaseId: string, version: string): Promise<LooseStatistics> {
    return (await this.recall(knowledgeBaseId, version)).statistics;
  }

  /** The words that others may be misspellings of. */
  async vocabulary(knowledgeBaseId: string, version: string): Promise<ReadonlySet<string>> {
    const known = await this.recall(knowledgeBaseId, version);
    known.vocabulary ??= vocabularyOf(await this.store.sample(knowledgeBaseId, sampleSize));
    return known.vocabulary;
  }

  private async recall(knowledgeBaseId: string, version: string): Promise<Sampled> {
    const known = this.remembered.get(knowledgeBaseId);
    if (known?.version === version) return known;
    const statistics = looseStatistics(await this.store.sample(knowledgeBaseId, sampleSize));
    const fresh = { version, statistics };
    this.remembered.delete(knowledgeBaseId);
    this.remembered.set(knowledgeBaseId, fresh);
    const [oldest] = this.remembered.keys();
    if (oldest !== undefined && this.remembered.size > mostRemembered) {
      this.remembered.delete(oldest);
    }
    return fresh;
  }
}
