import { clone, create } from '@bufbuild/protobuf';
import {
  type Intent_Message,
  Intent_Message_Platform,
  Intent_MessageSchema,
  type QueryParameters,
} from '@parleykit/proto/v2beta1';
import type { Chooser } from './chooser.ts';
import { resolveJson, resolveText, type Scope } from './references.ts';

/** What an intent's messages are made with. */
export interface Wording {
  readonly scope: Scope;
  readonly choose: Chooser;
}

/** The messages of an intent as they are said: one variant of each, with the values in them. */
export function sayMessages(messages: readonly Intent_Message[], wording: Wording): Intent_Message[] {
  return messages.map((message) => sayMessage(message, wording));
}

/** One of several texts, among those that refer to nothing that is not there. Empty where there is none. */
export function sayText(variants: readonly string[], { scope, choose }: Wording): string {
  const said = variants.map((variant) => resolveText(variant, scope));
  return choose(said.filter(({ unresolved }) => !unresolved))?.text ?? '';
}

/** A text as a message. */
export function textMessage(text: string): Intent_Message {
  return create(Intent_MessageSchema, { message: { case: 'text', value: { text: [text] } } });
}

/** What messages say in words at first. */
export function firstText(messages: readonly Intent_Message[]): string {
  for (const { message, platform } of messages) {
    if (message.case !== 'text' || platform !== Intent_Message_Platform.PLATFORM_UNSPECIFIED) continue;
    const text = message.value.text.find((variant) => variant !== '');
    if (text !== undefined) return text;
  }
  return '';
}

/** The messages of the platform that a query asks for; of all, where it asks for none. */
export function ofPlatform<T extends Pick<Intent_Message, 'platform'>>(
  messages: readonly T[],
  queryParams: QueryParameters | undefined,
): T[] {
  const wanted = queryParams?.platform ?? '';
  if (wanted === '') return [...messages];
  return messages.filter(({ platform }) => Intent_Message_Platform[platform] === wanted);
}

function sayMessage(message: Intent_Message, wording: Wording): Intent_Message {
  const { scope, choose } = wording;
  const { platform, message: content } = message;
  if (content.case === 'text') {
    return { ...textMessage(sayText(content.value.text, wording)), platform };
  }
  if (content.case === 'payload') {
    return create(Intent_MessageSchema, {
      platform,
      message: { case: 'payload', value: resolveJson(content.value, scope) },
    });
  }
  const said = clone(Intent_MessageSchema, message);
  if (said.message.case === 'simpleResponses') {
    const chosen = choose(said.message.value.simpleResponses);
    said.message.value.simpleResponses = chosen === undefined ? [] : [chosen];
  }
  resolveStrings(said.message.value, scope);
  return said;
}

/** Resolves the references in all strings of a message, in place. Addresses may have what looks like one. */
function resolveStrings(value: unknown, scope: Scope): void {
  if (typeof value !== 'object' || value === null) return;
  const fields = value as Record<string, unknown>;
  for (const [key, entry] of Object.entries(fields)) {
    if (key.startsWith('$')) continue;
    if (typeof entry !== 'string') resolveStrings(entry, scope);
    else {
      const { text, unresolved } = resolveText(entry, scope);
      if (!(unresolved && /ur[il]$/iu.test(key))) fields[key] = text;
    }
  }
}
