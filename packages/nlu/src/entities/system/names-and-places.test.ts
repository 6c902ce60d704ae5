import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openValue } from './system-entities.ts';
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
    ['person', 'en', "Jake's party", [['Jake', { name: 'Jake' }]]],
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

describe('@sys.location', () => {
  const empty = {
    'admin-area': '',
    'business-name': '',
    city: '',
    country: '',
    island: '',
    shortcut: '',
    'street-address': '',
    'subadmin-area': '',
    'zip-code': '',
  };

  it('joins what stands side by side', async () => {
    assert.deepEqual(await findSystem('location', 'from Paris, France to Austin Texas 73301 or 10115'), [
      ['Paris, France', { ...empty, city: 'Paris', country: 'France' }],
      ['Austin Texas 73301', { ...empty, city: 'Austin', 'admin-area': 'Texas', 'zip-code': '73301' }],
    ]);
  });

  it('takes what is in its place for a name, or for an address if it has a number', () => {
    assert.deepEqual(openValue('@sys.location', 'Park Center'), { ...empty, 'business-name': 'Park Center' });
    assert.deepEqual(openValue('@sys.location', '3 Main St'), { ...empty, 'street-address': '3 Main St' });
  });
});
