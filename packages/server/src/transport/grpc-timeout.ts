const PATTERN = /^(\d{1,8})([HMSmun])$/u;

/** Timers hold no more; longer timeouts outlive every connection. */
const LONGEST_MS = 2 ** 31 - 1;

const MILLISECONDS: Readonly<Record<string, number>> = { H: 3.6e6, M: 6e4, S: 1e3, m: 1, u: 1e-3, n: 1e-6 };

/** The value of a `grpc-timeout` header in milliseconds, no more than a timer holds; undefined for what is none. */
export function parseTimeout(value: string): number | undefined {
  const [, digits = '', unit = ''] = PATTERN.exec(value) ?? [];
  const milliseconds = MILLISECONDS[unit];
  return milliseconds === undefined ? undefined : Math.min(Number(digits) * milliseconds, LONGEST_MS);
}
