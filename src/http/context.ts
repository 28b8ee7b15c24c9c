import type { Auth } from "./auth.ts";
import type { Language } from "./messages.ts";

/** What the routes of every module need beside their service. */
export interface HttpContext {
  readonly auth: Auth;
  /** The language of messages where the caller names none. */
  readonly language: Language;
  /** Bytes of a JSON body at most. */
  readonly maxBodyBytes: number;
  /** Lets the answer to a request take as long as it takes, however quiet the connection is. */
  keepOpen(request: Request): void;
}
