const DIGITS: Readonly<Record<string, number>> = {
  零: 0,
  〇: 0,
  一: 1,
  二: 2,
  两: 2,
  兩: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
};
const SMALL: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1_000 };
const LARGE: Readonly<Record<string, number>> = { 万: 1e4, 萬: 1e4, 亿: 1e8, 億: 1e8, 兆: 1e12 };

const NUMERAL = /[零〇一二两兩三四五六七八九十百千万萬亿億兆]+(?:[点點][零〇一二三四五六七八九]+)?/gu;

/** The numbers that Chinese and Japanese numerals say, with their places. */
export function hanNumbers(text: string): { start: number; end: number; value: number }[] {
  return [...text.matchAll(NUMERAL)].map(({ 0: numeral, index }) => ({
    start: index,
    end: index + numeral.length,
    value: hanValue(numeral),
  }));
}

/** What a numeral right after digits multiplies them with: 1e4 for "万". */
export function hanScale(text: string): number | undefined {
  return SMALL[text[0] ?? ''] ?? LARGE[text[0] ?? ''];
}

function hanValue(numeral: string): number {
  const [whole = '', decimals] = numeral.split(/[点點]/u);
  const fraction = decimals === undefined ? '' : `.${digitsOf(decimals)}`;
  // Digit by digit, as years and rooms are read: 二〇二六.
  if (/^[零〇一二三四五六七八九]{2,}$/u.test(whole)) return Number(`${digitsOf(whole)}${fraction}`);
  let total = 0;
  let section = 0;
  let digit: number | undefined;
  for (const character of whole) {
    const small = SMALL[character];
    const large = LARGE[character];
    if (small !== undefined) {
      section += (digit ?? 1) * small;
      digit = undefined;
    } else if (large !== undefined) {
      total += (section + (digit ?? (section === 0 ? 1 : 0))) * large;
      section = 0;
      digit = undefined;
    } else digit = DIGITS[character];
  }
  return total + section + (digit ?? 0) + (fraction === '' ? 0 : Number(`0${fraction}`));
}

function digitsOf(numeral: string): string {
  return [...numeral].map((character) => DIGITS[character]).join('');
}
