/**
 * A list of words that finds those within a few edits of another: letters left out, added, replaced, or two neighbours
 * swapped, each letter in one edit at most (the restricted distance of Damerau and Levenshtein).
 */
export class NearWords {
  /** In order, so that words with the same beginning share the work of comparing it. */
  readonly #words: readonly string[];
  /** How many leading letters a word shares with the one before it. */
  readonly #shared: Uint16Array;

  constructor(words: Iterable<string>) {
    this.#words = [...new Set(words)].sort();
    this.#shared = new Uint16Array(this.#words.length);
    for (let at = 1; at < this.#words.length; at++) {
      const word = this.#words[at] ?? '';
      const before = this.#words[at - 1] ?? '';
      let shared = 0;
      while (shared < word.length && word[shared] === before[shared]) shared += 1;
      this.#shared[at] = Math.min(shared, 0xffff);
    }
  }

  /** The listed words within so many edits of a word, with their distances; only those with its first letter, if so asked. */
  near(word: string, editsMax: number, { sameFirst = false } = {}): Map<string, number> {
    if (editsMax === 0) return new Map(this.#has(word) ? [[word, 0]] : []);
    const near = new Map<string, number>();
    const table = new DistanceTable(word);
    /** Of how many leading letters of the listed word before the rows are filled in. */
    let filled = 0;
    /** After how many letters that word was given up: so are those that begin alike. */
    let givenUp = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#words.length; at++) {
      const listed = this.#words[at] ?? '';
      const shared = this.#shared[at] ?? 0;
      filled = Math.min(filled, shared);
      if (shared >= givenUp) continue;
      givenUp = Number.POSITIVE_INFINITY;
      if (sameFirst && listed[0] !== word[0]) {
        givenUp = 1;
        continue;
      }
      if (listed.length > word.length + editsMax) continue;
      while (filled < listed.length && givenUp > listed.length) {
        filled += 1;
        if (table.fill(filled, listed) > editsMax) givenUp = filled;
      }
      const distance = givenUp <= listed.length ? Number.POSITIVE_INFINITY : table.distance(listed.length);
      if (distance <= editsMax) near.set(listed, distance);
    }
    return near;
  }

  #has(word: string): boolean {
    let [from, to] = [0, this.#words.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#words[middle] ?? '') < word) from = middle + 1;
      else to = middle;
    }
    return this.#words[from] === word;
  }
}

/** Row n holds the distances between the first n letters of a listed word and each beginning of the word looked up. */
class DistanceTable {
  readonly #word: string;
  readonly #rows: number[][];
  readonly #least: number[] = [0];

  constructor(word: string) {
    this.#word = word;
    this.#rows = [Array.from({ length: word.length + 1 }, (_, column) => column)];
  }

  distance(row: number): number {
    return this.#rows[row]?.[this.#word.length] ?? Number.POSITIVE_INFINITY;
  }

  /** Returns the least distance that the listed word can still come to. */
  fill(row: number, listed: string): number {
    const word = this.#word;
    const before = this.#rows[row - 1] ?? [];
    const twoBefore = this.#rows[row - 2] ?? [];
    this.#rows[row] ??= [];
    const current = this.#rows[row];
    current[0] = row;
    let least = row;
    for (let column = 1; column <= word.length; column++) {
      const same = listed[row - 1] === word[column - 1];
      let distance = Math.min(
        (before[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (before[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (
        row > 1 &&
        column > 1 &&
        listed[row - 1] === word[column - 2] &&
        listed[row - 2] === word[column - 1]
      ) {
        distance = Math.min(distance, (twoBefore[column - 2] ?? 0) + 1);
      }
      current[column] = distance;
      if (distance < least) least = distance;
    }
    this.#least[row] = least;
    // A swap goes past this row: from the one before to the next.
    return Math.min(least, (this.#least[row - 1] ?? 0) + 1);
  }
}
