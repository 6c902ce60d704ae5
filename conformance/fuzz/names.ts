import { type Corpus, projectOf, SCOPE, type Talk } from './corpus.ts';
import type { Random } from './random.ts';
import { draftId, mutateText, oddText } from './texts.ts';

/** A second keyspace beside the default one, which names without a location, `global` and `us` share. */
export const REGION = 'europe-west1';

/** What the names of one input are about, so that they mostly belong together. */
export interface Focus {
  readonly talk: Talk;
  readonly project: string;
}

export function chooseFocus(random: Random, corpus: Corpus): Focus {
  const talk = random.pick(corpus.talks);
  return { talk, project: projectOf(talk.name) };
}

/** A name for the pattern of an HTTP rule: mostly of what exists, sometimes damaged. */
export function draftName(random: Random, corpus: Corpus, focus: Focus, pattern: string): string {
  const shape = pattern.replace(/^projects\/\*(?:\/locations\/\*)?\/?/u, '');
  let name = existingName(random, corpus, focus, shape) ?? inventName(random, focus, pattern);
  if (random.chance(0.5)) name = inOtherForm(random, name);
  return random.oddly(0.08) ? mutateName(random, name) : name;
}

function existingName(random: Random, corpus: Corpus, focus: Focus, shape: string): string | undefined {
  if (random.oddly(0.04)) return undefined;
  const talk = random.oddly(0.04) ? random.pick(corpus.talks) : focus.talk;
  switch (shape) {
    case '':
      return SCOPE.exec(talk.name)?.[0];
    case 'conversations/*':
      return talk.name;
    case 'conversations/*/participants/*':
      return talk.participants.length === 0 ? undefined : random.pick(talk.participants);
    case 'conversations/*/messages/*':
      return talk.messages.length === 0 ? undefined : random.pick(talk.messages);
    case 'conversationProfiles/*':
      return random.chance(0.6) && talk.profile !== '' ? talk.profile : profileOf(random, corpus, focus);
    default: {
      const matcher = new RegExp(`^${SCOPE.source.slice(1)}/${shape.replaceAll('*', '[^/]+')}$`, 'u');
      const known = corpus.names.filter((name) => matcher.test(name));
      const own = known.filter((name) => projectOf(name) === focus.project);
      if (own.length > 0 && !random.oddly(0.04)) return random.pick(own);
      return known.length === 0 ? undefined : random.pick(known);
    }
  }
}

function profileOf(random: Random, corpus: Corpus, { project }: Focus): string | undefined {
  const own = corpus.profiles.filter((name) => projectOf(name) === project);
  return own.length === 0 ? undefined : random.pick(own);
}

function inventName(random: Random, { project }: Focus, pattern: string): string {
  return pattern
    .replace('projects/*', `projects/${random.chance(0.9) ? project : draftId(random)}`)
    .replace('locations/*', `locations/${random.pick(['global', 'us', REGION, 'nowhere'])}`)
    .replaceAll('*', () => draftId(random));
}

/** The same resource under another location, or another resource that differs in its location alone. */
export function inOtherForm(random: Random, name: string): string {
  const project = projectOf(name);
  const location = !random.oddly(0.08)
    ? random.pick(['', '/locations/global', '/locations/us'])
    : random.pick([
        `/locations/${REGION}`,
        '/locations/-',
        '/locations/GLOBAL',
        '/locations/',
        '/locations/x/y',
      ]);
  return name.replace(SCOPE, () => `projects/${project}${location}`);
}

export function mutateName(random: Random, name: string): string {
  const segments = name.split('/');
  const at = random.below(segments.length);
  switch (random.below(8)) {
    case 0:
      return `${name}/`;
    case 1:
      return `/${name}`;
    case 2:
      return segments.with(at, oddText(random)).join('/');
    case 3:
      return segments.toSpliced(at, 1).join('/');
    case 4:
      return segments.toSpliced(at, 0, segments[at] ?? '').join('/');
    case 5:
      return segments
        .with(at, `${segments[at]}${random.pick([':complete', '%2Fx', '\n', '\0', ' ', '*', '?x', '#'])}`)
        .join('/');
    case 6:
      return `${name}/${'x'.repeat(random.pick([100, 900, 1100, 5000]))}`;
    default:
      return mutateText(random, name);
  }
}
