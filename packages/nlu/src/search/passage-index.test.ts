import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PassageIndex, queryWords } from './passage-index.ts';

const PASSAGES = [
  { id: 'refund', title: 'How do I get a refund?', text: 'We send the money back within two weeks.' },
  {
    id: 'courier',
    title: 'Who brings my parcel?',
    text: 'A courier of ours. A refund of the fee is not possible.',
  },
  { id: 'weeks', text: 'Holidays are six weeks.' },
  { id: 'ru', text: 'Где моя посылка?' },
  { id: 'ja', text: '注文をキャンセルしたいです。' },
] as const;

function fill(): PassageIndex {
  const index = new PassageIndex();
  for (const passage of PASSAGES) index.put(passage);
  return index;
}

async function find(index: PassageIndex, text: string, limit = 10): Promise<string[]> {
  return (await index.search({ text, limit })).map(({ id }) => id);
}

describe('PassageIndex', () => {
  for (const [query, ids] of [
    ['Refund', ['refund', 'courier']],
    ['parcel', ['courier']],
    ['WEEKS!', ['weeks', 'refund']],
    ['six weeks', ['weeks', 'refund']],
    ['refnud', []],
    ['refuned', ['refund', 'courier']],
    ['coureir', []],
    ['couriers', ['courier']],
    ['посылка', ['ru']],
    ['キャンセル', ['ja']],
    ['elephant', []],
  ] as const) {
    it(`finds ${JSON.stringify(ids)} by ${JSON.stringify(query)}`, async () => {
      assert.deepEqual(await find(fill(), query), ids);
    });
  }

  it('tells which part of the query a passage holds', async () => {
    const hits = await fill().search({ text: 'refund of the money, please, money', limit: 2 });
    assert.deepEqual(
      hits.map(({ id, coverage }) => [id, coverage]),
      [
        ['refund', 3 / 5],
        ['courier', 3 / 5],
      ],
    );
    assert.ok((hits[0]?.score ?? 0) >= (hits[1]?.score ?? 0));
  });

  it('gives no more than asked for, and only what is accepted', async () => {
    const index = fill();
    assert.deepEqual(await find(index, 'refund weeks', 1), ['refund']);
    assert.deepEqual(await find(index, 'refund', 0), []);
    const hits = await index.search({ text: 'refund', limit: 1, accepts: (id) => id !== 'refund' });
    assert.deepEqual(
      hits.map(({ id }) => id),
      ['courier'],
    );
  });

  it('forgets what is replaced and what is removed', async () => {
    const index = fill();
    index.put({ id: 'weeks', text: 'Holidays are thirty days.' });
    assert.equal(index.size, PASSAGES.length);
    assert.deepEqual(await find(index, 'six'), []);
    assert.deepEqual(await find(index, 'thirty'), ['weeks']);
    assert.equal(index.remove('weeks'), true);
    assert.equal(index.remove('weeks'), false);
    assert.equal(index.size, PASSAGES.length - 1);
    assert.deepEqual(await find(index, 'thirty'), []);
    index.put({ id: 'weeks', text: 'thirty again' });
    assert.deepEqual(await find(index, 'thirty'), ['weeks']);
  });

  it('finds nothing in nothing, by nothing', async () => {
    assert.deepEqual(await find(new PassageIndex(), 'refund'), []);
    for (const query of ['', ' ?!', '\ud800', '\u0000']) assert.deepEqual(await find(fill(), query), []);
  });

  it('takes passages and queries of 10^6 characters, of nothing and of half a surrogate pair', async () => {
    const index = fill();
    const long = 'refund '.repeat(150_000);
    for (const [id, text] of Object.entries({ long, empty: '', half: '\udc00 unicorn \ud800' }))
      index.put({ id, text });
    assert.deepEqual((await find(index, long)).sort(), ['courier', 'long', 'refund']);
    assert.deepEqual(await find(index, 'unicorn'), ['half']);
  });

  it('finds each passage by each of its words, whatever the passages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }), async (texts) => {
        const index = new PassageIndex();
        for (const [id, text] of texts.entries()) index.put({ id: String(id), text });
        for (const [id, text] of texts.entries()) {
          for (const word of queryWords(text)) {
            assert.ok((await find(index, word)).includes(String(id)), JSON.stringify(word));
          }
        }
      }),
    );
  });
});

describe('queryWords()', () => {
  it('gives distinct words, and a limited number of them', () => {
    assert.deepEqual(queryWords('The "refund" OR* the (Refund)'), ['the', 'refund', 'or']);
    const many = Array.from({ length: 1000 }, (_, index) => `word${index}`).join(' ');
    assert.equal(queryWords(many).length, 64);
    assert.equal(queryWords('x'.repeat(1_000_000)).length, 1);
  });
});
