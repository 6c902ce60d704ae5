import { Agent_MatchMode as MatchMode } from '@parleykit/proto/v2beta1';
import type { AgentModel, ScoredAgentIntent } from '../training/agent-model.ts';
import type { ActiveContexts } from './active-contexts.ts';
import type { AgentIntent } from './agent-intent.ts';
import type { Reading } from './reading.ts';

/** The intent that a text means. */
export interface Match extends ScoredAgentIntent {
  /** Whether it is one of the intent's phrases, but for other values. */
  readonly byRule: boolean;
}

/** Used where the agent's own is 0. https://cloud.google.com/dialogflow/es/docs/reference/rpc/google.cloud.dialogflow.v2beta1#agent */
const THRESHOLD_DEFAULT = 0.3;
/** A text of words that no phrase has is told by parts of them alone. */
const THRESHOLD_UNKNOWN = 0.5;
/** Confidences so near to each other are similar: priorities and contexts decide. */
const SIMILAR = 0.1;
/** From here on it makes no difference what values stand in a text. */
const SURE = 0.8;
/** Intents whose entity types are looked for in a text that none is sure of. */
const LIKELY_MAX = 5;
/** How sure of an intent the words alone must be: that a date is in it says little about a text. */
const LIKELY_MIN = 0.1;
/** Templates that are compared with a text. */
const TEMPLATES_MAX = 8;

/** The intents whose input contexts are all active. */
export function eligibleIntents(model: AgentModel, contexts: ActiveContexts): AgentIntent[] {
  return model.intents.filter(({ inputContexts }) => inputContexts.every((id) => contexts.has(id)));
}

/** The intent that an event triggers, if any. */
export function matchEvent(
  model: AgentModel,
  event: string,
  contexts: ActiveContexts,
): AgentIntent | undefined {
  const name = event.toLowerCase();
  const triggered = eligibleIntents(model, contexts).filter(({ events }) => events.has(name));
  return prefer(
    triggered.map((intent) => ({ intent, confidence: 1 })),
    contexts,
  )?.intent;
}

/** The fallback intent of where the conversation is, if there is one. */
export function matchFallback(model: AgentModel, contexts: ActiveContexts): AgentIntent | undefined {
  const fallbacks = eligibleIntents(model, contexts).filter(({ intent }) => intent.isFallback);
  const [first, ...others] = fallbacks;
  if (first === undefined) return undefined;
  return others.reduce(
    (best, other) =>
      (byContexts(other, best, contexts) || best.priority - other.priority) < 0 ? other : best,
    first,
  );
}

/**
 * The intent that a text means, apart from fallback intents. Where an agent learns alone (ML_ONLY), no phrase with other values
 * in it is a rule, and intents that are not learned are not found; the very words of a phrase are what is learned best.
 */
export async function matchText(
  model: AgentModel,
  reading: Reading,
  contexts: ActiveContexts,
): Promise<Match | undefined> {
  const { words } = reading;
  const learnsAlone = model.agent.matchMode === MatchMode.ML_ONLY;
  const eligible = new Set(
    eligibleIntents(model, contexts).filter(
      ({ intent }) => !intent.isFallback && !(learnsAlone && intent.mlDisabled),
    ),
  );
  const exact = model.exact(words, eligible).map((intent) => ({ intent, confidence: 1 }));
  if (exact.length > 0) return asMatch(prefer(exact, contexts), true);
  const threshold = thresholdOf(model);
  const placed = learnsAlone ? [] : await matchTemplates(model, reading, eligible, threshold);
  const same = placed.filter(({ confidence }) => confidence === 1);
  if (same.length > 0) return asMatch(prefer(same, contexts), true);
  if (model.isNegative(words)) return asMatch(prefer(placed, contexts), false);
  const { scored, negative } = await classify(model, reading, eligible);
  const least = model.knows(words) ? threshold : Math.max(threshold, THRESHOLD_UNKNOWN);
  const sure = scored.filter(({ confidence }) => confidence >= least && confidence > negative);
  return asMatch(prefer(unite(placed, sure), contexts), false);
}

function thresholdOf({ agent: { classificationThreshold } }: AgentModel): number {
  return classificationThreshold > 0 ? classificationThreshold : THRESHOLD_DEFAULT;
}

function asMatch(scored: ScoredAgentIntent | undefined, byRule: boolean): Match | undefined {
  return scored && { ...scored, byRule };
}

/**
 * Intents with a phrase that the text is but for its values. Where all values are known, that is certain. Where their
 * place alone tells them, it is as sure as there are words beside them, and what is nothing but such a value is anything.
 */
async function matchTemplates(
  model: AgentModel,
  reading: Reading,
  eligible: ReadonlySet<AgentIntent>,
  threshold: number,
): Promise<ScoredAgentIntent[]> {
  const found = new Map<AgentIntent, number>();
  for (const template of model.templates(reading.words, eligible).slice(0, TEMPLATES_MAX)) {
    const entityTypes = [...template.entityTypes];
    let confidence = 0;
    if (model.fits(template, reading.text, await reading.spans(entityTypes))) confidence = 1;
    else if (model.fits(template, reading.text, await reading.spans(entityTypes, { places: template.of }))) {
      const words = template.words.length;
      confidence = Math.max(threshold, words / (words + 1));
    }
    if (confidence > (found.get(template.of) ?? 0)) found.set(template.of, confidence);
  }
  return [...found].map(([intent, confidence]) => ({ intent, confidence }));
}

/** How sure the classifier is of a text, or of the same text with other values, whichever it knows better. */
async function classify(
  model: AgentModel,
  reading: Reading,
  eligible: ReadonlySet<AgentIntent>,
): Promise<{ scored: ScoredAgentIntent[]; negative: number }> {
  const plain = model.classify(reading.text, eligible);
  const [first] = plain.scored;
  if (first === undefined || first.confidence >= SURE) return plain;
  const likely = plain.scored
    .slice(0, LIKELY_MAX)
    .flatMap(({ intent, confidence }) => (confidence < LIKELY_MIN ? [] : [intent]));
  const entityTypes = [...new Set(likely.flatMap((intent) => intent.entityTypes))];
  const annotated = model.annotate(reading.text, await reading.spans(entityTypes));
  if (annotated === reading.text) return plain;
  const { scored } = model.classify(annotated, new Set(likely));
  return { scored: unite(plain.scored, scored), negative: plain.negative };
}

/** Each intent once, with the higher confidence. */
function unite(one: readonly ScoredAgentIntent[], other: readonly ScoredAgentIntent[]): ScoredAgentIntent[] {
  const best = new Map<AgentIntent, number>();
  for (const { intent, confidence } of [...one, ...other]) {
    best.set(intent, Math.max(confidence, best.get(intent) ?? 0));
  }
  return [...best].map(([intent, confidence]) => ({ intent, confidence }));
}

/** Of those that are about as sure as the surest: the one of the highest priority, then of the most contexts. */
function prefer(
  scored: readonly ScoredAgentIntent[],
  contexts: ActiveContexts,
): ScoredAgentIntent | undefined {
  const surest = Math.max(...scored.map(({ confidence }) => confidence));
  const [first] = scored
    .filter(({ confidence }) => confidence >= surest - SIMILAR)
    .sort(
      (one, other) =>
        other.intent.priority - one.intent.priority ||
        byContexts(one.intent, other.intent, contexts) ||
        other.confidence - one.confidence ||
        one.intent.order - other.intent.order,
    );
  return first;
}

/** First the intents that wait for more contexts, then those that wait for more recent ones. */
function byContexts(one: AgentIntent, other: AgentIntent, contexts: ActiveContexts): number {
  const recency = ({ inputContexts }: AgentIntent) =>
    inputContexts.reduce((latest, id) => Math.max(latest, contexts.recencyOf(id)), 0);
  return other.inputContexts.length - one.inputContexts.length || recency(other) - recency(one);
}
