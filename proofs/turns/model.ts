/** What callers know of conversations, and what is read of them in the end. Times are in microseconds. */

/**
 * A point in the order in which things happened to the callers. What ended at a moment before another thing began was
 * over by then; all else may have been at once.
 */
export type Moment = number;

/** What an agent answered to a text. */
export interface Offer {
  /** Empty where it said nothing. */
  readonly text: string;
  readonly handsOff: boolean;
}

/** The answer to a turn. */
export interface Answer {
  /** All of it, such that equal answers are equal texts. */
  readonly whole: string;
  /** The name of the message that was said. */
  readonly said: string;
  /** What the agent replied; empty where it did not. */
  readonly reply: string;
  readonly byAgent: boolean;
  readonly handsOff: boolean;
}

/** Something that a participant says. */
export interface Turn {
  /** No two turns have the same. */
  readonly text: string;
  readonly role: 'END_USER' | 'HUMAN_AGENT';
  /** When it was first sent. */
  readonly sent: Moment;
  /** When its first answer came. */
  answered?: Moment;
  /** In the order in which they came. */
  readonly answers: Answer[];
  /** What the agent has answered to it, in whichever attempt. */
  readonly offers: readonly Offer[];
  /** Whether it is known to have been refused each time. */
  refused: boolean;
}

/** A message as it is listed. */
export interface Line {
  readonly name: string;
  readonly at: number;
  readonly role: string;
  /** The name of who said it. */
  readonly participant: string;
  readonly text: string;
}

/** How a conversation was when somebody looked. */
export interface Sighting {
  /** Between these two it was so. */
  readonly from: Moment;
  readonly until: Moment;
  readonly state: 'IN_PROGRESS' | 'COMPLETED' | 'GONE';
  /** Undefined where it is gone. */
  readonly handedOff?: boolean;
  readonly end?: number | undefined;
  /** By the project's clock: what is due by then has happened. */
  readonly reached: number;
  /** By the project's clock: it is not later than this. */
  readonly clock: number;
}

/** A conversation, with all that is known of it. */
export interface Talk {
  readonly name: string;
  readonly start: number;
  readonly turns: readonly Turn[];
  readonly sightings: readonly Sighting[];
  /** How often it was ended by call: the calls that were answered, and all that were made. */
  readonly calls: { readonly least: number; readonly most: number };
  /** Its messages as they were before it was purged, oldest first. */
  readonly transcript: readonly Line[];
}
