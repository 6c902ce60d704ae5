import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, equals, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import type { StoredIntent } from '@parleykit/proto/stored';
import {
  Agent_ApiVersion as ApiVersion,
  EntityType_AutoExpansionMode as Expansion,
  type Intent,
  IntentSchema,
  EntityType_Kind as Kind,
  Intent_TrainingPhrase_Type as PhraseType,
  Intent_Message_Platform as Platform,
  Intent_WebhookState as WebhookState,
} from '@parleykit/proto/v2beta1';
import { type AgentArchive, readAgentArchive } from './archive-reader.ts';
import {
  BOOK,
  BOOK_YES,
  bareIntent,
  boats,
  FALLBACK,
  type Files,
  phrase,
  SIZE,
  zipOf,
} from './example-export.test.fixture.ts';
import { ArchiveError, type ArchiveReport } from './findings.ts';

async function read(files: Files): Promise<{ archive: AgentArchive; report: ArchiveReport }> {
  return readAgentArchive(zipOf(files));
}

function named({ intents }: AgentArchive, name: string): StoredIntent & { intent: Intent } {
  const found = intents.find(({ intent }) => intent?.displayName === name);
  assert.ok(found?.intent, `there is no intent ${name}`);
  return found as StoredIntent & { intent: Intent };
}

/** The only intent of an agent that has no other. */
async function readIntent(json: JsonObject, others: Files = {}): Promise<StoredIntent & { intent: Intent }> {
  const { archive } = await read({ 'agent.json': { language: 'en' }, 'intents/it.json': json, ...others });
  return named(archive, String(json['name']));
}

/** All that an export is refused for. */
async function problemsOf(files: Files): Promise<readonly string[]> {
  try {
    await read(files);
  } catch (error) {
    assert.ok(error instanceof ArchiveError);
    return error.problems;
  }
  assert.fail('the export is not refused');
}

describe('readAgentArchive()', () => {
  it('reads the agent', async () => {
    const { agent } = (await read(boats())).archive;
    assert.equal(agent.agent?.displayName, 'boats');
    assert.equal(agent.agent.defaultLanguageCode, 'en');
    assert.deepEqual(agent.agent.supportedLanguageCodes, ['de']);
    assert.equal(agent.agent.timeZone, 'Europe/Madrid');
    assert.equal(agent.agent.description, 'Lets boats');
    assert.equal(agent.agent.enableLogging, false);
    assert.equal(agent.agent.classificationThreshold, Math.fround(0.4));
    assert.equal(agent.agent.apiVersion, ApiVersion.V2_BETA_1);
    assert.equal(agent.fulfillment?.enabled, true);
    assert.equal(agent.fulfillment.fulfillment.value?.uri, 'https://boats.example/hook');
    assert.deepEqual(agent.knowledgeBaseNames, ['projects/p/knowledgeBases/k']);
    assert.equal(agent.knowledgeConfidenceAdjustment, -0.4);
    assert.equal(agent.correctSpelling, true);
    assert.deepEqual(
      agent.smallTalk['en']?.reactions.map(({ action, answers }) => [action, answers]),
      [
        ['smalltalk.greetings.hello', ['Ahoy!', 'Hello sailor!']],
        ['smalltalk.agent.age', []],
      ],
    );
  });

  it('reads an intent as the API has it, with names that are relative to the agent', async () => {
    const { intent } = named((await read(boats())).archive, 'Book a boat');
    const expected = create(IntentSchema, {
      name: `intents/${BOOK}`,
      displayName: 'Book a boat',
      priority: 750_000,
      webhookState: WebhookState.ENABLED_FOR_SLOT_FILLING,
      inputContextNames: ['sessions/-/contexts/Logged-In'],
      events: ['BOOK'],
      action: 'boat.book',
      resetContexts: true,
      outputContexts: [
        { name: 'sessions/-/contexts/BookABoat-followup', lifespanCount: 2 },
        { name: 'sessions/-/contexts/asked', lifespanCount: 0, parameters: { times: 1 } },
      ],
      parameters: [
        {
          name: '55555555-5555-4555-8555-555555555555',
          displayName: 'size',
          value: '$size',
          entityTypeDisplayName: '@size',
          mandatory: true,
        },
        {
          name: '66666666-6666-4666-8666-666666666666',
          displayName: 'day',
          value: '$day',
          entityTypeDisplayName: '@sys.date',
        },
      ],
      defaultResponsePlatforms: [Platform.ACTIONS_ON_GOOGLE],
    });
    assert.ok(equals(IntentSchema, intent, expected), JSON.stringify(intent));
  });

  it('reads what an intent hears and says by language', async () => {
    const { languages } = named((await read(boats())).archive, 'Book a boat');
    const [first, second, third] = languages['en']?.trainingPhrases ?? [];
    assert.equal(first?.name, 'a');
    assert.equal(first.parts.map(({ text }) => text).join(''), 'a small boat for tomorrow');
    assert.deepEqual(
      first.parts.map(({ alias, entityType, userDefined }) => [alias, entityType, userDefined]),
      [
        ['', '', false],
        ['size', '@size', true],
        ['', '', false],
        ['day', '@sys.date', true],
      ],
    );
    assert.equal(first.timesAddedCount, 1);
    assert.equal(second?.parts[1]?.entityType, '@sys.ignore');
    assert.deepEqual([first.type, third?.type], [PhraseType.EXAMPLE, PhraseType.TEMPLATE]);
    assert.equal(languages['de']?.trainingPhrases.length, 1);
    assert.deepEqual(
      languages['en']?.messages.map(({ message, platform }) => [message.case, platform]),
      [
        ['text', Platform.PLATFORM_UNSPECIFIED],
        ['payload', Platform.PLATFORM_UNSPECIFIED],
        ['quickReplies', Platform.FACEBOOK],
      ],
    );
    const [size] = Object.keys(languages['en']?.prompts ?? {});
    assert.equal(size, '55555555-5555-4555-8555-555555555555');
    assert.deepEqual(languages['en']?.prompts[size]?.prompts, ['How large?', 'What size?']);
    assert.deepEqual(languages['de']?.prompts[size]?.prompts, ['Wie groß?']);
  });

  it('reads follow-ups, fallbacks and what hands over', async () => {
    const { archive } = await read(boats());
    const yes = named(archive, 'Book a boat - yes').intent;
    assert.equal(yes.name, `intents/${BOOK_YES}`);
    assert.equal(yes.parentFollowupIntentName, `intents/${BOOK}`);
    assert.deepEqual([yes.liveAgentHandoff, yes.endInteraction, yes.mlDisabled], [true, true, true]);
    assert.equal(yes.webhookState, WebhookState.UNSPECIFIED);
    const none = named(archive, 'None').intent;
    assert.equal(none.name, `intents/${FALLBACK}`);
    assert.deepEqual([none.isFallback, none.mlDisabled, none.priority], [true, false, 500_000]);
  });

  it('reads entity types', async () => {
    const [size] = (await read(boats())).archive.entityTypes;
    assert.equal(size?.entityType?.name, `entityTypes/${SIZE}`);
    assert.equal(size.entityType.kind, Kind.MAP);
    assert.equal(size.entityType.autoExpansionMode, Expansion.DEFAULT);
    assert.equal(size.entityType.enableFuzzyExtraction, true);
    assert.deepEqual(
      size.languages['en']?.entities.map(({ value, synonyms }) => [value, synonyms]),
      [
        ['small', ['small', 'tiny']],
        ['large', ['large', 'big']],
      ],
    );
    assert.deepEqual(size.languages['de']?.entities.length, 1);
  });

  it('reads lists, patterns and lists of other entity types', async () => {
    const { archive } = await read({
      'agent.json': { language: 'en' },
      'entities/list.json': {
        name: 'list',
        isEnum: true,
        entries: [{ value: '@code:code aft', synonyms: [] }],
      },
      'entities/code.json': {
        name: 'code',
        isRegexp: 'true',
        entries: [{ value: '[A-Z]{3}', synonyms: [] }],
      },
    });
    const kinds = archive.entityTypes.map(({ entityType, languages }) => [
      entityType?.kind,
      languages['en']?.entities.map(({ value, synonyms }) => [value, synonyms]),
    ]);
    assert.deepEqual(kinds, [
      [Kind.REGEXP, [['[A-Z]{3}', []]]],
      [Kind.LIST, [['@code:code aft', ['@code:code aft']]]],
    ]);
  });

  it('tells what was read, what rests, and nothing more', async () => {
    const { report } = await read(boats());
    assert.deepEqual(report, {
      read: {
        intents: 3,
        trainingPhrases: 5,
        negativeExamples: 1,
        messages: 5,
        parameters: 2,
        entityTypes: 1,
        entities: 3,
        languages: ['en', 'de'],
      },
      idle: [
        { feature: 'answers to small talk', count: 2 },
        { feature: 'knowledge bases', count: 1 },
        { feature: 'messages for the platform facebook', count: 1 },
        { feature: 'spelling correction', count: 1 },
        { feature: 'training phrases in template mode', count: 1 },
      ],
      dropped: [],
      warnings: [],
    });
  });
});

describe('readAgentArchive(), of older exports', () => {
  it('reads phrases and entries that lie inside', async () => {
    const { archive } = await read({
      'agent.json': { language: 'fr' },
      'intents/hi.json': bareIntent('hi', {
        userSays: [phrase('salut'), { ...phrase('hello'), lang: 'en' }],
      }),
      'entities/color.json': { name: 'color', entries: [{ value: 'rouge', synonyms: ['rouge'] }] },
    });
    const { languages } = named(archive, 'hi');
    assert.deepEqual(
      [languages['fr'], languages['en']].map((each) => each?.trainingPhrases.length),
      [1, 1],
    );
    assert.equal(archive.entityTypes[0]?.languages['fr']?.entities[0]?.value, 'rouge');
  });

  it('reads a phrase once that lies inside and in a file of its own', async () => {
    const said = [{ id: 'x', ...phrase('hi') }];
    const { languages } = await readIntent(
      bareIntent('hi', { userSays: [...said, { id: 'y', ...phrase('hello') }] }),
      {
        'intents/it_usersays_en.json': said,
      },
    );
    assert.deepEqual(
      languages['en']?.trainingPhrases.map(({ name }) => name),
      ['x', 'y'],
    );
  });

  it('gives what has no id one that is the same each time', async () => {
    const json = bareIntent('hi', { responses: [{ parameters: [{ name: 'a' }, { name: 'a' }] }] });
    const [one, other] = [await readIntent(json), await readIntent(json)];
    assert.match(
      one.intent.name,
      /^intents\/[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/u,
    );
    assert.equal(one.intent.name, other.intent.name);
    const [first, second] = one.intent.parameters;
    assert.notEqual(first?.name, second?.name);
    assert.deepEqual(one.intent.parameters, other.intent.parameters);
  });

  it('gives a parameter an id of its own where another has it', async () => {
    const parameters = [
      { id: BOOK, name: 'a', prompts: ['which a?'] },
      { id: BOOK, name: 'b', prompts: ['which b?'] },
    ];
    const { intent, languages } = await readIntent(bareIntent('hi', { responses: [{ parameters }] }));
    const asked = intent.parameters.map(({ name }) => languages['en']?.prompts[name]?.prompts);
    assert.deepEqual(asked, [['which a?'], ['which b?']]);
  });

  it('reads an intent as the console gives out a single one, with those that follow it', async () => {
    const { archive } = await read({
      'agent.json': { language: 'en' },
      'intents/hi.json': bareIntent('hi', {
        id: BOOK,
        userSays: [phrase('hi')],
        followUpIntents: [bareIntent('hi - yes', { userSays: [phrase('yes')] })],
        templates: ['hi'],
      }),
    });
    const yes = named(archive, 'hi - yes');
    assert.equal(yes.intent.parentFollowupIntentName, `intents/${BOOK}`);
    assert.equal(yes.languages['en']?.trainingPhrases.length, 1);
  });

  const forms: [
    what: string,
    json: JsonObject,
    of: (stored: StoredIntent & { intent: Intent }) => unknown,
    expected: unknown,
  ][] = [
    ['texts for truth values', bareIntent('x', { auto: 'false' }), ({ intent }) => intent.mlDisabled, true],
    [
      'a text for a priority',
      bareIntent('x', { priority: '250000' }),
      ({ intent }) => intent.priority,
      250_000,
    ],
    ['a priority of 0', bareIntent('x', { priority: 0 }), ({ intent }) => intent.priority, 500_000],
    ['a priority below 0', bareIntent('x', { priority: -1 }), ({ intent }) => intent.priority, -1],
    ['no response', { name: 'x' }, ({ intent }) => intent.action, ''],
    ['null', { name: 'x', events: null, responses: null }, ({ intent }) => intent.events, []],
    ['events that are texts', bareIntent('x', { events: ['GO'] }), ({ intent }) => intent.events, ['GO']],
    [
      'a context without a lifespan',
      bareIntent('x', { responses: [{ affectedContexts: [{ name: 'a' }] }] }),
      ({ intent }) => intent.outputContexts[0]?.lifespanCount,
      5,
    ],
    [
      'a prompt that is a text',
      bareIntent('x', { responses: [{ parameters: [{ id: BOOK, name: 'a', prompts: ['which?'] }] }] }),
      ({ languages }) => languages['en']?.prompts[BOOK]?.prompts,
      ['which?'],
    ],
  ];
  for (const [what, json, of, expected] of forms) {
    it(`reads ${what}`, async () => assert.deepEqual(of(await readIntent(json)), expected));
  }

  it('takes files that a Mac leaves for none, and finds the agent in a folder', async () => {
    const inFolder = Object.fromEntries(
      Object.entries(boats()).map(([path, json]) => [`my boats/${path}`, json]),
    );
    const { archive, report } = await read({
      '__MACOSX/my boats/._agent.json': Buffer.from([0, 5, 22, 7]),
      '__MACOSX/my boats/intents/._None.json': Buffer.from([0, 5, 22, 7]),
      'my boats/.DS_Store': Buffer.from([0]),
      'my boats/intents/.DS_Store': Buffer.from([0]),
      ...inFolder,
    });
    assert.equal(archive.intents.length, 3);
    assert.deepEqual(report.dropped, []);
  });

  it('reads files with a byte order mark', async () => {
    const json = Buffer.from(`\uFEFF${JSON.stringify({ language: 'de' })}`);
    const { archive } = await read({ 'agent.json': json });
    assert.equal(archive.agent.agent?.defaultLanguageCode, 'de');
  });

  it('reads an export without agent.json, and says so', async () => {
    const { 'agent.json': _agent, ...rest } = boats();
    const { archive, report } = await read(rest);
    assert.equal(archive.agent.agent?.defaultLanguageCode, 'en');
    assert.match(report.warnings[0] ?? '', /^agent\.json is missing/u);
  });

  it('takes the language of most phrases for that of an agent that says none, and says so', async () => {
    const { archive, report } = await read({
      'agent.json': {},
      'intents/a.json': bareIntent('a'),
      'intents/a_usersays_pt-br.json': [phrase('olá')],
    });
    assert.equal(archive.agent.agent?.defaultLanguageCode, 'pt-br');
    assert.deepEqual(report.warnings, ['agent.json says no language: it is taken for pt-br']);
  });

  it('tells an intent that is called like a file of phrases from one', async () => {
    const { archive } = await read({
      'agent.json': { language: 'en' },
      'intents/a.json': bareIntent('a'),
      'intents/a_usersays_en.json': bareIntent('a_usersays_en'),
      'intents/a_usersays_en_usersays_en.json': [phrase('hello')],
    });
    assert.equal(named(archive, 'a_usersays_en').languages['en']?.trainingPhrases.length, 1);
    assert.equal(named(archive, 'a').languages['en'], undefined);
  });

  it('says what it does not read', async () => {
    const { report } = await read({ ...boats(), 'fulfillment/index.js': Buffer.from('x'), 'notes.json': {} });
    assert.deepEqual(report.dropped, [
      'files that are no part of an agent: fulfillment/index.js, notes.json',
    ]);
  });
});

describe('readAgentArchive(), of what is broken', () => {
  const agent = { 'agent.json': { language: 'en' } };
  const broken = (text: string): Uint8Array => Buffer.from(text);
  const refusals: [what: string, files: Files, problems: readonly string[]][] = [
    [
      'JSON that stops',
      { ...agent, 'intents/a.json': broken('{\n  "name": "a",\n') },
      ['intents/a.json: is not JSON: it ends in the middle of something, at line 3, column 1'],
    ],
    [
      'JSON that is none',
      { ...agent, 'intents/a.json': broken('{\n  "name": "a",,\n}') },
      ['intents/a.json: is not JSON: "," is not expected at line 2, column 15'],
    ],
    ['an empty file', { ...agent, 'intents/a.json': broken(' \n') }, ['intents/a.json: is empty']],
    [
      'what is not UTF-8',
      { ...agent, 'intents/a.json': Buffer.from([0xff, 0xfe, 0x7b, 0]) },
      ['intents/a.json: is not text in UTF-8'],
    ],
    [
      'all that is wrong at once',
      {
        'agent.json': { language: ['en'] },
        'intents/a.json': {
          name: 'a',
          responses: [{ parameters: [{ name: 'p' }, { name: { x: 1 } }] }],
          events: 7,
        },
        'entities/e.json': broken('['),
      },
      [
        'agent.json: language is a list, not a text',
        'intents/a.json: responses[0].parameters[1].name is an object, not a text',
        'intents/a.json: events is 7, not a list',
        'entities/e.json: is not JSON: it ends in the middle of something, at line 1, column 2',
      ],
    ],
    [
      'a list for an intent',
      { ...agent, 'intents/a.json': [] },
      ['intents/a.json: is a list, not an object'],
    ],
    [
      'phrases without their intent',
      { ...agent, 'intents/a_usersays_en.json': [phrase('x')] },
      ['intents/a_usersays_en.json: belongs to intents/a.json, which is missing'],
    ],
    [
      'entries without their entity type',
      { ...agent, 'entities/a_entries_en.json': [] },
      ['entities/a_entries_en.json: belongs to entities/a.json, which is missing'],
    ],
    [
      'an intent without a name',
      { ...agent, 'intents/a.json': { id: BOOK } },
      ['intents/a.json: has no name'],
    ],
    [
      'two intents of one name',
      { ...agent, 'intents/a.json': bareIntent('a'), 'intents/b.json': bareIntent('a') },
      ['intents/b.json: has the name of intents/a.json: "a"'],
    ],
    [
      'two intents of one id',
      {
        ...agent,
        'intents/a.json': bareIntent('a', { id: BOOK }),
        'intents/b.json': bareIntent('b', { id: BOOK }),
      },
      [`intents/b.json: has the id of intents/a.json: ${BOOK}`],
    ],
    [
      'two entity types of one name',
      { ...agent, 'entities/a.json': { name: 'a' }, 'entities/b.json': { name: 'a' } },
      ['entities/b.json: has the name of entities/a.json: "a"'],
    ],
    [
      'a number that fits into no message',
      { ...agent, 'intents/a.json': bareIntent('a', { priority: 3e9 }) },
      ['intents/a.json: priority is 3000000000, not a whole number of 32 bits'],
    ],
    [
      'a number that is none',
      { ...agent, 'intents/a.json': broken('{"name":"a","priority":1e999}') },
      ['intents/a.json: has a number that is too large'],
    ],
    [
      'what is nested without end',
      { ...agent, 'intents/a.json': broken(`{"name":"a","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`) },
      ['intents/a.json: is nested deeper than 20 levels'],
    ],
    [
      'keys that are no keys',
      { ...agent, 'intents/a.json': broken('{"name":"a","__proto__":{"auto":false}}') },
      ['intents/a.json: has a key that cannot be kept'],
    ],
    [
      'what is no agent',
      { 'readme.md': broken('hello') },
      ['this is no export of an agent: there is neither agent.json nor intents nor entities in it'],
    ],
    [
      'two agents',
      { 'a/agent.json': {}, 'b/agent.json': {} },
      ['there are several agents in it, in a/ and b/: give one of them'],
    ],
  ];
  for (const [what, files, problems] of refusals) {
    it(`refuses ${what}`, async () => assert.deepEqual(await problemsOf(files), problems));
  }

  it('names the first of several problems and how many more there are', async () => {
    await assert.rejects(read({ ...agent, 'intents/a.json': broken('{'), 'intents/b.json': broken('{') }), {
      name: 'ArchiveError',
      message: /^intents\/a\.json: is not JSON: .* \(and 1 more\)$/u,
    });
  });

  it('tells of many problems up to a bound', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [`intents/${index}.json`, broken('{')] as const),
    );
    const problems = await problemsOf({ ...agent, ...many });
    assert.equal(problems.length, 101);
    assert.equal(problems.at(-1), '... and 50 more like these');
  });

  it('keeps line ends and control characters of names out of its lines', async () => {
    const problems = await problemsOf({ ...agent, 'intents/a\n\u001b[31m.json': broken('{') });
    assert.match(problems[0] ?? '', /^intents\/a \[31m\.json: is not JSON/u);
  });

  it('reads halves of characters as what is unreadable', async () => {
    const { archive } = await read({ ...agent, 'intents/a.json': broken('{"name":"a\\ud800"}') });
    assert.equal(archive.intents[0]?.intent?.displayName, 'a\uFFFD');
  });
});

describe('readAgentArchive(), of what refers to nothing', () => {
  const intents = (...jsons: JsonObject[]): Record<string, JsonValue> =>
    Object.fromEntries(jsons.map((json) => [`intents/${String(json['name'])}.json`, json]));
  const agent = { 'agent.json': { language: 'en' } };
  const warnings: [what: string, files: Files, warnings: readonly string[]][] = [
    [
      'entity types of parameters and phrases that are missing',
      intents(
        bareIntent('a', {
          responses: [{ parameters: [{ name: 'p', dataType: '@nothing', value: '$p' }] }],
          userSays: [phrase(['x', 'p', '@nowhere']), phrase(['y', 'p', '@nowhere'])],
        }),
      ),
      [
        'intent "a": parameter "p" is of the entity type @nothing, which is missing',
        'intent "a": phrases have values of the entity type @nowhere, which is missing',
      ],
    ],
    [
      'values without a type, without a name and of no parameter',
      intents(
        bareIntent('a', {
          userSays: [phrase(['x', 'p', '']), phrase(['y', '', '@sys.date']), phrase(['z', 'q', '@sys.date'])],
        }),
      ),
      [
        'intent "a": 1 value in phrases without the name of a parameter',
        'intent "a": 1 value in phrases without an entity type',
        'intent "a": phrases have values of the parameter "q", which is missing',
      ],
    ],
    [
      'parameters that no value or question leads to',
      intents(
        bareIntent('a', {
          responses: [
            { parameters: [{ name: 'p', required: true, dataType: '@sys.any', value: '$q.original' }] },
          ],
        }),
      ),
      [
        'intent "a": parameter "p" takes $q.original, and there is no such parameter',
        'intent "a": parameter "p" is required, and nothing asks for it',
      ],
    ],
    [
      'parents that are missing',
      intents(bareIntent('a', { parentId: BOOK, rootParentId: BOOK })),
      [`intent "a" follows one that is missing: ${BOOK}`],
    ],
    [
      'intents that follow themselves',
      intents(bareIntent('a', { id: BOOK, parentId: BOOK })),
      ['intent "a" follows itself: it is taken for one that follows none'],
    ],
    [
      'intents that follow each other, and not what hangs on them',
      intents(
        bareIntent('a', { id: BOOK, parentId: BOOK_YES }),
        bareIntent('b', { id: BOOK_YES, parentId: BOOK }),
        bareIntent('c', { id: FALLBACK, parentId: BOOK }),
      ),
      [
        'intent "a" follows itself: it is taken for one that follows none',
        'intent "b" follows itself: it is taken for one that follows none',
      ],
    ],
    [
      'entity types that consist of each other',
      {
        'entities/a.json': { name: 'a', isEnum: true, entries: [{ value: '@b:b' }] },
        'entities/b.json': { name: 'b', isEnum: true, entries: [{ value: '@sys.date @a:a' }] },
        'entities/c.json': { name: 'c', isEnum: true, entries: [{ value: '@a:a' }] },
      },
      ['entity types that consist of each other: @a, @b'],
    ],
    [
      'entries that refer to nothing, and entity types without any',
      {
        'entities/a.json': { name: 'a', isEnum: true, entries: [{ value: '@sys.date to @nothing:x' }] },
        'entities/b.json': { name: 'b' },
      },
      ['entity type "a" refers to @nothing, which is missing', 'entity type "b" has no entries'],
    ],
    [
      'languages that the agent does not speak',
      { ...intents(bareIntent('a')), 'intents/a_usersays_it.json': [phrase('ciao')] },
      ['the agent does not speak it, and parts of it do'],
    ],
    [
      'several responses',
      intents({ name: 'a', responses: [{ action: 'one' }, { action: 'two' }] }),
      ['intent "a" has 2 responses, of which the first is used'],
    ],
  ];
  for (const [what, files, expected] of warnings) {
    it(`warns of ${what}`, async () => {
      const { report } = await read({ ...agent, ...files });
      assert.deepEqual(report.warnings, expected);
    });
  }

  it('warns of settings that cannot be meant', async () => {
    const { report } = await read({
      'agent.json': { language: 'en', mlMinConfidence: 30, defaultTimezone: 'Moon/Luna' },
    });
    assert.deepEqual(report.warnings, [
      'mlMinConfidence is 30, which is not between 0 and 1: 0.3 is taken',
      'the time zone Moon/Luna is not known',
    ]);
  });

  it('cuts circles of follow-ups alone', async () => {
    const { archive } = await read({
      ...agent,
      ...intents(
        bareIntent('a', { id: BOOK, parentId: BOOK_YES }),
        bareIntent('b', { id: BOOK_YES, parentId: BOOK }),
        bareIntent('c', { id: FALLBACK, parentId: BOOK }),
      ),
    });
    const parents = archive.intents.map(({ intent }) => intent?.parentFollowupIntentName);
    assert.deepEqual(parents, ['', '', `intents/${BOOK}`]);
  });
});
