import { AppError } from "../../../errors.ts";
import { resolvePath } from "../paths.ts";
import type { ArchiveReader } from "../reader.ts";
import { readXml, xmlEncoding } from "../xml.ts";
import type { Zip } from "../zip.ts";
import { writeHtml } from "./html.ts";

interface Package {
  title: string | undefined;
  /** Paths of the content documents in reading order, those of the table of contents left out. */
  readonly spine: string[];
}

/** Books of shops are encrypted; fonts alone are often only disguised. */
async function rejectEncrypted(zip: Zip): Promise<void> {
  await readXml(zip.stream("META-INF/encryption.xml"), {
    open(name, attributes) {
      const target = attributes.URI ?? "";
      if (name.endsWith("CipherReference") && /\.(x?html?|xml)$/i.test(target)) {
        throw new AppError("document_encrypted");
      }
    },
  });
}

async function readPackage(zip: Zip): Promise<Package> {
  let packagePath: string | undefined;
  await readXml(zip.stream("META-INF/container.xml"), {
    open(_name, attributes) {
      packagePath ??= attributes["full-path"];
    },
  });
  if (packagePath === undefined || !zip.has(packagePath)) throw new AppError("document_unreadable");
  const base = packagePath;
  const items = new Map<string, string>();
  const result: Package = { title: undefined, spine: [] };
  let title: string | undefined;
  await readXml(zip.stream(base), {
    open(name, attributes) {
      if (name === "dc:title" && result.title === undefined) title = "";
      else if (name === "opf:item") {
        const isContents = (attributes.properties ?? "").split(/\s+/).includes("nav");
        const isPage = /html|xml/.test(attributes["media-type"] ?? "html");
        if (attributes.id && attributes.href && isPage && !isContents) {
          items.set(attributes.id, resolvePath(base, attributes.href));
        }
      } else if (name === "opf:itemref") {
        const path = items.get(attributes.idref ?? "");
        if (path !== undefined) result.spine.push(path);
      }
    },
    text(text) {
      if (title !== undefined) title += text;
    },
    close(name) {
      if (name !== "dc:title" || title === undefined) return;
      result.title = title.trim() || undefined;
      title = undefined;
    },
  });
  return result;
}

function* decoded(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder(xmlEncoding(bytes));
  for (let at = 0; at < bytes.length; at += 262_144) {
    yield decoder.decode(bytes.subarray(at, at + 262_144), { stream: true });
  }
  yield decoder.decode();
}

/** EPUB 2 and 3: the chapters in the order of the spine, without the table of contents. */
export const readEpub: ArchiveReader = async ({ zip, writer }) => {
  await rejectEncrypted(zip);
  const { title, spine } = await readPackage(zip);
  for (const path of spine) {
    const content = await zip.bytes(path);
    if (content) writeHtml(decoded(content), writer, { isPage: false, isXhtml: true });
  }
  return { title };
};
