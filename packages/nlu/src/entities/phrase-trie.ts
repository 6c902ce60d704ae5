import type { Token } from './tokens.ts';

interface Node<T> {
  next?: Map<string, Node<T>>;
  value?: T;
}

/** Phrases by their words. Finding takes time in proportion to the text and the longest phrase, however many there are. */
export class PhraseTrie<T> {
  readonly #root: Node<T> = {};

  /** Of equal phrases the first one counts. A phrase without words is never found. */
  add(words: readonly string[], value: T): void {
    if (words.length === 0) return;
    let node = this.#root;
    for (const word of words) {
      node.next ??= new Map();
      let next = node.next.get(word);
      if (next === undefined) {
        next = {};
        node.next.set(word, next);
      }
      node = next;
    }
    node.value ??= value;
  }

  /** The longest phrase that begins at a token, and the number of the token after it. */
  longestAt(
    tokens: readonly Token[],
    first: number,
  ): { readonly end: number; readonly value: T } | undefined {
    let node: Node<T> | undefined = this.#root;
    let longest: { end: number; value: T } | undefined;
    for (let end = first; end < tokens.length; ) {
      node = node.next?.get(tokens[end]?.word ?? '');
      if (node === undefined) break;
      end += 1;
      if (node.value !== undefined) longest = { end, value: node.value };
    }
    return longest;
  }

  /** The longest phrases of a text from left to right, none within another. */
  find(tokens: readonly Token[]): { readonly start: number; readonly end: number; readonly value: T }[] {
    const found: { start: number; end: number; value: T }[] = [];
    for (let at = 0; at < tokens.length; ) {
      const longest = this.longestAt(tokens, at);
      if (longest === undefined) {
        at += 1;
        continue;
      }
      found.push({
        start: tokens[at]?.start ?? 0,
        end: tokens[longest.end - 1]?.end ?? 0,
        value: longest.value,
      });
      at = longest.end;
    }
    return found;
  }
}
