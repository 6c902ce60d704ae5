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
  for (const [query, id] of [
    ['Refund', 'refund'],
    ['parcel', 'courier'],
    ['WEEKS!', 'weeks'],
    ['two weeks', 'refund'],
    ['refnud', 'refund'],
    ['coureir', 'courier'],
    ['couriers', 'courier'],
    ['holliday', 'weeks'],
    ['посылку', 'ru'],
    ['キャンセル', 'ja'],
  ] as const) {
    it(`finds ${id} first by ${JSON.stringify(query)}`, async () => {
      assert.equal((await find(fill(), query))[0], id);
    });
  }

  it('finds nothing by what has not even a part in common', async () => {
    assert.deepEqual(await find(fill(), 'xylograph'), []);
  });

  it('puts first what says it in its title, and of equals what came first', async () => {
    const index = new PassageIndex();
    index.put({ id: 'text', text: 'refund delay' });
    index.put({ id: 'title', title: 'refund', text: 'delay' });
    index.put({ id: 'again', text: 'refund delay' });
    assert.deepEqual(await find(index, 'refund'), ['title', 'text', 'again']);
  });

  it('finds among very many by the words that most have, and not by parts of them', async () => {
    const index = new PassageIndex();
    for (let number = 0; number < 10_002; number++) index.put({ id: `${number}`, text: 'parcel' });
    index.put({ id: 'rare', text: 'parcel to norway' });
    assert.equal((await find(index, 'parcel norwey'))[0], 'rare');
    assert.equal((await find(index, 'parcel', 3)).length, 3);
    assert.deepEqual(await find(index, 'parcl'), []);
  });

  it('tells which part of the query a passage holds', async () => {
    const index = fill();
    const coverageOf = async (text: string) => (await index.search({ text, limit: 1 }))[0]?.coverage ?? 0;
    assert.equal(await coverageOf('refund'), 1);
    assert.equal(await coverageOf('How do I get a refund?'), 1);
    const [misspelt, half] = [await coverageOf('refnud'), await coverageOf('refund xylograph')];
    assert.ok(misspelt > 0 && misspelt < half && half < 0.6, `${misspelt} ${half}`);
  });

  it('gives no more than asked for, and only what is accepted', async () => {
    const index = fill();
    assert.deepEqual(await find(index, 'refund', 1), ['refund']);
    assert.deepEqual(await find(index, 'refund', 0), []);
    const hits = await index.search({ text: 'refund', limit: 1, accepts: (id) => id !== 'refund' });
    assert.deepEqual(
      hits.map(({ id }) => id),
      ['courier'],
    );
  });

  it('forgets what is replaced and what is removed', async () => {
    const index = fill();
    index.put({ id: 'weeks', text: 'Holidays are 9999 days.' });
    assert.equal(index.size, PASSAGES.length);
    assert.deepEqual(await find(index, 'six'), []);
    assert.deepEqual(await find(index, '9999'), ['weeks']);
    assert.equal(index.remove('weeks'), true);
    assert.equal(index.remove('weeks'), false);
    assert.equal(index.size, PASSAGES.length - 1);
    assert.deepEqual(await find(index, '9999'), []);
    index.put({ id: 'weeks', text: '9999 again' });
    assert.deepEqual(await find(index, '9999'), ['weeks']);
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
    assert.equal((await find(index, long))[0], 'long');
    assert.deepEqual(await find(index, 'unicorn'), ['half']);
  });

  it('finds after any changes what one that is filled anew finds', async () => {
    const id = fc.nat({ max: 90 }).map(String);
    const text = fc
      .array(fc.constantFrom('red', 'green', 'blue', 'gold'), { maxLength: 4 })
      .map((all) => all.join(' '));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(id, fc.option(text)), { minLength: 200, maxLength: 400 }),
        async (changes) => {
          const index = new PassageIndex();
          const left = new Map<string, string>();
          for (const [key, value] of changes) {
            left.delete(key);
            if (value === null) index.remove(key);
            else {
              index.put({ id: key, text: value });
              left.set(key, value);
            }
          }
          const anew = new PassageIndex();
          for (const [key, value] of left) anew.put({ id: key, text: value });
          assert.equal(index.size, left.size);
          for (const word of ['red', 'gold', 'blues']) {
            const [hits, expected] = [await find(index, word, 200), await find(anew, word, 200)];
            assert.deepEqual(hits.toSorted(), expected.toSorted());
          }
        },
      ),
      { numRuns: 20 },
    );
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
      // A letter that no dictionary knows is a word beside others and by itself.
      { examples: [[['豈𖿣']]] },
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
