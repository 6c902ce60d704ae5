import { create } from '@bufbuild/protobuf';
import {
  type DocumentPassages_Passage as Passage,
  DocumentPassages_Passage_Kind as PassageKind,
  DocumentPassages_PassageSchema as PassageSchema,
} from '@parleykit/proto/stored';
import { DOCUMENT_ANSWER_LENGTH_MAX, DOCUMENT_PASSAGES_MAX } from '../../limits.ts';
import { DocumentProblem } from './document-problem.ts';

/** Paragraphs are put together up to about so many characters, and longer ones are cut. */
const PART_LENGTH = 800;
const PART_LENGTH_MAX = 1200;
const TITLE_LENGTH_MAX = 500;

/** A piece of a text, and whether it stands above what follows. */
export interface Block {
  readonly text: string;
  readonly isHeading: boolean;
}

export function faqPassage(question: string, answer: string): Passage {
  return create(PassageSchema, {
    kind: PassageKind.FAQ,
    title: checkLength('question', question),
    text: checkLength('answer', answer),
  });
}

export function replyPassage(reply: string): Passage {
  return create(PassageSchema, { kind: PassageKind.REPLY, text: checkLength('reply', reply) });
}

/** Parts of a text that are short enough to be shown, each under the heading above it. */
export function textPassages(blocks: Iterable<Block>): Passage[] {
  const passages: Passage[] = [];
  let title = '';
  let part = '';
  const finish = (): void => {
    if (part !== '') passages.push(create(PassageSchema, { kind: PassageKind.TEXT, title, text: part }));
    part = '';
  };
  for (const { text, isHeading } of blocks) {
    if (isHeading) {
      finish();
      title = text.slice(0, TITLE_LENGTH_MAX).toWellFormed();
      continue;
    }
    for (const piece of cut(text)) {
      if (part !== '' && part.length + piece.length > PART_LENGTH) finish();
      part = part === '' ? piece : `${part}\n${piece}`;
    }
  }
  finish();
  return passages;
}

/** Throws DocumentProblem where there is nothing, or too much. */
export function checkPassages(passages: readonly Passage[]): readonly Passage[] {
  if (passages.length === 0) throw new DocumentProblem('there is no text in it');
  if (passages.length > DOCUMENT_PASSAGES_MAX) {
    throw new DocumentProblem(`it holds more than ${DOCUMENT_PASSAGES_MAX} passages`);
  }
  return passages;
}

/** A text in one line. */
export function inOneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

/** Pieces of a paragraph, cut where a sentence ends, else between words, else anywhere. */
function* cut(paragraph: string): Generator<string> {
  let rest = paragraph;
  while (rest.length > PART_LENGTH_MAX) {
    const head = rest.slice(0, PART_LENGTH_MAX);
    const end = Math.max(...['. ', '? ', '! ', '。', '\n'].map((mark) => head.lastIndexOf(mark) + 1));
    const at = [end, head.lastIndexOf(' ')].find((place) => place > PART_LENGTH / 2) ?? PART_LENGTH_MAX;
    yield rest.slice(0, at).trim().toWellFormed();
    rest = rest.slice(at).trim();
  }
  if (rest !== '') yield rest.toWellFormed();
}

function checkLength(what: string, text: string): string {
  if (text.length <= DOCUMENT_ANSWER_LENGTH_MAX) return text;
  throw new DocumentProblem(`a ${what} in it is longer than ${DOCUMENT_ANSWER_LENGTH_MAX} characters`);
}
