/** Contexts of sessions by their ids: https://cloud.google.com/dialogflow/es/docs/contexts-overview */
import { CONTEXT_ID_LENGTH_MAX } from '../limits.ts';

/** What stands in names of contexts and in responses for a context: the id is compared in small letters. */
export function contextIdOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase();
}

/** Whether a context may be called so. */
export function isContextId(id: string): boolean {
  return /^[a-z0-9_%-]+$/u.test(id) && id.length <= CONTEXT_ID_LENGTH_MAX;
}

/** The id of a session in the name of something below it, "-" included; nothing where no session is named. */
export function sessionIdOf(name: string): string | undefined {
  return /(?:^|\/)sessions\/([^/]+)/u.exec(name)?.[1];
}

/** The name of an intent or another resource of the agent of a session. What is named as a whole already stays. */
export function agentResourceName(session: string, name: string): string {
  const [, agent] = /^(projects\/.+?\/agent)\//u.exec(session) ?? [];
  return agent === undefined || name === '' || name.startsWith('projects/') ? name : `${agent}/${name}`;
}

/** An intent as contexts are called after it. */
export interface Named {
  readonly displayName: string;
  /** Used where the display name has nothing that ids may have: other scripts are not told apart by it. */
  readonly id: string;
}

/** What a context is called after an intent: the letters, digits and signs of its name that ids may have. */
export function contextIdAfter({ displayName, id }: Named, ending: string): string {
  const stem = idPart(displayName) || idPart(id);
  return `${stem.slice(0, Math.max(0, CONTEXT_ID_LENGTH_MAX - ending.length))}${ending}`;
}

/** The context that a follow-up intent waits for, and that its parent leaves behind. */
export function followupContextId(named: Named): string {
  return contextIdAfter(named, '-followup');
}

/** What of a name may be part of the id of a context. */
export function idPart(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9_%-]/gu, '');
}
