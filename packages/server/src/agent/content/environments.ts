import { notFound } from '../../errors.ts';
import { ResourceName } from '../../resource-names.ts';

/** The id of the environment that is the agent as it is edited; none, and `draft`, stand for it too. */
export const DRAFT = '-';

/** The environment that a name speaks of, `-` for the draft. */
export function environmentOf({ path }: ResourceName): string {
  const [, id = DRAFT] = /^agent\/environments\/([^/]+)/u.exec(path) ?? [];
  return id === 'draft' ? DRAFT : id;
}

/**
 * Throws NOT_FOUND for an environment that there is not: there are none but the draft as long as versions are not
 * published.
 */
export function requireEnvironment(name: ResourceName): void {
  const id = environmentOf(name);
  if (id === DRAFT) return;
  const environment = new ResourceName(name.project, name.location, `agent/environments/${id}`);
  throw notFound('Environment', environment.toString());
}
