/** A foreign text made fit for one line of a terminal: without control characters, and not too long. */
export function oneLine(text: string): string {
  const printable = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return printable.length > 300 ? `${printable.slice(0, 300)}...` : printable;
}

/** Characters that move the cursor, change colours, or turn the order of what stands around them. */
const commanding = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text of any length whose characters a terminal only shows: line breaks become spaces, the rest visible signs. */
export function neutralise(text: string): string {
  return text.replace(/\r\n|\s/gu, ' ').replace(commanding, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** How many columns a neutral text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** Breaks a neutral text between words so that no line is wider than so many columns; longer words are broken too. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  const flush = () => {
    lines.push(line);
    line = '';
    width = 0;
  };
  for (const word of text.split(' ')) {
    const wordWidth = widthOf(word);
    if (width > 0 && width + 1 + wordWidth > columns) flush();
    else if (width > 0) {
      line += ' ';
      width++;
    }
    for (const { segment } of segmenter.segment(word)) {
      const segmentWidth = wide.test(segment) ? 2 : 1;
      if (width > 0 && width + segmentWidth > columns) flush();
      line += segment;
      width += segmentWidth;
    }
  }
  flush();
  return lines;
}
