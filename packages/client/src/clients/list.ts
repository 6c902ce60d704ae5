import { InternalError } from '../errors.ts';
import type { FullReply, PendingReply } from './pending-reply.ts';

/** What every page has beside its items. */
export interface Page {
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** Where pages come from. */
export interface PageSource<P extends Page> {
  /** The field of a page that has its items. */
  readonly itemsField: string;
  /** Asks for the page of a token; without one for the page that the caller's request asks for. */
  fetch(pageToken: string | undefined): PendingReply<P>;
}

/**
 * A list that is not asked for yet. `for await` gives every item, page after page; `pages()` gives whole pages,
 * `firstPage()` one. `await` asks for the first page and answers what `Awaited` says. Each loop begins anew.
 *
 * Every page is asked for with the options of the call: the same headers, metadata and retry, the same signal, and as
 * much time for each page as `timeoutMs` says. No page is asked for before the loop needs it.
 */
export class List<Item, P extends Page, Awaited = Pager<Item, P>>
  implements PromiseLike<Awaited>, AsyncIterable<Item>
{
  readonly #source: PageSource<P>;
  readonly #settle: (first: P) => Awaited;
  #settled: Promise<Awaited> | undefined;

  constructor(source: PageSource<P>, settle: (first: P) => Awaited) {
    this.#source = source;
    this.#settle = settle;
  }

  /** Asks for the first page: the server's answer as it came. Its `nextPageToken`, put into a request, gives the next. */
  async firstPage(): Promise<P> {
    return this.#source.fetch(undefined);
  }

  /** As `firstPage`, with the headers and the request id of the answer. */
  async withResponse(): Promise<FullReply<P>> {
    return this.#source.fetch(undefined).withResponse();
  }

  /** Page after page, empty ones too. */
  pages(): AsyncGenerator<P, void, undefined> {
    return pagesOf(this.#source);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    return itemsOf(this.pages(), this.#source);
  }

  // biome-ignore lint/suspicious/noThenProperty: so that it can be awaited, as the list of the Python client is.
  then<Fulfilled = Awaited, Rejected = never>(
    onFulfilled?: ((value: Awaited) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#settled ??= this.firstPage().then(this.#settle);
    return this.#settled.then(onFulfilled, onRejected);
  }

  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Awaited | Rejected> {
    return this.then(null, onRejected);
  }
}

/** A list whose first page is here; it has the fields of the page that came last, such as `nextPageToken`. */
export type Pager<Item, P extends Page> = PagerIteration<Item, P> & Readonly<P>;

/** Loops of a list whose first page is here. The first loop uses it, each further one asks anew. */
export interface PagerIteration<Item, P extends Page> extends AsyncIterable<Item> {
  /** Page after page, empty ones too. */
  pages(): AsyncGenerator<P, void, undefined>;
}

/** The pager of a list, with its first page. */
export function openPager<Item, P extends Page>(source: PageSource<P>, first: P): Pager<Item, P> {
  let latest = first;
  let unused: P | undefined = first;
  const pages = async function* (): AsyncGenerator<P, void, undefined> {
    const begun = unused;
    unused = undefined;
    for await (const page of pagesOf(source, begun)) {
      latest = page;
      yield page;
    }
  };
  const pager: PagerIteration<Item, P> = {
    pages,
    [Symbol.asyncIterator]: () => itemsOf<Item, P>(pages(), source),
  };
  for (const field of Object.keys(first)) {
    Object.defineProperty(pager, field, {
      get: () => (latest as Readonly<Record<string, unknown>>)[field],
      enumerable: true,
    });
  }
  return pager as Pager<Item, P>;
}

async function* pagesOf<P extends Page>(
  source: PageSource<P>,
  begun?: P,
): AsyncGenerator<P, void, undefined> {
  let page = begun ?? (await source.fetch(undefined));
  yield page;
  while (page.nextPageToken !== '') {
    const token: string = page.nextPageToken;
    page = await source.fetch(token);
    if (page.nextPageToken === token) {
      throw new InternalError(
        'the server answered a page token with the same token: the list would never end',
      );
    }
    yield page;
  }
}

async function* itemsOf<Item, P extends Page>(
  pages: AsyncIterable<P>,
  { itemsField }: PageSource<P>,
): AsyncGenerator<Item, void, undefined> {
  for await (const page of pages) yield* (page as Readonly<Record<string, unknown>>)[itemsField] as Item[];
}
