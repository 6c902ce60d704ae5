import { ResourceName } from '../../resource-names.ts';
import { DRAFT, environmentOf } from '../publishing/environment-names.ts';

/** A session with an agent, as its caller names it and as it is stored. */
export interface SessionName {
  /** In the form of the caller. */
  readonly name: ResourceName;
  /** The same for every form: no environment is the draft, no user is `-`, which all that do not say share. */
  readonly key: string;
  readonly id: string;
}

/** The session in which what a name speaks of lies, or itself; the name must be one within a session of an agent. */
export function sessionOfName(within: ResourceName): SessionName {
  const match = /^(agent\/(?:environments\/[^/]+\/users\/([^/]+)\/)?sessions\/([^/]+))/u.exec(within.path);
  if (match === null) throw new Error(`${within} is in no session`);
  const [, path = '', user = '-', id = ''] = match;
  const name = new ResourceName(within.project, within.location, path);
  const environment = environmentOf(within);
  const place =
    environment === DRAFT && user === '-'
      ? `agent/sessions/${id}`
      : `agent/environments/${environment}/users/${user}/sessions/${id}`;
  return { name, key: new ResourceName(within.project, within.location, place).key, id };
}
