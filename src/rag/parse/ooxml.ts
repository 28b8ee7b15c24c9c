import { AppError } from "../../errors.ts";
import { readDublinCoreTitle } from "./dublin-core.ts";
import { resolvePath } from "./paths.ts";
import { readXml } from "./xml.ts";
import type { Zip } from "./zip.ts";

/** A part that another one refers to. */
export interface Relationship {
  /** The last word of the relationship's type: `slide`, `comments`, `officeDocument` … */
  readonly type: string;
  readonly target: string;
}

/** What the part refers to within the package, by id. */
export async function readRelationships(
  zip: Zip,
  part: string,
): Promise<Map<string, Relationship>> {
  const slash = part.lastIndexOf("/") + 1;
  const path = `${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`;
  const relationships = new Map<string, Relationship>();
  await readXml(zip.stream(path), {
    open(name, attributes) {
      if (!name.endsWith("Relationship") || attributes.TargetMode === "External") return;
      const type = (attributes.Type ?? "").split("/").at(-1) ?? "";
      const target = resolvePath(part, attributes.Target ?? "");
      relationships.set(attributes.Id ?? "", { type, target });
    },
  });
  return relationships;
}

/** The parts of a type, in the order of the package. */
export function targetsOf(relationships: Map<string, Relationship>, type: string): string[] {
  return [...relationships.values()]
    .filter((relationship) => relationship.type === type)
    .map((relationship) => relationship.target);
}

/**
 * The part that holds the document itself.
 *
 * @throws AppError `document_unreadable` where there is none
 */
export async function findMainPart(zip: Zip, usual: string): Promise<string> {
  const [main = usual] = targetsOf(await readRelationships(zip, ""), "officeDocument");
  const part = zip.has(main) ? main : usual;
  if (!zip.has(part)) throw new AppError("document_unreadable");
  return part;
}

/** The title in the document's properties. */
export async function readCoreTitle(zip: Zip): Promise<string | undefined> {
  const parts = targetsOf(await readRelationships(zip, ""), "core-properties");
  return readDublinCoreTitle(zip, parts[0] ?? "docProps/core.xml");
}

/** Whether an on/off attribute of OOXML is on: it may be absent, or say so in several ways. */
export function isOn(value: string | undefined): boolean {
  return value === undefined || value === "1" || value === "true" || value === "on";
}
