import type { IncomingMessage } from 'node:http';

/**
 * The values of a header, as often as it was sent, by its lower-case name. Of some, `headers` keeps the first alone,
 * and `headersDistinct` makes a copy of all.
 */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) {
      values.push(rawHeaders[index + 1] ?? '');
    }
  }
  return values;
}
