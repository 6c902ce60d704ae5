import MiniSearch from 'minisearch';
import { normalizeText } from '../text/normalization.ts';
import { splitWords } from '../text/words.ts';
import type { Passage, PassageHit, PassageQuery, PassageSearch } from './passage-search.ts';

/** Of a query, only so many characters and distinct words count: each word costs a search. */
const QUERY_LENGTH_MAX = 2000;
const QUERY_WORDS_MAX = 64;
/** Of a passage. More makes it no easier to find, and takes the memory of the others. */
const PASSAGE_LENGTH_MAX = 200_000;
const TITLE_WEIGHT = 2;
/** Shorter words with another letter are mostly other words. */
const FUZZY_LENGTH_MIN = 4;
/** Which part of a word's letters may be wrong. */
const FUZZY_PART = 0.2;

interface Indexed {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** Full text in memory: words by BM25+, also with a wrong letter, in all languages that `splitWords` splits. */
export class PassageIndex implements PassageSearch {
  readonly #index = new MiniSearch<Indexed>({
    fields: ['title', 'text'],
    tokenize: splitWords,
    processTerm: (word) => word,
    searchOptions: { boost: { title: TITLE_WEIGHT }, fuzzy: fuzzyPart },
  });

  get size(): number {
    return this.#index.documentCount;
  }

  /** Adds a passage, or puts it in the place of that with the same id. */
  put({ id, title = '', text }: Passage): void {
    const indexed = { id, title: prepare(title), text: prepare(text) };
    if (this.#index.has(id)) this.#index.replace(indexed);
    else this.#index.add(indexed);
  }

  /** Takes a passage out, and says whether there was one. */
  remove(id: string): boolean {
    if (!this.#index.has(id)) return false;
    this.#index.discard(id);
    return true;
  }

  async search({ text, limit, accepts }: PassageQuery): Promise<readonly PassageHit[]> {
    const words = queryWords(text);
    if (words.length === 0 || limit <= 0) return [];
    const filter = accepts && (({ id }: { id: string }) => accepts(id));
    return this.#index
      .search({ combineWith: 'OR', queries: words }, filter ? { filter } : {})
      .slice(0, limit)
      .map(({ id, score, queryTerms }) => ({ id, score, coverage: queryTerms.length / words.length }));
  }
}

/** The distinct words of a query that count, in order: what a store's full text is asked for. */
export function queryWords(text: string): string[] {
  const words = splitWords(normalizeText(text.slice(0, QUERY_LENGTH_MAX)));
  return [...new Set(words)].slice(0, QUERY_WORDS_MAX);
}

function prepare(text: string): string {
  return normalizeText(text.slice(0, PASSAGE_LENGTH_MAX));
}

function fuzzyPart(word: string): number | false {
  return word.length >= FUZZY_LENGTH_MIN ? FUZZY_PART : false;
}
