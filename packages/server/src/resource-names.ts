import { resourceNameInvalid } from './errors.ts';
import { RESOURCE_NAME_BYTES_MAX } from './limits.ts';

/**
 * Locations that are one keyspace: naming none, `global` and the deprecated `us` address the same resources.
 * https://cloud.google.com/dialogflow/es/docs/how/region
 */
const DEFAULT_LOCATIONS: ReadonlySet<string> = new Set(['', 'global', 'us']);

/**
 * A resource name, both as its caller wrote it and as it is stored.
 *
 * `projects/p/conversations/c` and `projects/p/locations/global/conversations/c` are one conversation. Answers
 * repeat the form that the caller used (`toString()`); the store knows only the canonical one (`key`).
 */
export class ResourceName {
  readonly project: string;
  /** As written; empty where the name has none. */
  readonly location: string;
  /** What follows the project and location, such as `conversations/c/participants/x`; empty for a parent. */
  readonly path: string;

  constructor(project: string, location: string, path: string) {
    this.project = project;
    this.location = location;
    this.path = path;
  }

  /** The last segment. */
  get id(): string {
    return this.path.slice(this.path.lastIndexOf('/') + 1);
  }

  /** The project and location as they are stored: the same for every form of the name. */
  get scope(): string {
    return DEFAULT_LOCATIONS.has(this.location)
      ? `projects/${this.project}`
      : `projects/${this.project}/locations/${this.location}`;
  }

  /** The name under which it is stored: the same for every form of the name. */
  get key(): string {
    return this.path === '' ? this.scope : `${this.scope}/${this.path}`;
  }

  /** The name in the form in which it is stored. */
  get canonical(): ResourceName {
    return DEFAULT_LOCATIONS.has(this.location) ? new ResourceName(this.project, '', this.path) : this;
  }

  /** The project and location alone, in the same form. */
  get parent(): ResourceName {
    return new ResourceName(this.project, this.location, '');
  }

  toString(): string {
    const scope =
      this.location === ''
        ? `projects/${this.project}`
        : `projects/${this.project}/locations/${this.location}`;
    return this.path === '' ? scope : `${scope}/${this.path}`;
  }

  /** The name of a resource directly below this one, in the same form. */
  child(collection: string, id: string): ResourceName {
    const path = `${collection}/${id}`;
    return new ResourceName(this.project, this.location, this.path === '' ? path : `${this.path}/${path}`);
  }

  /** The name of what every resource like this one has one of, such as `hold`, in the same form. */
  singleton(id: string): ResourceName {
    return new ResourceName(this.project, this.location, `${this.path}/${id}`);
  }

  /** The name of that which this one is the singleton of. */
  get owner(): ResourceName {
    return new ResourceName(this.project, this.location, this.path.slice(0, this.path.lastIndexOf('/')));
  }

  /** The resource of a collection in which this one lies, or itself. */
  ancestor(collection: string): ResourceName {
    const segments = this.path.split('/');
    const at = segments.indexOf(collection);
    if (at === -1) throw new Error(`${this} is not within ${collection}`);
    return new ResourceName(this.project, this.location, segments.slice(0, at + 2).join('/'));
  }

  isWithin(ancestor: ResourceName): boolean {
    return this.key.startsWith(`${ancestor.key}/`);
  }
}

/** Reads any name that begins with `projects/*`; undefined where it is none. Its shape is the caller's to check. */
export function readResourceName(text: string): ResourceName | undefined {
  if (Buffer.byteLength(text) > RESOURCE_NAME_BYTES_MAX) return undefined;
  const match = /^projects\/([^/]+)(?:\/locations\/([^/]+))?(?:\/(.+))?$/su.exec(text);
  if (match === null) return undefined;
  const [, project = '', location = '', path = ''] = match;
  // An empty segment would let two names stand for one key; control characters would end up in logs and headers.
  if (/\/\/|\/$|\p{Cc}/u.test(text) || !text.isWellFormed()) return undefined;
  return new ResourceName(project, location, path);
}

const matchers = new Map<string, RegExp>();

/** Whether a name's path has the form of a pattern such as `conversations/*` (a star is one segment). */
function hasShape(name: ResourceName, shape: string): boolean {
  let matcher = matchers.get(shape);
  if (matcher === undefined) {
    matcher = new RegExp(`^${shape.replaceAll('*', '[^/]+')}$`, 'su');
    matchers.set(shape, matcher);
  }
  return matcher.test(name.path);
}

/**
 * Parses the name that stands in a field of a request; `shape` is what must follow the project and location.
 * Throws INVALID_ARGUMENT that names the field and the expected patterns.
 */
export function parseResourceName(field: string, text: string, shape: string): ResourceName {
  const name = readResourceName(text);
  if (name === undefined || !hasShape(name, shape)) {
    throw resourceNameInvalid(field, text, [`projects/*/${shape}`, `projects/*/locations/*/${shape}`]);
  }
  return name;
}
