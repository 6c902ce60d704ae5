import type { DocumentPassages_Passage as Passage } from '@parleykit/proto/stored';
import { type Block, inOneLine, replyPassage, textPassages } from './passages.ts';

/** Paragraphs have empty lines between them. */
export function readPlainText(text: string): Passage[] {
  const paragraphs = text.split(/\n[\t ]*\r?\n/u).map(inOneLine);
  return textPassages(paragraphs.filter(Boolean).map((paragraph) => ({ text: paragraph, isHeading: false })));
}

/** A reply in each line, each once. */
export function readReplyLines(text: string): Passage[] {
  const lines = text.split(/\r?\n/u).map((line) => line.trim());
  return [...new Set(lines)].filter((line) => line !== '').map(replyPassage);
}

const HEADING = /^ {0,3}#{1,6}\s+(.*)$/u;
const FENCE = /^ {0,3}(?:```|~~~)/u;

/** Markdown as far as it matters to who reads the words: headings are headings, and links are what they say. */
export function readMarkdown(text: string): Passage[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  const finish = (): void => {
    const paragraph = inOneLine(lines.join(' '));
    if (paragraph !== '') blocks.push({ text: paragraph, isHeading: false });
    lines = [];
  };
  for (const line of text.split(/\r?\n/u)) {
    const [, heading] = HEADING.exec(line) ?? [];
    if (heading === undefined) {
      if (line.trim() === '' || FENCE.test(line)) finish();
      else lines.push(withoutMarks(line));
    } else {
      finish();
      blocks.push({ text: inOneLine(withoutMarks(withoutEnd(heading))), isHeading: true });
    }
  }
  finish();
  return textPassages(blocks);
}

/** A heading may end in as many marks as it likes. */
function withoutEnd(heading: string): string {
  const text = heading.trimEnd();
  let end = text.length;
  while (text[end - 1] === '#') end--;
  return text.slice(0, end);
}

function withoutMarks(line: string): string {
  return line
    .replace(/!?\[([^[\]]*)\]\([^()]*\)/gu, '$1')
    .replace(/(\*\*|__|`)/gu, '')
    .replace(/^\s*(?:[-*+>]|\d{1,3}[.)])\s+/u, '');
}
