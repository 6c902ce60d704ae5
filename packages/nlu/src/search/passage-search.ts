/** A text to be found: a question with its answer, an article or a part of one. */
export interface Passage {
  readonly id: string;
  /** The question, or the heading: what it says counts more. */
  readonly title?: string;
  readonly text: string;
}

export interface PassageHit {
  readonly id: string;
  /** The higher the better, comparable within the hits of one query. */
  readonly score: number;
  /** Which part of the query the passage holds, rare words counting more: 0 to 1. */
  readonly coverage: number;
}

export interface PassageQuery {
  readonly text: string;
  /** How many hits at most. */
  readonly limit: number;
  /** Finds only passages that this accepts. */
  readonly accepts?: (id: string) => boolean;
}

/**
 * The port to full text: whoever searches need not know whether an index in memory answers or the one of a store.
 * Hits come best first; none for a query without words.
 */
export interface PassageSearch {
  search(query: PassageQuery): Promise<readonly PassageHit[]>;
}
