/** Picks one of several, at random but the same way for the same seed. */
export type Chooser = <T>(options: readonly T[]) => T | undefined;

/** Starts a row of choices. */
export function createChooser(seed: string): Chooser {
  let state = hash(seed);
  return (options) => {
    // Xorshift: good enough to vary what is said. https://www.jstatsoft.org/article/view/v008i14
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return options[(state >>> 0) % Math.max(1, options.length)];
  };
}

/** FNV-1a, never 0, from which xorshift would not move. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value === 0 ? 1 : value;
}
