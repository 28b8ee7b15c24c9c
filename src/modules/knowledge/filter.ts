import type { Static } from "@sinclair/typebox";
import { typeOfExtension } from "../../rag/parse/file-types.ts";
import type { DocumentFilter } from "../../store/knowledge.ts";
import { cleanMetadata } from "./metadata.ts";
import type { filterBody } from "./model.ts";

/** `.MARKDOWN` as documents have it: `md`. */
function toFileType(sent: string): string {
  const extension = sent.trim().toLowerCase().replace(/^\./, "");
  return typeOfExtension(extension)?.extension ?? extension;
}

/** What a caller asks for, in the words in which documents are stored. */
export function toFilter(sent: Static<typeof filterBody>): DocumentFilter {
  const { doc_ids: ids, file_types: types, metadata } = sent;
  return {
    ...(ids === undefined ? {} : { documentIds: ids.map((id) => id.toLowerCase()) }),
    ...(types === undefined ? {} : { fileTypes: types.map(toFileType) }),
    ...(metadata === undefined
      ? {}
      : {
          metadata: Object.fromEntries(
            Object.entries(metadata).map(([key, values]) => [
              cleanMetadata(key),
              [values].flat().map(cleanMetadata),
            ]),
          ),
        }),
  };
}
