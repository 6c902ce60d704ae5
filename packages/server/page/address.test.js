import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { conversationOf, encodeName, formatAddress, parentOf, parseAddress } from './address.js';

const DEMO = { project: 'demo', location: '', conversation: '', state: '' };

describe('parseAddress()', () => {
  /** @type {[string, Record<string, string>][]} */
  const cases = [
    ['', {}],
    ['#', {}],
    ['#/projects/p', { project: 'p' }],
    ['#/projects/p/', { project: 'p' }],
    ['#projects/p/conversations/c', { project: 'p', conversation: 'c' }],
    ['#/projects/p/locations/l/conversations/c', { project: 'p', location: 'l', conversation: 'c' }],
    ['#/projects/p?state=COMPLETED', { project: 'p', state: 'COMPLETED' }],
    ['#/projects/p%20q/conversations/1%2F2', { project: 'p q', conversation: '1/2' }],
    // What cannot be understood is the beginning.
    ['#/projects/p?state=LOST', { project: 'p' }],
    ['#/projects/', {}],
    ['#/projects/%E0%A4%A', {}],
    ['#/projects/p/conversations/c/messages/m', {}],
    ['#main', {}],
  ];
  for (const [hash, expected] of cases) {
    it(`reads ${JSON.stringify(hash)}`, () => {
      assert.deepEqual(parseAddress(hash), { ...DEMO, ...expected });
    });
  }

  it('reads what formatAddress() writes', () => {
    const id = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !/\/|\p{Surrogate}/u.test(text));
    const state = fc.constantFrom(/** @type {const} */ (''), /** @type {const} */ ('IN_PROGRESS'));
    const maybe = fc.oneof(fc.constant(''), id);
    const fields = { project: id, location: maybe, conversation: maybe, state };
    const address = fc.record(fields, { noNullPrototype: true });
    fc.assert(fc.property(address, (each) => assert.deepEqual(parseAddress(formatAddress(each)), each)));
  });
});

describe('resource names', () => {
  it('are those of the API, and one segment each in a URL', () => {
    const address = parseAddress('#/projects/p%3F/locations/l/conversations/c');
    assert.equal(parentOf(address), 'projects/p?/locations/l');
    assert.equal(conversationOf(address), 'projects/p?/locations/l/conversations/c');
    assert.equal(encodeName(parentOf(address)), 'projects/p%3F/locations/l');
  });
});
