import type { EntityValue, Match } from '../entity-type.ts';
import { readsDates } from './chrono-parsers.ts';
import { locationOf } from './location-value.ts';
import { readsNumberWords } from './number-words.ts';
import type { NumberReader } from './numbers.ts';
import { baseLanguage, type SystemQuery } from './query.ts';
import type { UnitReader } from './units.ts';
import { knowsColors } from './vocabularies.ts';

/**
 * What is found of a system entity type in a language. `recognized`: whatever is usual. `partial`: what needs no words
 * of the language, like digits and names from the locale data. `by-place`: what stands in the place of an annotated
 * phrase's value, like `@sys.any`. `none`: nothing.
 */
export type SystemEntitySupport = 'recognized' | 'partial' | 'by-place' | 'none';

/** Finds what a text says of the entity types of one group. */
export interface SystemReader {
  find(query: SystemQuery, entityType: string): readonly Match[];
}

interface Group {
  readonly entityTypes: readonly string[];
  support(language: string): SystemEntitySupport;
  load(language: string): Promise<SystemReader>;
}

const NUMBER_TYPES = ['cardinal', 'flight-number', 'number', 'number-integer', 'number-sequence', 'ordinal'];
const UNIT_TYPES = [
  'age',
  'currency-name',
  'duration',
  'percentage',
  'temperature',
  'unit-area',
  'unit-area-name',
  'unit-currency',
  'unit-information',
  'unit-information-name',
  'unit-length',
  'unit-length-name',
  'unit-speed',
  'unit-speed-name',
  'unit-volume',
  'unit-volume-name',
  'unit-weight',
  'unit-weight-name',
];
const DATE_TYPES = ['date', 'date-period', 'date-time', 'time', 'time-period'];
const NAME_TYPES = ['given-name', 'last-name', 'person'];
const CITY_TYPES = ['geo-city', 'geo-city-gb', 'geo-city-us', 'geo-state', 'geo-state-gb', 'geo-state-us'];
/** They are strings in Dialogflow too, so that what stands in their place is a value of the right form. */
const PLACE_TYPES = [
  'any',
  'geo-capital',
  'music-artist',
  'music-genre',
  'place-attraction',
  'place-attraction-gb',
  'place-attraction-us',
  'street-address',
];

/** The system entity types that exist in Dialogflow and of which nothing is found here, in any language. */
export const unsupportedSystemEntityTypes: readonly string[] = ['address', 'airport', 'geo-country-code'].map(
  (name) => `@sys.${name}`,
);

const GROUPS: readonly Group[] = [
  {
    entityTypes: NUMBER_TYPES,
    support: (language) => (readsNumberWords(language) ? 'recognized' : 'partial'),
    load: async (language) => (await loadAmounts(language)).numbers,
  },
  {
    entityTypes: UNIT_TYPES,
    support: (language) => (readsNumberWords(language) ? 'recognized' : 'partial'),
    load: async (language) => (await loadAmounts(language)).units,
  },
  {
    entityTypes: DATE_TYPES,
    support: (language) => (readsDates(language) ? 'recognized' : 'partial'),
    load: async (language) => {
      const [{ numbers, units }, { loadDateReader }] = await Promise.all([
        loadAmounts(language),
        import('./dates.ts'),
      ]);
      return loadDateReader(language, numbers, units);
    },
  },
  {
    entityTypes: ['email', 'phone-number', 'url', 'zip-code'],
    support: () => 'recognized',
    load: async (language) => {
      const [{ numbers }, { loadContactReader }] = await Promise.all([
        loadAmounts(language),
        import('./contacts.ts'),
      ]);
      return loadContactReader(language, numbers);
    },
  },
  {
    entityTypes: NAME_TYPES,
    support: (language) => (baseLanguage(language) === 'en' ? 'recognized' : 'by-place'),
    load: async (language) =>
      baseLanguage(language) === 'en' ? (await import('./names.ts')).loadNameReader() : NOTHING,
  },
  {
    entityTypes: CITY_TYPES,
    support: (language) => (baseLanguage(language) === 'en' ? 'recognized' : 'partial'),
    load: async () => (await import('./places.ts')).loadPlaceReader(),
  },
  {
    entityTypes: ['location'],
    support: (language) => (baseLanguage(language) === 'en' ? 'recognized' : 'partial'),
    load: async (language) => {
      const [{ numbers }, { loadLocationReader }] = await Promise.all([
        loadAmounts(language),
        import('./locations.ts'),
      ]);
      return loadLocationReader(language, numbers);
    },
  },
  {
    entityTypes: ['color'],
    support: (language) => (knowsColors(language) ? 'recognized' : 'by-place'),
    load: async (language) => (await import('./vocabularies.ts')).createVocabularyReader(language),
  },
  {
    entityTypes: ['geo-country', 'language'],
    support: () => 'recognized',
    load: async (language) => (await import('./vocabularies.ts')).createVocabularyReader(language),
  },
  { entityTypes: PLACE_TYPES, support: () => 'by-place', load: async () => NOTHING },
];

const NOTHING: SystemReader = { find: () => [] };

const GROUP_OF: ReadonlyMap<string, Group> = new Map(
  GROUPS.flatMap((group) => group.entityTypes.map((name) => [`@sys.${name}`, group] as const)),
);

/** Values of these types are also taken from the place of an annotated value, where nothing else finds one. */
const OPEN_TYPES: ReadonlySet<string> = new Set(
  [...PLACE_TYPES, ...NAME_TYPES, ...CITY_TYPES, 'color', 'location'].map((name) => `@sys.${name}`),
);

/** The system entity types of which something is found, in one language or another, with their "@". */
export const systemEntityTypes: readonly string[] = [...GROUP_OF.keys()].sort();

/** What is found of a system entity type in a language. */
export function systemEntitySupport(entityType: string, language: string): SystemEntitySupport {
  return GROUP_OF.get(entityType)?.support(language) ?? 'none';
}

/** Whether a value of a type is taken from its place in a phrase where nothing else finds one. */
export function isOpenSystemType(entityType: string): boolean {
  return OPEN_TYPES.has(entityType);
}

/** What a piece of text is as a value of an open type. */
export function openValue(entityType: string, text: string): EntityValue {
  if (entityType === '@sys.location') return locationOf(text);
  return entityType === '@sys.person' ? { name: text } : text;
}

const loaded = new Map<string, Promise<SystemReader>>();
const loadedAmounts = new Map<string, Promise<{ numbers: NumberReader; units: UnitReader }>>();

/** Loads what finds a system entity type in a language, once for all that ask; for unknown types it finds nothing. */
export function loadSystemReader(entityType: string, language: string): Promise<SystemReader> {
  const group = GROUP_OF.get(entityType);
  if (group === undefined) return Promise.resolve(NOTHING);
  return once(loaded, `${GROUPS.indexOf(group)} ${language}`, () => group.load(language));
}

function loadAmounts(language: string): Promise<{ numbers: NumberReader; units: UnitReader }> {
  return once(loadedAmounts, language, async () => {
    const [{ createNumberReader }, { createUnitReader }] = await Promise.all([
      import('./numbers.ts'),
      import('./units.ts'),
    ]);
    const numbers = createNumberReader(language);
    return { numbers, units: createUnitReader(language, numbers) };
  });
}

/** What failed to load is tried again by the next who asks. */
function once<T>(known: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const loading = load();
  known.set(key, loading);
  loading.catch(() => known.delete(key));
  return loading;
}
