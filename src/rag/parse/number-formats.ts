const digits = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const legalDigits = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];

const alphabet = (letters: string) => (count: number) => {
  const all = [...letters];
  // Behind the last letter it begins anew with two of each, as Word does.
  const times = Math.ceil(count / all.length);
  return times > 3 ? undefined : all[(count - 1) % all.length]?.repeat(times);
};

const enumeration = (signs: string) => (count: number) => [...signs][count - 1];

function roman(count: number): string | undefined {
  if (count > 3999) return undefined;
  const signs = "m 1000 cm 900 d 500 cd 400 c 100 xc 90 l 50 xl 40 x 10 ix 9 v 5 iv 4 i 1".split(
    " ",
  );
  let rest = count;
  let text = "";
  for (let at = 0; at < signs.length; at += 2) {
    const value = Number(signs[at + 1]);
    while (rest >= value) {
      text += signs[at];
      rest -= value;
    }
  }
  return text;
}

/** 二百零三: with the units of the places, zeros between them said once. */
const chinese =
  (numerals: readonly string[], units: readonly string[], saysOneTen: boolean) =>
  (count: number): string | undefined => {
    if (count > 9999) return undefined;
    let text = "";
    const places = String(count);
    for (let at = 0; at < places.length; at += 1) {
      const digit = Number(places[at]);
      if (digit > 0) text += `${numerals[digit]}${units[places.length - 1 - at]}`;
      else if (Number(places.slice(at)) > 0 && !text.endsWith("零")) text += "零";
    }
    const [one = "", ten = ""] = [numerals[1], units[1]];
    return !saysOneTen && count < 20 && text.startsWith(one + ten) ? text.slice(one.length) : text;
  };

const counting = chinese(digits, ["", "十", "百", "千"], false);
const legal = chinese(legalDigits, ["", "拾", "佰", "仟"], true);

/** How numbers are written, by the names of ECMA-376 part 1, 17.18.59. */
const formats: Readonly<Record<string, (count: number) => string | undefined>> = {
  none: () => "",
  decimalZero: (count) => String(count).padStart(2, "0"),
  lowerLetter: alphabet("abcdefghijklmnopqrstuvwxyz"),
  upperLetter: alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
  lowerRoman: roman,
  upperRoman: (count) => roman(count)?.toUpperCase(),
  chineseCounting: counting,
  chineseCountingThousand: counting,
  taiwaneseCounting: counting,
  taiwaneseCountingThousand: counting,
  japaneseCounting: counting,
  ideographDigital: (count) => [...String(count)].map((digit) => digits[Number(digit)]).join(""),
  chineseLegalSimplified: legal,
  ideographTraditional: enumeration("甲乙丙丁戊己庚辛壬癸"),
  ideographZodiac: enumeration("子丑寅卯辰巳午未申酉戌亥"),
  decimalEnclosedCircle: enumeration("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
  decimalEnclosedCircleChinese: enumeration("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
  ganada: enumeration("가나다라마바사아자차카타파하"),
  russianLower: alphabet("абвгдежзиклмнопрстуфхцчшщэюя"),
  russianUpper: alphabet("АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯ"),
};

/** A number as a format of WordprocessingML writes it; in decimals where that format cannot. */
export function countIn(format: string, count: number): string {
  if (!Number.isSafeInteger(count) || count < 1) return String(Number.isFinite(count) ? count : 0);
  return formats[format]?.(count) ?? String(count);
}

/** What ends a number so that no space is set behind it. */
const closedNumber = /[、。．）】〕]$/;

/** A number with what parts it from the text behind it. */
export function beforeText(label: string): string {
  return label === "" || closedNumber.test(label) ? label : `${label} `;
}
