import { readXml } from "./xml.ts";
import type { Zip } from "./zip.ts";

/** The title (`dc:title`, DCMI) that a part of an archive gives; undefined for none or a blank one. */
export async function readDublinCoreTitle(zip: Zip, part: string): Promise<string | undefined> {
  let title: string | undefined;
  let inTitle = false;
  await readXml(zip.stream(part), {
    open(name) {
      inTitle = name === "dc:title";
    },
    text(text) {
      if (inTitle) title = (title ?? "") + text;
    },
    close() {
      inTitle = false;
    },
  });
  return title?.trim() || undefined;
}
