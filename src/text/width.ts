/** What a letter weighs beside a Chinese character: four letters say about as much as one. */
const narrow = 0.25;

function widthOf(unit: number): number {
  if (unit < 0x1100) return narrow;
  // The second half of a pair; the first decides.
  if (unit >= 0xdc00 && unit <= 0xdfff) return 0;
  const wide =
    unit <= 0x115f ||
    (unit >= 0x2e80 && unit <= 0xa4cf) ||
    (unit >= 0xac00 && unit <= 0xd7a3) ||
    (unit >= 0xf900 && unit <= 0xfaff) ||
    (unit >= 0xfe30 && unit <= 0xfe6f) ||
    (unit >= 0xff01 && unit <= 0xff60) ||
    (unit >= 0xd840 && unit <= 0xd8bf);
  return wide ? 1 : narrow;
}

const widths = Float32Array.from({ length: 0x10000 }, (_, unit) => widthOf(unit));

/** The width of one UTF-16 unit, in Chinese characters; a pair's second unit has none. */
export function unitWidth(unit: number): number {
  return widths[unit] ?? narrow;
}

/**
 * How much a text says, in Chinese characters: a Chinese, Japanese or Korean character counts 1, any
 * other 0.25.
 */
export function textWidth(text: string): number {
  let width = 0;
  for (let i = 0; i < text.length; i++) width += unitWidth(text.charCodeAt(i));
  return width;
}
