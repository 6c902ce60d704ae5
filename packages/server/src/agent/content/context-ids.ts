import { fieldInvalid, resourceNameInvalid } from '../../errors.ts';
import { CONTEXT_ID_LENGTH_MAX } from '../../limits.ts';
import { readResourceName } from '../../resource-names.ts';

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
