import { ResourceName, readResourceName } from '../../resource-names.ts';
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
  const session = findSession(within);
  if (session === undefined) throw new Error(`${within} is in no session`);
  return session;
}

/** The session that a text names, or in which what it names lies; undefined where it names nothing of the kind. */
export function readSessionName(text: string): SessionName | undefined {
  const within = readResourceName(text);
  return within && findSession(within);
}

/** Whether a session is another one, or stands for it: `-` is any session of the same agent. */
export function standsFor(session: SessionName, other: SessionName): boolean {
  return session.key === other.key || (session.id === '-' && session.name.scope === other.name.scope);
}

function findSession(within: ResourceName): SessionName | undefined {
  const match = /^(agent\/(?:environments\/[^/]+\/users\/([^/]+)\/)?sessions\/([^/]+))(?:\/|$)/u.exec(
    within.path,
  );
  if (match === null) return undefined;
  const [, path = '', user = '-', id = ''] = match;
  const name = new ResourceName(within.project, within.location, path);
  const environment = environmentOf(within);
  const place =
    environment === DRAFT && user === '-'
      ? `agent/sessions/${id}`
      : `agent/environments/${environment}/users/${user}/sessions/${id}`;
  return { name, key: new ResourceName(within.project, within.location, place).key, id };
}
