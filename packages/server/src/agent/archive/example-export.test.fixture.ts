import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type Zippable, zipSync } from 'fflate';

/** Files of an export by their paths: JSON, or text as it stands. */
export type Files = Readonly<Record<string, JsonValue | Uint8Array>>;

/** A zip of files. What is no JSON is given as bytes. */
export function zipOf(files: Files): Uint8Array {
  const entries = Object.entries(files).map(([path, content]) => [
    path,
    content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content)),
  ]);
  return zipSync(Object.fromEntries(entries) as Zippable, { mtime: new Date(2020, 1, 2), level: 1, mem: 0 });
}

export const BOOK = '11111111-1111-4111-8111-111111111111';
export const BOOK_YES = '22222222-2222-4222-8222-222222222222';
export const FALLBACK = '33333333-3333-4333-8333-333333333333';
export const SIZE = '44444444-4444-4444-8444-444444444444';

/** An intent with next to nothing in it. */
export function bareIntent(name: string, more: JsonObject = {}): JsonObject {
  return { name, responses: [{ messages: [] }], ...more };
}

/** A phrase whose parts are plain text, or text with a parameter and its type: `['at ', ['seven', 'time', '@sys.time']]`. */
export function phrase(...parts: (string | [text: string, alias: string, meta: string])[]): JsonObject {
  const data = parts.map((part) =>
    typeof part === 'string'
      ? { text: part, userDefined: false }
      : { text: part[0], alias: part[1], meta: part[2], userDefined: true },
  );
  return { data, isTemplate: false, count: 1, updated: 0 };
}

/** A small agent in two languages, as today's console writes it: it lets boats. */
export function boats(): Record<string, JsonValue> {
  return {
    'agent.json': {
      displayName: 'boats',
      description: 'Lets boats',
      language: 'en',
      supportedLanguages: ['de'],
      defaultTimezone: 'Europe/Madrid',
      mlMinConfidence: 0.4,
      customClassifierMode: 'use.after',
      onePlatformApiVersion: 'v2beta1',
      disableInteractionLogs: true,
      webhook: {
        url: 'https://boats.example/hook',
        username: '',
        headers: {},
        available: true,
        useForDomains: false,
        cloudFunctionsEnabled: false,
        cloudFunctionsInitialized: false,
      },
      enabledKnowledgeBaseNames: ['projects/p/knowledgeBases/k'],
      knowledgeServiceConfidenceAdjustment: -0.4,
      enableSpellCorrection: true,
    },
    'package.json': { version: '1.0.0' },
    'intents/Book a boat.json': {
      id: BOOK,
      name: 'Book a boat',
      auto: true,
      contexts: ['Logged-In'],
      responses: [
        {
          resetContexts: true,
          action: 'boat.book',
          affectedContexts: [
            { name: 'BookABoat-followup', lifespan: 2 },
            { name: 'asked', parameters: { times: 1 }, lifespan: 0 },
          ],
          parameters: [
            {
              id: '55555555-5555-4555-8555-555555555555',
              name: 'size',
              required: true,
              dataType: '@size',
              value: '$size',
              defaultValue: '',
              isList: false,
              prompts: [
                { lang: 'en', value: 'How large?' },
                { lang: 'de', value: 'Wie groß?' },
                { lang: 'en', value: 'What size?' },
              ],
            },
            { id: '66666666-6666-4666-8666-666666666666', name: 'day', dataType: '@sys.date', value: '$day' },
          ],
          messages: [
            { type: '0', lang: 'en', speech: ['Booked for $day.', 'Yours on $day.'], condition: '' },
            { type: '0', lang: 'de', speech: ['Gebucht.'], condition: '' },
            { type: '4', lang: 'en', payload: { boat: { size: '$size' } }, condition: '' },
            { type: 2, platform: 'facebook', lang: 'en', title: 'More?', replies: ['yes', 'no'] },
          ],
          defaultResponsePlatforms: { google: true, facebook: false },
          speech: [],
        },
      ],
      priority: 750000,
      webhookUsed: true,
      webhookForSlotFilling: true,
      fallbackIntent: false,
      events: [{ name: 'BOOK' }],
    },
    'intents/Book a boat_usersays_en.json': [
      {
        id: 'a',
        ...phrase('a ', ['small', 'size', '@size'], ' boat for ', ['tomorrow', 'day', '@sys.date']),
      },
      { id: 'b', ...phrase('a boat ', ['please', '', '@sys.ignore']) },
      { id: 'c', ...phrase('@size:size boat'), isTemplate: true },
    ],
    'intents/Book a boat_usersays_de.json': [{ id: 'd', ...phrase('ein Boot') }],
    'intents/Book a boat - yes.json': {
      id: BOOK_YES,
      parentId: BOOK,
      rootParentId: BOOK,
      name: 'Book a boat - yes',
      auto: false,
      contexts: ['BookABoat-followup'],
      responses: [{ messages: [{ type: '0', lang: 'en', speech: 'A human takes over.' }] }],
      priority: 500000,
      fallbackIntent: false,
      liveAgentHandoff: true,
      endInteraction: true,
    },
    'intents/Book a boat - yes_usersays_en.json': [phrase('yes')],
    'intents/None.json': { id: FALLBACK, name: 'None', fallbackIntent: true, responses: [] },
    'intents/None_usersays_en.json': [phrase('how is the weather')],
    'entities/size.json': {
      id: SIZE,
      name: 'size',
      isOverridable: true,
      isEnum: false,
      isRegexp: false,
      automatedExpansion: true,
      allowFuzzyExtraction: true,
    },
    'entities/size_entries_en.json': [
      { value: 'small', synonyms: ['small', 'tiny'] },
      { value: 'large', synonyms: ['large', 'big'] },
    ],
    'entities/size_entries_de.json': [{ value: 'klein', synonyms: ['klein'] }],
    'customSmalltalkResponses_en.json': [
      { action: 'smalltalk.greetings.hello', customAnswers: ['Ahoy!', 'Hello sailor!'] },
      { action: 'smalltalk.agent.age', customAnswers: [] },
    ],
  };
}
