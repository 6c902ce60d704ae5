import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import fc, { type Arbitrary } from 'fast-check';
import type { JsonFiles } from './json-files.ts';

/**
 * Exports as consoles of all years could have written them: keys that are there or not, values in one form or another,
 * phrases and entries inside or in files of their own, and keys that nobody knows.
 */
export function generatedExports(): Arbitrary<JsonFiles> {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), {
    minLength: 1,
    maxLength: 6,
    selector: (name) => name.toWellFormed(),
  });
  return fc
    .record({ settings: settings(), intents: names, entityTypes: names, smallTalk: fc.option(smallTalk()) })
    .chain(({ settings: agent, intents, entityTypes, smallTalk: talk }) => {
      const files = [
        ...intents.map((name, index) => intentFiles(name, index, intents.length)),
        ...entityTypes.map((name, index) => entityTypeFiles(name, index)),
      ];
      return fc.tuple(...files).map((all) => ({
        'agent.json': agent,
        ...(talk && { 'customSmalltalkResponses_en.json': talk }),
        ...Object.assign({}, ...all),
      }));
    });
}

const LANGUAGES = ['en', 'de', 'pt-br'] as const;
const TYPES = ['@sys.date', '@sys.ignore', '@kind', '@missing'] as const;

const text = (): Arbitrary<string> =>
  fc.string({ maxLength: 12, unit: 'grapheme' }).map((each) => each.toWellFormed());
const tag = (): Arbitrary<string> => fc.constantFrom(...LANGUAGES);
const switched = (): Arbitrary<JsonValue> => fc.oneof(fc.boolean(), fc.constantFrom('true', 'false'));

/** Anything that a key nobody knows may hold. */
const anything = (): Arbitrary<JsonValue> =>
  fc
    .jsonValue({ maxDepth: 2 })
    .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as JsonValue)
    .map(toWellFormed);

function toWellFormed(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(toWellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.toWellFormed(), toWellFormed(each)]),
  );
}

/** An object with some of its keys, and at times one more. */
function some(
  shape: Record<string, Arbitrary<unknown>>,
  required: readonly string[] = [],
): Arbitrary<JsonObject> {
  const known = fc.record(shape, { requiredKeys: [...required] });
  const more = fc.option(fc.record({ lastUpdate: fc.nat(), unheardOf: anything() }), { freq: 3 });
  return fc.tuple(known, more).map(([own, others]) => ({ ...own, ...others }) as JsonObject);
}

function settings(): Arbitrary<JsonObject> {
  return some(
    {
      language: fc.constant('en'),
      supportedLanguages: fc.constantFrom([], ['de'], ['de', 'pt-br']),
      displayName: text(),
      description: text(),
      shortDescription: text(),
      defaultTimezone: fc.constantFrom('', 'Europe/Madrid', 'Nowhere/Here'),
      mlMinConfidence: fc.constantFrom(0, 0.1, 0.3, 0.85, 1),
      customClassifierMode: fc.constantFrom('use.after', 'use.instead', 'use.just.my.classifiers'),
      disableInteractionLogs: fc.boolean(),
      webhook: some({
        url: fc.constantFrom('', 'https://example.com/hook'),
        headers: fc.constantFrom({}, { '': '' }, { accept: 'application/json' }),
        available: fc.boolean(),
        useForDomains: fc.boolean(),
        cloudFunctionsEnabled: fc.boolean(),
        cloudFunctionsInitialized: fc.boolean(),
      }),
      googleAssistant: some({ googleAssistantCompatible: fc.boolean(), endIntentIds: fc.array(text()) }),
      onePlatformApiVersion: fc.constantFrom('v2', 'v2beta1', 'v3'),
      enabledKnowledgeBaseNames: fc.array(text(), { maxLength: 2 }),
      knowledgeServiceConfidenceAdjustment: fc.constantFrom(-0.4, 0, 1),
      analyzeQueryTextSentiment: fc.boolean(),
      enableSpellCorrection: fc.boolean(),
    },
    ['language'],
  );
}

function smallTalk(): Arbitrary<JsonValue> {
  return fc.array(some({ action: text(), customAnswers: fc.array(text(), { maxLength: 3 }) }), {
    maxLength: 3,
  });
}

function intentFiles(name: string, index: number, count: number): Arbitrary<JsonFiles> {
  const said = fc.dictionary(tag(), fc.array(phrase(), { minLength: 1, maxLength: 4 }));
  return fc
    .tuple(intent(name, index, count), said, fc.option(fc.array(phrase(true), { maxLength: 3 }), { freq: 2 }))
    .map(([main, byLanguage, inside]) => {
      const base = `intents/${fileName(name)} ${index}`;
      const entries = Object.entries(byLanguage).map(([language, phrases]) => [
        `${base}_usersays_${language}.json`,
        phrases.map((each) => ('lang' in each ? { ...each, lang: language } : each)),
      ]);
      return {
        [`${base}.json`]: { ...main, ...(inside && { userSays: inside }) },
        ...Object.fromEntries(entries),
      };
    });
}

function intent(name: string, index: number, count: number): Arbitrary<JsonObject> {
  const other = fc.integer({ min: 0, max: count }).map(idOf);
  return fc
    .tuple(
      some({
        auto: switched(),
        contexts: fc.array(text(), { maxLength: 2 }),
        responses: fc.array(response(), { maxLength: 1 }),
        priority: fc.constantFrom<JsonValue>(500000, '250000', 0, -1),
        webhookUsed: switched(),
        webhookForSlotFilling: fc.boolean(),
        fallbackIntent: fc.boolean(),
        events: fc.array(fc.record({ name: text() }), { maxLength: 2 }),
        conditionalResponses: fc.constantFrom([], [{ condition: 'always' }]),
        condition: fc.constantFrom('', 'never'),
        conditionalFollowupEvents: fc.constant([]),
        liveAgentHandoff: fc.boolean(),
        endInteraction: fc.boolean(),
        templates: fc.array(text(), { maxLength: 2 }),
        followUpIntents: fc.constant([]),
      }),
      fc.option(fc.record({ parentId: other, rootParentId: other }), { freq: 2 }),
      fc.boolean(),
    )
    .map(([main, links, identified]) => ({
      ...(identified && { id: idOf(index) }),
      ...links,
      name,
      ...main,
    }));
}

function response(): Arbitrary<JsonObject> {
  return some({
    resetContexts: switched(),
    action: text(),
    affectedContexts: fc.array(
      some({
        name: text(),
        parameters: fc.constantFrom({}, { a: 'b' }),
        lifespan: fc.constantFrom<JsonValue>(5, '2', 0),
      }),
      { maxLength: 2 },
    ),
    parameters: fc.array(parameter(), { maxLength: 3 }),
    messages: fc.array(message(), { maxLength: 5 }),
    defaultResponsePlatforms: fc.constantFrom({}, { google: true, facebook: false }, { unheard: true }),
    speech: fc.constantFrom<JsonValue>([], 'old'),
  });
}

function parameter(): Arbitrary<JsonObject> {
  const prompts = fc.oneof(
    fc.array(fc.record({ lang: tag(), value: text() }), { maxLength: 3 }),
    fc.array(text(), { maxLength: 2 }),
  );
  return some({
    id: fc.constantFrom(idOf(40), idOf(41), idOf(42)),
    name: text(),
    required: switched(),
    dataType: fc.constantFrom('', ...TYPES),
    value: fc.constantFrom('', '$date', '$newnamr', '#ctx.date', 'constant'),
    defaultValue: text(),
    isList: switched(),
    prompts,
    promptMessages: fc.constant([]),
    noMatchPromptMessages: fc.constant([]),
  });
}

function message(): Arbitrary<JsonObject> {
  return some({
    type: fc.constantFrom<JsonValue>(
      ...[0, '0', 1, '1', 2, '3', 4, '4', 13, '14', 15, 'simple_response', 'basic_card', 'list_card'],
      ...[
        'suggestion_chips',
        'link_out_chip',
        'custom_payload',
        'table_card',
        'media_content',
        'unheard_of',
        99,
      ],
    ),
    platform: fc.constantFrom('facebook', 'google', 'telephony', 'cortana'),
    lang: tag(),
    title: text(),
    subtitle: text(),
    speech: fc.oneof(text(), fc.array(text(), { maxLength: 3 })),
    textToSpeech: text(),
    imageUrl: text(),
    image: some({ url: text(), accessibilityText: text() }),
    buttons: fc.array(
      some({ text: text(), postback: text(), title: text(), openUrlAction: some({ url: text() }) }),
      {
        maxLength: 2,
      },
    ),
    replies: fc.array(text(), { maxLength: 2 }),
    payload: fc.dictionary(
      text().filter((key) => key !== '__proto__'),
      anything(),
      { maxKeys: 3 },
    ),
    items: fc.array(
      some({
        title: text(),
        textToSpeech: text(),
        optionInfo: some({ key: text(), synonyms: fc.array(text()) }),
      }),
      { maxLength: 2 },
    ),
    suggestions: fc.array(fc.record({ title: text() }), { maxLength: 2 }),
    ssml: text(),
    audioUri: text(),
    phoneNumber: text(),
    condition: text(),
  });
}

function phrase(inside = false): Arbitrary<JsonObject> {
  return some({
    id: fc.uuid(),
    data: fc.array(
      some({ text: text(), alias: text(), meta: fc.constantFrom(...TYPES), userDefined: fc.boolean() }),
      { maxLength: 3 },
    ),
    isTemplate: fc.boolean(),
    count: fc.nat(),
    updated: fc.nat(),
    ...(inside ? {} : { lang: tag() }),
  });
}

function entityTypeFiles(name: string, index: number): Arbitrary<JsonFiles> {
  const entries = (): Arbitrary<JsonObject[]> =>
    fc.array(some({ value: text(), synonyms: fc.array(text(), { maxLength: 3 }) }), { maxLength: 4 });
  const main = some({
    isOverridable: fc.boolean(),
    isEnum: switched(),
    isRegexp: fc.boolean(),
    automatedExpansion: fc.boolean(),
    allowFuzzyExtraction: fc.boolean(),
  });
  return fc
    .tuple(main, fc.dictionary(tag(), entries()), fc.option(entries()))
    .map(([json, byLanguage, inside]) => {
      const base = `entities/${fileName(name)} ${index}`;
      const beside = Object.entries(byLanguage).map(([language, list]) => [
        `${base}_entries_${language}.json`,
        list,
      ]);
      const old = inside !== null && byLanguage['en'] === undefined;
      return {
        [`${base}.json`]: { id: idOf(index), name, ...json, ...(old && { entries: inside }) },
        ...Object.fromEntries(beside),
      };
    });
}

function idOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

function fileName(name: string): string {
  return name.toWellFormed().replaceAll(/[^A-Za-z0-9 ]/gu, '_');
}
