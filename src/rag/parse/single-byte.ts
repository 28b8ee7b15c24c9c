import { analyse } from "chardet";

/** Letters of a language beyond ASCII, and the encodings of one byte a letter that it is written in. */
interface Alphabet {
  /** Labels of the Encoding Standard; the likeliest first. */
  readonly labels: readonly string[];
  readonly letters: ReadonlySet<string>;
  /** The share of these letters among all foreign ones of a usual text. */
  readonly usualShare: number;
}

const western = ["windows-1252", "iso-8859-15"];
const central = ["windows-1250", "iso-8859-2"];
const baltic = ["windows-1257", "iso-8859-13"];
const cyrillic = ["windows-1251", "koi8-r", "koi8-u", "iso-8859-5", "ibm866", "x-mac-cyrillic"];

/** Of alphabets that are foreign as a whole the commonest letters stand, some six in ten of a text. */
const mostOfText = 0.6;

const alphabet = (labels: readonly string[], letters: string, usualShare = 1): Alphabet => ({
  labels,
  letters: new Set(letters),
  usualShare,
});

/** Where two are equally likely, the first. */
const alphabets: readonly Alphabet[] = [
  alphabet(western, "äöüß"),
  alphabet(western, "àâæçéèêëîïôœùûüÿ"),
  alphabet(western, "áéíñóúüªº"),
  alphabet(western, "áâãàçéêíóôõúü"),
  alphabet(western, "àèéìíîòóùú"),
  alphabet(western, "àçèéíïòóúü"),
  alphabet(western, "áéèëêïíóöü"),
  alphabet(western, "åäöéàü"),
  alphabet(western, "åæøéèêóòâôüäö"),
  alphabet(western, "áðéíóúýþæö"),
  alphabet(western, "äõöüšž"),
  alphabet(central, "ąćęłńóśźż"),
  alphabet(central, "áčďéěíňóřšťúůýž"),
  alphabet(central, "áäčďéíĺľňóôŕšťúýž"),
  alphabet(central, "áéíóöőúüű"),
  alphabet([...central, "iso-8859-16"], "ăâîşţșț"),
  alphabet(central, "čćđšž"),
  alphabet(["windows-1254"], "çğıöşüâîûİ"),
  alphabet(baltic, "āčēģīķļņšūž"),
  alphabet(baltic, "ąčęėįšųūž"),
  alphabet(cyrillic, "оеаинтсрвл", mostOfText),
  alphabet(cyrillic, "оаиніетрвсї", mostOfText),
  alphabet(cyrillic, "аиоентрсвј", mostOfText),
  alphabet(["windows-1253", "iso-8859-7"], "αοιετσνηυρςάίέό", mostOfText),
  alphabet(["windows-1255", "iso-8859-8"], "יוהלאתרבשמם", mostOfText),
  alphabet(["windows-1256", "iso-8859-6"], "ايلمنوترهبة", mostOfText),
  alphabet(["windows-874"], "านรกอเง่ทลมีว้ส", mostOfText),
];

/** Marks of typography, which may stand anywhere. */
const mark = /[\u00a0\u00ad‘’‚“”„‹›«»–—…•·]/;
/** Signs that no word has within it. */
const sign = /[§©®™°€£¥¡¿ªº²³¹½¼¾±×÷№]/;
const control = /[\u0080-\u009f]/;
const letter = /[\p{L}\p{M}]/u;
const latin = /\p{Script=Latin}/u;

/** Whether the character cannot stand where it does: a wrong guess is full of such. */
function isMisplaced(text: string, at: number): boolean {
  const [before = "", character = "", after = ""] = [text[at - 1], text[at], text[at + 1]];
  if (!letter.test(character)) return true;
  if (!latin.test(character)) return /[A-Za-z]/.test(before + after);
  // A capital behind a small letter.
  return /\p{Ll}\p{Lu}/u.test(before + character + after);
}

/** Whether a sign stands by itself or at the end of a word. */
function isFreeSign(text: string, at: number): boolean {
  const after = text[at + 1] ?? "";
  const isInWord = letter.test(text[at - 1] ?? "") && (letter.test(after) || sign.test(after));
  return sign.test(text[at] ?? "") && !isInWord;
}

/**
 * Share of the foreign characters of a text that are letters of the alphabet, in usual shares. What is
 * misplaced takes one away; a text with controls is none.
 */
function score(text: string, { letters, usualShare }: Alphabet): number {
  if (control.test(text)) return 0;
  let all = 0;
  let hits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character <= "\x7f" || mark.test(character) || isFreeSign(text, at)) continue;
    all += 1;
    if (isMisplaced(text, at)) hits -= 1;
    else if (letters.has(character) || letters.has(character.toLowerCase())) hits += 1;
  }
  return all === 0 ? 0 : hits / all / usualShare;
}

/** Bytes that are looked at, from the first one that is not ASCII on. */
const sampleLength = 8192;
/** What is less likely than the best by this, or less, is as likely. */
const tie = 0.05;

/**
 * The encoding of one byte a character in which the sample holds most of some language's letters, and
 * the share of these: about 1 where all of it is in that language. Of several, the one whose sequences
 * of letters chardet knows best.
 */
export function guessSingleByte(bytes: Uint8Array): { label: string; score: number } {
  const start = bytes.findIndex((byte) => byte > 0x7f);
  const sample = bytes.subarray(Math.max(0, start - 1), start + sampleLength);
  const texts = new Map<string, string>();
  const read = (label: string): string => {
    const text = texts.get(label) ?? new TextDecoder(label).decode(sample);
    texts.set(label, text);
    return text;
  };
  const scores = new Map<string, number>();
  for (const each of alphabets) {
    for (const label of each.labels) {
      scores.set(label, Math.max(scores.get(label) ?? 0, score(read(label), each)));
    }
  }
  const best = Math.max(...scores.values());
  const likely = [...scores.keys()].filter((label) => (scores.get(label) ?? 0) >= best - tie);
  const label = rankedByChardet(sample).find((one) => likely.includes(one)) ?? likely[0];
  return { label: label ?? "windows-1252", score: best };
}

/** The labels that chardet thinks of, the likeliest first. */
function rankedByChardet(sample: Uint8Array): string[] {
  return analyse(sample).flatMap(({ name }) => {
    try {
      return [new TextDecoder(name).encoding];
    } catch {
      // It knows encodings that the Encoding Standard does not.
      return [];
    }
  });
}
