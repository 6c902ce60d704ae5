import type { IntentModel } from '@parleykit/nlu';
import type { Draw } from '../assist/draw.ts';
import type { Query } from './queries.ts';

/** What a model makes of a query. */
export interface Answer {
  readonly query: Query;
  /** The intent that it is surest of, and how sure. */
  readonly best: string | undefined;
  readonly confidence: number;
  /** How sure it is that no intent is meant. */
  readonly negative: number;
}

export function answerAll(
  model: IntentModel,
  queries: readonly Query[],
  eligible?: (query: Query) => string[],
): Answer[] {
  return queries.map((query) => {
    const options = eligible === undefined ? { limit: 1 } : { limit: 1, eligible: eligible(query) };
    const { intents, negative } = model.classify(query.text, options);
    const [best] = intents;
    return { query, best: best?.name, confidence: best?.confidence ?? 0, negative };
  });
}

const isMeant = ({ query }: Answer) => query.intent !== undefined;

function shareOf(answers: readonly Answer[], holds: (answer: Answer) => boolean): number {
  return answers.filter(holds).length / answers.length;
}

/** How many of the queries that mean an intent are taken for it, surely enough and surer than for none. */
export function inScope(answers: readonly Answer[], threshold = 0): number {
  return shareOf(
    answers.filter(isMeant),
    ({ query, best, confidence, negative }) =>
      best === query.intent && confidence >= threshold && confidence > negative,
  );
}

/** How many of the queries that mean no intent are taken for none. */
export function outOfScope(answers: readonly Answer[], threshold = 0): number {
  return shareOf(
    answers.filter((answer) => !isMeant(answer)),
    ({ confidence, negative }) => confidence < threshold || confidence <= negative,
  );
}

/**
 * The highest threshold that costs at most `budget` of the in-scope accuracy. It is told by the queries in scope alone:
 * they are many, and those out of scope that somebody has collected are few and unlike the next ones.
 */
export function thresholdWithin(answers: readonly Answer[], budget: number): number {
  const meant = answers.filter(isMeant);
  const right = meant.filter(({ query, best }) => best === query.intent).map(({ confidence }) => confidence);
  right.sort((one, other) => one - other);
  return right[Math.floor(budget * meant.length)] ?? 0;
}

/** The lowest threshold at which at least `share` of the queries that mean no intent are rejected. */
export function thresholdRejecting(answers: readonly Answer[], share: number): number {
  const confidences = answers.filter((answer) => !isMeant(answer)).map(({ confidence }) => confidence);
  confidences.sort((one, other) => one - other);
  const last = confidences[Math.ceil(share * confidences.length - 1e-9) - 1];
  return last === undefined ? 0 : last + Number.EPSILON;
}

/** Which `count` intents are eligible for a query, at random: with the one that it means, or without. */
export function eligibleOf(
  intents: readonly string[],
  count: number,
  withMeant: boolean,
  draw: Draw,
): (query: Query) => string[] {
  return ({ intent }) => {
    const chosen = new Set(withMeant && intent !== undefined ? [intent] : []);
    const others = intents.length - (intents.includes(intent ?? '') ? 1 : 0);
    while (chosen.size < Math.min(count, withMeant ? intents.length : others)) {
      const other = intents[draw.below(intents.length)];
      if (other !== undefined && (other !== intent || withMeant)) chosen.add(other);
    }
    return [...chosen];
  };
}

/** An intent that is missed, how often it is found, and what is taken for it instead. */
export interface Confusion {
  readonly intent: string;
  readonly found: number;
  readonly of: number;
  readonly instead: readonly (readonly [intent: string, count: number])[];
}

/** The intents that are missed most. */
export function worstIntents(answers: readonly Answer[], count: number): Confusion[] {
  const groups = Map.groupBy(answers.filter(isMeant), ({ query }) => query.intent ?? '');
  const confusions = [...groups].map(([intent, group]) => {
    const missed = group.filter(({ best }) => best !== intent);
    const instead = [...Map.groupBy(missed, ({ best }) => best ?? 'nothing')];
    return {
      intent,
      found: group.length - missed.length,
      of: group.length,
      instead: instead.map(([other, { length }]) => [other, length] as const).sort(([, a], [, b]) => b - a),
    };
  });
  return confusions.sort((one, other) => one.found / one.of - other.found / other.of).slice(0, count);
}
