/** The project and, where there is one, the location of a resource name. */
export const SCOPE = /^projects\/([^/]*)(?:\/locations\/([^/]*))?/u;

export function projectOf(name: string): string {
  return SCOPE.exec(name)?.[1] ?? '';
}

/** One spelling for all names of a resource: no location, `global` and `us` are the same. */
function canonicalName(name: string): string {
  return name.replace(/^(projects\/[^/]+)\/locations\/(?:global|us)(?=\/|$)/u, '$1');
}

/** A conversation that exists, with what was learned of its inside; names are in their canonical spelling. */
export interface Talk {
  readonly name: string;
  readonly profile: string;
  readonly participants: string[];
  readonly messages: string[];
}

/** A page token with the request that it continues. */
export interface Continuation {
  /** The full name of the method. */
  readonly method: string;
  readonly resource: string;
  readonly filter: string;
  readonly token: string;
}

/** What a request was about, as far as an answer to it can be understood by it. */
export interface Subject {
  readonly method: string;
  readonly resource: string;
  readonly filter: string;
}

const TALKS_MAX = 40;
const PARTICIPANTS_MAX = 6;
const MESSAGES_MAX = 12;
const NAMES_MAX = 200;
const TOKENS_MAX = 60;

/**
 * Names and tokens that the server gave out: what most inputs are made of, so that they get past the first checks.
 * Old ones make room for new ones; everything ever touched is kept by `touched` until the corpus is renewed.
 */
export class Corpus {
  readonly projects: readonly string[];
  readonly talks: Talk[] = [];
  readonly profiles: string[] = [];
  /** Names of resources of any other kind. */
  readonly names: string[] = [];
  readonly continuations: Continuation[] = [];
  /** Every conversation that was answered, by its name. */
  readonly touched = new Set<string>();
  readonly #talkByName = new Map<string, Talk>();

  constructor(projects: readonly string[]) {
    this.projects = projects;
  }

  /** Takes what an answer of status OK gives away: a resource, or a list of them with a token. */
  learn(answer: unknown, subject: Subject | undefined): void {
    if (typeof answer !== 'object' || answer === null) return;
    const members = answer as Readonly<Record<string, unknown>>;
    this.#learnName(members);
    const token = members['nextPageToken'];
    if (typeof token === 'string' && token !== '' && subject !== undefined) {
      this.continuations.push({ ...subject, token });
      if (this.continuations.length > TOKENS_MAX) this.continuations.shift();
    }
    for (const value of Object.values(members)) {
      if (Array.isArray(value)) for (const item of value.slice(0, 8)) this.#learnName(item);
    }
  }

  /** The talks at the front, which the run itself made, stay; those that inputs made give way to newer ones. */
  addTalk(talk: Talk): void {
    this.touched.add(talk.name);
    if (this.#talkByName.has(talk.name)) return;
    this.#talkByName.set(talk.name, talk);
    this.talks.push(talk);
    if (this.talks.length > TALKS_MAX) this.talks.splice(TALKS_MAX >> 1, 1);
  }

  #learnName(item: unknown): void {
    if (typeof item !== 'object' || item === null) return;
    const { name: answered, conversationProfile } = item as Readonly<Record<string, unknown>>;
    if (typeof answered !== 'string' || answered === '') return;
    const name = canonicalName(answered);
    const match = /^(.+\/conversations\/[^/]+)(?:\/(\w+)\/[^/]+)?$/u.exec(name);
    if (match !== null) this.#learnWithin(match[1] ?? '', match[2], name, conversationProfile);
    else if (/\/conversationProfiles\/[^/]+$/u.test(name)) pushRing(this.profiles, name, NAMES_MAX);
    else pushRing(this.names, name, NAMES_MAX);
  }

  #learnWithin(conversation: string, collection: string | undefined, name: string, profile: unknown): void {
    this.touched.add(conversation);
    const talk = this.#talkByName.get(conversation);
    if (collection === 'participants') pushRing(talk?.participants ?? this.names, name, PARTICIPANTS_MAX);
    else if (collection === 'messages') pushRing(talk?.messages ?? this.names, name, MESSAGES_MAX);
    else if (talk === undefined && collection === undefined) {
      this.addTalk({
        name: conversation,
        profile: typeof profile === 'string' ? profile : '',
        participants: [],
        messages: [],
      });
    }
  }
}

function pushRing<T>(list: T[], item: T, limit: number): void {
  if (list.includes(item)) return;
  list.push(item);
  if (list.length > limit) list.shift();
}
