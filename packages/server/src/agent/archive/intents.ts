import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import {
  type IntentLanguage,
  IntentLanguage_PromptsSchema,
  IntentLanguageSchema,
  type StoredIntent,
  StoredIntentSchema,
} from '@parleykit/proto/stored';
import {
  type Intent,
  type Intent_Message,
  type Intent_Parameter,
  Intent_ParameterSchema,
  type Intent_TrainingPhrase,
  Intent_TrainingPhraseSchema,
  IntentSchema,
  Intent_TrainingPhrase_Type as PhraseType,
  Intent_WebhookState as WebhookState,
} from '@parleykit/proto/v2beta1';
import { fileNameOf } from './file-names.ts';
import type { Findings } from './findings.ts';
import { isObject, type JsonNode } from './json-node.ts';
import { leftoverOf, withLeftover } from './leftover.ts';
import { toPlainText } from './plain-text.ts';
import { deriveId, idIn, idOf } from './resource-ids.ts';
import { nameOfPlatform, platformOf, readMessage, writeMessage } from './response-messages.ts';

/** How many queries a context lives that does not say it. */
const LIFESPAN = 5;
const PRIORITY = 500_000;

/** More than Dialogflow knows: what speaks more is no agent. */
export const LANGUAGES_MAX = 100;

/** The files of one intent in an export. */
export interface IntentFiles {
  /** What they are called after. */
  readonly base: string;
  readonly main: JsonNode;
  /** Training phrases by language. */
  readonly phrases: ReadonlyMap<string, JsonNode>;
}

/** The languages of an agent, the default first. */
export type Languages = readonly [string, ...string[]];

/** An intent of an export, with what its file says of the intents that it follows. */
export interface ReadIntent {
  readonly stored: StoredIntent;
  /** The file that it was read from, for who reads about it. */
  readonly file: string;
  /** `parentId` and `rootParentId` as they were there; undefined where it lies inside the intent that it follows. */
  readonly links: JsonObject | undefined;
}

/**
 * Reads an intent, and after it those that lie inside it in the form in which the console gives out a single intent.
 * Whether what it follows is there is not looked at: see `follow-ups.ts`.
 */
export function readIntent(files: IntentFiles, languages: Languages, findings: Findings): ReadIntent[] {
  const { main, base } = files;
  const name = main.at('name').text();
  if (name === '') main.refuse('has no name');
  const id = idOf(main, 'intent', name);
  const [byDefault] = languages;
  const [response, ...more] = main.at('responses').items();
  if (more.length > 0) {
    findings.warn(
      `intent "${toPlainText(name)}" has ${more.length + 1} responses, of which the first is used`,
    );
  }
  const parameters = response === undefined ? [] : readParameters(response, id, byDefault);
  const parent = main.at('parentId').text();
  const intent = create(IntentSchema, {
    name: `intents/${id}`,
    displayName: name,
    ...readSwitches(main),
    inputContextNames: main.at('contexts').names().map(contextName),
    events: main.at('events').names(),
    ...(response && readResponse(response)),
    parameters: parameters.map(({ parameter }) => parameter),
    parentFollowupIntentName: parent === '' ? '' : `intents/${parent}`,
  });
  const stored = create(StoredIntentSchema, { intent, fileName: base === fileNameOf(name) ? '' : base });
  for (const message of response?.at('messages').items() ?? []) {
    const { messages } = languageOf(stored, message.at('lang').language(byDefault), main);
    messages.push(noteMessage(message, readMessage(message), findings));
  }
  for (const { parameter, prompts } of parameters) {
    for (const [tag, texts] of prompts) {
      const said = create(IntentLanguage_PromptsSchema, { prompts: texts });
      languageOf(stored, tag, main).prompts[parameter.name] = said;
    }
  }
  for (const [tag, says] of gatherPhrases(files, byDefault)) {
    const language = languageOf(stored, tag, main);
    language.trainingPhrases = says.map(readPhrase);
    const written = language.trainingPhrases.map((phrase) => writePhrase(phrase, tag));
    const leftover = leftoverOf(
      written,
      says.map(({ value }) => value ?? null),
    );
    if (leftover !== undefined) language.leftover = leftover;
  }
  const followers = main
    .at('followUpIntents')
    .items()
    .filter(({ value }) => isObject(value) && 'responses' in value);
  const leftover = leftoverOf(
    writeMain(stored, languages),
    toComparable(main, followers.length > 0, languages),
  );
  if (leftover !== undefined) stored.leftover = leftover;
  noteIdle(main, findings);
  const { parentId, rootParentId } = main.object() ?? {};
  const links = {
    ...(parentId !== undefined && { parentId }),
    ...(rootParentId !== undefined && { rootParentId }),
  };
  return [
    { stored, file: main.file, links },
    ...followers.flatMap((follower) => readFollower(follower, intent, languages, findings)),
  ];
}

/** One that lies inside the intent that it follows. */
function readFollower(
  main: JsonNode,
  { name }: Intent,
  languages: Languages,
  findings: Findings,
): ReadIntent[] {
  const [follower, ...further] = readIntent({ base: '', main, phrases: new Map() }, languages, findings);
  if (follower?.stored.intent === undefined) return further;
  const { intent } = follower.stored;
  intent.parentFollowupIntentName ||= name;
  return [{ ...follower, links: undefined }, ...further];
}

/** What an intent is in an export: its own file, and the training phrases by language. */
export function writeIntent(
  stored: StoredIntent,
  rootOf: (intent: Intent) => string | undefined,
  languages: Languages,
): { main: JsonObject; phrases: Map<string, JsonValue[]> } {
  const { intent, leftover } = stored;
  const { id = '', ...rest } = writeMain(stored, languages);
  const written = { id, ...(intent && writeLinks(intent, rootOf(intent))), ...rest };
  const phrases = new Map<string, JsonValue[]>();
  for (const tag of languagesIn(stored, languages)) {
    const { trainingPhrases = [], leftover: rest } = stored.languages[tag] ?? {};
    if (trainingPhrases.length === 0) continue;
    phrases.set(
      tag,
      withLeftover(
        trainingPhrases.map((phrase) => writePhrase(phrase, tag)),
        rest,
      ),
    );
  }
  return { main: withLeftover(written, leftover), phrases };
}

/** How an export says which intent another one follows, directly and in the end. */
export function writeLinks(
  { parentFollowupIntentName: parent }: Intent,
  root: string | undefined,
): JsonObject {
  if (parent === '') return {};
  return {
    parentId: idIn('intents', parent),
    ...(root !== undefined && { rootParentId: idIn('intents', root) }),
  };
}

/** All languages that something is said in, those of the agent first. */
export function languagesIn(
  { languages: said }: { languages: Readonly<Record<string, unknown>> },
  languages: Languages,
): string[] {
  const others = Object.keys(said).filter((tag) => !languages.includes(tag));
  return [...languages.filter((tag) => Object.hasOwn(said, tag)), ...others.sort()];
}

function readSwitches(main: JsonNode) {
  const priority = main.at('priority').whole(PRIORITY);
  const forSlotFilling = main.at('webhookForSlotFilling').flag();
  const used = main.at('webhookUsed').flag();
  return {
    // As the API has it: what is not set is the normal priority.
    priority: priority === 0 ? PRIORITY : priority,
    isFallback: main.at('fallbackIntent').flag(),
    mlDisabled: !main.at('auto').flag(true),
    liveAgentHandoff: main.at('liveAgentHandoff').flag(),
    endInteraction: main.at('endInteraction').flag(),
    webhookState: forSlotFilling
      ? WebhookState.ENABLED_FOR_SLOT_FILLING
      : used
        ? WebhookState.ENABLED
        : WebhookState.UNSPECIFIED,
  };
}

function readResponse(response: JsonNode) {
  const platforms = response.at('defaultResponsePlatforms').entries();
  return {
    action: response.at('action').text(),
    resetContexts: response.at('resetContexts').flag(),
    outputContexts: response
      .at('affectedContexts')
      .items()
      .map((context) => {
        const parameters = context.at('parameters').object();
        return {
          name: contextName(context.at('name').text()),
          lifespanCount: context.at('lifespan').whole(LIFESPAN),
          ...(parameters && Object.keys(parameters).length > 0 && { parameters }),
        };
      }),
    defaultResponsePlatforms: platforms
      .filter(([, chosen]) => chosen.flag())
      .flatMap(([name]) => platformOf(name) || []),
  };
}

function readParameters(
  response: JsonNode,
  intentId: string,
  byDefault: string,
): { parameter: Intent_Parameter; prompts: Map<string, string[]> }[] {
  const taken = new Set<string>();
  return response
    .at('parameters')
    .items()
    .map((node, index) => {
      const own = idOf(node, 'parameter', intentId, node.at('name').text(), String(index));
      const name = taken.has(own) ? deriveId('parameter', intentId, own, String(index)) : own;
      taken.add(name);
      const prompts = new Map<string, string[]>();
      for (const prompt of node.at('prompts').items()) {
        const inLanguage = isObject(prompt.value);
        const tag = inLanguage ? prompt.at('lang').language(byDefault) : byDefault;
        const text = inLanguage ? prompt.at('value').text() : prompt.text();
        if (!prompts.get(tag)?.push(text)) prompts.set(tag, [text]);
      }
      const parameter = create(Intent_ParameterSchema, {
        name,
        displayName: node.at('name').text(),
        value: node.at('value').text(),
        defaultValue: node.at('defaultValue').text(),
        entityTypeDisplayName: node.at('dataType').text(),
        mandatory: node.at('required').flag(),
        isList: node.at('isList').flag(),
      });
      return { parameter, prompts };
    });
}

/** Phrases by language: those that lie in the intent's own file, as of old, and those in files of their own. */
function gatherPhrases({ main, phrases }: IntentFiles, byDefault: string): Map<string, JsonNode[]> {
  const gathered = new Map<string, JsonNode[]>();
  const add = (tag: string, phrase: JsonNode): void => {
    const ofLanguage = gathered.get(tag);
    if (ofLanguage === undefined) gathered.set(tag, [phrase]);
    else ofLanguage.push(phrase);
  };
  for (const [tag, list] of phrases) for (const phrase of list.items()) add(tag, phrase);
  const ids = new Set([...gathered.values()].flat().map((phrase) => phrase.at('id').text()));
  for (const phrase of main.at('userSays').items()) {
    const id = phrase.at('id').text();
    if (id === '' || !ids.has(id)) add(phrase.at('lang').language(byDefault), phrase);
  }
  return gathered;
}

function readPhrase(node: JsonNode): Intent_TrainingPhrase {
  return create(Intent_TrainingPhraseSchema, {
    name: node.at('id').text(),
    type: node.at('isTemplate').flag() ? PhraseType.TEMPLATE : PhraseType.EXAMPLE,
    parts: node
      .at('data')
      .items()
      .map((part) => ({
        text: part.at('text').text(),
        entityType: part.at('meta').text(),
        alias: part.at('alias').text(),
        userDefined: part.at('userDefined').flag(),
      })),
    timesAddedCount: node.at('count').whole(),
  });
}

function writePhrase(
  { name, type, parts, timesAddedCount }: Intent_TrainingPhrase,
  language: string,
): JsonObject {
  return {
    ...(name !== '' && { id: name }),
    data: parts.map(({ text, entityType, alias, userDefined }) => ({
      text,
      ...(entityType !== '' && { meta: entityType }),
      ...(alias !== '' && { alias }),

      userDefined,
    })),
    isTemplate: type === PhraseType.TEMPLATE,
    count: timesAddedCount,
    lang: language,
    updated: 0,
  };
}

/** The file of an intent, without what follows from other intents. */
function writeMain(stored: StoredIntent, languages: Languages): JsonObject {
  const intent = stored.intent ?? create(IntentSchema);
  const tags = languagesIn(stored, languages);
  const platforms = intent.defaultResponsePlatforms.map((platform) => [nameOfPlatform(platform), true]);
  return {
    id: idIn('intents', intent.name),
    name: intent.displayName,
    auto: !intent.mlDisabled,
    contexts: intent.inputContextNames.map((name) => idIn('contexts', name)),
    responses: [
      {
        resetContexts: intent.resetContexts,
        action: intent.action,
        affectedContexts: intent.outputContexts.map(({ name, parameters, lifespanCount }) => ({
          name: idIn('contexts', name),
          ...(parameters && { parameters }),
          lifespan: lifespanCount,
        })),
        parameters: intent.parameters.map((parameter) => writeParameter(parameter, stored, tags)),
        messages: tags.flatMap(
          (tag) => stored.languages[tag]?.messages.map((each) => writeMessage(each, tag)) ?? [],
        ),
        ...(platforms.length > 0 && {
          defaultResponsePlatforms: Object.fromEntries(platforms) as JsonObject,
        }),
        speech: [],
      },
    ],
    priority: intent.priority === 0 ? PRIORITY : intent.priority,
    webhookUsed: intent.webhookState !== WebhookState.UNSPECIFIED,
    webhookForSlotFilling: intent.webhookState === WebhookState.ENABLED_FOR_SLOT_FILLING,
    fallbackIntent: intent.isFallback,
    events: intent.events.map((name) => ({ name })),
    conditionalResponses: [],
    condition: '',
    conditionalFollowupEvents: [],
    ...(intent.liveAgentHandoff && { liveAgentHandoff: true }),
    ...(intent.endInteraction && { endInteraction: true }),
  };
}

function writeParameter(
  parameter: Intent_Parameter,
  stored: StoredIntent,
  tags: readonly string[],
): JsonObject {
  const prompts = tags.flatMap((tag) =>
    (stored.languages[tag]?.prompts[parameter.name]?.prompts ?? []).map((value) => ({ lang: tag, value })),
  );
  return {
    id: parameter.name,
    name: parameter.displayName,
    required: parameter.mandatory,
    dataType: parameter.entityTypeDisplayName,
    value: parameter.value,
    defaultValue: parameter.defaultValue,
    isList: parameter.isList,
    prompts,
    promptMessages: [],
    noMatchPromptMessages: [],
    noInputPromptMessages: [],
    outputDialogContexts: [],
  };
}

/**
 * What the file of an intent is held against when what is left over of it is sought: without what is kept elsewhere,
 * and with what is said in several languages in the order in which it is written.
 */
function toComparable(main: JsonNode, readsFollowers: boolean, languages: Languages): JsonObject {
  const { userSays: _says, parentId: _parent, rootParentId: _root, ...rest } = main.object() ?? {};
  if (readsFollowers) delete rest['followUpIntents'];
  const { responses } = rest;
  if (!Array.isArray(responses)) return rest;
  return { ...rest, responses: responses.map((response) => sortResponse(response, languages)) };
}

function sortResponse(response: JsonValue, languages: Languages): JsonValue {
  if (!isObject(response)) return response;
  const { messages, parameters } = response;
  return {
    ...response,
    ...(Array.isArray(messages) && { messages: sortByLanguage(messages, languages) }),
    ...(Array.isArray(parameters) && {
      parameters: parameters.map((parameter) =>
        isObject(parameter) && Array.isArray(parameter['prompts'])
          ? { ...parameter, prompts: sortByLanguage(parameter['prompts'], languages) }
          : parameter,
      ),
    }),
  };
}

/** Stable, so that what is in one language keeps its order. */
function sortByLanguage(elements: JsonValue[], languages: Languages): JsonValue[] {
  const [byDefault] = languages;
  const tagOf = (element: JsonValue): string =>
    (isObject(element) && typeof element['lang'] === 'string' && element['lang']) || byDefault;
  const tags = languagesIn(
    { languages: Object.fromEntries(elements.map((each) => [tagOf(each), true])) },
    languages,
  );
  const places = new Map(tags.map((tag, index) => [tag, index]));
  const placeOf = (element: JsonValue): number => places.get(tagOf(element)) ?? 0;
  return elements.toSorted((one, other) => placeOf(one) - placeOf(other));
}

function languageOf(stored: StoredIntent, tag: string, main: JsonNode): IntentLanguage {
  const { languages } = stored;
  if (languages[tag] === undefined && Object.keys(languages).length >= LANGUAGES_MAX) {
    main.refuse(`is in more than ${LANGUAGES_MAX} languages`);
    return create(IntentLanguageSchema);
  }
  languages[tag] ??= create(IntentLanguageSchema);
  return languages[tag];
}

function contextName(name: string): string {
  return `sessions/-/contexts/${name}`;
}

/** Notes what is stored of a message and not said. */
function noteMessage(node: JsonNode, message: Intent_Message, findings: Findings): Intent_Message {
  const platform = toPlainText(node.at('platform').text(), 40);
  if (platform !== '') findings.rest(`messages for the platform ${platform}`);
  else if (message.message.case === undefined) {
    findings.rest(`messages of the type ${toPlainText(node.at('type').text(), 40)}, which is not known`);
  }
  if (node.at('condition').text() !== '') findings.rest('messages with a condition');
  return message;
}

function noteIdle(main: JsonNode, findings: Findings): void {
  findings.rest('conditional responses', main.at('conditionalResponses').items().length);
  findings.rest('conditional follow-up events', main.at('conditionalFollowupEvents').items().length);
  if (main.at('condition').text() !== '') findings.rest('intents with a condition');
  findings.rest('templates beside the training phrases', main.at('templates').items().length);
  for (const response of main.at('responses').items()) {
    for (const parameter of response.at('parameters').items()) {
      for (const kind of ['promptMessages', 'noMatchPromptMessages', 'noInputPromptMessages']) {
        findings.rest('prompts of parameters as messages', parameter.at(kind).items().length);
      }
    }
  }
}
