/** One thing that one side says. */
export interface Turn {
  readonly speaker: 'customer' | 'agent';
  readonly text: string;
  /** Said by a program: it is what came before, and no reply to learn. */
  readonly automated?: true;
}

/** A conversation to learn replies from: every turn of the agent, with what came before it, is an example. */
export interface Dialogue {
  readonly turns: readonly Turn[];
  /** Names of those who take part, where they are known: they are masked in the replies. */
  readonly names?: readonly string[];
}

/** Of what came before, only so many turns count. */
export const CONTEXT_TURNS_MAX = 16;
/** Of a turn, only so many characters count. */
export const TURN_LENGTH_MAX = 2000;
/** A longer text is no reply that anyone picks at a glance. */
export const REPLY_LENGTH_MAX = 600;

/** Whether a text says something, and briefly. */
export function isReply(text: string): boolean {
  return text.length <= REPLY_LENGTH_MAX && /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(text);
}
