/**
 * A seeded source of random numbers (sfc32): the same seed and stream give the same sequence on every machine. Each
 * input of a fuzz run has a stream of its own, so that one of them can be made again without those before it.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  /** How likely `oddly` is to say yes, compared to `chance`: so that some inputs are right in nearly everything. */
  oddness = 1;

  constructor(seed: number, stream: number) {
    this.#a = scramble(seed);
    this.#b = scramble(stream ^ 0x9e37_79b9);
    this.#c = scramble(seed + Math.imul(stream, 0x85eb_ca6b));
    for (let round = 0; round < 12; round++) this.next();
  }

  /** A number of 32 bits without a sign. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  /** A whole number from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000;
  }

  /** As `chance`, for what a request may well be refused for. */
  oddly(probability: number): boolean {
    return this.chance(probability * this.oddness);
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() & 0xff);
  }

  /** A text of characters from an alphabet. */
  text(alphabet: string, length: number): string {
    let text = '';
    for (let at = 0; at < length; at++) text += alphabet[this.below(alphabet.length)];
    return text;
  }
}

/** Spreads neighbouring seeds over all 32 bits. */
function scramble(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
  return mixed ^ (mixed >>> 15);
}
