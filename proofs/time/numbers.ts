/** A flag's whole number. Throws where it is none. */
export function readNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new Error(`--${flag} ${text} is not a whole number`);
}
