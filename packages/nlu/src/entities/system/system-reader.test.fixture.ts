import { tokenize } from '../tokens.ts';
import { plainText, type SystemQuery } from './query.ts';
import { loadSystemReader } from './system-entities.ts';

/** Wednesday, 25 November 2026, 10:00 in New York. */
const NOW_MS = Date.UTC(2026, 10, 25, 15);

/** What a text says of a system entity type: the pieces and their values. */
export async function findSystem(
  entityType: string,
  said: string,
  more: Partial<SystemQuery> = {},
): Promise<[text: string, value: unknown][]> {
  const { language = 'en' } = more;
  const text = plainText(said);
  const query = {
    text,
    tokens: tokenize(said),
    language,
    nowMs: NOW_MS,
    timeZone: 'America/New_York',
    answers: undefined,
    ...more,
  };
  const matches = (await loadSystemReader(`@sys.${entityType}`, language)).find(query, `@sys.${entityType}`);
  return matches
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end, value }) => [said.slice(start, end), value]);
}
