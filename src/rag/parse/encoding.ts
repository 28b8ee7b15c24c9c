import { isUtf8 } from "node:buffer";
import { latin1 } from "./plain-text.ts";
import { guessSingleByte } from "./single-byte.ts";
import { pieces, type Source } from "./source.ts";

/** How a text is encoded, and how many bytes of a byte order mark come before it. */
export interface TextEncoding {
  /** A label of the Encoding Standard, for `TextDecoder`. */
  readonly label: string;
  readonly markLength: number;
}

/** The encoding that a byte order mark names. */
function markedEncoding(head: Uint8Array): TextEncoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) {
    return { label: "utf-8", markLength: 3 };
  }
  if (head[0] === 0xff && head[1] === 0xfe) return { label: "utf-16le", markLength: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { label: "utf-16be", markLength: 2 };
  return undefined;
}

/** What begins a stretch of Japanese in ISO-2022-JP, whose bytes are all ASCII (RFC 1468). */
const japaneseEscapes = ["\x1b$@", "\x1b$B"];

function hasJapaneseEscape(bytes: Uint8Array): boolean {
  return bytes.includes(0x1b) && japaneseEscapes.some((one) => latin1(bytes).includes(one));
}

/** Bytes that plain English lacks; which of them are none of UTF-8 is seen from there. */
const isUnusual = (byte: number): boolean => byte > 0x7f || byte === 0 || byte === 0x1b;

/**
 * Where the first unusual byte stands in the first piece that is not plain UTF-8; undefined when all
 * pieces are.
 */
function findForeignByte(source: Source): number | undefined {
  let carried: Uint8Array = new Uint8Array();
  let position = 0;
  for (const piece of pieces(source)) {
    const bytes = carried.length > 0 ? Buffer.concat([carried, piece]) : piece;
    const isLast = position + piece.length >= source.size;
    // A character may lie across two pieces: its first bytes wait for the next one.
    const whole = isLast ? bytes.length : characterBoundary(bytes);
    const head = bytes.subarray(0, whole);
    if (!isUtf8(head) || head.includes(0) || hasJapaneseEscape(head)) {
      return position - carried.length + head.findIndex(isUnusual);
    }
    carried = bytes.slice(whole);
    position += piece.length;
  }
  return undefined;
}

/** The end of the last UTF-8 character that is complete. */
function characterBoundary(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at >= Math.max(0, bytes.length - 4); at -= 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) return at + 1;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return at + length <= bytes.length ? at + length : at;
    }
  }
  return bytes.length;
}

/** The characters that are commonest in a language: about four in ten of any text are among them. */
const common = {
  simplified: new Set(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运",
  ),
  traditional: new Set(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運臺灣請",
  ),
  korean: new Set(
    "이다는의에을를가고한로지하은도사기어서자대시나인리아수그있들일정전부게해것보제상으라만주과장선국공년여경조동원성비계스안우개적생면간회연구문중신드무관모물없유내때용행와위방화거트요소미실할당세진음오체말된었였며니까했습합께",
  ),
} as const;

const kana = /[\u3041-\u3096\u30a1-\u30fc]/;
const sharedPunctuation = /[\u3001\u3002\uff0c\uff01\uff1f\uff1a\uff1b\u300a-\u3011\u201c\u201d]/;

interface Candidate {
  readonly label: string;
  readonly isCommon: (character: string) => boolean;
}

const candidates: readonly Candidate[] = [
  { label: "gb18030", isCommon: (character) => common.simplified.has(character) },
  { label: "big5", isCommon: (character) => common.traditional.has(character) },
  { label: "shift_jis", isCommon: (character) => kana.test(character) },
  { label: "euc-jp", isCommon: (character) => kana.test(character) },
  { label: "euc-kr", isCommon: (character) => common.korean.has(character) },
];

const utf16Candidates: readonly Candidate[] = ["utf-16le", "utf-16be"].map((label) => ({
  label,
  isCommon: (character) =>
    // White space, ASCII, Latin, Greek and Cyrillic letters, Chinese punctuation.
    /[\t\n\r -~\u00a0-\u017f\u0386-\u045f\u3000-\u3011\uff01-\uff1f]/.test(character) ||
    kana.test(character) ||
    common.simplified.has(character) ||
    common.traditional.has(character) ||
    common.korean.has(character),
}));

/** Share of the characters beyond ASCII that are common in the encoding's language; 0 if invalid. */
function score(bytes: Uint8Array, candidate: Candidate, counted: (character: string) => boolean) {
  const text = decodeStrictly(bytes, candidate.label);
  if (text === undefined) return 0;
  let all = 0;
  let hits = 0;
  for (const character of text) {
    if (!counted(character)) continue;
    all += 1;
    if (candidate.isCommon(character)) hits += 1;
    // Half-width katakana and private characters are what a wrong guess is full of.
    else if (/[\uff61-\uff9f\ue000-\uf8ff]/.test(character)) hits -= 1;
  }
  return all === 0 ? 0 : hits / all;
}

/** The text, or undefined where it is not valid; a character cut off at the end is forgiven. */
function decodeStrictly(bytes: Uint8Array, label: string): string | undefined {
  for (const cut of [0, 1, 2, 3]) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
    } catch {
      if (cut >= bytes.length) break;
    }
  }
  return undefined;
}

function best(bytes: Uint8Array, from: readonly Candidate[], counted: (c: string) => boolean) {
  let winner: { label: string; score: number } | undefined;
  for (const candidate of from) {
    const found = score(bytes, candidate, counted);
    if (found > (winner?.score ?? 0)) winner = { label: candidate.label, score: found };
  }
  return winner;
}

/** UTF-16 in the order of bytes that gives more common characters. */
function guessUtf16(bytes: Uint8Array): string | undefined {
  const even = bytes.subarray(0, bytes.length & ~1);
  const winner = best(even, utf16Candidates, () => true);
  return winner && winner.score >= 0.25 ? winner.label : undefined;
}

/** Whether the sample is UTF-8 but for a few bytes. */
function isDamagedUtf8(sample: Uint8Array): boolean {
  const text = new TextDecoder().decode(sample);
  let foreign = 0;
  let broken = 0;
  for (const character of text) {
    if (character > "\x7f") foreign += 1;
    if (character === "\ufffd") broken += 1;
  }
  return broken <= foreign / 10;
}

/** Share of the bytes beyond ASCII that have none beside them. */
function isolatedShare(sample: Uint8Array): number {
  let all = 0;
  let alone = 0;
  for (let at = 0; at < sample.length; at += 1) {
    if ((sample[at] ?? 0) < 0x80) continue;
    all += 1;
    if ((sample[at - 1] ?? 0) < 0x80 && (sample[at + 1] ?? 0) < 0x80) alone += 1;
  }
  return all === 0 ? 0 : alone / all;
}

/** A sample of the text that holds what is not ASCII. */
function guessLegacy(sample: Uint8Array): string {
  if (hasJapaneseEscape(sample) && decodeStrictly(sample, "iso-2022-jp") !== undefined) {
    return "iso-2022-jp";
  }
  if (isDamagedUtf8(sample)) return "utf-8";
  const isForeign = (character: string) => character > "\x7f" && !sharedPunctuation.test(character);
  const eastAsian = best(sample, candidates, isForeign);
  if (eastAsian && eastAsian.score >= 0.25) {
    // Accents stand among plain letters; most characters of two bytes have both beyond ASCII.
    const accented = isolatedShare(sample) > 0.3 ? guessSingleByte(sample) : undefined;
    return accented && accented.score > eastAsian.score ? accented.label : eastAsian.label;
  }
  const utf16 = guessUtf16(sample);
  if (utf16) return utf16;
  const singleByte = guessSingleByte(sample);
  // Rare characters only, in a valid double-byte text: still likelier than accents side by side.
  return eastAsian && singleByte.score < 0.85 ? eastAsian.label : singleByte.label;
}

/**
 * The encoding of a text: by its byte order mark, else UTF-8 where all of it is valid, else
 * ISO-2022-JP by its escapes, UTF-16, GB18030, Big5, Shift-JIS, EUC-JP, EUC-KR by how many of its
 * characters are common in that language, else a single-byte encoding. Undefined for what is no text
 * in any of them.
 */
export function detectEncoding(source: Source): TextEncoding | undefined {
  const head = source.read(0, 65_536);
  const marked = markedEncoding(head);
  if (marked) return marked;
  const foreign = findForeignByte(source);
  if (foreign === undefined) return { label: "utf-8", markLength: 0 };
  // An even position keeps the halves of UTF-16 together.
  const sample = foreign < head.length ? head : source.read(foreign & ~1, 65_536);
  // The low bytes of UTF-16 may be any, control characters too.
  const label = isBinary(sample) ? guessUtf16(sample) : guessLegacy(sample);
  return label ? { label, markLength: 0 } : undefined;
}

/** Text of one byte a character holds no controls but white space, escape and the old end of file. */
function isBinary(sample: Uint8Array): boolean {
  let controls = 0;
  for (const byte of sample) {
    if (byte === 0) return true;
    if (byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b && byte !== 0x1a) {
      controls += 1;
    }
  }
  return controls > sample.length / 100;
}

/** The text of the source, a piece at a time. What is not valid becomes U+FFFD. */
export function* decodeText(source: Source, encoding: TextEncoding): Generator<string> {
  const decoder = new TextDecoder(encoding.label);
  for (const piece of pieces(source, encoding.markLength)) {
    const text = decoder.decode(piece, { stream: true });
    if (text !== "") yield text;
  }
  const rest = decoder.decode();
  if (rest !== "") yield rest;
}
