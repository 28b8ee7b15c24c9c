/** Quarters of a token that a UTF-16 unit is taken for. */
function quarters(unit: number): number {
  const isLetter = (unit | 32) >= 97 && (unit | 32) <= 122;
  if (isLetter || unit === 32) return 1;
  // Digits and punctuation seldom share a token with their neighbours.
  return unit < 128 ? 2 : 4;
}

/**
 * Tokens that a text is likely to take, by a rule that errs upwards: four Latin letters, two other
 * ASCII characters or one unit of any other script make one.
 */
export function estimateTokens(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum += quarters(text.charCodeAt(i));
  return Math.ceil(sum / 4);
}

/** The longest beginning of a text that `estimateTokens` puts at `tokens` or less, cut between characters. */
export function cutToTokens(text: string, tokens: number): string {
  let left = tokens * 4;
  for (let i = 0; i < text.length; i++) {
    left -= quarters(text.charCodeAt(i));
    if (left >= 0) continue;
    const isLowSurrogate = (text.charCodeAt(i) & 0xfc00) === 0xdc00;
    return text.slice(0, isLowSurrogate ? i - 1 : i);
  }
  return text;
}
