import { jwt } from "@elysiajs/jwt";
import { Elysia } from "elysia";
import { AppError } from "../errors.ts";
import { type Scope, scopes } from "../store/api-keys.ts";
import { scopeOf } from "./scopes.ts";

export interface AuthOptions {
  readonly secret: string;
  /** The life of a token, `24h` for example. */
  readonly expiresIn: string;
  userExists(id: number): Promise<boolean>;
  /** Whose API key it is and what it may; undefined when it opens nothing. */
  identifyKey(key: string): Promise<Principal | undefined>;
}

/** Who calls, and what may be done in their name. */
interface Principal {
  readonly userId: number;
  readonly scopes: readonly Scope[];
}

interface Session {
  readonly userId: number;
  /** Unix milliseconds. */
  readonly expires: number;
}

/** Verified tokens that are remembered; verification is 60 µs that a busy client need not pay. */
const rememberedTokens = 10_000;

/** A token of a signed-in user, or an API key. */
const bearer = /^Bearer +(?:([\w-]+\.[\w-]+\.[\w-]+)|(sk-[\w-]{1,200}))$/i;

/**
 * The guard of every route that needs a user, by a token or by an API key with the scope that
 * `scopes.ts` asks for. A module that uses it has `userId` in its handlers, and `may`, which tells what
 * else the caller may do; everybody else is refused with 401, or 403 for want of a scope, before any
 * body is read.
 */
export function createAuth(options: AuthOptions) {
  const tokens = new Elysia({ name: "tokens" }).use(
    jwt({ name: "jwt", secret: options.secret, alg: "HS256", exp: options.expiresIn }),
  );
  const { jwt: signer } = tokens.decorator;
  const sessions = new Map<string, Session>();

  async function openSession(token: string): Promise<Session> {
    const claims = await signer.verify(token, { algorithms: ["HS256"] });
    if (claims === false || claims.exp === undefined) throw new AppError("unauthorized");
    const userId = Number(claims.sub);
    if (!Number.isSafeInteger(userId) || !(await options.userExists(userId))) {
      throw new AppError("unauthorized");
    }
    const session = { userId, expires: claims.exp * 1000 };
    if (sessions.size >= rememberedTokens) {
      for (const oldest of sessions.keys()) {
        sessions.delete(oldest);
        break;
      }
    }
    sessions.set(token, session);
    return session;
  }

  async function authenticateUser(token: string): Promise<number> {
    const session = sessions.get(token) ?? (await openSession(token));
    if (session.expires <= Date.now()) {
      sessions.delete(token);
      throw new AppError("unauthorized");
    }
    return session.userId;
  }

  async function authenticate(request: Request, route: string): Promise<Principal> {
    const [, token, key] = bearer.exec(request.headers.get("authorization") ?? "") ?? [];
    if (token !== undefined) return { userId: await authenticateUser(token), scopes };
    const principal = key === undefined ? undefined : await options.identifyKey(key);
    if (principal === undefined) throw new AppError("unauthorized");
    const needed = scopeOf(request.method, route);
    if (needed === undefined)
      throw new AppError("insufficient_scope", { reason: "signed_in_user" });
    if (needed !== "any" && !principal.scopes.includes(needed)) {
      throw new AppError("insufficient_scope", { reason: "scope", scope: needed });
    }
    return principal;
  }

  return {
    /** Signs a token for the user. */
    issue: (userId: number): Promise<string> => signer.sign({ sub: String(userId) }),
    guard: new Elysia({ name: "auth" })
      // A body is only read for a caller who may send one.
      .onParse({ as: "scoped" }, async ({ request, route }) => {
        await authenticate(request, route);
      })
      .derive({ as: "scoped" }, async ({ request, route }) => {
        const { userId, scopes } = await authenticate(request, route);
        return { userId, may: (scope: Scope): boolean => scopes.includes(scope) };
      }),
  };
}

export type Auth = ReturnType<typeof createAuth>;
