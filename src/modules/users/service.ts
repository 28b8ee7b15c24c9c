import { AppError } from "../../errors.ts";
import { unixTime } from "../../ids.ts";
import type { UserStore } from "../../store/users.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const minimumPasswordLength = 8;
const maximumPasswordBytes = 1024;

/** bcrypt's cost; 10 takes about 65 ms, off the main thread. */
const bcrypt = { algorithm: "bcrypt", cost: 10 } as const;

/**
 * What a login for a user who does not exist is compared with, so that it takes as long: the hash, at
 * the same cost, of a random password that nobody has kept. Made at each start it would delay it.
 */
const nobody = "$2b$10$LO7fWDLdwVm3Bdprp7/4P.gSghBtjGNKc4K1AKYnQ3QzDXoeIEuji";

/**
 * What is not seen and comes along when a name is copied, or turns the letters around it about: who
 * types such a name as it looks could not log in. Joiners and variation selectors are part of words
 * and emoji.
 */
const invisible =
  /(?!\u200c|\u200d|[\ufe00-\ufe0f])[\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u;

function checkNewCredentials({ username, password }: Credentials): void {
  // Halves of characters become U+FFFD in storage: two different names, or passwords, would be one.
  for (const [field, text] of Object.entries({ username, password })) {
    if (!text.isWellFormed()) throw new AppError("invalid_field", { field, reason: "not_unicode" });
  }
  if (username.trim() === "") {
    throw new AppError("invalid_field", { field: "username", reason: "empty" });
  }
  if (/\p{Cc}/u.test(username)) {
    throw new AppError("invalid_field", { field: "username", reason: "control_characters" });
  }
  if (invisible.test(username)) {
    throw new AppError("invalid_field", { field: "username", reason: "invisible_characters" });
  }
  if ([...password].length < minimumPasswordLength) {
    throw new AppError("invalid_field", {
      field: "password",
      reason: "too_short",
      limit: minimumPasswordLength,
    });
  }
  if (Buffer.byteLength(password) > maximumPasswordBytes) {
    throw new AppError("invalid_field", {
      field: "password",
      reason: "too_many_bytes",
      limit: maximumPasswordBytes,
    });
  }
}

/** One name however it was typed: accents composed, no space around it. */
const canonical = (username: string): string => username.normalize("NFC").trim();

export function createUserService(options: {
  readonly users: UserStore;
  readonly registration: "open" | "closed";
  /** The names of those who may see what all users do. */
  readonly admins: readonly string[];
  nextId(): number;
}) {
  const { users, registration, nextId } = options;
  const admins: ReadonlySet<string> = new Set(options.admins.map(canonical));

  return {
    /**
     * Passwords have 8 characters or more and at most 1,024 bytes; Bun hashes one of more than
     * bcrypt's 72 bytes with SHA-512 first, so that every byte of it counts.
     *
     * @throws AppError `invalid_field`, `username_taken`, `registration_closed`
     */
    async register(credentials: Credentials): Promise<void> {
      if (registration === "closed") throw new AppError("registration_closed");
      checkNewCredentials(credentials);
      const username = canonical(credentials.username);
      if ((await users.findByUsername(username)) !== undefined) {
        throw new AppError("username_taken");
      }
      const passwordHash = await Bun.password.hash(credentials.password, bcrypt);
      const user = { id: nextId(), username, passwordHash, createdTime: unixTime() };
      if (!(await users.insert(user))) throw new AppError("username_taken");
    },

    /**
     * Answers the user's id, in the same time whether or not the user exists.
     *
     * @throws AppError `wrong_credentials`
     */
    async login({ username, password }: Credentials): Promise<number> {
      const user = await users.findByUsername(canonical(username));
      const hash = user?.passwordHash ?? nobody;
      // The empty password is nobody's, and Bun refuses to compare it.
      const candidate = password === "" ? "\0" : password;
      const matches =
        Buffer.byteLength(candidate) <= maximumPasswordBytes &&
        (await Bun.password.verify(candidate, hash));
      if (user === undefined || !matches) throw new AppError("wrong_credentials");
      return user.id;
    },

    /** @throws AppError `not_an_admin` */
    async requireAdmin(id: number): Promise<void> {
      const user = admins.size === 0 ? undefined : await users.find(id);
      if (user === undefined || !admins.has(user.username)) throw new AppError("not_an_admin");
    },
  };
}

export type UserService = ReturnType<typeof createUserService>;
