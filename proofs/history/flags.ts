/** A flag's value as a whole number that is not negative. */
export function readCount(flag: string, text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new Error(`--${flag} ${text} is not a whole number`);
}
