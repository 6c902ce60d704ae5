import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompositionFinder, parseComposition } from './composite.ts';
import type { Match } from './entity-type.ts';
import { tokenize } from './tokens.ts';

function find(entry: string, text: string, values: Record<string, string[]>): [string, unknown][] {
  const matchesOf = (entityType: string): Match[] =>
    (values[entityType] ?? []).flatMap((value) =>
      [...text.matchAll(new RegExp(RegExp.escape(value), 'gu'))].map(({ index }) => ({
        start: index,
        end: index + value.length,
        value,
      })),
    );
  const parts = parseComposition(entry);
  assert.ok(parts !== undefined);
  return new CompositionFinder(tokenize(text), matchesOf)
    .find(parts)
    .map(({ start, end, value }) => [text.slice(start, end), value]);
}

describe('parseComposition()', () => {
  it('takes words and references apart', () => {
    assert.deepEqual(parseComposition('Go @dir:way, @sys.number:steps steps'), [
      { word: 'go' },
      { entityType: '@dir', alias: 'way' },
      { entityType: '@sys.number', alias: 'steps' },
      { word: 'steps' },
    ]);
  });

  it('sees no composition where nothing is referred to', () => {
    assert.equal(parseComposition('mail me @ home: now'), undefined);
  });
});

describe('CompositionFinder', () => {
  const dir = { '@dir': ['left', 'far left'], '@n': ['-5', '5'] };
  const cases: [title: string, entry: string, text: string, found: [string, unknown][]][] = [
    [
      'finds its parts in order',
      'go @dir:d @n:n',
      'please go left 5',
      [['go left 5', { d: 'left', n: '5' }]],
    ],
    ['allows punctuation between parts', '@dir:d @n:n', 'left, 5!', [['left, 5', { d: 'left', n: '5' }]]],
    ['allows no words between parts', '@dir:d @n:n', 'left about 5', []],
    ['does not find a part of itself', 'go @dir:d @n:n', 'go left', []],
    ['begins where a value has a sign', '@n:n @dir:d', 'x -5 left', [['-5 left', { n: '-5', d: 'left' }]]],
    ['takes the longer value', 'go @dir:d', 'go far left', [['go far left', { d: 'far left' }]]],
  ];
  for (const [title, entry, text, found] of cases) {
    it(title, () => assert.deepEqual(find(entry, text, dir), found));
  }
});
