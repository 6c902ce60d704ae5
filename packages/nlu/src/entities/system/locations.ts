import { type Match, withoutOverlaps } from '../entity-type.ts';
import { loadContactReader } from './contacts.ts';
import { type LocationFields, locationValue } from './location-value.ts';
import type { NumberReader } from './numbers.ts';
import { loadPlaceReader } from './places.ts';
import type { SystemQuery } from './query.ts';
import { createVocabularyReader } from './vocabularies.ts';

/** Finds where something is: cities, states, countries and postal codes, those side by side as one location. */
export interface LocationReader {
  find(query: SystemQuery): readonly Match[];
}

/** The parts of a location, the more likely of two for one piece first: New York is a city. */
const PARTS = [
  ['city', '@sys.geo-city'],
  ['country', '@sys.geo-country'],
  ['admin-area', '@sys.geo-state'],
  ['zip-code', '@sys.zip-code'],
] as const;
const SIDE_BY_SIDE = /^\s*,?\s*$/u;

interface Part {
  readonly start: number;
  readonly end: number;
  readonly fields: LocationFields;
}

/** Loads what finds the parts of a location. */
export async function loadLocationReader(language: string, numbers: NumberReader): Promise<LocationReader> {
  const [places, contacts] = await Promise.all([loadPlaceReader(), loadContactReader(language, numbers)]);
  const countries = createVocabularyReader(language);
  const readers = { '@sys.geo-city': places, '@sys.geo-state': places, '@sys.geo-country': countries };
  return {
    find(query) {
      const parts = PARTS.flatMap(([field, entityType]) => {
        const reader = entityType === '@sys.zip-code' ? contacts : readers[entityType];
        return reader
          .find(query, entityType)
          .map(({ start, end, value }): Part => ({ start, end, fields: { [field]: String(value) } }));
      });
      return sideBySide(query.text, withoutOverlaps(parts)).map(({ start, end, fields }) => ({
        start,
        end,
        value: locationValue(fields),
      }));
    },
  };
}

/** "Paris, France" is one location. A postal code alone is any number, and none. */
function sideBySide(text: string, parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const before = joined.at(-1);
    const adds = Object.keys(part.fields).every((field) => !Object.hasOwn(before?.fields ?? {}, field));
    if (before !== undefined && adds && SIDE_BY_SIDE.test(text.slice(before.end, part.start))) {
      joined[joined.length - 1] = {
        start: before.start,
        end: part.end,
        fields: { ...before.fields, ...part.fields },
      };
    } else joined.push(part);
  }
  return joined.filter(({ fields }) => Object.keys(fields).some((field) => field !== 'zip-code'));
}
