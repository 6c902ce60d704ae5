import { hash } from 'node:crypto';

/** The id of the response to a turn: the same for the same turn, in the form that Dialogflow's ids have. */
export function responseIdOf(turnId: string): string {
  const hex = hash('sha256', turnId);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
