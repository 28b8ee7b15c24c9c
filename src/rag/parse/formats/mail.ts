import PostalMime, { type Address, type Email } from "postal-mime";
import { AppError } from "../../../errors.ts";
import type { BlockWriter } from "../block-writer.ts";
import type { TextReader } from "../reader.ts";
import { writeHtml } from "./html.ts";
import { writeText } from "./text.ts";

function showAddress(address: Address): string {
  if (address.group) return address.group.map(showAddress).join(", ");
  return address.name ? `${address.name} <${address.address}>` : address.address;
}

/** Mails that are forwarded within each other. */
const maxForwarded = 8;

async function writeMail(
  bytes: Uint8Array | ArrayBuffer,
  writer: BlockWriter,
  depth: number,
): Promise<Email> {
  const mail = await PostalMime.parse(bytes, {
    attachmentEncoding: "arraybuffer",
    maxNestingDepth: 64,
    // It would write them into the text, with lines for their headers.
    forceRfc822Attachments: true,
  });
  writer.heading(depth + 1, mail.subject ?? "");
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
  for (const { mimeType, content } of mail.attachments) {
    const isForwarded = mimeType === "message/rfc822" && depth < maxForwarded;
    if (isForwarded && typeof content !== "string") await writeMail(content, writer, depth + 1);
  }
  return mail;
}

/**
 * Mail (RFC 5322 with MIME): who wrote when to whom, the text, the names of what is attached; mails
 * that it forwards, with the same.
 */
export const readMail: TextReader = async ({ source, writer }) => {
  // A text of another kind is written for nothing: a document that is refused leaves no blocks.
  const mail = await writeMail(source.read(0, source.size), writer, 0);
  const hasHead = mail.headers.some(({ key }) => /^(from|to|subject|date|received)$/.test(key));
  if (!hasHead) throw new AppError("file_type_mismatch", { type: "eml" });
  return { title: mail.subject };
};
