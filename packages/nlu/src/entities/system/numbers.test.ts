import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findSystem } from './system-reader.test.fixture.ts';

describe('@sys.number', () => {
  const cases: [language: string, text: string, found: [string, number][]][] = [
    ['en', 'twenty five euros', [['twenty five', 25]]],
    ['en', 'one hundred and twenty three thousand', [['one hundred and twenty three thousand', 123_000]]],
    ['en', 'two thousand and six', [['two thousand and six', 2_006]]],
    ['en', 'nineteen hundred', [['nineteen hundred', 1_900]]],
    ['en', 'a dozen eggs', [['a dozen', 12]]],
    ['en', 'two point five', [['two point five', 2.5]]],
    ['en', 'two and a half', [['two and a half', 2.5]]],
    ['en', 'half a million', [['half a million', 500_000]]],
    [
      'en',
      '2.5 million or 5k',
      [
        ['2.5 million', 2_500_000],
        ['5k', 5_000],
      ],
    ],
    [
      'en',
      'one two three',
      [
        ['one', 1],
        ['two', 2],
        ['three', 3],
      ],
    ],
    [
      'en',
      'five and ten',
      [
        ['five', 5],
        ['ten', 10],
      ],
    ],
    [
      'en',
      '1,234.56 and -5',
      [
        ['1,234.56', 1_234.56],
        ['-5', -5],
      ],
    ],
    [
      'en',
      '10,20,30',
      [
        ['10', 10],
        ['20', 20],
        ['30', 30],
      ],
    ],
    ['en', '1,00,000', [['1,00,000', 100_000]]],
    [
      'en',
      '٣ of １２',
      [
        ['٣', 3],
        ['１２', 12],
      ],
    ],
    // No numbers: a time, a model, an address, dates and fractions, the word for a thing.
    ['en', '7pm iphone12 192.168.1.1 12/25 7:30 401k a book', []],
    ['en', '9'.repeat(400), []],
    ['de', 'fünfundzwanzig', [['fünfundzwanzig', 25]]],
    ['de', 'dreitausendfünfhundert', [['dreitausendfünfhundert', 3_500]]],
    ['de', 'eine Million zweihundert', [['eine Million zweihundert', 1_000_200]]],
    [
      'de',
      '1.000,5 und 3.5',
      [
        ['1.000,5', 1_000.5],
        ['3.5', 3.5],
      ],
    ],
    ['de', 'ein Buch', []],
    ['es', 'treinta y cinco mil', [['treinta y cinco mil', 35_000]]],
    ['es', 'doscientos tres', [['doscientos tres', 203]]],
    ['es', 'tres coma catorce', [['tres coma catorce', 3.14]]],
    ['es', 'quiero un taxi', []],
    ['fr', 'quatre-vingt-dix-sept', [['quatre-vingt-dix-sept', 97]]],
    ['fr', 'soixante et onze', [['soixante et onze', 71]]],
    ['fr', '1 000,5', [['1 000,5', 1_000.5]]],
    [
      'it',
      'ventitré o centouno',
      [
        ['ventitré', 23],
        ['centouno', 101],
      ],
    ],
    ['nl', 'vijfentwintig', [['vijfentwintig', 25]]],
    ['pt', 'cento e vinte e um', [['cento e vinte e um', 121]]],
    [
      'zh',
      '二十五个和三点五',
      [
        ['二十五', 25],
        ['三点五', 3.5],
      ],
    ],
    ['zh', '一个一百二十万', [['一百二十万', 1_200_000]]],
    [
      'ja',
      '五千三百円と3万',
      [
        ['五千三百', 5_300],
        ['3万', 30_000],
      ],
    ],
    ['pl', 'dwa albo 1234,5', [['1234,5', 1_234.5]]],
    ['', '5', [['5', 5]]],
  ];
  for (const [language, text, found] of cases) {
    it(`reads ${JSON.stringify(text.slice(0, 60))} in ${JSON.stringify(language)}`, async () => {
      assert.deepEqual(await findSystem('number', text, { language }), found);
    });
  }
});

describe('@sys.number-integer', () => {
  it('leaves out what is not whole', async () => {
    assert.deepEqual(await findSystem('number-integer', '2.5 or 3'), [['3', 3]]);
  });
});

describe('@sys.ordinal', () => {
  const cases: [language: string, text: string, found: [string, number][]][] = [
    [
      'en',
      'the first or second',
      [
        ['first', 1],
        ['second', 2],
      ],
    ],
    [
      'en',
      '1st, 22nd and twenty first',
      [
        ['1st', 1],
        ['22nd', 22],
        ['twenty first', 21],
      ],
    ],
    // They order, and do not count.
    ['en', 'next, last, previous', []],
    [
      'es',
      'la 2ª o tercera',
      [
        ['2ª', 2],
        ['tercera', 3],
      ],
    ],
    [
      'fr',
      'le 1er ou deuxième',
      [
        ['1er', 1],
        ['deuxième', 2],
      ],
    ],
    ['de', 'die dritte', [['dritte', 3]]],
    ['zh', '第三', [['第三', 3]]],
  ];
  for (const [language, text, found] of cases) {
    it(`reads ${JSON.stringify(text)} in ${language}`, async () => {
      assert.deepEqual(await findSystem('ordinal', text, { language }), found);
    });
  }
});

describe('@sys.number-sequence', () => {
  it('joins digits and number words', async () => {
    assert.deepEqual(await findSystem('number-sequence', 'pin one two 34-05, 7'), [
      ['one two 34-05', '123405'],
      ['7', '7'],
    ]);
  });
});

describe('@sys.flight-number', () => {
  it('finds two signs and digits, and no words before numbers', async () => {
    assert.deepEqual(await findSystem('flight-number', 'LH 4234, ba123 or U21234, gate to 55'), [
      ['LH 4234', 'LH4234'],
      ['ba123', 'BA123'],
      ['U21234', 'U21234'],
    ]);
  });
});
