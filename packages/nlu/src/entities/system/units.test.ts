import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findSystem } from './system-reader.test.fixture.ts';

type Case = [entityType: string, language: string, text: string, found: [string, unknown][]];

const amount = (text: string, value: number, unit: string): [string, unknown] => [
  text,
  { amount: value, unit },
];
const money = (text: string, value: number, currency: string): [string, unknown] => [
  text,
  { amount: value, currency },
];

describe('amounts with units', () => {
  const cases: Case[] = [
    ['unit-length', 'en', '5km or 6 feet', [amount('5km', 5, 'km'), amount('6 feet', 6, 'ft')]],
    // A time is no length, and no other amount.
    ['unit-length', 'en', 'wake me at 7pm', []],
    ['unit-length', 'fr', 'trois kilomètres', [amount('trois kilomètres', 3, 'km')]],
    ['unit-weight', 'en', 'five kilos and 3 lbs', [amount('five kilos', 5, 'kg'), amount('3 lbs', 3, 'lb')]],
    ['unit-weight', 'en', 'january 1st', []],
    ['unit-volume', 'de', '3,5 Liter', [amount('3,5 Liter', 3.5, 'L')]],
    [
      'unit-speed',
      'en',
      '50 km per hour or 30 mph',
      [amount('50 km per hour', 50, 'km/h'), amount('30 mph', 30, 'mph')],
    ],
    ['unit-length', 'en', '50 km per hour', []],
    [
      'unit-area',
      'en',
      '100 square feet, 10m²',
      [amount('100 square feet', 100, 'sq ft'), amount('10m²', 10, 'm2')],
    ],
    ['unit-information', 'en', '10 GB, 5 gigs', [amount('10 GB', 10, 'GB'), amount('5 gigs', 5, 'GB')]],
    [
      'temperature',
      'en',
      '77F or -5 degrees celsius',
      [amount('77F', 77, 'F'), amount('-5 degrees celsius', -5, 'C')],
    ],
    ['temperature', 'en-US', '72 degrees', [amount('72 degrees', 72, 'F')]],
    ['temperature', 'en-GB', '20 degrees', [amount('20 degrees', 20, 'C')]],
    [
      'percentage',
      'en',
      '10 percent, 5% and 7 cents',
      [
        ['10 percent', '10%'],
        ['5%', '5%'],
      ],
    ],
    ['percentage', 'es', 'el 5 % de', [['5 %', '5%']]],
    [
      'unit-length-name',
      'en',
      'in miles or km',
      [
        ['miles', 'mile'],
        ['km', 'km'],
      ],
    ],
  ];
  for (const [entityType, language, text, found] of cases) {
    it(`reads ${JSON.stringify(text)} as @sys.${entityType} in ${language}`, async () => {
      assert.deepEqual(await findSystem(entityType, text, { language }), found);
    });
  }
});

describe('@sys.duration and @sys.age', () => {
  const cases: Case[] = [
    ['duration', 'en', 'for 3 days', [amount('3 days', 3, 'day')]],
    ['duration', 'en', 'two and a half hours', [amount('two and a half hours', 2.5, 'h')]],
    ['duration', 'en', 'an hour and a half', [amount('an hour and a half', 1.5, 'h')]],
    ['duration', 'en', 'half an hour', [amount('half an hour', 0.5, 'h')]],
    ['duration', 'en', 'a quarter of an hour', [amount('a quarter of an hour', 0.25, 'h')]],
    ['duration', 'en', '1 hour and 30 minutes', [amount('1 hour and 30 minutes', 90, 'min')]],
    ['duration', 'en', '2 years, 3 months', [amount('2 years, 3 months', 27, 'mo')]],
    ['duration', 'en', '2 months and 3 days', [amount('2 months', 2, 'mo'), amount('3 days', 3, 'day')]],
    ['duration', 'en', 'the second one, wait', []],
    ['duration', 'de', 'zwei Stunden und 5 Minuten', [amount('zwei Stunden und 5 Minuten', 125, 'min')]],
    ['duration', 'zh', '三个小时', [amount('三个小时', 3, 'h')]],
    ['duration', 'ja', '3時間', [amount('3時間', 3, 'h')]],
    ['age', 'en', 'I am 25 years old', [amount('25 years old', 25, 'yr')]],
    ['age', 'en', 'a 6-month-old baby', [amount('6-month-old', 6, 'mo')]],
    ['age', 'en', 'for 2 hours', []],
    ['age', 'es', 'tengo 25 años', [amount('25 años', 25, 'yr')]],
    ['age', 'ja', '25歳です', [amount('25歳', 25, 'yr')]],
  ];
  for (const [entityType, language, text, found] of cases) {
    it(`reads ${JSON.stringify(text)} as @sys.${entityType} in ${language}`, async () => {
      assert.deepEqual(await findSystem(entityType, text, { language }), found);
    });
  }
});

describe('@sys.unit-currency', () => {
  const cases: [language: string, text: string, found: [string, unknown][]][] = [
    ['en', 'I want twenty five euros', [money('twenty five euros', 25, 'EUR')]],
    ['en', '$20 and 5 cents', [money('$20 and 5 cents', 20.05, 'USD')]],
    ['en', '20 dollars and 5 cents', [money('20 dollars and 5 cents', 20.05, 'USD')]],
    ['en', '50 cents or €5', [money('50 cents', 0.5, 'USD'), money('€5', 5, 'EUR')]],
    [
      'en',
      'USD 20, 20 usd, CA$ 3',
      [money('USD 20', 20, 'USD'), money('20 usd', 20, 'USD'), money('CA$ 3', 3, 'CAD')],
    ],
    ['en', 'Rs. 500 or 100 rupees', [money('Rs. 500', 500, 'INR'), money('100 rupees', 100, 'INR')]],
    ['en', '50 bucks for 3 quid', [money('50 bucks', 50, 'USD'), money('3 quid', 3, 'GBP')]],
    ['en', '2 million dollars', [money('2 million dollars', 2_000_000, 'USD')]],
    ['en-AU', '5 dollars', [money('5 dollars', 5, 'AUD')]],
    // Codes of currencies in small letters that are words.
    ['en', '5 try, 4 all, 2 top, 5 indian restaurants, 5 km', []],
    ['de', '25 Euro und 50 Cent', [money('25 Euro und 50 Cent', 25.5, 'EUR')]],
    ['es', 'veinte dólares', [money('veinte dólares', 20, 'USD')]],
    ['es-CO', '50 pesos', [money('50 pesos', 50, 'COP')]],
    ['ru', '1250,50 рублей', [money('1250,50 рублей', 1_250.5, 'RUB')]],
    ['ja', '5000円', [money('5000円', 5_000, 'JPY')]],
    ['zh', '二十五块', [money('二十五块', 25, 'CNY')]],
  ];
  for (const [language, text, found] of cases) {
    it(`reads ${JSON.stringify(text)} in ${language}`, async () => {
      assert.deepEqual(await findSystem('unit-currency', text, { language }), found);
    });
  }

  it('finds the names alone', async () => {
    assert.deepEqual(await findSystem('currency-name', 'dollars into Swiss francs'), [
      ['dollars', 'USD'],
      ['Swiss francs', 'CHF'],
    ]);
  });
});
