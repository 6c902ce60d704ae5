import type { DocumentPassages_Passage as Passage } from '@parleykit/proto/stored';
import { Parser } from 'htmlparser2';
import { DOCUMENT_TEXT_LENGTH_MAX } from '../../limits.ts';
import { DocumentProblem } from './document-problem.ts';
import { faqPassage, inOneLine, textPassages } from './passages.ts';

/** What is not for people who read the page. Nothing of it is ever run. */
const UNREAD = new Set(
  'head title script style noscript template svg math iframe object canvas select textarea button nav'.split(
    ' ',
  ),
);
/** What stands in a line of a text; all other elements begin a new one. */
const INLINE = new Set(
  'a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark q rb rp rt ruby s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
);
/** What asks a question of what follows, whatever it says. */
const TERMS = new Set(['dt', 'summary']);
const HEADING = /^h[1-6]$/u;

/** Browsers give up before. The parser takes longer for each further one. */
const DEPTH_MAX = 2000;

const QUESTION_LENGTH_MAX = 300;
const ENDS_QUESTION = /[?？؟]$/u;

interface HtmlBlock {
  readonly text: string;
  readonly kind: 'heading' | 'term' | 'text';
}

/** Questions and answers of a page: as it tells them to search engines, else as they stand in it. */
export function readHtmlFaq(html: string): Passage[] {
  const { blocks, data } = readPage(html);
  const told = data.flatMap(questionsOfData);
  const found = told.length > 0 ? told : questionsOfBlocks(blocks);
  if (found.length === 0) {
    throw new DocumentProblem(
      'there are no questions with answers in it: they are looked for in definition lists, details, headings, ' +
        'lines that end in a question mark, and a FAQPage of schema.org',
    );
  }
  return found.map(([question, answer]) => faqPassage(question, answer));
}

export function readHtmlText(html: string): Passage[] {
  return textPassages(
    readPage(html).blocks.map(({ text, kind }) => ({ text, isHeading: kind === 'heading' })),
  );
}

/** A page's text line by line, and its data for search engines. No tree is made, and nothing is run. */
function readPage(html: string): { readonly blocks: readonly HtmlBlock[]; readonly data: readonly string[] } {
  const blocks: HtmlBlock[] = [];
  const data: string[] = [];
  let [line, script, length] = ['', '', 0];
  let kind: HtmlBlock['kind'] = 'text';
  let [unread, depth] = [0, 0];
  let isData = false;
  const finish = (): void => {
    const text = inOneLine(line);
    if (text !== '') blocks.push({ text, kind });
    line = '';
    kind = 'text';
  };
  const parser = new Parser({
    onopentag(name, attributes) {
      if (++depth > DEPTH_MAX) throw new DocumentProblem(`its tags nest deeper than ${DEPTH_MAX} levels`);
      if (name === 'script') isData = /^application\/ld\+json\b/iu.test(attributes['type'] ?? '');
      if (UNREAD.has(name)) unread++;
      else if (!INLINE.has(name)) {
        finish();
        if (HEADING.test(name)) kind = 'heading';
        else if (TERMS.has(name)) kind = 'term';
      }
    },
    ontext(text) {
      length += text.length;
      if (length > DOCUMENT_TEXT_LENGTH_MAX) {
        throw new DocumentProblem(`it holds more than ${DOCUMENT_TEXT_LENGTH_MAX} characters of text`);
      }
      if (isData) script += text;
      else if (unread === 0) line += text;
    },
    onclosetag(name) {
      depth--;
      if (name === 'script') {
        if (isData) data.push(script);
        [isData, script] = [false, ''];
      }
      if (UNREAD.has(name)) unread = Math.max(0, unread - 1);
      else if (!INLINE.has(name)) finish();
    },
  });
  parser.end(html);
  finish();
  return { blocks, data };
}

type Pair = readonly [question: string, answer: string];

/** A question is followed by its answer, up to the next question or to a heading that is none. */
function questionsOfBlocks(blocks: readonly HtmlBlock[]): Pair[] {
  const asks = blocks.some(({ text, kind }) => kind !== 'text' || ENDS_QUESTION.test(text));
  const marked = blocks.some(
    ({ text, kind }) => kind === 'term' || (kind === 'heading' && ENDS_QUESTION.test(text)),
  );
  const isQuestion = ({ text, kind }: HtmlBlock): boolean => {
    if (kind === 'term') return true;
    if (text.length > QUESTION_LENGTH_MAX) return false;
    // Where no heading asks, each may stand above an answer.
    return ENDS_QUESTION.test(text) ? kind === 'heading' || !marked : kind === 'heading' && !marked;
  };
  const pairs: Pair[] = [];
  if (!asks) return pairs;
  let question = '';
  let answer: string[] = [];
  const finish = (): void => {
    if (question !== '' && answer.length > 0) pairs.push([question, answer.join('\n')]);
    question = '';
    answer = [];
  };
  for (const block of blocks) {
    if (isQuestion(block)) {
      finish();
      question = block.text;
    } else if (block.kind === 'heading') finish();
    else answer.push(block.text);
  }
  finish();
  return pairs;
}

/** https://schema.org/FAQPage, as JSON in a script that is never run. What is no JSON says nothing. */
function questionsOfData(text: string): Pair[] {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return [];
  }
  const pairs: Pair[] = [];
  const left: unknown[] = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null) continue;
    const { '@type': type, name, acceptedAnswer } = value as Record<string, unknown>;
    const answer = Array.isArray(acceptedAnswer) ? (acceptedAnswer[0] as unknown) : acceptedAnswer;
    const said = (answer as { readonly text?: unknown } | null | undefined)?.text;
    if (type === 'Question' && typeof name === 'string' && typeof said === 'string') {
      const [question, lines] = [linesOf(name), linesOf(said)];
      if (question !== '' && lines !== '') pairs.push([inOneLine(question), lines]);
    }
    for (const member of Object.values(value).reverse()) left.push(member);
  }
  return pairs;
}

/** The text in a piece of HTML. */
function linesOf(html: string): string {
  return readPage(html)
    .blocks.map(({ text }) => text)
    .join('\n');
}
