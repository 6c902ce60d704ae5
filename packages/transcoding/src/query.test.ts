import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isSystemParameter, parseQuery } from './query.ts';

describe('parseQuery()', () => {
  it('reads what URLSearchParams writes', () => {
    const pairs = fc.array(
      fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })),
    );
    fc.assert(
      fc.property(pairs, (entries) => {
        const read = parseQuery(new URLSearchParams(entries).toString());
        assert.deepEqual(
          read.map(({ name, value }) => [name, value]),
          entries,
        );
      }),
    );
  });

  const cases: [query: string, expected: [name: string, value: string][]][] = [
    ['', []],
    ['?', []],
    ['&&', []],
    ['?a=1', [['a', '1']]],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['=a', [['', 'a']]],
    ['a=b=c', [['a', 'b=c']]],
    [
      'a=1&a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['n=projects/p/x', [['n', 'projects/p/x']]],
    ['a+b=c+d%2B', [['a b', 'c d+']]],
    ['$alt=json%3Benum-encoding=int', [['$alt', 'json;enum-encoding=int']]],
    ['__proto__=1', [['__proto__', '1']]],
  ];
  for (const [query, expected] of cases) {
    it(`reads ${JSON.stringify(query)}`, () => {
      assert.deepEqual(
        parseQuery(query).map(({ name, value }) => [name, value]),
        expected,
      );
    });
  }

  for (const pair of ['a=%', 'a=%ff', '%zz=1', 'a=ü', 'a=%C3']) {
    it(`rejects ${pair}`, () => {
      assert.throws(() => parseQuery(`x=1&${pair}`), {
        name: 'TranscodingError',
        message: `query parameter "${pair}" is not valid percent-encoded UTF-8`,
      });
    });
  }

  it('reads a thousand parameters, and rejects any number above', () => {
    assert.equal(parseQuery('a=1&'.repeat(1000)).length, 1000);
    for (const count of [1001, 1_000_000]) {
      assert.throws(() => parseQuery('a=1&'.repeat(count)), {
        name: 'TranscodingError',
        message: 'the query has more than 1000 parameters',
      });
    }
  });
});

describe('isSystemParameter()', () => {
  it('knows the ones of Google and anything with a dollar sign', () => {
    for (const name of ['alt', '$alt', '$.xgafv', '$prettyPrint', 'key', 'access_token', 'upload_protocol']) {
      assert.ok(isSystemParameter(name), name);
    }
    for (const name of ['pageSize', 'Alt', 'constructor', '__proto__', '']) {
      assert.ok(!isSystemParameter(name), name);
    }
  });
});
