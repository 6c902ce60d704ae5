import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namesIn } from './participant-names.ts';

describe('namesIn()', () => {
  for (const [id, names] of [
    ['ada.okafor@example.com', ['Ada', 'Okafor']],
    ['Ada Okafor', ['Ada', 'Okafor']],
    ['zoë_o’brien', ['Zoë', 'O’brien']],
    ['mary-jane', ['Mary', 'Jane']],
    ['agent', []],
    ['END_USER', []],
    ['support-lena', ['Lena']],
    ['customer-17', []],
    ['user42', []],
    ['0F3kQz8WmPq1Xc5Vb7Nn2L', []],
    ['al', []],
    ['', []],
  ] as const) {
    it(`finds ${names.join(' and ') || 'none'} in ${JSON.stringify(id)}`, () => {
      assert.deepEqual(namesIn(id), names);
    });
  }
});
