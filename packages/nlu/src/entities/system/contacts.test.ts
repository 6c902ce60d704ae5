import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findSystem } from './system-reader.test.fixture.ts';

describe('contacts', () => {
  const cases: [entityType: string, language: string, text: string, found: [string, unknown][]][] = [
    ['email', 'en', 'to a.b+c@example.com, or x@y', [['a.b+c@example.com', 'a.b+c@example.com']]],
    ['url', 'en', 'see example.com/a?b=1 not a@b.co', [['example.com/a?b=1', 'example.com/a?b=1']]],
    ['url', 'en', 'https://localhost:80/x.', [['https://localhost:80/x', 'https://localhost:80/x']]],
    ['phone-number', 'en', '+1 (555) 010-9999', [['+1 (555) 010-9999', '+15550109999']]],
    ['phone-number', 'en', 'call 555 0100 now', [['555 0100', '5550100']]],
    [
      'phone-number',
      'en',
      'five five five oh, five five five zero one nine nine',
      [['five five five zero one nine nine', '5550199']],
    ],
    ['phone-number', 'en', 'on 2026-11-25 or 25.11.2026 for 1,000,000 or 12345', []],
    [
      'zip-code',
      'en',
      '94103 or 94103-1234',
      [
        ['94103', '94103'],
        ['94103-1234', '94103-1234'],
      ],
    ],
    ['zip-code', 'en-GB', 'sw1a 1aa', [['sw1a 1aa', 'SW1A 1AA']]],
    ['zip-code', 'en-CA', 'K1A 0B1', [['K1A 0B1', 'K1A 0B1']]],
    ['zip-code', 'en-IN', 'pin 560001', [['560001', '560001']]],
    ['zip-code', 'ja', '100-0001', [['100-0001', '100-0001']]],
    ['zip-code', 'en', '1234567 or 12', []],
  ];
  for (const [entityType, language, text, found] of cases) {
    it(`finds @sys.${entityType} in ${JSON.stringify(text)} in ${language}`, async () => {
      assert.deepEqual(await findSystem(entityType, text, { language }), found);
    });
  }
});
