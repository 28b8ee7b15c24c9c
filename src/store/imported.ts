import type { Conversation, Message } from "./conversations.ts";

/** A conversation from elsewhere, whole, before it is anybody's. */
export interface ImportedConversation
  extends Omit<Conversation, "id" | "userId" | "encryptedApiKey"> {
  /** In order of their ids; parents come before what follows them. */
  readonly messages: readonly Message[];
}

/** The same as one buffer, which passes from thread to thread without being copied. */
export type PackedConversation = ArrayBuffer;

export const packConversation = (conversation: ImportedConversation): PackedConversation =>
  new TextEncoder().encode(JSON.stringify(conversation)).buffer;

/** Only `packConversation` makes these buffers. */
export const unpackConversation = (packed: PackedConversation): ImportedConversation =>
  JSON.parse(new TextDecoder().decode(packed)) as ImportedConversation;
