import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Anchors } from './anchors.ts';
import { annotateText, phraseTemplate } from './annotation.ts';
import type { EntityTypeDefinition } from './entity-type.ts';
import { EntityRecognizer, type RecognitionRequest, recognizedLengthMax } from './recognizer.ts';
import { systemEntityTypes } from './system/system-entities.ts';

const cities: EntityTypeDefinition = {
  displayName: 'city',
  kind: 'map',
  entries: [
    { value: 'New York', synonyms: ['New York', 'NYC', 'the big apple'] },
    { value: 'Köln', synonyms: ['Cologne', 'Köln'] },
    { value: 'Oslo', synonyms: [] },
  ],
};
const directions = list('dir', 'left', 'right');

function list(displayName: string, ...values: string[]): EntityTypeDefinition {
  return { displayName, kind: 'list', entries: values.map((value) => ({ value, synonyms: [value] })) };
}

function requestOf(
  text: string,
  entityTypes: string[],
  more: Partial<RecognitionRequest> = {},
): RecognitionRequest {
  return { text, entityTypes, nowMs: Date.UTC(2026, 10, 25, 15), timeZone: 'America/New_York', ...more };
}

async function find(
  definitions: EntityTypeDefinition[],
  text: string,
  entityTypes: string[],
  more?: Partial<RecognitionRequest>,
): Promise<unknown[]> {
  const recognizer = await EntityRecognizer.compile(definitions, 'en');
  assert.deepEqual(recognizer.problems, []);
  const spans = await recognizer.recognize(requestOf(text, entityTypes, more));
  return spans.map((span) => [span.entityType, span.text, span.value]);
}

describe('EntityRecognizer.recognize()', () => {
  const cases: [
    title: string,
    definitions: EntityTypeDefinition[],
    text: string,
    entityTypes: string[],
    found: [string, string, unknown][],
  ][] = [
    [
      'finds the synonyms of a map, whatever their capital letters and accents',
      [cities],
      'from nyc to KOLN or The Big Apple',
      ['@city'],
      [
        ['@city', 'nyc', 'New York'],
        ['@city', 'KOLN', 'Köln'],
        ['@city', 'The Big Apple', 'New York'],
      ],
    ],
    ['does not find the value of a map that is no synonym', [cities], 'to Oslo', ['@city'], []],
    ['finds the values of a list', [directions], 'go left', ['@dir'], [['@dir', 'left', 'left']]],
    [
      'finds nothing of types that are not wanted',
      [cities, directions],
      'left of NYC',
      ['@dir'],
      [['@dir', 'left', 'left']],
    ],
    [
      'finds compositions of an agent and the system, the longest',
      [directions, list('move', '@dir:dir @sys.number:steps steps', '@dir:dir')],
      'left five steps, then right',
      ['@move'],
      [
        ['@move', 'left five steps', { dir: 'left', steps: 5 }],
        ['@move', 'right', { dir: 'right' }],
      ],
    ],
    [
      'finds compositions of compositions',
      [directions, list('move', 'go @dir:dir'), list('plan', '@move:first then @move:second')],
      'please go left then go right',
      ['@plan'],
      [['@plan', 'go left then go right', { first: { dir: 'left' }, second: { dir: 'right' } }]],
    ],
    [
      'takes any few words within a composition',
      [list('call', 'call @sys.any:who at @sys.time:when')],
      'call my old friend at 7pm',
      ['@call'],
      [['@call', 'call my old friend at 7pm', { who: 'my old friend', when: '2026-11-25T19:00:00-05:00' }]],
    ],
    [
      'prefers the longer of two types',
      [],
      '5 dollars',
      ['@sys.number', '@sys.unit-currency'],
      [['@sys.unit-currency', '5 dollars', { amount: 5, currency: 'USD' }]],
    ],
    [
      'prefers the earlier of two types that find the same',
      [list('one', 'x'), list('other', 'x')],
      'x',
      ['@other', '@one'],
      [['@other', 'x', 'x']],
    ],
    [
      'prefers whatever is no mere number',
      [],
      'table for 4 at 7',
      ['@sys.number', '@sys.time'],
      [
        ['@sys.number', '4', 4],
        ['@sys.time', '7', '2026-11-25T19:00:00-05:00'],
      ],
    ],
    ['finds nothing in nothing', [cities], '', ['@city', '@sys.number', '@sys.any'], []],
    ['finds nothing of unknown types', [cities], 'NYC', ['@none', '@sys.none', '@sys.airport'], []],
  ];
  for (const [title, definitions, text, entityTypes, found] of cases) {
    it(title, async () => assert.deepEqual(await find(definitions, text, entityTypes), found));
  }

  it('gives UTF-16 places of the text as it was given', async () => {
    const recognizer = await EntityRecognizer.compile([cities], 'en');
    const text = '\u200f😀 to \u0000N\u00adYC\ud800 5';
    const spans = await recognizer.recognize(requestOf(text, ['@city', '@sys.number']));
    assert.deepEqual(
      spans.map(({ start, end, text: said }) => [start, end, said === text.slice(start, end), said]),
      [
        [8, 12, true, 'N\u00adYC'],
        [14, 15, true, '5'],
      ],
    );
  });

  it('refuses a time zone that is none', async () => {
    const recognizer = await EntityRecognizer.compile([], 'en');
    await assert.rejects(
      recognizer.recognize(requestOf('now', ['@sys.date'], { timeZone: 'Mars/Base' })),
      RangeError,
    );
  });

  it('finds values that are not listed by their place, if the type expands', async () => {
    const anchors = new Anchors([[{ text: 'fly to ' }, { text: 'NYC', entityType: '@city', alias: 'to' }]]);
    const open = { ...cities, autoExpansion: true };
    assert.deepEqual(await find([open], 'fly to Bergen', ['@city'], { anchors }), [
      ['@city', 'Bergen', 'Bergen'],
    ]);
    assert.deepEqual(await find([open], 'fly to NYC', ['@city'], { anchors }), [
      ['@city', 'NYC', 'New York'],
    ]);
    assert.deepEqual(await find([cities], 'fly to Bergen', ['@city'], { anchors }), []);
  });

  it('finds names that no lexicon has by their place', async () => {
    const anchors = new Anchors([
      [{ text: 'my name is ' }, { text: 'Bob', entityType: '@sys.person', alias: 'name' }],
    ]);
    const found = await find([], 'my name is Zyxwv', ['@sys.person'], { anchors });
    assert.deepEqual(found, [['@sys.person', 'Zyxwv', { name: 'Zyxwv' }]]);
  });

  it('takes an answer for the open type that was asked for, beside what is known', async () => {
    const answers = '@sys.any';
    const wanted = ['@sys.any', '@sys.date'];
    assert.deepEqual(await find([], ' buy milk! ', wanted, { answers }), [
      ['@sys.any', 'buy milk', 'buy milk'],
    ]);
    assert.deepEqual(await find([], 'buy milk tomorrow', wanted, { answers }), [
      ['@sys.any', 'buy milk', 'buy milk'],
      ['@sys.date', 'tomorrow', '2026-11-26T12:00:00-05:00'],
    ]);
    const long = 'I would rather not tell you that';
    assert.deepEqual(await find([], long, ['@sys.last-name'], { answers: '@sys.last-name' }), []);
  });

  it('reads a number as what was asked for', async () => {
    const wanted = ['@sys.number', '@sys.time'];
    assert.deepEqual(await find([], '7', wanted, { answers: '@sys.number' }), [['@sys.number', '7', 7]]);
    assert.deepEqual(await find([], 'seven', wanted, { answers: '@sys.time' }), [
      ['@sys.time', 'seven', '2026-11-25T19:00:00-05:00'],
    ]);
  });

  it('tells values of one type apart by their places', async () => {
    const recognizer = await EntityRecognizer.compile([cities], 'en');
    const phrase = [
      { text: 'from ' },
      { text: 'NYC', entityType: '@city', alias: 'origin' },
      { text: ' to ' },
      { text: 'Köln', entityType: '@city', alias: 'destination' },
    ];
    const request = requestOf('to NYC from Cologne', ['@city'], { anchors: new Anchors([phrase]) });
    const spans = await recognizer.recognize(request);
    assert.deepEqual(
      spans.map(({ value, alias }) => [value, alias]),
      [
        ['New York', 'destination'],
        ['Köln', 'origin'],
      ],
    );
    const templates = [annotateText(request.text, spans), phraseTemplate(phrase)];
    assert.deepEqual(templates, ['to @city from @city', 'from @city to @city']);
  });
});

describe('EntityRecognizer.compile()', () => {
  it('names the entries that it cannot use, and uses the others', async () => {
    const recognizer = await EntityRecognizer.compile(
      [
        {
          displayName: 'code',
          kind: 'regexp',
          entries: ['(', 'a\\d'].map((value) => ({ value, synonyms: [value] })),
        },
        list('broken', 'x @missing:m', 'y'),
        list('one', 'a @other:o', 'z'),
        list('other', 'b @one:o'),
        list('self', '@self:s'),
      ],
      'en',
    );
    assert.deepEqual(
      recognizer.problems.map(({ fault, displayName, entry }) => [fault, displayName, entry]),
      [
        ['expression-invalid', 'code', '('],
        ['reference-unknown', 'broken', 'x @missing:m'],
        ['composition-cyclic', 'one', 'a @other:o'],
        ['composition-cyclic', 'other', 'b @one:o'],
        ['composition-cyclic', 'self', '@self:s'],
      ],
    );
    const spans = await recognizer.recognize(requestOf('a1 x y z', ['@code', '@broken', '@one', '@self']));
    assert.deepEqual(
      spans.map(({ entityType, value }) => [entityType, value]),
      [
        ['@code', 'a1'],
        ['@broken', 'y'],
        ['@one', 'z'],
      ],
    );
  });

  it('comes to an end with compositions that contain themselves', async () => {
    const recognizer = await EntityRecognizer.compile(
      [list('a', 'x @b:b', 'q'), list('b', '@a:a y', '@a:a')],
      'en',
    );
    const spans = await recognizer.recognize(requestOf('x q y', ['@a', '@b']));
    assert.ok(spans.length > 0);
  });

  it('comes to an end with a hundred thousand compositions', async () => {
    const entries = Array.from({ length: 100_000 }, (_, at) => `@dir:d w${at} @dir:e`);
    const recognizer = await EntityRecognizer.compile([directions, list('big', ...entries)], 'en');
    const [found] = await recognizer.recognize(requestOf('go left w7 right', ['@big']));
    assert.deepEqual(found?.value, { d: 'left', e: 'right' });
    await recognizer.recognize(requestOf('left right '.repeat(100), ['@big']));
  });

  it('takes entries of any form and length', async () => {
    const long = 'word '.repeat(200_000);
    const values = [
      long,
      '',
      ' ',
      '\u0000',
      '\ud800',
      '\u202eabc',
      '@'.repeat(100_000),
      'b'.repeat(1_000_000),
      'ok',
    ];
    for (const kind of ['map', 'list'] as const) {
      const recognizer = await EntityRecognizer.compile(
        [{ ...list('odd', ...values), kind, fuzzy: true }],
        'en',
      );
      assert.deepEqual(recognizer.problems, []);
      const spans = await recognizer.recognize(requestOf('abc or ok\ud800\u0000', ['@odd']));
      assert.deepEqual(
        spans.map(({ value }) => value),
        ['\u202eabc', 'ok'],
      );
    }
  });

  it('finds a value among a hundred thousand, misspelt too', async () => {
    const entries = Array.from({ length: 100_000 }, (_, at) => {
      const word = at.toString(26).replaceAll(/\d/gu, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '');
      return { value: `V${at}`, synonyms: [`synonym ${word}`, `${word} ${word}n`] };
    });
    const recognizer = await EntityRecognizer.compile(
      [{ displayName: 'big', kind: 'map', entries, fuzzy: true }],
      'en',
    );
    const spans = await recognizer.recognize(requestOf(`a ${entries[77_777]?.synonyms[0]} please`, ['@big']));
    assert.deepEqual(
      spans.map(({ value }) => value),
      ['V77777'],
    );
    const misspelt = await recognizer.recognize(
      requestOf(`a synonmy ${entries[77_777]?.synonyms[0]?.slice(8)}`, ['@big']),
    );
    assert.equal(misspelt.length, 1);
  });
});

describe('EntityRecognizer.layer()', () => {
  const small = list('size', 'small');
  const huge = list('size', 'huge');
  const both = 'small or huge';

  it('replaces entries or adds some, and leaves the recognizer as it is', async () => {
    const agent = await EntityRecognizer.compile([small, list('shirt', 'a @size:size one')], 'en');
    const override = await agent.layer([{ definition: huge, mode: 'override' }]);
    const supplement = await agent.layer([{ definition: huge, mode: 'supplement' }]);
    const found = async (recognizer: EntityRecognizer): Promise<unknown[]> =>
      (await recognizer.recognize(requestOf(both, ['@size']))).map(({ value }) => value);
    assert.deepEqual(
      [await found(agent), await found(override), await found(supplement)],
      [['small'], ['huge'], ['small', 'huge']],
    );
    const [shirt] = await override.recognize(requestOf('a huge one', ['@shirt']));
    assert.deepEqual(shirt?.value, { size: 'huge' });
  });

  it('knows the types of the session', async () => {
    const agent = await EntityRecognizer.compile([], 'en');
    const session = await agent.layer([{ definition: small, mode: 'override' }]);
    assert.deepEqual([agent.has('@size'), session.has('@size')], [false, true]);
  });
});

describe('EntityRecognizer, given anything', () => {
  const wanted = ['@city', '@move', '@sys.any', ...systemEntityTypes];

  it('finds spans in order, within the text and apart, whatever is said', async () => {
    const recognizer = await EntityRecognizer.compile(
      [{ ...cities, fuzzy: true, autoExpansion: true }, directions, list('move', '@dir:d @sys.number:n')],
      'en',
    );
    const word = fc.constantFrom(
      ...'to from at 7 pm 7pm march 3rd NYC nyk $ 5 and a half hours , . ago next week in two twenty ( ) -'.split(
        ' ',
      ),
      ...['\ud800', '\u202e', '\u0000', '１２', '٣', '日本', '12/25', '10:30', 'a@b.co'],
    );
    const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 40 })), async (said) => {
        let after = 0;
        for (const span of await recognizer.recognize(requestOf(said, wanted, { answers: '@sys.any' }))) {
          assert.ok(span.start >= after && span.end > span.start, JSON.stringify(span));
          assert.equal(span.text, said.slice(span.start, span.end));
          assert.deepEqual(JSON.parse(JSON.stringify(span.value)), span.value);
          after = span.end;
        }
      }),
      { numRuns: 150 },
    );
  });

  const floods: [title: string, text: string][] = [
    ['words', 'tomorrow at seven pm from nyc to '.repeat(31_250)],
    ['digits', '1'.repeat(1_000_000)],
    ['groups of digits', '1,'.repeat(500_000)],
    ['number words', 'one hundred and '.repeat(62_500)],
    ['separators', '1-1/1.1:1 '.repeat(100_000)],
    ['one Russian word', 'день '.repeat(200_000)],
    ['white space', '\t \u00a0'.repeat(333_333)],
    ['control characters', '\u0000\u202e\u200f'.repeat(333_333)],
    ['lone surrogates', '\ud83d'.repeat(1_000_000)],
    ['addresses', 'a@a.a'.repeat(200_000)],
    ['units', 'a half hour and '.repeat(62_500)],
    ['unspaced characters', '明日三百'.repeat(250_000)],
  ];
  for (const [title, text] of floods) {
    it(`reads the beginning of a million characters of ${title}`, async () => {
      for (const language of ['en', 'pt', 'zh', 'pl', 'ru']) {
        const recognizer = await EntityRecognizer.compile([{ ...cities, fuzzy: true }], language);
        const spans = await recognizer.recognize(requestOf(text, wanted));
        assert.ok(spans.every(({ end }) => end <= recognizedLengthMax));
      }
    });
  }
});
