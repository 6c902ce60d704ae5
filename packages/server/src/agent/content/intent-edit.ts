import { randomUUID } from 'node:crypto';
import { clone, create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { FieldMask } from '@bufbuild/protobuf/wkt';
import {
  IntentLanguageSchema,
  IntentLanguage_PromptsSchema as PromptsSchema,
  type StoredIntent,
  StoredIntentSchema,
} from '@parleykit/proto/stored';
import {
  type Intent,
  IntentSchema,
  type Intent_Parameter as Parameter,
  Intent_TrainingPhrase_Type as PhraseType,
  Intent_Message_Platform as Platform,
  type Intent_TrainingPhrase as TrainingPhrase,
  Intent_TrainingPhraseSchema as TrainingPhraseSchema,
  Intent_WebhookState as WebhookState,
} from '@parleykit/proto/v2beta1';
import { fieldInvalid, fieldsRequired, notFound, resourceNameInvalid } from '../../errors.ts';
import { applyFieldMask, maskCovers } from '../../field-mask.ts';
import {
  AGENT_DESCRIPTION_LENGTH_MAX,
  DISPLAY_NAME_BYTES_MAX,
  EVENT_NAME_LENGTH_MAX,
  INPUT_CONTEXTS_MAX,
  OUTPUT_CONTEXTS_MAX,
  PARAMETERS_MAX,
  TRAINING_PHRASE_LENGTH_MAX,
  TRAINING_PHRASES_MAX,
} from '../../limits.ts';
import { type ResourceName, readResourceName } from '../../resource-names.ts';
import { contextOfAgent } from '../context-names.ts';
import { type AgentContent, Followups } from './agent-content.ts';
import { viewIntent } from './intent-view.ts';

/** What an intent is written for. */
export interface IntentPlace {
  readonly content: AgentContent;
  /** The agent's name, in the form of the caller. */
  readonly agent: ResourceName;
  /** A tag as the agent writes it: what the caller says is in this language. */
  readonly language: string;
  /** Where the intent stands in the request. */
  readonly field: string;
}

/** What is stored of a new intent. Throws INVALID_ARGUMENT, or NOT_FOUND for an intent that it would follow up on. */
export function newIntent(intent: Intent, place: IntentPlace): StoredIntent {
  checkIntent(intent, place, () => true);
  return splitIntent(intent, create(StoredIntentSchema, { intent: {} }), place);
}

/**
 * What is stored of an intent after an update of what the mask names. What it says in other languages stays. Throws as
 * `newIntent`.
 */
export function updatedIntent(
  id: string,
  before: StoredIntent,
  { intent: from, mask }: { readonly intent: Intent; readonly mask: FieldMask },
  place: IntentPlace,
): StoredIntent {
  const { content, agent, language, field } = place;
  const followups = new Followups(content.intents);
  const intent = viewIntent(id, before, { agent, language, full: true, followups });
  // Not told from its default, the deprecated one would win over the one that is set.
  if (maskCovers(mask, 'ml_enabled') && !maskCovers(mask, 'ml_disabled')) {
    intent.mlDisabled = !from.mlEnabled;
  }
  applyFieldMask(IntentSchema, mask, from, intent);
  checkIntent(intent, place, (path) => maskCovers(mask, path));
  const parent = idOfParent(intent, place);
  if (parent !== undefined && (parent === id || followups.ancestorsOf(parent).includes(id))) {
    throw fieldInvalid(`${field}.parent_followup_intent_name`, 'would make it follow up on itself');
  }
  return splitIntent(intent, before, place);
}

/** What an intent says, apart by what is the same in all languages and what is said in one. */
function splitIntent(from: Intent, before: StoredIntent, place: IntentPlace): StoredIntent {
  const { agent, language, field } = place;
  const stored = clone(StoredIntentSchema, before);
  const intent = clone(IntentSchema, from);
  const said = stored.languages[language] ?? create(IntentLanguageSchema);
  stored.languages[language] = said;
  nameParameters(intent.parameters, before.intent?.parameters ?? []);

  said.trainingPhrases = namePhrases(intent.trainingPhrases, said.trainingPhrases);
  said.messages = intent.messages;
  const kept = new Set(intent.parameters.map(({ name }) => name));
  for (const each of Object.values(stored.languages)) {
    for (const name of Object.keys(each.prompts)) if (!kept.has(name)) delete each.prompts[name];
  }
  for (const { name, prompts } of intent.parameters) {
    if (prompts.length === 0) delete said.prompts[name];
    else said.prompts[name] = create(PromptsSchema, { prompts });
  }

  const parent = idOfParent(intent, place);
  const context = (at: string, name: string): string =>
    `sessions/-/contexts/${contextOfAgent(at, name, agent.key)}`;
  intent.name = '';
  intent.mlEnabled = false;
  intent.trainingPhrases = [];
  intent.messages = [];
  for (const parameter of intent.parameters) parameter.prompts = [];
  intent.inputContextNames = intent.inputContextNames.map((name, index) =>
    context(`${field}.input_context_names[${index}]`, name),
  );
  for (const [index, output] of intent.outputContexts.entries()) {
    output.name = context(`${field}.output_contexts[${index}].name`, output.name);
    delete output.parameters;
  }
  intent.parentFollowupIntentName = parent === undefined ? '' : `intents/${parent}`;
  intent.rootFollowupIntentName = '';
  intent.followupIntentInfo = [];
  stored.intent = intent;
  return stored;
}

/** What a caller may name a parameter: less than would be no key among others. */
const PARAMETER_NAME = /^[0-9A-Za-z-]{1,64}$/u;

/** Names by which the prompts of all languages know their parameters: what was there before keeps its own. */
function nameParameters(parameters: Parameter[], before: readonly Parameter[]): void {
  const known = new Map(before.map(({ displayName, name }) => [displayName, name]));
  const taken = new Set<string>();
  for (const parameter of parameters) {
    if (!PARAMETER_NAME.test(parameter.name)) parameter.name = '';
    const name = parameter.name || known.get(parameter.displayName) || randomUUID();
    parameter.name = taken.has(name) ? randomUUID() : name;
    taken.add(parameter.name);
  }
}

/** A phrase that was there before keeps its name. */
function namePhrases(
  phrases: readonly TrainingPhrase[],
  before: readonly TrainingPhrase[],
): TrainingPhrase[] {
  const known = new Map<string, string[]>();
  for (const phrase of before) {
    const said = wordingOf(phrase);
    known.set(said, [...(known.get(said) ?? []), phrase.name]);
  }
  return phrases.map((phrase) => {
    const named = clone(TrainingPhraseSchema, phrase);
    if (named.type === PhraseType.TYPE_UNSPECIFIED) named.type = PhraseType.EXAMPLE;
    named.name = known.get(wordingOf(named))?.shift() ?? randomUUID();
    return named;
  });
}

function wordingOf(phrase: TrainingPhrase): string {
  const init: MessageInitShape<typeof TrainingPhraseSchema> = {
    type: phrase.type,
    parts: phrase.parts,
  };
  return Buffer.from(toBinary(TrainingPhraseSchema, create(TrainingPhraseSchema, init))).toString('base64');
}

/** The id of the intent on which this one follows up. Throws for one that is not there. */
function idOfParent({ parentFollowupIntentName: text }: Intent, place: IntentPlace): string | undefined {
  if (text === '') return undefined;
  const { content, agent } = place;
  const field = `${place.field}.parent_followup_intent_name`;
  const name = readResourceName(text);
  const [, id] = /^agent\/intents\/([^/]+)$/u.exec(name?.path ?? '') ?? [];
  if (name === undefined || id === undefined) {
    const shape = 'agent/intents/*';
    throw resourceNameInvalid(field, text, [`projects/*/${shape}`, `projects/*/locations/*/${shape}`]);
  }
  if (`${name.scope}/agent` !== agent.key) throw fieldInvalid(field, 'is not an intent of the same agent');
  if (!content.intents.has(id)) throw notFound('Intent', text);
  return id;
}

/** Holds those fields to their rules of which `covers` says so: the others are as they were, whatever they are. */
function checkIntent(intent: Intent, { field }: IntentPlace, covers: (path: string) => boolean): void {
  const checks: Readonly<Record<string, (at: string) => void>> = {
    display_name: (at) => checkDisplayName(at, intent.displayName),
    webhook_state: (at) => checkEnum(at, WebhookState[intent.webhookState]),
    input_context_names: (at) => checkCount(at, intent.inputContextNames, INPUT_CONTEXTS_MAX),
    events: (at) => checkEvents(at, intent.events),
    training_phrases: (at) => checkPhrases(at, intent.trainingPhrases),
    action: (at) => {
      if (/\s/u.test(intent.action)) throw fieldInvalid(at, 'must not contain whitespace');
    },
    output_contexts: (at) => {
      checkCount(at, intent.outputContexts, OUTPUT_CONTEXTS_MAX);
      for (const [index, { lifespanCount }] of intent.outputContexts.entries()) {
        if (lifespanCount < 0) throw fieldInvalid(`${at}[${index}].lifespan_count`, 'must not be negative');
      }
    },
    parameters: (at) => checkParameters(at, intent.parameters),
    messages: (at) => {
      for (const [index, { platform }] of intent.messages.entries()) {
        checkEnum(`${at}[${index}].platform`, Platform[platform]);
      }
    },
    default_response_platforms: (at) => {
      for (const [index, platform] of intent.defaultResponsePlatforms.entries()) {
        checkEnum(`${at}[${index}]`, Platform[platform]);
      }
    },
  };
  for (const [path, check] of Object.entries(checks)) if (covers(path)) check(`${field}.${path}`);
}

/** Throws where a display name is missing or too long. */
export function checkDisplayName(field: string, displayName: string): void {
  if (displayName.trim() === '') throw fieldsRequired([field]);
  if (Buffer.byteLength(displayName) > DISPLAY_NAME_BYTES_MAX) {
    throw fieldInvalid(field, `is longer than ${DISPLAY_NAME_BYTES_MAX} bytes`);
  }
}

/** Throws where the description of an agent, or of a version or environment of it, is too long. */
export function checkDescription(field: string, description: string): void {
  if ([...description].length > AGENT_DESCRIPTION_LENGTH_MAX) {
    throw fieldInvalid(field, `is longer than ${AGENT_DESCRIPTION_LENGTH_MAX} characters`);
  }
}

/** Throws where a value of an enum has no name: one that nobody knows the meaning of. */
export function checkEnum(field: string, name: string | undefined): void {
  if (name === undefined) throw fieldInvalid(field, 'is not a known value');
}

/** Throws where a list is longer than it may be. */
export function checkCount(field: string, items: readonly unknown[], max: number): void {
  if (items.length > max)
    throw fieldInvalid(field, `holds ${items.length} items; at most ${max} are allowed`);
}

function checkEvents(field: string, events: readonly string[]): void {
  for (const [index, event] of events.entries()) {
    if (event.trim() === '') throw fieldInvalid(`${field}[${index}]`, 'must not be empty');
    if ([...event].length > EVENT_NAME_LENGTH_MAX) {
      throw fieldInvalid(`${field}[${index}]`, `is longer than ${EVENT_NAME_LENGTH_MAX} characters`);
    }
  }
}

function checkPhrases(field: string, phrases: readonly TrainingPhrase[]): void {
  checkCount(field, phrases, TRAINING_PHRASES_MAX);
  for (const [index, { type, parts }] of phrases.entries()) {
    const at = `${field}[${index}]`;
    checkEnum(`${at}.type`, PhraseType[type]);
    const text = parts.map((part) => part.text).join('');
    if (text.trim() === '') throw fieldsRequired([`${at}.parts[0].text`]);
    if ([...text].length > TRAINING_PHRASE_LENGTH_MAX) {
      throw fieldInvalid(at, `is longer than ${TRAINING_PHRASE_LENGTH_MAX} characters`);
    }
    for (const [partIndex, { entityType, alias }] of parts.entries()) {
      const partAt = `${at}.parts[${partIndex}]`;
      if (entityType !== '') checkEntityReference(`${partAt}.entity_type`, entityType);
      // What is annotated to be passed over stands for no parameter.
      if (entityType !== '' && alias === '' && entityType !== '@sys.ignore') {
        throw fieldsRequired([`${partAt}.alias`]);
      }
      if (alias !== '' && entityType === '') throw fieldsRequired([`${partAt}.entity_type`]);
    }
  }
}

function checkParameters(field: string, parameters: readonly Parameter[]): void {
  checkCount(field, parameters, PARAMETERS_MAX);
  const names = new Set<string>();
  for (const [index, { displayName, entityTypeDisplayName, mandatory }] of parameters.entries()) {
    const at = `${field}[${index}]`;
    checkDisplayName(`${at}.display_name`, displayName);
    if (names.has(displayName)) throw fieldInvalid(`${at}.display_name`, 'is that of another parameter too');
    names.add(displayName);
    const typeAt = `${at}.entity_type_display_name`;
    if (entityTypeDisplayName !== '') checkEntityReference(typeAt, entityTypeDisplayName);
    else if (mandatory) throw fieldsRequired([typeAt]);
  }
}

function checkEntityReference(field: string, reference: string): void {
  if (!/^@\S+$/u.test(reference))
    throw fieldInvalid(field, `must be the name of an entity type behind an '@'`);
}
