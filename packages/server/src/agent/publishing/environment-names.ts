import { ResourceName } from '../../resource-names.ts';

/** The id of the environment that is the agent as it is edited; none, and `draft`, stand for it too. */
export const DRAFT = '-';

/** The environment that a name speaks of, `-` for the draft. */
export function environmentOf({ path }: ResourceName): string {
  const [, id = DRAFT] = /^agent\/environments\/([^/]+)/u.exec(path) ?? [];
  return id === 'draft' ? DRAFT : id;
}

/** The environment that a name speaks of, by its own name. */
export function environmentName(within: ResourceName): ResourceName {
  return new ResourceName(within.project, within.location, `agent/environments/${environmentOf(within)}`);
}
