/** Contexts of sessions by their ids: https://cloud.google.com/dialogflow/es/docs/contexts-overview */
import { fieldInvalid, resourceNameInvalid } from '../errors.ts';
import { CONTEXT_ID_LENGTH_MAX } from '../limits.ts';
import { readResourceName } from '../resource-names.ts';

/** What stands in names of contexts and in responses for a context: the id is compared in small letters. */
export function contextIdOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase();
}

/** Whether a context may be called so. */
export function isContextId(id: string): boolean {
  return /^[a-z0-9_%-]+$/u.test(id) && id.length <= CONTEXT_ID_LENGTH_MAX;
}

/**
 * An id of a context as it is stored: in small letters. Throws INVALID_ARGUMENT for one that no context may have.
 * https://cloud.google.com/dialogflow/es/docs/reference/rpc/google.cloud.dialogflow.v2beta1#context
 */
export function contextId(field: string, id: string): string {
  if (!/^[a-zA-Z0-9_%-]+$/u.test(id)) {
    throw fieldInvalid(field, `has an id other than letters, digits, '_', '-' and '%'`);
  }
  if (id.length > CONTEXT_ID_LENGTH_MAX) {
    throw fieldInvalid(field, `has an id of more than ${CONTEXT_ID_LENGTH_MAX} characters`);
  }
  return id.toLowerCase();
}

/** Whether a context is one that the service keeps its own accounts in. */
export function isReservedContext(id: string): boolean {
  return id === '__system_counters__' || /_(?:id_dialog_context|dialog_params_size)$/u.test(id);
}

/**
 * The id of a context that an intent of an agent names. It stands for the context in any session, whichever the name says:
 * `-`, and `*` in Google's own samples. Throws INVALID_ARGUMENT for what is no context of the agent.
 */
export function contextOfAgent(field: string, text: string, agentKey: string): string {
  const name = readResourceName(text);
  const [, id] = /^agent\/sessions\/[^/]+\/contexts\/([^/]+)$/u.exec(name?.path ?? '') ?? [];
  if (name === undefined || id === undefined) {
    const shape = 'agent/sessions/-/contexts/*';
    throw resourceNameInvalid(field, text, [`projects/*/${shape}`, `projects/*/locations/*/${shape}`]);
  }
  if (`${name.scope}/agent` !== agentKey) throw fieldInvalid(field, 'is not a context of the same agent');
  return contextId(field, id);
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
