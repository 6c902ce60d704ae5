import type { VariablesOf } from './seed-paths.ts';

/** A name that is not one of its kind, or a segment that cannot stand in one. Nothing was sent. */
export class ResourceNameError extends TypeError {
  override readonly name = 'ResourceNameError';
  /** What was given. */
  readonly value: string;

  constructor(message: string, value: string) {
    super(message);
    this.value = value;
  }
}

/** What a name is made of. Names of a project's resources may have a location; without one they mean `global`. */
export type NameParts<Template extends string> = Readonly<Record<VariablesOf<Template>, string>> & {
  readonly location?: string | undefined;
};

/** The strict form of a kind of names: a segment holds no slash, and a location has a place of its own. */
export interface ResourceName<Template extends string> {
  /** Such as `projects/{project}/conversations/{conversation}`; a location may stand after the project. */
  readonly template: Template;
  /** Puts a name together; throws a ResourceNameError where a segment is empty or holds a slash. */
  format(parts: NameParts<Template>): string;
  /** Takes a name apart; throws a ResourceNameError where it is not of this kind. */
  parse(name: string): NameParts<Template>;
  /** Whether `parse` would take it. */
  matches(name: string): boolean;
}

/** No slash, nothing that cannot be seen, and not the dots that mean another place in an address. */
const SEGMENT = /^(?!\.{1,2}$)[^/\p{Cc}]+$/u;

function resourceName<Template extends string>(template: Template): ResourceName<Template> {
  const plain = template.split('/');
  const located = [...plain.slice(0, 2), 'locations', '{location}', ...plain.slice(2)];
  const isVariable = (part: string): boolean => part.startsWith('{');
  const variableOf = (part: string): string => part.slice(1, -1);

  const read = (
    pattern: readonly string[],
    segments: readonly string[],
  ): Record<string, string> | undefined => {
    if (segments.length !== pattern.length) return undefined;
    const parts: Record<string, string> = {};
    for (const [index, part] of pattern.entries()) {
      const segment = segments[index] ?? '';
      if (isVariable(part) ? !SEGMENT.test(segment) : segment !== part) return undefined;
      if (isVariable(part)) parts[variableOf(part)] = segment;
    }
    return parts;
  };
  const parse = (name: string): NameParts<Template> | undefined => {
    const segments = name.split('/');
    return (read(located, segments) ?? read(plain, segments)) as NameParts<Template> | undefined;
  };

  return {
    template,
    format(parts) {
      const given: Readonly<Record<string, string | undefined>> = parts;
      const pattern = given['location'] === undefined ? plain : located;
      const segments = pattern.map((part) => {
        if (!isVariable(part)) return part;
        const segment = String(given[variableOf(part)] ?? '');
        if (!SEGMENT.test(segment)) {
          throw new ResourceNameError(
            `${JSON.stringify(segment)} cannot be the ${variableOf(part)} of ${template}`,
            segment,
          );
        }
        return segment;
      });
      return segments.join('/');
    },
    parse(name) {
      const parts = parse(name);
      if (parts === undefined) {
        throw new ResourceNameError(`${JSON.stringify(name)} is no name of the form ${template}`, name);
      }
      return parts;
    },
    matches: (name) => parse(name) !== undefined,
  };
}

/** `projects/{project}`, with or without `/locations/{location}`: the parent of conversations and profiles. */
export const parentName = /* @__PURE__ */ resourceName('projects/{project}');
/** `projects/{project}[/locations/{location}]/conversations/{conversation}`. */
export const conversationName = /* @__PURE__ */ resourceName(
  'projects/{project}/conversations/{conversation}',
);
/** `projects/{project}[/locations/{location}]/conversationProfiles/{conversationProfile}`. */
export const conversationProfileName = /* @__PURE__ */ resourceName(
  'projects/{project}/conversationProfiles/{conversationProfile}',
);
/** `projects/{project}[/locations/{location}]/conversations/{conversation}/participants/{participant}`. */
export const participantName = /* @__PURE__ */ resourceName(
  'projects/{project}/conversations/{conversation}/participants/{participant}',
);
/** `projects/{project}[/locations/{location}]/conversations/{conversation}/messages/{message}`. */
export const messageName = /* @__PURE__ */ resourceName(
  'projects/{project}/conversations/{conversation}/messages/{message}',
);
/** `projects/{project}[/locations/{location}]/operations/{operation}`. */
export const operationName = /* @__PURE__ */ resourceName('projects/{project}/operations/{operation}');
