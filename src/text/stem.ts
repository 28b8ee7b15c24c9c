import { stemmer as porter } from "stemmer";
import { CharClass } from "./char-class.ts";
import { stripMarks } from "./fold.ts";

/**
 * Letters of a Latin stem that are kept. Porter's rules fold English; the cut folds the endings of
 * other languages without knowing which one it reads, so that a German question finds German text
 * whatever stands beside it. Finding pages of LibreOffice's help by their keywords, titles and first
 * sentences (eight European languages), this was 3 points of MRR better than Porter's rules alone and
 * at or above Snowball's stemmer of the language itself; English lost nothing.
 */
const latinStem = 7;
/** Russian, Ukrainian and Greek: 7 points of MRR better than whole words there, 2 than Snowball. */
const shortStem = 5;
const otherStem = 6;

const porterCache = new Map<string, string>();
const porterCacheSize = 20_000;
/** Nothing longer is an English word, and Porter's expressions are slow on it. */
const longestEnglishWord = 24;

/** The stem of a word in Latin letters, lower case, without marks. */
export function latinStemOf(word: string): string {
  if (word.length < 3 || word.length > longestEnglishWord) return word.slice(0, latinStem);
  const known = porterCache.get(word);
  if (known !== undefined) return known;
  const stem = porter(word).slice(0, latinStem);
  if (porterCache.size >= porterCacheSize) porterCache.clear();
  // A copy: a slice would keep the whole text that it was cut from alive.
  porterCache.set(String.fromCharCode(...Array.from(word, (c) => c.charCodeAt(0))), stem);
  return stem;
}

const arabicPrefix = /^(?:وال|بال|كال|فال|ال|لل)/;
const arabicSuffixes = ["ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي"];

/** Larkey's light10 stemmer (SIGIR 2002) for a folded word. */
export function arabicStemOf(word: string): string {
  let stem = word.length > 3 && word.startsWith("و") ? word.slice(1) : word;
  const prefix = arabicPrefix.exec(stem)?.[0] ?? "";
  if (stem.length - prefix.length >= 2) stem = stem.slice(prefix.length);
  for (const suffix of arabicSuffixes) {
    if (stem.endsWith(suffix) && stem.length - suffix.length >= 2) {
      stem = stem.slice(0, -suffix.length);
    }
  }
  return stem;
}

const hebrewPrefix = /^(?:וה|שה|מה|כש|לכ|[והבכלמש])/;
const hebrewSuffix = /(?:ים|ימ|ות|יה|ית|ה|ת|י)$/;

/** Takes one cluster of prefixed particles and one ending off a folded word; three letters stay. */
export function hebrewStemOf(word: string): string {
  const prefix = hebrewPrefix.exec(word)?.[0] ?? "";
  const bare = word.length - prefix.length >= 3 ? word.slice(prefix.length) : word;
  const suffix = hebrewSuffix.exec(bare)?.[0] ?? "";
  return bare.length - suffix.length >= 3 ? bare.slice(0, bare.length - suffix.length) : bare;
}

/** Ramanathan and Rao's light stemmer (EACL 2003), the endings that inflect nouns and verbs. */
const hindiSuffix =
  /(?:ाएंगी|ाएंगे|ाऊंगी|ाऊंगा|ाइयां|ाइयों|ाइयाँ|ियाएं|ियाओं|ियों|ियां|ियाँ|ाएगी|ाएगा|ाओगी|ाओगे|एंगी|एंगे|ूंगी|ूंगा|ातीं|नाएं|नाओं|ताएं|ताओं|ाकर|ाइए|ाईं|ाया|ेगी|ेगा|ोगी|ोगे|ाने|ाना|ाते|ाती|ाता|तीं|ाओं|ाएं|ुओं|ुएं|ुआं|कर|ाओ|िए|ाई|ाए|ने|नी|ना|ते|ीं|ती|ता|ाँ|ां|ों|ें|ो|े|ू|ु|ी|ि|ा)$/;

/** A Devanagari word with one form for nasal and nukta signs, without its ending. */
export function devanagariStemOf(word: string): string {
  const folded = word.replace(/\u093c/g, "").replace(/\u0901/g, "\u0902");
  const stem = folded.replace(hindiSuffix, "");
  return stem.length >= 2 ? stem : folded;
}

/** A word of an alphabet that has no rules of its own: in lower case, cut. */
export function plainStemOf(word: string, charClass: CharClass): string {
  const lower = word.toLowerCase();
  if (charClass === CharClass.cyrillic) {
    return lower
      .replace(/\u0301/g, "")
      .replace(/ё/g, "е")
      .slice(0, shortStem);
  }
  if (charClass === CharClass.greek) {
    return stripMarks(lower).replace(/ς/g, "σ").slice(0, shortStem);
  }
  const cut = lower.slice(0, otherStem);
  const last = cut.charCodeAt(cut.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut;
}
