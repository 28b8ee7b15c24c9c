import PostalMime, { type Address } from "postal-mime";
import { AppError } from "../../../errors.ts";
import type { TextReader } from "../reader.ts";
import { writeHtml } from "./html.ts";
import { writeText } from "./text.ts";

function showAddress(address: Address): string {
  if (address.group) return address.group.map(showAddress).join(", ");
  return address.name ? `${address.name} <${address.address}>` : address.address;
}

/** Mail (RFC 5322 with MIME): who wrote when to whom, the text, the names of what is attached. */
export const readMail: TextReader = async ({ source, writer }) => {
  const bytes = source.read(0, source.size);
  const mail = await PostalMime.parse(bytes, {
    attachmentEncoding: "arraybuffer",
    maxNestingDepth: 64,
  });
  const hasHead = mail.headers.some(({ key }) => /^(from|to|subject|date|received)$/.test(key));
  if (!hasHead) throw new AppError("file_type_mismatch", { type: "eml" });
  writer.heading(1, mail.subject ?? "");
  const head = [
    mail.from ? `From: ${showAddress(mail.from)}` : "",
    mail.to ? `To: ${mail.to.map(showAddress).join(", ")}` : "",
    mail.cc ? `Cc: ${mail.cc.map(showAddress).join(", ")}` : "",
    mail.date ? `Date: ${mail.date}` : "",
  ];
  writer.paragraph(head.filter((line) => line !== "").join("\n"));
  // A text beside the HTML is the same message made by a machine, often badly.
  const before = writer.textLength;
  if (mail.html) writeHtml([mail.html], writer, { isPage: false });
  if (mail.text && writer.textLength === before) writeText([mail.text], writer);
  const names = mail.attachments
    .filter((attachment) => !attachment.related && attachment.filename)
    .map((attachment) => attachment.filename);
  if (names.length > 0) writer.paragraph(`Attachments: ${names.join(", ")}`);
  return { title: mail.subject };
};
