import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { leftoverOf, withLeftover } from './leftover.ts';

/** JSON as a file has it: a negative zero is written without its sign. */
const json = (): fc.Arbitrary<JsonValue> =>
  fc
    .jsonValue({ maxDepth: 4 })
    .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as JsonValue);

describe('leftoverOf()', () => {
  it('is what makes of one value the other', () => {
    fc.assert(
      fc.property(json(), json(), (written, found) => {
        assert.deepEqual(withLeftover(written, leftoverOf(written, found)), found);
      }),
    );
  });

  it('is what makes of one list the other, with ids that are there or not, once or more often', () => {
    const element = fc.record(
      { id: fc.constantFrom('x', 'y', ''), lang: fc.constantFrom('en', 'de'), note: fc.nat(1) },
      { requiredKeys: [], noNullPrototype: true },
    );
    const list = fc.array(element, { maxLength: 4 }) as fc.Arbitrary<JsonValue>;
    fc.assert(
      fc.property(list, list, (written, found) => {
        assert.deepEqual(withLeftover(written, leftoverOf(written, found)), found);
      }),
    );
  });

  it('is nothing where there is no difference', () => {
    fc.assert(
      fc.property(json(), (value) => {
        assert.equal(leftoverOf(value, structuredClone(value)), undefined);
      }),
    );
  });

  it('says once what holds for all elements of a list', () => {
    const written = Array.from({ length: 100 }, (_, index) => ({
      id: String(index),
      lang: 'en',
      updated: 0,
    }));
    const found = written.map(({ id }) => ({ id, updated: 0 }));
    const leftover = leftoverOf(written, found);
    assert.ok(JSON.stringify(leftover).length < 100, JSON.stringify(leftover));
    assert.deepEqual(withLeftover(written, leftover), found);
  });
});

describe('withLeftover()', () => {
  const was = { name: 'a', type: '0', speech: ['hi'], condition: '' };
  const found = { name: 'a', type: 0, speech: 'hi', lastUpdate: 5 };
  const leftover = leftoverOf(was, found);
  const cases: [what: string, written: JsonObject, expected: JsonObject][] = [
    ['what did not change in the form that it had', was, found],
    ['what changed as it is written', { ...was, speech: ['ho'] }, { ...found, speech: ['ho'] }],
    ['what is no longer left out', { ...was, condition: 'x' }, { ...found, condition: 'x' }],
    ['what is written by now', { ...was, lastUpdate: 6 }, { ...found, lastUpdate: 6 }],
    ['nothing that is not written', { name: 'a' }, { name: 'a', lastUpdate: 5 }],
  ];
  for (const [what, written, expected] of cases) {
    it(`gives ${what}`, () => assert.deepEqual(withLeftover(written, leftover), expected));
  }

  const list = [
    { id: 'x', text: 'one', note: 1 },
    { id: 'y', text: 'two' },
  ];
  const ofList = leftoverOf(
    list.map(({ id, text }) => ({ id, text })),
    list,
  );

  it('finds elements by their ids', () => {
    const written = [
      { id: 'z', text: 'new' },
      { id: 'y', text: 'two' },
      { id: 'x', text: 'other words' },
    ];
    assert.deepEqual(withLeftover<JsonValue>(written, ofList), [
      { id: 'z', text: 'new' },
      { id: 'y', text: 'two' },
      { id: 'x', text: 'other words', note: 1 },
    ]);
  });

  it('gives elements without ids nothing where others were added', () => {
    const texts = leftoverOf([{ text: 'one' }], [{ text: 'one', note: 1 }]);
    assert.deepEqual(withLeftover<JsonValue>([{ text: 'one' }], texts), [{ text: 'one', note: 1 }]);
    assert.deepEqual(withLeftover<JsonValue>([{ text: 'new' }, { text: 'one' }], texts), [
      { text: 'new' },
      { text: 'one' },
    ]);
  });

  it('gives an element that became another one nothing', () => {
    const unknown = { type: 'hologram', beam: 7 };
    const messages = leftoverOf([{ type: '' }], [unknown]);
    assert.deepEqual(withLeftover<JsonValue>([{ type: '' }], messages), [unknown]);
    assert.deepEqual(withLeftover<JsonValue>([{ type: '0' }], messages), [{ type: '0' }]);
  });
});
