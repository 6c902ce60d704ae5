import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InternalError, UnavailableError } from '../errors.ts';
import { List, openPager, type Page, type PageSource } from './list.ts';
import { PendingReply } from './pending-reply.ts';

interface NumbersPage extends Page {
  readonly numbers: readonly number[];
}

/** The pages of the peer's own tests: three items, none, one, two. */
const PAGES: Readonly<Record<string, NumbersPage>> = {
  '': { numbers: [1, 2, 3], nextPageToken: 'abc' },
  abc: { numbers: [], nextPageToken: 'def' },
  def: { numbers: [4], nextPageToken: 'ghi' },
  ghi: { numbers: [5, 6], nextPageToken: '' },
};

/** Answers pages and remembers what it was asked for. */
function openBook(pages = PAGES): PageSource<NumbersPage> & { readonly asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  return {
    asked,
    itemsField: 'numbers',
    fetch(token) {
      asked.push(token);
      const message = pages[token ?? ''];
      return new PendingReply(
        message === undefined
          ? Promise.reject(new UnavailableError('not now'))
          : Promise.resolve({ message, headers: { 'x-request-id': `r${asked.length}` }, trailers: {} }),
      );
    },
  };
}

function listOf(source: PageSource<NumbersPage>): List<number, NumbersPage> {
  return new List(source, (first) => openPager<number, NumbersPage>(source, first));
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const TOKENS = ['abc', 'def', 'ghi', ''];

describe('List', () => {
  it('gives all items without await, and skips an empty page in the middle', async () => {
    const book = openBook();
    assert.deepEqual(await all(listOf(book)), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(book.asked, [undefined, 'abc', 'def', 'ghi']);
  });

  it('asks for nothing before somebody wants it, and for no page too many', async () => {
    const book = openBook();
    const list = listOf(book);
    assert.deepEqual(book.asked, []);
    for await (const number of list) if (number === 3) break;
    assert.deepEqual(book.asked, [undefined]);
  });

  it('gives pages', async () => {
    const pages = await all(listOf(openBook()).pages());
    assert.deepEqual(
      pages.map(({ nextPageToken }) => nextPageToken),
      TOKENS,
    );
  });

  it('gives the first page alone, bare or with what came beside it', async () => {
    const list = listOf(openBook());
    assert.equal(await list.firstPage(), PAGES['']);
    const { response, requestId } = await list.withResponse();
    assert.equal(response, PAGES['']);
    assert.equal(requestId, 'r2');
  });

  it('begins anew with each loop', async () => {
    const list = listOf(openBook());
    assert.deepEqual(await all(list), await all(list));
  });

  it('throws what a page in the middle throws, behind the items before it', async () => {
    const { def: _, ...rest } = PAGES;
    const found: number[] = [];
    await assert.rejects(async () => {
      for await (const number of listOf(openBook(rest))) found.push(number);
    }, UnavailableError);
    assert.deepEqual(found, [1, 2, 3]);
  });

  it('does not follow a token that leads to itself', async () => {
    const book = openBook({ ...PAGES, def: { numbers: [], nextPageToken: 'def' } });
    await assert.rejects(all(listOf(book)), InternalError);
    assert.equal(book.asked.length, 3);
  });

  it('rejects when it is awaited', async () => {
    await assert.rejects(async () => listOf(openBook({})), UnavailableError);
    assert.equal(await listOf(openBook({})).catch(() => 'caught'), 'caught');
  });
});

describe('Pager', () => {
  it('has the first page already, once it is awaited', async () => {
    const book = openBook();
    const pager = await listOf(book);
    assert.deepEqual(book.asked, [undefined]);
    assert.deepEqual(await all(pager), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(book.asked, [undefined, 'abc', 'def', 'ghi']);
  });

  it('is the same however often it is awaited', async () => {
    const book = openBook();
    const list = listOf(book);
    assert.equal(await list, await list);
    assert.deepEqual(book.asked, [undefined]);
  });

  it('has the fields of the page that came last', async () => {
    const pager = await listOf(openBook());
    assert.equal(pager.nextPageToken, 'abc');
    assert.deepEqual(pager.numbers, [1, 2, 3]);
    const seen: string[] = [];
    for await (const page of pager.pages()) {
      assert.equal(pager.numbers, page.numbers);
      seen.push(pager.nextPageToken);
    }
    assert.deepEqual(seen, TOKENS);
    assert.equal('nope' in pager, false);
  });

  it('begins anew with each loop', async () => {
    const book = openBook();
    const pager = await listOf(book);
    assert.deepEqual(await all(pager), await all(pager));
    assert.equal(book.asked.length, 8);
  });
});
