/** Contexts of sessions by their ids: https://cloud.google.com/dialogflow/es/docs/contexts-overview */

const CONTEXT_ID_BYTES_MAX = 250;

/** What stands in names of contexts and in responses for a context: the id is compared in small letters. */
export function contextIdOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase();
}

/** Whether a context may be called so. */
export function isContextId(id: string): boolean {
  return /^[a-z0-9_%-]+$/u.test(id) && id.length <= CONTEXT_ID_BYTES_MAX;
}

/** The id of a session in the name of something below it, "-" included; nothing where no session is named. */
export function sessionIdOf(name: string): string | undefined {
  return /(?:^|\/)sessions\/([^/]+)/u.exec(name)?.[1];
}

/** What a context is called after an intent: the letters, digits and signs of its name that ids may have. */
export function contextIdAfter(displayName: string, ending: string): string {
  const stem = displayName.toLowerCase().replace(/[^a-z0-9_%-]/gu, '');
  return `${stem.slice(0, CONTEXT_ID_BYTES_MAX - ending.length)}${ending}`;
}

/** The context that a follow-up intent waits for, and that its parent leaves behind. */
export function followupContextId(displayName: string): string {
  return contextIdAfter(displayName, '-followup');
}
