import type { ContextFeatures } from './reply-features.ts';

const BLOCKS = 4;
/** Keys in one piece of memory: what is larger has one of its own. */
const PIECE_KEYS = 1 << 20;

/**
 * The features of the contexts of all examples, in as few bytes as they can be held in: each has some hundred, and as
 * lists of their own they would take several times as much memory as all else that a training needs.
 */
export class ExampleContexts {
  #pieces: Uint32Array[] = [];
  #end = PIECE_KEYS;
  /** Of each example: its piece, and where its blocks begin in it and the last one ends. */
  readonly #places: number[] = [];

  get length(): number {
    return this.#places.length / (BLOCKS + 2);
  }

  add(context: ContextFeatures): void {
    const keys = context.reduce((sum, block) => sum + block.length, 0);
    let piece = this.#pieces.at(-1);
    if (piece === undefined || this.#end + keys > piece.length) {
      piece = new Uint32Array(Math.max(PIECE_KEYS, keys));
      this.#pieces.push(piece);
      this.#end = 0;
    }
    this.#places.push(this.#pieces.length - 1);
    for (const block of context) {
      this.#places.push(this.#end);
      piece.set(block, this.#end);
      this.#end += block.length;
    }
    this.#places.push(this.#end);
  }

  /** A view: it lasts until they are released. */
  at(example: number): ContextFeatures {
    const place = example * (BLOCKS + 2);
    const piece = this.#pieces[this.#places[place] as number] as Uint32Array;
    const block = (index: number): Uint32Array =>
      piece.subarray(this.#places[place + 1 + index], this.#places[place + 2 + index]);
    return [block(0), block(1), block(2), block(3)];
  }

  /** Lets go of what they were. */
  release(): void {
    this.#pieces = [];
  }
}
