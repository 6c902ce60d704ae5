import type { EntityValue, Match } from '../entity-type.ts';
import { oncePerQuery, type SystemQuery } from './query.ts';

/** Finds the names of people in English. */
export interface NameReader {
  find(query: SystemQuery, entityType: string): readonly Match[];
}

interface Term {
  readonly start: number;
  readonly end: number;
  readonly tags: readonly string[];
}

/** Loads the lexicon and the tagger that tell names from other words. */
export async function loadNameReader(): Promise<NameReader> {
  const { default: tag } = await import('compromise/two');
  const terms = oncePerQuery(({ text }) =>
    tag(text)
      .json({ offset: true })
      .flatMap((sentence: { terms: { offset: { start: number; length: number }; tags: string[] }[] }) =>
        sentence.terms.map(
          ({ offset, tags }): Term => ({ start: offset.start, end: offset.start + offset.length, tags }),
        ),
      ),
  );
  return {
    find(query, entityType) {
      const value = (start: number, end: number): EntityValue => {
        const name = query.text.slice(start, end);
        return entityType === '@sys.person' ? { name } : name;
      };
      const found = entityType === '@sys.person' ? peopleIn(terms(query)) : namesIn(terms(query), entityType);
      return found.map(({ start, end: said }) => {
        // The name in "Jake's".
        const end = said - (/['\u2019]s$/iu.test(query.text.slice(start, said)) ? 2 : 0);
        return { start, end, value: value(start, end) };
      });
    },
  };
}

/** Names in a row are one person; a title alone is none. */
function peopleIn(terms: readonly Term[]): Term[] {
  const people: Term[] = [];
  let last: Term | undefined;
  for (const term of terms) {
    const isName = term.tags.includes('Person');
    const before = people.at(-1);
    if (isName && last?.tags.includes('Person') && before !== undefined) {
      people[people.length - 1] = {
        start: before.start,
        end: term.end,
        tags: [...before.tags, ...term.tags],
      };
    } else if (isName) people.push(term);
    last = term;
  }
  return people.filter(({ tags }) => tags.includes('FirstName') || tags.includes('LastName'));
}

function namesIn(terms: readonly Term[], entityType: string): Term[] {
  const kind = entityType === '@sys.given-name' ? 'FirstName' : 'LastName';
  return terms.filter(({ tags }) => tags.includes('Person') && tags.includes(kind));
}
