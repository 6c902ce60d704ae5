/** What is known of an answer that was found. */
export interface AnswerSigns {
  /** Which part of the query the nearest question holds, rare words counting more. */
  readonly coverage: number;
  /** Which part it has of all that speaks for any answer. */
  readonly share: number;
}

/**
 * How sure it is that an answer is the one that is wanted. Fitted, as the other is, to lists of one to a hundred questions
 * for each of 77 answers, and to two lists of real bots with queries that have no answer (benchmarks/assist/README.md).
 */
export function answerConfidence({ coverage, share }: AnswerSigns): number {
  return sigmoid(-0.14 + 3.98 * coverage + 1.6 * Math.log(share));
}

/** How sure it is that a passage is about what is wanted. */
export function passageConfidence(coverage: number): number {
  return sigmoid(-1.71 + 3.54 * coverage);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
