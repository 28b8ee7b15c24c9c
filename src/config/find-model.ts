/** What a provider's entry says about the models that it takes. */
export interface ModelTaker {
  readonly name: string;
  readonly models: readonly string[];
}

/** The provider that a model's name leads to, and what that provider calls it. */
export interface FoundModel<Provider> {
  readonly provider: Provider;
  readonly model: string;
}

/**
 * The provider of a model: the one with the longest prefix among its `models`, the first of the list
 * where two are equally long; `name/model` names one outright. Letter case does not matter; the model
 * stays as it was written. Undefined when no provider takes it.
 */
export function findModel<Provider extends ModelTaker>(
  providers: readonly Provider[],
  model: string,
): FoundModel<Provider> | undefined {
  const lower = model.toLowerCase();
  const slash = model.indexOf("/");
  const named = providers.find(({ name }) => name === lower.slice(0, slash));
  if (slash > 0 && named !== undefined && slash + 1 < model.length) {
    return { provider: named, model: model.slice(slash + 1) };
  }
  let best: Provider | undefined;
  let length = 0;
  for (const provider of providers) {
    for (const prefix of provider.models) {
      if (prefix.length > length && lower.startsWith(prefix.toLowerCase())) {
        best = provider;
        length = prefix.length;
      }
    }
  }
  return best === undefined ? undefined : { provider: best, model };
}
