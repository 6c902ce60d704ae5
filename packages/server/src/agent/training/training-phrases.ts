import type { PhrasePart } from '@parleykit/nlu';
import { type Intent, Intent_TrainingPhrase_Type as PhraseType } from '@parleykit/proto/v2beta1';

/**
 * The phrases of each intent, by its name or, where it has none, its display name. Templates are left out, as
 * Dialogflow does: https://cloud.google.com/dialogflow/es/docs/reference/rpc/google.cloud.dialogflow.v2beta1#intent
 */
export function phrasesOf(
  intents: readonly Intent[],
): ReadonlyMap<string, readonly (readonly PhrasePart[])[]> {
  const phrases = new Map<string, readonly (readonly PhrasePart[])[]>();
  for (const { name, displayName, trainingPhrases, priority } of intents) {
    const key = name === '' ? displayName : name;
    // Of intents with the same name the first counts.
    if (phrases.has(key) || priority < 0) continue;
    phrases.set(
      key,
      trainingPhrases
        .filter(({ type }) => type !== PhraseType.TEMPLATE)
        .map(({ parts }) => parts.map(toPart)),
    );
  }
  return phrases;
}

function toPart({
  text,
  entityType,
  alias,
}: {
  text: string;
  entityType: string;
  alias: string;
}): PhrasePart {
  if (entityType === '') return { text };
  return {
    text,
    entityType: entityType.startsWith('@') ? entityType : `@${entityType}`,
    ...(alias && { alias }),
  };
}
