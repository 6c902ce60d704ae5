/** Numbers from 0 to before 1 that look random and are the same for the same seed (Mulberry32). */
export type Random = () => number;

/** Starts a row of random numbers. Any integer is a seed. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Puts the first `count` entries in a random order, in place. */
export function shuffle(entries: Int32Array, count: number, random: Random): void {
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const entry = entries[index] as number;
    entries[index] = entries[other] as number;
    entries[other] = entry;
  }
}
