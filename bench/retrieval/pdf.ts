const lineLength = 95;
const linesOnPage = 50;

/** Latin paragraphs as a PDF without compression, in Helvetica, 50 lines a page. */
export function makePdf(paragraphs: readonly string[]): Uint8Array {
  const lines = paragraphs.flatMap(
    (text) => text.match(new RegExp(`.{1,${lineLength}}( |$)`, "g")) ?? [],
  );
  const pages = Array.from({ length: Math.ceil(lines.length / linesOnPage) }, (_, at) =>
    lines.slice(at * linesOnPage, (at + 1) * linesOnPage),
  );
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    `<</Type/Pages/Count ${pages.length}/Kids[${pages.map((_, at) => `${4 + 2 * at} 0 R`).join(" ")}]>>`,
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
  ];
  for (const [at, page] of pages.entries()) {
    const shown = page.map((line) => `(${line.trim()}) Tj T*`).join("\n");
    const stream = `BT /F1 10 Tf 14 TL 50 770 Td\n${shown}\nET`;
    objects.push(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents ${5 + 2 * at} 0 R>>`,
      `<</Length ${stream.length}>>\nstream\n${stream}\nendstream`,
    );
  }
  let file = "%PDF-1.4\n";
  const offsets: number[] = [];
  for (const [at, object] of objects.entries()) {
    offsets.push(file.length);
    file += `${at + 1} 0 obj\n${object}\nendobj\n`;
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const count = objects.length + 1;
  return Buffer.from(
    `${file}xref\n0 ${count}\n0000000000 65535 f \n${table}trailer\n<</Size ${count}/Root 1 0 R>>\nstartxref\n${file.length}\n%%EOF\n`,
    "latin1",
  );
}
