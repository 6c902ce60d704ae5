const MOST_DIGITS = 1e8;

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
];

/**
 * The value of `grpc-timeout` for so many milliseconds: the finest unit in which eight digits are enough, rounded up,
 * so that it is never the server which gives up first.
 */
export function timeoutHeader(ms: number): string {
  for (const [unit, length] of UNITS) {
    const count = Math.max(1, Math.ceil(ms / length));
    if (count < MOST_DIGITS) return `${count}${unit}`;
  }
  return `${MOST_DIGITS - 1}H`;
}
