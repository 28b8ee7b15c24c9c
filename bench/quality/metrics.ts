/** Recall@1, @5, @10, MRR@10 and nDCG@10 over questions, in percent. */
export class Metrics {
  private readonly sums = [0, 0, 0, 0, 0];
  private questions = 0;

  /** `found`: the ids that the search answered, the best first. */
  add(found: readonly string[], relevant: ReadonlySet<string>): void {
    this.questions++;
    const ranks = found.slice(0, 10).flatMap((id, i) => (relevant.has(id) ? [i + 1] : []));
    const recall = (k: number) => ranks.filter((rank) => rank <= k).length / relevant.size;
    const gain = (rank: number) => 1 / Math.log2(rank + 1);
    const ideal = Array.from({ length: Math.min(10, relevant.size) }, (_, i) => gain(i + 1));
    const [first] = ranks;
    const values = [
      recall(1),
      recall(5),
      recall(10),
      first === undefined ? 0 : 1 / first,
      total(ranks.map(gain)) / total(ideal),
    ];
    for (const [i, value] of values.entries()) this.sums[i] = (this.sums[i] ?? 0) + value;
  }

  /** In the order of `metricNames`. */
  percentages(): number[] {
    return this.sums.map((sum) => (100 * sum) / this.questions);
  }

  row(): string {
    return this.percentages()
      .map((value) => value.toFixed(1).padStart(7))
      .join("");
  }
}

export const metricNames = ["R@1", "R@5", "R@10", "MRR", "nDCG"];

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
