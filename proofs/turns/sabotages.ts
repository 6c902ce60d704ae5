/** Ways to break the server so that a proof which does not notice them proves nothing. */
export const SABOTAGES = [
  'forgotten-answers',
  'answers-in-memory',
  'doubled-turns',
  'torn-turns',
  'lost-hand-offs',
  'repeated-timers',
] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** The environment variable that says which. */
export const SABOTAGE_VARIABLE = 'PROOFS_SABOTAGE';
