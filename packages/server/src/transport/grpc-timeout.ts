const PATTERN = /^(\d{1,8})([HMSmun])$/u;

/** Timers hold no more than 2^31 - 1 ms; longer timeouts outlive every connection. */
const LONGEST = '2147483S';
const LONGEST_SECONDS = 2_147_483;

const SECONDS: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1, m: 1e-3, u: 1e-6, n: 1e-9 };

/**
 * The value of a `grpc-timeout` header as grpc-js can take it: it counts in a 32-bit number of milliseconds, in
 * which 597 hours are already over. Undefined for what is no timeout.
 */
export function boundTimeout(value: string): string | undefined {
  const [, digits = '', unit = ''] = PATTERN.exec(value) ?? [];
  const seconds = SECONDS[unit];
  if (seconds === undefined) return undefined;
  return Number(digits) * seconds > LONGEST_SECONDS ? LONGEST : value;
}
