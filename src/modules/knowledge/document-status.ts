import { EventLog } from "../../http/event-log.ts";
import { errorMessage, type Language } from "../../http/messages.ts";
import { eventStreamResponse } from "../../http/sse.ts";
import type { IngestProgress } from "../../rag/ingest-progress.ts";
import { toStatus } from "./document-wire.ts";
import type { DocumentState } from "./documents.ts";
import type { KnowledgeService } from "./service.ts";

/** Whether an `Accept` header asks for server-sent events. */
export const wantsEvents = (request: Request): boolean =>
  /(^|[\s,])text\/event-stream\b/i.test(request.headers.get("accept") ?? "");

const isOver = ({ stage }: IngestProgress): boolean => stage === "ready" || stage === "failed";

/**
 * Streams where taking a document in stands: a `status` event now and at each change, up to the one
 * that says `ready` or `failed`. A document that is deleted meanwhile ends it with an `error` event;
 * where nobody is at it any more, or the server stops, it just ends, for the client to come back.
 */
export function documentStatusStream(
  knowledge: KnowledgeService,
  { document, progress }: DocumentState,
  options: { readonly request: Request; readonly userId: number; readonly language: Language },
): Response {
  const { request, userId, language } = options;
  const log = new EventLog();

  function push(event: string, fields: object): void {
    log.append([JSON.stringify({ event, ...fields })]);
  }

  function tell(now: IngestProgress): void {
    push("status", { data: toStatus(document, now, language) });
    if (isOver(now)) log.close();
  }

  async function lose(): Promise<void> {
    try {
      await knowledge.documentState(document.id, userId);
    } catch {
      const code = "document_not_found";
      push("error", { data: errorMessage(code, language), code });
    }
    log.close();
  }

  const leave = knowledge.watchDocument(document.id, (now) => {
    if (log.closed) return;
    if (now === undefined) void lose();
    else tell(now);
  });
  tell(progress);
  return eventStreamResponse({
    log,
    first: 0,
    format: "sse",
    idOf: String,
    signal: request.signal,
    onEnd: leave,
  });
}
