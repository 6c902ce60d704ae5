import type { SummaryTurn } from '@parleykit/nlu';
import { type MessageEntry_Role, Participant_Role } from '@parleykit/proto/v2beta1';
import { TRANSCRIPT_LENGTH_MAX, TURN_LENGTH_MAX, TURN_LENGTH_MIN } from '../limits.ts';

/** What somebody said, oldest first in a conversation. */
export type ConversationTurn = SummaryTurn;

const NAMES: Readonly<Record<ConversationTurn['speaker'], string>> = {
  customer: 'Customer',
  agent: 'Agent',
  bot: 'Virtual agent',
};

/** Who speaks in a role. Whoever is no agent is the customer. */
export function speakerOf(role: Participant_Role | MessageEntry_Role): ConversationTurn['speaker'] {
  // Both enums have the same numbers.
  if (role === Participant_Role.HUMAN_AGENT) return 'agent';
  return role === Participant_Role.AUTOMATED_AGENT ? 'bot' : 'customer';
}

/**
 * A conversation as a model reads it, a line for each turn, so that nobody can speak as somebody else. It is bounded: the
 * more there are, and the longer they are, the less is read of each long one.
 */
export function writeTranscript(turns: readonly ConversationTurn[]): string {
  const lines = turns.map(({ speaker, text }) => ({ name: NAMES[speaker], text: inOneLine(text) }));
  let most = TURN_LENGTH_MAX;
  const length = (): number => lines.reduce((sum, { text }) => sum + Math.min(text.length, most), 0);
  while (most > TURN_LENGTH_MIN && length() > TRANSCRIPT_LENGTH_MAX) most = Math.ceil(most / 2);
  return lines.map(({ name, text }) => `${name}: ${shorten(text, most)}`).join('\n');
}

/** A text without the ends of lines in it. */
export function inOneLine(text: string): string {
  // More than is ever used of it need not be looked at.
  return text
    .slice(0, 2 * TURN_LENGTH_MAX)
    .replace(/\s+/gu, ' ')
    .trim();
}

/** The beginning of a text, no longer than that; what was cut shows. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/\p{Cs}$/u, '')}…`;
}
