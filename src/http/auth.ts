import { jwt } from "@elysiajs/jwt";
import { Elysia } from "elysia";
import { AppError } from "../errors.ts";

export interface AuthOptions {
  readonly secret: string;
  /** The life of a token, `24h` for example. */
  readonly expiresIn: string;
  userExists(id: number): Promise<boolean>;
}

interface Session {
  readonly userId: number;
  /** Unix milliseconds. */
  readonly expires: number;
}

/** Verified tokens that are remembered; verification is 60 µs that a busy client need not pay. */
const rememberedTokens = 10_000;

const bearer = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * The guard of every route that needs a signed-in user. A module that uses it has `userId` in its
 * handlers and refuses everybody else with 401, before any body is read.
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

  async function authenticate(request: Request): Promise<number> {
    const token = bearer.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) throw new AppError("unauthorized");
    const session = sessions.get(token) ?? (await openSession(token));
    if (session.expires <= Date.now()) {
      sessions.delete(token);
      throw new AppError("unauthorized");
    }
    return session.userId;
  }

  return {
    /** Signs a token for the user. */
    issue: (userId: number): Promise<string> => signer.sign({ sub: String(userId) }),
    guard: new Elysia({ name: "auth" })
      // A body is only read for a caller who may send one.
      .onParse({ as: "scoped" }, async ({ request }) => {
        await authenticate(request);
      })
      .derive({ as: "scoped" }, async ({ request }) => ({ userId: await authenticate(request) })),
  };
}

export type Auth = ReturnType<typeof createAuth>;
