import type { Excerpt } from "../text/excerpt.ts";
import type { WantedTerm } from "../text/search-terms.ts";
import type { PackedConversation } from "./imported.ts";

export interface Conversation {
  readonly id: number;
  readonly userId: number;
  readonly title: string;
  /** Whether the title only stands until the first answer gives a better one. */
  readonly untitled: boolean;
  readonly model: string;
  /** The caller's own key for the model, encrypted; null when the configured one is used. */
  readonly encryptedApiKey: string | null;
  /** Null: the configured default. */
  readonly systemPrompt: string | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number | null;
  /** What its questions are answered from, in the order in which they were named. */
  readonly knowledgeBaseIds: readonly string[];
  /** The newest message of the branch that is shown; null before the first. */
  readonly tip: number | null;
  readonly createdTime: number;
}

/** What of a conversation can change; what is left out stays. */
export type ConversationChanges = Partial<
  Pick<
    Conversation,
    | "title"
    | "untitled"
    | "model"
    | "encryptedApiKey"
    | "systemPrompt"
    | "temperature"
    | "topP"
    | "maxTokens"
    | "knowledgeBaseIds"
  >
>;

export interface ConversationSummary {
  readonly id: number;
  readonly title: string;
  readonly knowledgeBaseIds: readonly string[];
  readonly createdTime: number;
}

/**
 * `streaming`: an answer that still grows. `interrupted`: cut by the client, the provider or the end
 * of the process; what had come by then is kept.
 */
export type MessageStatus = "complete" | "streaming" | "interrupted";

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  /** Whether we counted, since the provider did not say. */
  readonly estimated: boolean;
}

export interface Message {
  /** Counts 1, 2, 3 … within its conversation. */
  readonly id: number;
  /** The message that this one answers or follows; null for the first of a branch. */
  readonly parentId: number | null;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly reasoning: string | null;
  readonly status: MessageStatus;
  /** As the provider gave it, `stop` or `length` for example; `interrupted` for a cut answer. */
  readonly finishReason: string | null;
  /** The citations that an answer over a knowledge base was given, as JSON. */
  readonly sources: string | null;
  /**
   * The pieces in which an answer was streamed, in order: the length of each in UTF-16 units, of
   * content as it is, of reasoning negated. Null for what was never streamed.
   */
  readonly pieces: readonly number[] | null;
  readonly usage: Usage | null;
  /** What answered, where that is not the conversation's model. */
  readonly model: string | null;
  readonly createdTime: number;
}

/** Where a message stands, without what it says. */
export interface MessagePlace extends Pick<Message, "id" | "parentId" | "role"> {
  /** Whether its status is `streaming`. */
  readonly isGrowing: boolean;
}

export interface NewTurn {
  readonly question:
    | {
        readonly content: string;
        /** The message that it follows; undefined for the tip. */
        readonly parentId: number | null | undefined;
      }
    | {
        /** A question that is there already. */
        readonly id: number;
      };
  /** The highest id of a message on which the turn was planned; 0 for none. */
  readonly seen: number;
  readonly createdTime: number;
}

export interface Turn {
  readonly userMessageId: number;
  readonly answerId: number;
}

/** Pieces of an answer that followed one another, with their text; see `Message.pieces`. */
export interface AnswerText {
  readonly content: string;
  readonly reasoning: string;
  readonly pieces: readonly number[];
}

/** What has come of one answer since the checkpoint before. */
export interface AnswerPart extends AnswerText {
  readonly conversationId: number;
  readonly answerId: number;
  /** The number of pieces before this part. */
  readonly firstPiece: number;
  /** Set in the first part alone. */
  readonly sources: string | null;
  /** The same for what answers, where that is not the conversation's model. */
  readonly model: string | null;
}

export interface AnswerEnd extends AnswerText {
  readonly sources: string | null;
  readonly status: Exclude<MessageStatus, "streaming">;
  readonly finishReason: string | null;
  readonly usage: Usage | null;
  readonly model: string | null;
}

export interface ConversationSearch {
  readonly userId: number;
  /** A title or message is found when it has all of them, see `searchTerms`. */
  readonly terms: readonly WantedTerm[];
  readonly limit: number;
  /** Exclusive. */
  readonly before?: number | undefined;
}

export interface MessageMatch {
  readonly messageId: number;
  readonly role: Message["role"];
  readonly createdTime: number;
  readonly excerpt: Excerpt;
}

/** A conversation in which something was found. */
export interface ConversationMatch {
  readonly id: number;
  readonly title: Excerpt;
  readonly createdTime: number;
  /** Messages that were found in it, on any branch. */
  readonly messageCount: number;
  /** The newest of them. */
  readonly messages: readonly MessageMatch[];
}

/**
 * Of the knowledge bases that are to be attached, those that are gone or another user's are left out;
 * one that is deleted falls off.
 */
export interface ConversationStore {
  insert(conversation: Conversation): Promise<void>;
  /** Stores a conversation with all its messages. The buffer is empty afterwards. */
  import(id: number, userId: number, conversation: PackedConversation): Promise<void>;
  find(id: number): Promise<Conversation | undefined>;
  /** Answers the conversation as it is now; undefined when the user has no such conversation. */
  update(
    id: number,
    userId: number,
    changes: ConversationChanges,
  ): Promise<Conversation | undefined>;
  /**
   * Gives it this title, unless the title is no longer the one that was `seen`. Answers the title that
   * it has then; undefined when it is gone.
   */
  retitle(
    id: number,
    seen: Pick<Conversation, "title" | "untitled">,
    title: string,
  ): Promise<string | undefined>;
  /** Newest first; `before` is exclusive. */
  list(
    userId: number,
    page: { limit: number; before?: number | undefined },
  ): Promise<ConversationSummary[]>;
  /** In titles and messages, of all branches; newest conversation first. */
  search(wanted: ConversationSearch): Promise<ConversationMatch[]>;
  /** With its messages. Answers false when the user has no such conversation. */
  delete(id: number, userId: number): Promise<boolean>;
  /** Of all branches, in order of their ids, with what has been stored so far of an answer that still grows. */
  messages(id: number): Promise<Message[]>;
  /** The places of the same. */
  outline(id: number): Promise<MessagePlace[]>;
  /** One of them. */
  message(id: number, messageId: number): Promise<Message | undefined>;
  /** The highest id that a conversation ever had, deleted ones included; 0 before the first. */
  highestId(): Promise<number>;
  /**
   * Opens an answer with status `streaming`, behind a question that it stores first, or behind one
   * that is there. It becomes the conversation's tip. Otherwise nothing is stored and the answer is:
   * `gone` when the conversation or that question is; `running` while another process makes an answer
   * of the conversation; `outdated` when messages have come or changed since the turn was planned. An
   * answer that this process began before and never ended counts as cut.
   */
  beginTurn(id: number, turn: NewTurn): Promise<Turn | "gone" | "running" | "outdated">;
  /** Stores how far answers have grown. Answers those that have ended or are gone, untouched. */
  checkpoint(parts: readonly AnswerPart[]): Promise<AnswerPart[]>;
  /** Does nothing to an answer that has ended or is gone. */
  endAnswer(id: number, answerId: number, end: AnswerEnd): Promise<void>;
  /**
   * Takes back an answer that no caller was told of and shows `tip` again; its question stays. Does nothing to
   * one that has ended.
   */
  dropAnswer(id: number, answerId: number, tip: number | null): Promise<void>;
  /** Shows another branch. */
  setTip(id: number, tip: number): Promise<void>;
}
