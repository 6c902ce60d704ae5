import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findSystem } from './system-reader.test.fixture.ts';

describe('names, places and closed lists', () => {
  const cases: [entityType: string, language: string, text: string, found: [string, unknown][]][] = [
    ['person', 'en', 'my name is john smith', [['john smith', { name: 'john smith' }]]],
    [
      'person',
      'en',
      'for Maria Garcia and Bob',
      [
        ['Maria Garcia', { name: 'Maria Garcia' }],
        ['Bob', { name: 'Bob' }],
      ],
    ],
    ['given-name', 'en', 'this is Anna Kowalska', [['Anna', 'Anna']]],
    ['last-name', 'en', 'this is Anna Kowalska', [['Kowalska', 'Kowalska']]],
    ['person', 'en', 'what is the price, doctor', []],
    ['person', 'de', 'ich bin Anna', []],
    [
      'geo-country',
      'en',
      'from Germany to the US, tell us',
      [
        ['Germany', 'Germany'],
        ['US', 'United States'],
      ],
    ],
    ['geo-country', 'de', 'nach Frankreich', [['Frankreich', 'Frankreich']]],
    ['geo-country', 'ja', '日本へ', [['日本', '日本']]],
    [
      'geo-city',
      'en',
      'weather in paris or san francisco',
      [
        ['paris', 'Paris'],
        ['san francisco', 'San Francisco'],
      ],
    ],
    ['geo-city', 'en', 'a nice man in the same van', []],
    ['geo-city', 'en', 'a trip to Nice', [['Nice', 'Nice']]],
    ['geo-city-us', 'en', 'from Munich to Boston', [['Boston', 'Boston']]],
    ['geo-state-us', 'en', 'in new jersey', [['new jersey', 'New Jersey']]],
    [
      'color',
      'en',
      'a crimson and navy blue grey thing',
      [
        ['crimson', 'crimson'],
        ['navy blue', 'navy blue'],
        ['grey', 'grey'],
      ],
    ],
    ['color', 'de', 'das rote Auto', [['rote', 'rote']]],
    [
      'language',
      'en',
      'in french or Japanese',
      [
        ['french', 'French'],
        ['Japanese', 'Japanese'],
      ],
    ],
    ['language', 'es', 'hablo alemán', [['alemán', 'alemán']]],
  ];
  for (const [entityType, language, text, found] of cases) {
    it(`finds @sys.${entityType} in ${JSON.stringify(text)} in ${language}`, async () => {
      assert.deepEqual(await findSystem(entityType, text, { language }), found);
    });
  }
});
