import { isIPv4 } from "node:net";
import { show } from "./describe.ts";
import { findModel } from "./find-model.ts";
import type { KeyPath, Report } from "./key-path.ts";
import { nearest } from "./nearest.ts";
import { reservedEmbeddingModel, reservedProvider, zhipuDimensions } from "./providers.ts";
import { parseRedisAddress, redisAddressForm } from "./redis-address.ts";
import type { Config, ConfigTree } from "./schema.ts";

/** Printed in the founding specification's sample file, so known to everybody. */
const publicSecret = "S3cureK3y#2024!AIsafety";

/** What RFC 7518, section 3.2, asks of a key for HS256. */
const secretBytes = 32;

const howToMakeSecret = "make one with: openssl rand -base64 48";

/** Whether only this machine can reach a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** Reports what no single key shows: faults between keys, and names that must be or not be there. */
export function checkRules({ server, redis, jwt, llm, rag }: ConfigTree, report: Report): void {
  if (redis.address !== "" && parseRedisAddress(redis) === undefined) {
    const path = ["redis", "address"];
    report(path, `found ${show(redis.address, path)}, expected ${redisAddressForm}`);
  }
  if (jwt.secret === publicSecret && !isLoopback(server.host)) {
    report(
      ["jwt", "secret"],
      `found the secret of the documentation's sample, which is public, expected one of your own unless server.host is a loopback address such as 127.0.0.1; ${howToMakeSecret}`,
    );
  }

  const providers = llm.providers.map(({ name }) => name);
  providers.forEach((name, index) => {
    const path = ["llm", "providers", index, "name"];
    if (name === reservedProvider) {
      report(path, `found ${quote(name)}, the provider inside this program, expected another name`);
    }
    if (providers.indexOf(name) < index) report(path, twin(name));
  });
  checkFallbacks(llm, report);

  const models = rag.embedding_models.map(({ name }) => name);
  rag.embedding_models.forEach((model, index) => {
    const path = ["rag", "embedding_models", index];
    if (model.name === reservedEmbeddingModel) {
      report(
        [...path, "name"],
        `found ${quote(model.name)}, the model inside this program, expected another name`,
      );
    }
    if (models.indexOf(model.name) < index) report([...path, "name"], twin(model.name));
    if (!providers.includes(model.provider)) {
      report([...path, "provider"], unknownName("provider", model.provider, providers));
    }
    const allowed = model.provider === "zhipu" ? zhipuDimensions[model.model] : undefined;
    if (allowed !== undefined && !allowed.includes(model.dimensions)) {
      report(
        [...path, "dimensions"],
        `found ${model.dimensions}, expected ${allowed.join(", ")}: what Zhipu's ${model.model} answers with`,
      );
    }
  });

  const { reranker } = rag;
  if (reranker.provider !== "" && !providers.includes(reranker.provider)) {
    const path = ["rag", "reranker", "provider"];
    report(path, unknownName("provider", reranker.provider, providers));
  }
  for (const [key, other] of [
    ["provider", "model"],
    ["model", "provider"],
  ] as const) {
    if (reranker[key] === "" && reranker[other] !== "") {
      const cause = `rag.reranker.${other} is ${quote(reranker[other])}`;
      report(["rag", "reranker", key], `found "", expected a name, since ${cause}`);
    }
  }

  const isServed = rag.chat_model.toLowerCase() === reservedProvider;
  if (
    !isServed &&
    rag.chat_model !== "" &&
    findModel(llm.providers, rag.chat_model) === undefined
  ) {
    const remedy = `${quote(reservedProvider)}, one that a prefix in llm.providers takes, or provider/model`;
    report(
      ["rag", "chat_model"],
      `found ${quote(rag.chat_model)}, a model of no provider, expected ${remedy}`,
    );
  }

  const offered = [...models, reservedEmbeddingModel];
  if (!offered.includes(rag.default_embedding_model)) {
    report(
      ["rag", "default_embedding_model"],
      unknownName("embedding model", rag.default_embedding_model, offered),
    );
  }
}

function checkFallbacks({ providers, fallbacks }: ConfigTree["llm"], report: Report): void {
  const checkModel = (name: string, path: KeyPath) => {
    if (name.toLowerCase() === reservedProvider) {
      const rule = "which stands in for no other and needs none";
      report(path, `found ${quote(name)}, the model inside this program, ${rule}`);
    } else if (name !== "" && findModel(providers, name) === undefined) {
      const remedy = "one that a prefix in llm.providers takes, or provider/model";
      report(path, `found ${quote(name)}, a model of no provider, expected ${remedy}`);
    }
  };
  const checkAll = (names: readonly string[], path: KeyPath) =>
    names.forEach((name, index) => {
      checkModel(name, [...path, index]);
    });

  providers.forEach(({ fallback }, index) => {
    checkAll(fallback, ["llm", "providers", index, "fallback"]);
  });
  const models = fallbacks.map(({ model }) => model.toLowerCase());
  fallbacks.forEach(({ model, fallback }, index) => {
    const path = ["llm", "fallbacks", index];
    checkModel(model, [...path, "model"]);
    if (models.indexOf(model.toLowerCase()) < index) report([...path, "model"], twin(model));
    checkAll(fallback, [...path, "fallback"]);
  });
}

const quote = (name: string) => JSON.stringify(name);

const twin = (name: string) => `found ${quote(name)} a second time, expected each name once`;

function unknownName(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const hint = meant === undefined ? "" : `; did you mean ${quote(meant)}?`;
  // An entry whose own name is at fault has an empty one.
  const names = [...new Set(known)].filter((each) => each !== "").join(", ");
  return `found ${quote(name)}, no ${what} of that name, expected ${names}${hint}`;
}

/** What the operator should know although the server starts: one line each. */
export function configWarnings(config: Config): readonly string[] {
  const { secret } = config.jwt;
  const length = Buffer.byteLength(secret);
  if (secret === publicSecret) {
    return [
      `jwt.secret is the one of the documentation's sample: whoever reaches this server can sign in as anybody; ${howToMakeSecret}`,
    ];
  }
  if (secret !== "" && length < secretBytes) {
    return [
      `jwt.secret has ${length} bytes, fewer than the ${secretBytes} that its signatures need to be safe; ${howToMakeSecret}`,
    ];
  }
  return [];
}
