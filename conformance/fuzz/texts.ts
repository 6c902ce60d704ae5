import type { Random } from './random.ts';

const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** What has surprised a program somewhere before. */
const oddTexts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\r\n',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\uffff',
  '\u202etxet',
  'é',
  'e\u0301',
  '😀',
  '😀'.repeat(300),
  // Cut after an even number of UTF-16 units, this is no text any more.
  `x${'😀'.repeat(300)}`,
  '\ud800',
  'x\udfff',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e999',
  '..',
  '../../etc/passwd',
  '/',
  '//',
  '%2F',
  '%00',
  '%',
  '*',
  '**',
  '-',
  '{}',
  '$(x)',
  "'; DROP TABLE resources; --",
  '" OR ""="',
  '\\',
  '<script>',
  '\u001b[31m',
  'a'.repeat(255),
  'a'.repeat(1025),
];

export function oddText(random: Random): string {
  return random.pick(oddTexts);
}

/** A text as a person might write, rarely odd, very rarely long. */
export function draftText(random: Random): string {
  if (random.oddly(0.12)) return oddText(random);
  if (random.oddly(0.0006))
    return random.pick(['x', 'é', '😀']).repeat(random.pick([20_000, 65_536, 70_000]));
  if (random.chance(0.01)) return random.text(ALPHANUMERIC, random.between(300, 2000));
  return random.text(`${ALPHANUMERIC}   .,?!-_`, random.between(1, 24));
}

/** An id that a caller may choose, sometimes one that it may not. */
export function draftId(random: Random): string {
  if (!random.oddly(0.15))
    return random.text(ALPHANUMERIC.slice(0, 52), 1) + random.text(ALPHANUMERIC, random.between(6, 12));
  if (random.chance(0.5)) return oddText(random);
  return random.pick([
    'a',
    'ab',
    'abc',
    '1abc',
    '-abc',
    'a_-',
    'x'.repeat(64),
    'x'.repeat(65),
    'a.b',
    'a:b',
    'a b',
    'A/B',
    'abc\n',
    'äbc',
  ]);
}

/** A text with something cut out, doubled, put in or changed. */
export function mutateText(random: Random, text: string): string {
  let changed = text;
  for (let times = random.pick([1, 1, 1, 2, 4]); times > 0; times--) changed = mutateOnce(random, changed);
  return changed;
}

function mutateOnce(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.between(1, 4));
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return text.slice(0, end) + text.slice(at);
    case 3:
      return text.slice(0, at) + oddText(random) + text.slice(at);
    case 4:
      return text.slice(0, at) + random.pick([...'/:()"\'\\=<>!,.-_ \t\0%&?#[]{}*@é']) + text.slice(at);
    case 5:
      return text.slice(0, at) + text.slice(at, end).toUpperCase() + text.slice(end);
    default:
      return text.slice(0, at) + String.fromCharCode(random.below(0x1_0000)) + text.slice(end);
  }
}
