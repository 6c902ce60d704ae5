import type { Match } from '../entity-type.ts';
import { PhraseTrie } from '../phrase-trie.ts';
import { tokenWords } from '../tokens.ts';
import type { SystemQuery } from './query.ts';

/** Finds cities and states. */
export interface PlaceReader {
  find(query: SystemQuery, entityType: string): readonly Match[];
}

interface City {
  readonly city: string;
  readonly city_ascii: string;
  /** How many people live there. */
  readonly pop: number;
  readonly iso2: string;
  readonly province: string;
}

/** Cities that are other words first: found where they are written with a capital letter. */
const ORDINARY_WORDS: ReadonlySet<string> = new Set(
  (
    'bath best born central date deal enterprise fast fort gay goes hail home hope lens like long male man mary mobile most ' +
    'nice of orange order paradise parking reading same sale san sion split sun surprise tours van wells worth york'
  ).split(' '),
);
/** A city of fewer people is found where it is written with a capital letter. */
const KNOWN_EVERYWHERE = 100_000;
/** Countries whose states people name without their country. */
const STATES_OF: ReadonlySet<string> = new Set(['AU', 'BR', 'CA', 'DE', 'IN', 'MX', 'US']);

let gazetteer: PlaceReader | undefined;

/** Loads the English names of cities and states from a gazetteer, which is the same for every language. */
export async function loadPlaceReader(): Promise<PlaceReader> {
  const { cityMapping } = await import('city-timezones');
  gazetteer ??= new Gazetteer(cityMapping);
  return gazetteer;
}

interface NamedCity {
  readonly name: string;
  readonly pop: number;
}

class Gazetteer implements PlaceReader {
  readonly #cities: PhraseTrie<NamedCity>;
  readonly #citiesOf = new Map<string, PhraseTrie<NamedCity>>();
  readonly #states: PhraseTrie<NamedCity>;
  readonly #statesOf = new Map<string, PhraseTrie<NamedCity>>();

  constructor(cities: readonly City[]) {
    const byPeople = cities.toSorted((a, b) => b.pop - a.pop);
    this.#cities = cityNames(byPeople);
    this.#states = stateNames(byPeople.filter(({ iso2 }) => STATES_OF.has(iso2)));
    for (const country of ['US', 'GB']) {
      const within = byPeople.filter(({ iso2 }) => iso2 === country);
      this.#citiesOf.set(country, cityNames(within));
      this.#statesOf.set(country, stateNames(within));
    }
  }

  find(query: SystemQuery, entityType: string): Match[] {
    const country = /-(us|gb)$/u.exec(entityType)?.[1]?.toUpperCase() ?? '';
    const [all, within] = entityType.startsWith('@sys.geo-state')
      ? [this.#states, this.#statesOf]
      : [this.#cities, this.#citiesOf];
    return (within.get(country) ?? all)
      .find(query.tokens)
      .filter(({ start, end, value }) => isPlace(query.text.slice(start, end), value))
      .map(({ start, end, value }) => ({ start, end, value: value.name }));
  }
}

function cityNames(cities: readonly City[]): PhraseTrie<NamedCity> {
  const names = new PhraseTrie<NamedCity>();
  for (const { city, city_ascii: ascii, pop } of cities) {
    for (const name of [city, ascii]) names.add(tokenWords(name), { name: city, pop });
  }
  return names;
}

function stateNames(cities: readonly City[]): PhraseTrie<NamedCity> {
  const names = new PhraseTrie<NamedCity>();
  for (const { province } of cities) {
    if (province.length > 3)
      names.add(tokenWords(province), { name: province, pop: Number.POSITIVE_INFINITY });
  }
  return names;
}

function isPlace(written: string, { pop }: NamedCity): boolean {
  if (/^\p{Lu}/u.test(written)) return true;
  return pop >= KNOWN_EVERYWHERE && !ORDINARY_WORDS.has(written.toLowerCase());
}
