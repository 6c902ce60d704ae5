import type { Message } from '@parleykit/client';

/** JSON as the API writes it, but with fields that have their default values: 64-bit integers as strings, bytes as base64. */
export function toApiJson(message: object): string {
  return JSON.stringify(message, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  });
}

/** A conversation's message of JSON as a server writes it, which leaves out what has its default. */
export function fromApiJson(message: object): Message {
  const absent = {
    name: '',
    content: '',
    languageCode: '',
    participant: '',
    participantRole: 'ROLE_UNSPECIFIED',
  };
  return { ...absent, responseMessages: [], ...message } as Message;
}
