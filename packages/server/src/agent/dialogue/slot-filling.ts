import type { JsonObject } from '@bufbuild/protobuf';
import type { EntitySpan } from '@parleykit/nlu';
import { contextIdAfter, idPart } from '../context-names.ts';
import type { AgentModel } from '../training/agent-model.ts';
import type { ActiveContexts } from './active-contexts.ts';
import type { AgentIntent, IntentParameter } from './agent-intent.ts';
import type { Match } from './matching.ts';
import { firstMissing, type ParameterValues, readContextParameters } from './parameters.ts';
import type { Reading } from './reading.ts';
import { isEmpty } from './references.ts';

/**
 * Slot filling lives in contexts, as Dialogflow's does: what was told lies in their parameters, and whoever removes them
 * ends it. https://cloud.google.com/dialogflow/es/docs/intents-actions-parameters
 */

/** An intent that waits for a value. */
export interface PendingIntent {
  readonly intent: AgentIntent;
  readonly collected: ParameterValues;
  readonly missing: IntentParameter;
  /** Whether the last turn asked for it; otherwise something else was talked about in between. */
  readonly asked: boolean;
}

/** What comes of a text while an intent waits. */
export type SlotFillingStep =
  /** It tells values, or nothing, and then is asked for again. */
  | { readonly kind: 'filled'; readonly spans: readonly EntitySpan[] }
  | { readonly kind: 'cancelled' }
  /** It is about something else. */
  | { readonly kind: 'other' };

const DIALOG_ENDING = '_id_dialog_context';
const DIALOG_LIFESPAN = 2;
const PARAMETER_LIFESPAN = 1;
/** A value that is at least so much of what was said is what it is about. */
const MOSTLY = 0.5;
/** How sure another intent must be to stand against a value, or against a value that could be anything. */
const OTHER_SURE = 0.7;
const OTHER_SURER = 0.6;

const CANCELLATIONS: ReadonlySet<string> = new Set(
  [
    'cancel;cancel it;cancel that;stop;stop it;abort;quit;exit;never mind;nevermind;forget it;forget about it',
    'abbrechen;abbruch;stopp;vergiss es;egal;lass es',
    'cancelar;cancela;para;olvídalo;déjalo;esquece;deixa pra lá;pare',
    'annuler;annule;arrête;laisse tomber;oublie;stop',
    'annulla;basta;lascia perdere;annuleer;annuleren;laat maar',
    'キャンセル;やめる;取消;取り消し;취소;отмена;отменить;стоп',
  ].flatMap((line) => line.split(';').map(plainWords)),
);

/** The intent that waits for a value, if one does. */
export function findPending(model: AgentModel, contexts: ActiveContexts): PendingIntent | undefined {
  const ids = contexts.ids.filter((id) => id.endsWith(DIALOG_ENDING));
  if (ids.length === 0) return undefined;
  const dialogs = model.intents
    .map((intent) => ({ intent, id: dialogContextId(intent) }))
    .filter(({ id, intent }) => ids.includes(id) && !intent.intent.isFallback)
    .sort((one, other) => contexts.recencyOf(other.id) - contexts.recencyOf(one.id));
  for (const { intent, id } of dialogs) {
    const collected = readContextParameters(intent, contexts.parametersOf(id) ?? {});
    const missing = firstMissing(intent, collected);
    if (missing !== undefined) {
      return { intent, collected, missing, asked: contexts.has(parameterContextId(intent, missing)) };
    }
  }
  return undefined;
}

/** Leaves behind that an intent waits for a value. */
export function setPending(
  { intent, missing }: { readonly intent: AgentIntent; readonly missing: IntentParameter },
  parameters: JsonObject,
  contexts: ActiveContexts,
): void {
  endPending(intent, contexts);
  contexts.set(dialogContextId(intent), DIALOG_LIFESPAN, parameters);
  contexts.set(namedContextId(intent), DIALOG_LIFESPAN, parameters);
  contexts.set(parameterContextId(intent, missing), PARAMETER_LIFESPAN, parameters);
}

/** An intent waits no longer. */
export function endPending(intent: AgentIntent, contexts: ActiveContexts): void {
  contexts.delete(dialogContextId(intent));
  contexts.delete(namedContextId(intent));
  for (const parameter of intent.parameters) contexts.delete(parameterContextId(intent, parameter));
}

/**
 * What a text is to an intent that waits: a value of what was asked for before anything else, unless it is only a part
 * of what another intent is surer of.
 */
export async function readAnswer(
  { intent, collected, missing, asked }: PendingIntent,
  reading: Reading,
  match: Match | undefined,
): Promise<SlotFillingStep> {
  const other = match?.intent === intent ? undefined : match;
  const surely = (least: number) => other !== undefined && (other.byRule || other.confidence >= least);
  if (isCancellation(reading.text) && (other === undefined || (asked && !other.byRule))) {
    return { kind: 'cancelled' };
  }

  const spans = await newValues({ intent, collected, missing }, reading);
  const told = spans.filter(({ entityType }) => entityType === missing.entityType);
  if (told.length > 0) {
    const isAnswer = isMostOf(told, reading.text)
      ? asked || other?.byRule !== true
      : !surely(OTHER_SURE) && asked;
    return isAnswer || other === undefined ? { kind: 'filled', spans } : { kind: 'other' };
  }
  if (!asked) return { kind: 'other' };
  if (missing.alias !== '') {
    const answers = missing.entityType;
    const asAnswer = await reading.spans(intent.entityTypes, { places: intent, answers });
    if (asAnswer.some(({ entityType }) => entityType === answers)) {
      // Any words are a value: only the very words of another intent's phrase are not.
      const against = answers === '@sys.any' ? other?.byRule === true : surely(OTHER_SURER);
      return against ? { kind: 'other' } : { kind: 'filled', spans: asAnswer };
    }
  }
  if (spans.length > 0 && !surely(OTHER_SURE)) return { kind: 'filled', spans };
  return other === undefined ? { kind: 'filled', spans: [] } : { kind: 'other' };
}

/** What a text says. What was told before is only told anew by words that are known to be a value. */
async function newValues(
  { intent, collected, missing }: Omit<PendingIntent, 'asked'>,
  reading: Reading,
): Promise<EntitySpan[]> {
  const open = intent.parameters.filter(
    (parameter) => parameter === missing || isEmpty(collected.originals[parameter.name]),
  );
  const types = new Set(open.map(({ entityType }) => entityType));
  const values: EntitySpan[] = [];
  for (const span of await reading.spans(intent.entityTypes, { places: intent })) {
    if (types.has(span.entityType) || (await reading.isKnown(span, intent.entityTypes))) values.push(span);
  }
  return values;
}

function isCancellation(text: string): boolean {
  return CANCELLATIONS.has(plainWords(text).replace(/ please$/u, ''));
}

function plainWords(text: string): string {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return (plain.match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
}

function isMostOf(spans: readonly EntitySpan[], text: string): boolean {
  const letters = (part: string) => part.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  return spans.reduce((sum, span) => sum + letters(span.text), 0) >= MOSTLY * letters(text);
}

function dialogContextId({ id }: AgentIntent): string {
  return contextIdAfter({ displayName: id, id }, DIALOG_ENDING);
}

function namedContextId({ id, intent: { displayName } }: AgentIntent): string {
  return contextIdAfter({ displayName, id }, '_dialog_context');
}

function parameterContextId({ id, intent: { displayName } }: AgentIntent, { name }: IntentParameter): string {
  return contextIdAfter({ displayName, id }, `_dialog_params_${idPart(name)}`);
}
