import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AnalyzeContentResponseSchema, type SuggestionResult } from '@parleykit/proto/v2beta1';
import type { ResourceName } from '../resource-names.ts';
import type { ResourceWrite, StoredResource } from '../storage/store.ts';

/** What is suggested in the assist stage: one result for each feature that the profile asks for, in its order. */
export interface SuggestionResults {
  readonly humanAgent: readonly SuggestionResult[];
  readonly endUser: readonly SuggestionResult[];
}

/**
 * What was suggested to a request is kept beside its answer, for who repeats it. That something is to be suggested is stored
 * with the message; so who repeats a request of which nothing was suggested yet, since the server was stopped, is helped all
 * the same.
 */

/** `StoredResource.state` of what is kept. */
export const Kept = { PENDING: 1, DONE: 2 } as const;

/** The name under which is kept what was suggested to the request of a participant. */
export function keptSuggestions(speaker: ResourceName, requestId: string): string {
  return speaker.child('keptSuggestions', Buffer.from(requestId).toString('base64url')).key;
}

/** To be stored with the message: from then on it is known that there is something to suggest. */
export function pendingSuggestions(name: string): ResourceWrite {
  return { name, state: Kept.PENDING, body: new Uint8Array() };
}

/** What was suggested, in the place of that it is to be. */
export function keepSuggestions(name: string, { humanAgent, endUser }: SuggestionResults): ResourceWrite {
  const response = create(AnalyzeContentResponseSchema, {
    humanAgentSuggestionResults: [...humanAgent],
    endUserSuggestionResults: [...endUser],
  });
  return { name, state: Kept.DONE, body: toBinary(AnalyzeContentResponseSchema, response) };
}

/** What stands there: undefined where nothing was to be suggested. */
export function readKept(stored: StoredResource | undefined): SuggestionResults | 'PENDING' | undefined {
  if (stored === undefined) return undefined;
  if (stored.state === Kept.PENDING) return 'PENDING';
  const response = fromBinary(AnalyzeContentResponseSchema, stored.body);
  return { humanAgent: response.humanAgentSuggestionResults, endUser: response.endUserSuggestionResults };
}
