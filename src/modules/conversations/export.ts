import type { Language } from "../../http/messages.ts";
import { branchTo } from "./branches.ts";
import { toExported } from "./exported.ts";
import { toMarkdown } from "./markdown.ts";
import type { ConversationService } from "./service.ts";

export interface ExportedFile {
  readonly title: string;
  readonly text: string;
}

/** Conversations as files that their owners keep. */
export const createExportService = (conversations: ConversationService) => ({
  /**
   * All of it, as JSON that `import` takes.
   *
   * @throws AppError `conversation_not_found`, also for another user's
   */
  async json(id: number, userId: number): Promise<ExportedFile> {
    const conversation = await conversations.get(id, userId);
    const exported = toExported(conversation, await conversations.messages(id));
    return { title: conversation.title, text: `${JSON.stringify(exported, null, 2)}\n` };
  },

  /**
   * The branch that is shown, for people to read.
   *
   * @throws AppError `conversation_not_found`, also for another user's
   */
  async markdown(id: number, userId: number, language: Language): Promise<ExportedFile> {
    const conversation = await conversations.get(id, userId);
    const shown = branchTo(await conversations.messages(id), conversation.tip);
    return { title: conversation.title, text: toMarkdown(conversation, shown, language) };
  },
});

export type ExportService = ReturnType<typeof createExportService>;
