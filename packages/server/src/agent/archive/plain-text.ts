/** A text of an export as it may stand in a line for people: on one line, not too long, no control characters. */
export function toPlainText(text: string, length = 100): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return plain.length > length ? `${plain.slice(0, length).toWellFormed()}...` : plain;
}
