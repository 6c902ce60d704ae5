import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import { OutboxEventSchema } from '@parleykit/proto/stored';
import {
  type ConversationProfile,
  ConversationProfileSchema,
  ConversationSchema,
  HumanAgentAssistantConfig_SuggestionFeatureConfigSchema as FeatureConfigSchema,
  SuggestionFeature_Type as FeatureType,
  MessageSchema,
  ParticipantSchema,
  Participant_Role as Role,
  type HumanAgentAssistantConfig_SuggestionConfigSchema as SuggestionConfigSchema,
  SuggestionFeatureSchema,
  type SuggestionResult,
  SuggestionSchema,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { FakeClock } from '../clock.ts';
import { fieldInvalid } from '../errors.ts';
import { Notifications } from '../notification/notifications.ts';
import { parseResourceName } from '../resource-names.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import { type Store, StoreFailedError } from '../storage/store.ts';
import type { Answers, FeatureQuery, SuggestionFeature } from './feature.ts';
import { keptSuggestions, pendingSuggestions, type SuggestionResults } from './kept-suggestions.ts';
import { type SuggestionParts, Suggestions, wantsSuggestions } from './suggestions.ts';

const {
  ARTICLE_SUGGESTION,
  CONVERSATION_SUMMARIZATION,
  DIALOGFLOW_ASSIST,
  FAQ,
  KNOWLEDGE_ASSIST,
  SMART_REPLY,
} = FeatureType;
const conversation = parseResourceName(
  'name',
  'projects/p/locations/global/conversations/c',
  'conversations/*',
);
const customer = conversation.child('participants', 'customer');
const agent = conversation.child('participants', 'agent');

/** A feature that answers as it is told, and remembers what it was asked. */
class Scripted implements SuggestionFeature {
  readonly context = { size: 3, max: 5 };
  readonly asked: FeatureQuery[] = [];
  readonly response: SuggestionFeature['response'];
  readonly isSlow: boolean;
  readonly #answer: (query: FeatureQuery, signal: AbortSignal) => Promise<Answers>;

  constructor(
    response: SuggestionFeature['response'],
    answer: (query: FeatureQuery, signal: AbortSignal) => Promise<Answers>,
    isSlow = false,
  ) {
    this.response = response;
    this.#answer = answer;
    this.isSlow = isSlow;
  }

  suggest(query: FeatureQuery, signal: AbortSignal): Promise<Answers> {
    this.asked.push(query);
    return this.#answer(query, signal);
  }
}

const faq = (...answers: string[]) =>
  new Scripted('suggestFaqAnswersResponse', async () => ({
    case: 'suggestFaqAnswersResponse',
    value: { faqAnswers: answers.map((answer) => ({ answer })) },
  }));
const replies = (...texts: string[]) =>
  new Scripted('suggestSmartRepliesResponse', async () => ({
    case: 'suggestSmartRepliesResponse',
    value: { smartReplyAnswers: texts.map((reply) => ({ reply })) },
  }));

function config(type: FeatureType, more: MessageInitShape<typeof FeatureConfigSchema> = {}) {
  const made = create(FeatureConfigSchema, more);
  made.suggestionFeature = create(SuggestionFeatureSchema, { type });
  return made;
}

function profileWith(
  humanAgentSuggestionConfig: MessageInitShape<typeof SuggestionConfigSchema>,
  more: { topic?: string; endUser?: MessageInitShape<typeof SuggestionConfigSchema> } = {},
): ConversationProfile {
  return create(ConversationProfileSchema, {
    humanAgentAssistantConfig: {
      humanAgentSuggestionConfig,
      ...(more.endUser && { endUserSuggestionConfig: more.endUser }),
      ...(more.topic && { notificationConfig: { topic: more.topic } }),
    },
  });
}

function caseOf({ suggestionResponse: { case: name, value } }: SuggestionResult): string | undefined {
  return name === 'error' ? `error ${Code[value.code]}` : name;
}

describe('Suggestions', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let logged: unknown[];
  let open: Suggestions[];
  let generate: SuggestionParts['generate'];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-suggestions-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    logged = [];
    open = [];
    generate = async () => assert.fail('no generator is asked for');
    await store.commit({
      partition: conversation.key,
      put: [
        {
          name: conversation.key,
          state: 1,
          holdsMessages: true,
          body: toBinary(ConversationSchema, create(ConversationSchema)),
        },
        participantRow(customer.key, Role.END_USER),
        participantRow(agent.key, Role.HUMAN_AGENT, { market: 'US,CA' }),
      ],
    });
  });

  afterEach(async () => {
    for (const each of open) await each.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function participantRow(name: string, role: Role, documentsMetadataFilters: Record<string, string> = {}) {
    const participant = create(ParticipantSchema, { role, documentsMetadataFilters });
    return { name, state: role, body: toBinary(ParticipantSchema, participant) };
  }

  async function say(content: string, participantRole = Role.END_USER): Promise<string> {
    const body = toBinary(MessageSchema, create(MessageSchema, { content, participantRole }));
    const { appended } = await store.commit({
      partition: conversation.key,
      append: [[{ participant: 'customer', body }]],
    });
    const message = appended[0]?.[0];
    return `${message?.createTime}-${message?.position}`;
  }

  function openWith(
    features: readonly (readonly [FeatureType, SuggestionFeature])[],
    stored: Store = store,
  ): Suggestions {
    const log = { info: () => undefined, error: (event: string) => logged.push(event) };
    const notifications = new Notifications(store, clock, log, { enabled: true, batches: true });
    const suggestions = new Suggestions({
      store: stored,
      clock,
      log,
      features: new Map(features),
      generate: (...asked) => generate(...asked),
      tell: (...told) => notifications.suggestions(...told),
    });
    open.push(suggestions);
    return suggestions;
  }

  /** The store, but for one thing that it cannot do. */
  function failing(what: keyof Store): Store {
    return new Proxy(store, {
      get: (target, key) =>
        key === what
          ? () => Promise.reject(new StoreFailedError('the disk is gone'))
          : Reflect.get(target, key).bind(target),
    });
  }

  function help(
    suggestions: Suggestions,
    profile: ConversationProfile,
    message: string,
    more: { role?: Role; kept?: string } = {},
  ): Promise<SuggestionResults> {
    const { role = Role.END_USER, kept } = more;
    const speaker = role === Role.END_USER ? customer : agent;
    return suggestions.forMessage({ conversation, profile, speaker, role, references: {}, message, kept });
  }

  async function toldEvents() {
    const filed = await store.listEvents(0, 100);
    return filed.map(({ data }) => fromBinary(OutboxEventSchema, data));
  }

  it('has one result for each feature config, in their order, for each side', async () => {
    const suggestions = openWith([
      [FAQ, faq('one', 'two')],
      [SMART_REPLY, replies('yes')],
    ]);
    const all = [SMART_REPLY, CONVERSATION_SUMMARIZATION, FAQ, DIALOGFLOW_ASSIST].map((type) => config(type));
    const profile = profileWith({ featureConfigs: all }, { endUser: { featureConfigs: [config(FAQ)] } });
    const { humanAgent, endUser } = await help(suggestions, profile, await say('where is it?'));
    assert.deepEqual(humanAgent.map(caseOf), [
      'suggestSmartRepliesResponse',
      undefined,
      'suggestFaqAnswersResponse',
      'error UNIMPLEMENTED',
    ]);
    assert.deepEqual(endUser.map(caseOf), ['suggestFaqAnswersResponse']);
  });

  it('names the message, the size of the context and the record of every answer', async () => {
    const feature = faq('one', 'two');
    const suggestions = openWith([[FAQ, feature]]);
    for (const text of ['a', 'b', 'c', 'd']) await say(text);
    const message = await say('e', Role.HUMAN_AGENT);
    await say('later');
    const { humanAgent } = await help(suggestions, profileWith({ featureConfigs: [config(FAQ)] }), message);
    const response = humanAgent[0]?.suggestionResponse;
    assert.ok(response?.case === 'suggestFaqAnswersResponse');
    const { latestMessage, contextSize, faqAnswers } = response.value;
    assert.equal(latestMessage, `${conversation}/messages/${message}`);
    assert.equal(contextSize, 3);
    assert.deepEqual(
      feature.asked[0]?.said.map(({ text, role }) => [text, role]),
      [
        ['c', Role.END_USER],
        ['d', Role.END_USER],
        ['e', Role.HUMAN_AGENT],
      ],
    );
    const names = faqAnswers.map(({ answerRecord }) => answerRecord);
    assert.equal(new Set(names).size, 2);
    for (const name of names) {
      assert.match(name, /^projects\/p\/locations\/global\/answerRecords\/\w+$/u);
      assert.notEqual(await store.get(name.replace('/locations/global', '')), undefined);
    }
    const records = await store.list(`${conversation.key}/answerRecords`, 'id', { limit: 10, bytes: 10_000 });
    assert.deepEqual(
      records.items.map(({ state }) => state),
      [FAQ, FAQ],
    );
  });

  it('goes on with the others where one fails, and logs a fault', async () => {
    const suggestions = openWith([
      [
        FAQ,
        new Scripted('suggestFaqAnswersResponse', async () => {
          throw fieldInvalid('x', 'is wrong');
        }),
      ],
      [
        ARTICLE_SUGGESTION,
        new Scripted('suggestArticlesResponse', async () => {
          throw new TypeError('a fault of ours');
        }),
      ],
      [SMART_REPLY, replies('yes')],
    ]);
    const featureConfigs = [FAQ, ARTICLE_SUGGESTION, SMART_REPLY].map((type) => config(type));
    const { humanAgent } = await help(suggestions, profileWith({ featureConfigs }), await say('hm'));
    assert.deepEqual(humanAgent.map(caseOf), [
      'error INVALID_ARGUMENT',
      'error INTERNAL',
      'suggestSmartRepliesResponse',
    ]);
    assert.deepEqual(logged, ['suggestion failed']);
  });

  it('gives up a feature that does not come to an end, and says which', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    let aborted = false;
    const asked = Promise.withResolvers<void>();
    const feature = new Scripted('suggestFaqAnswersResponse', (_, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      asked.resolve();
      return new Promise(() => undefined);
    });
    const suggestions = openWith([
      [FAQ, feature],
      [SMART_REPLY, replies('yes')],
    ]);
    const profile = profileWith({ featureConfigs: [config(FAQ), config(SMART_REPLY)] });
    const results = help(suggestions, profile, await say('hm'));
    await asked.promise;
    test.mock.timers.tick(1_000);
    const { humanAgent } = await results;
    assert.deepEqual(humanAgent.map(caseOf), ['error DEADLINE_EXCEEDED', 'suggestSmartRepliesResponse']);
    assert.ok(aborted);
  });

  it('ends what is under way when it is closed, and files nothing of it', async () => {
    const asked = Promise.withResolvers<void>();
    const feature = new Scripted('suggestFaqAnswersResponse', () => {
      asked.resolve();
      return new Promise(() => undefined);
    });
    const suggestions = openWith([
      [FAQ, feature],
      [SMART_REPLY, replies('yes')],
    ]);
    const kept = keptSuggestions(customer, 'r');
    await store.commit({ partition: conversation.key, put: [pendingSuggestions(kept)] });
    const profile = profileWith({ featureConfigs: [config(FAQ), config(SMART_REPLY)] });
    const results = help(suggestions, profile, await say('hm'), { kept });
    await asked.promise;
    await suggestions.close();
    assert.deepEqual((await results).humanAgent.map(caseOf), ['error UNAVAILABLE', 'error UNAVAILABLE']);
    const { items } = await store.list(`${conversation.key}/answerRecords`, 'id', { limit: 9, bytes: 9_000 });
    assert.deepEqual(items, []);
    assert.equal(await suggestions.recall(kept), 'PENDING', 'who repeats the request has it done');
  });

  for (const { settings, text, role, isAsked } of [
    { settings: { noSmallTalk: true }, text: 'hello', role: Role.END_USER, isAsked: false },
    { settings: { noSmallTalk: true }, text: 'where is it?', role: Role.END_USER, isAsked: true },
    { settings: { onlyEndUser: true }, text: 'where is it?', role: Role.HUMAN_AGENT, isAsked: false },
    { settings: { onlyEndUser: true }, text: 'hello', role: Role.END_USER, isAsked: true },
  ]) {
    const what = `${JSON.stringify(settings)}: ${text} of ${Role[role]}`;
    it(`${isAsked ? 'asks' : 'does not ask'} by ${what}`, async () => {
      const feature = faq('one');
      const featureConfigs = [config(FAQ, { suggestionTriggerSettings: settings })];
      const message = await say(text, role);
      const { humanAgent } = await help(
        openWith([[FAQ, feature]]),
        profileWith({ featureConfigs }),
        message,
        { role },
      );
      assert.equal(feature.asked.length, isAsked ? 1 : 0);
      assert.deepEqual(humanAgent.map(caseOf), ['suggestFaqAnswersResponse'], 'empty, but there');
    });
  }

  for (const [event, role, isAsked] of [
    [TriggerEvent.TRIGGER_EVENT_UNSPECIFIED, Role.END_USER, true],
    [TriggerEvent.TRIGGER_EVENT_UNSPECIFIED, Role.HUMAN_AGENT, false],
    [TriggerEvent.CUSTOMER_MESSAGE, Role.HUMAN_AGENT, false],
    [TriggerEvent.AGENT_MESSAGE, Role.HUMAN_AGENT, true],
    [TriggerEvent.END_OF_UTTERANCE, Role.HUMAN_AGENT, true],
  ] as const) {
    it(`looks for knowledge on ${TriggerEvent[event]} by ${Role[role]}: ${isAsked}`, async () => {
      const feature = new Scripted('suggestKnowledgeAssistResponse', async () => ({
        case: 'suggestKnowledgeAssistResponse',
        value: {},
      }));
      const featureConfigs = [config(KNOWLEDGE_ASSIST, { suggestionTriggerEvent: event })];
      const message = await say('where?', role);
      await help(openWith([[KNOWLEDGE_ASSIST, feature]]), profileWith({ featureConfigs }), message, { role });
      assert.equal(feature.asked.length, isAsked ? 1 : 0);
    });
  }

  for (const [filter, texts] of [
    [{}, ['I need help', 'A colleague will help you', 'hi']],
    [{ dropHandoffMessages: true }, ['hi']],
    [{ dropVirtualAgentMessages: true }, ['I need help', 'hi']],
    [{ dropIvrMessages: true }, ['I need help', 'hi']],
  ] as const) {
    it(`lets count by ${JSON.stringify(filter)}: ${texts.join(' | ')}`, async () => {
      const feature = faq();
      await say('I need help');
      await say('A colleague will help you', Role.AUTOMATED_AGENT);
      const message = await say('hi');
      const featureConfigs = [config(FAQ, { queryConfig: { contextFilterSettings: filter } })];
      await help(openWith([[FAQ, feature]]), profileWith({ featureConfigs }), message);
      assert.deepEqual(
        feature.asked[0]?.said.map(({ text }) => text),
        [...texts],
      );
    });
  }

  it('gives articles the filters of the participant whom it helps', async () => {
    const feature = new Scripted('suggestArticlesResponse', async () => ({
      case: 'suggestArticlesResponse',
      value: {},
    }));
    const profile = profileWith({ featureConfigs: [config(ARTICLE_SUGGESTION)] });
    await help(openWith([[ARTICLE_SUGGESTION, feature]]), profile, await say('where?'));
    assert.deepEqual({ ...feature.asked[0]?.metadataFilters }, { market: 'US,CA' });
  });

  describe('tells of results', () => {
    const eventBased = { enableEventBasedSuggestion: true };
    const topic = 'projects/p/topics/t';
    const features = () =>
      [
        [FAQ, faq('one')],
        [
          ARTICLE_SUGGESTION,
          new Scripted('suggestArticlesResponse', async () => ({
            case: 'suggestArticlesResponse',
            value: {},
          })),
        ],
        [SMART_REPLY, replies('yes')],
      ] as const;
    const featureConfigs = [
      config(FAQ, eventBased),
      config(ARTICLE_SUGGESTION, eventBased),
      config(SMART_REPLY),
    ];

    it('one by one, those that are to be told of', async () => {
      await help(openWith(features()), profileWith({ featureConfigs }, { topic }), await say('where?'));
      const told = await toldEvents();
      assert.deepEqual(
        told.map(({ assistantEvent }) => assistantEvent?.suggestionResults.map(caseOf)),
        [['suggestFaqAnswersResponse'], ['suggestArticlesResponse']],
      );
      for (const { assistantEvent, topic: to } of told) {
        assert.equal(to, topic);
        assert.equal(assistantEvent?.conversation, 'projects/p/conversations/c');
        assert.equal(assistantEvent?.participant, 'projects/p/conversations/c/participants/agent');
      }
      const response = told[0]?.assistantEvent?.suggestionResults[0]?.suggestionResponse;
      assert.ok(response?.case === 'suggestFaqAnswersResponse');
      assert.match(response.value.faqAnswers[0]?.answerRecord ?? '', /answerRecords/u);
    });

    it('together, without the empty ones', async () => {
      const side = { featureConfigs, groupSuggestionResponses: true, skipEmptyEventBasedSuggestion: true };
      const twice = [
        [FAQ, faq('one')],
        [ARTICLE_SUGGESTION, replies('another')],
      ] as const;
      await help(openWith(twice), profileWith(side, { topic }), await say('where?'));
      await help(openWith(features()), profileWith(side, { topic }), await say('and?'));
      assert.deepEqual(
        (await toldEvents()).map(({ assistantEvent }) => assistantEvent?.suggestionResults.map(caseOf)),
        [['suggestFaqAnswersResponse', 'suggestSmartRepliesResponse'], ['suggestFaqAnswersResponse']],
      );
    });

    it('nobody where there is no topic; but ListSuggestions has it', async () => {
      await help(openWith(features()), profileWith({ featureConfigs }), await say('where?'));
      assert.deepEqual(await toldEvents(), []);
      const { items } = await store.list(`${agent.key}/suggestions`, 'ordering', {
        limit: 10,
        bytes: 10_000,
      });
      const [suggestion] = items.map(({ body }) => fromBinary(SuggestionSchema, body));
      assert.equal(items.length, 1);
      assert.deepEqual(
        suggestion?.faqAnswers.map(({ answer }) => answer),
        ['one'],
      );
      assert.match(suggestion?.faqAnswers[0]?.answerRecord ?? '', /answerRecords/u);
    });

    it('later, where the caller is not to wait for what is slow', async () => {
      const slow = Promise.withResolvers<Answers>();
      const feature = new Scripted('suggestKnowledgeAssistResponse', () => slow.promise, true);
      const suggestions = openWith([
        [KNOWLEDGE_ASSIST, feature],
        [SMART_REPLY, replies('yes')],
      ]);
      const side = {
        featureConfigs: [config(KNOWLEDGE_ASSIST, eventBased), config(SMART_REPLY)],
        disableHighLatencyFeaturesSyncDelivery: true,
      };
      const results = await help(suggestions, profileWith(side, { topic }), await say('where?'));
      assert.deepEqual(results.humanAgent.map(caseOf), ['suggestSmartRepliesResponse']);
      assert.deepEqual(await toldEvents(), []);
      const filed = new Promise<void>((resolve) => store.onEvents(() => resolve()));
      slow.resolve({
        case: 'suggestKnowledgeAssistResponse',
        value: { knowledgeAssistAnswer: { suggestedQuery: { queryText: 'where?' } } },
      });
      await filed;
      const [told] = await toldEvents();
      assert.deepEqual(told?.assistantEvent?.suggestionResults.map(caseOf), [
        'suggestKnowledgeAssistResponse',
      ]);
    });
  });

  it('does not ask for what would come later, and be told to nobody', async () => {
    const feature = new Scripted(
      'suggestKnowledgeAssistResponse',
      async () => ({ case: 'suggestKnowledgeAssistResponse', value: {} }),
      true,
    );
    const featureConfigs = [config(KNOWLEDGE_ASSIST)];
    const profile = profileWith({ featureConfigs, disableHighLatencyFeaturesSyncDelivery: true });
    const suggestions = openWith([[KNOWLEDGE_ASSIST, feature]]);
    assert.deepEqual(await help(suggestions, profile, await say('where?')), { humanAgent: [], endUser: [] });
    await suggestions.close();
    assert.deepEqual(feature.asked, []);
  });

  for (const [role, events] of [
    [Role.END_USER, [TriggerEvent.END_OF_UTTERANCE, TriggerEvent.CUSTOMER_MESSAGE]],
    [Role.HUMAN_AGENT, [TriggerEvent.END_OF_UTTERANCE, TriggerEvent.AGENT_MESSAGE]],
  ] as const) {
    it(`has generators speak last, those for a message of ${Role[role]}, and tells of it`, async () => {
      const names = ['projects/p/locations/global/generators/g'];
      const asked: unknown[] = [];
      generate = async ({ said, ...more }) => {
        asked.push({ events: more.events, names: more.names, said: said.map(({ text }) => text) });
        const suggestion = { case: 'freeFormSuggestion', value: { response: 'Say sorry' } } as const;
        return [{ generatorSuggestion: { suggestion }, sourceGenerator: names[0] ?? '' }];
      };
      const side = { featureConfigs: [config(FAQ)], generators: names };
      const profile = profileWith(side, { topic: 'projects/p/topics/t' });
      await say('before');
      const message = await say('it broke', role);
      const { humanAgent } = await help(openWith([[FAQ, faq('one')]]), profile, message, { role });
      assert.deepEqual(humanAgent.map(caseOf), ['suggestFaqAnswersResponse', 'generateSuggestionsResponse']);
      assert.deepEqual(asked, [{ events, names, said: ['before', 'it broke'] }]);
      const response = humanAgent[1]?.suggestionResponse;
      assert.ok(response?.case === 'generateSuggestionsResponse');
      assert.match(response.value.generatorSuggestionAnswers[0]?.answerRecord ?? '', /answerRecords/u);
      assert.equal(response.value.latestMessage, `${conversation}/messages/${message}`);
      const [told] = await toldEvents();
      assert.deepEqual(told?.assistantEvent?.suggestionResults.map(caseOf), ['generateSuggestionsResponse']);
    });
  }

  it('has no result of generators where none is for the message, and an error where one fails', async () => {
    const profile = profileWith({ generators: ['projects/p/locations/global/generators/g'] });
    generate = async () => [];
    const suggestions = openWith([]);
    assert.deepEqual((await help(suggestions, profile, await say('hm'))).humanAgent, []);
    generate = async () => {
      throw fieldInvalid('x', 'is wrong');
    };
    const { humanAgent } = await help(suggestions, profile, await say('hm'));
    assert.deepEqual(humanAgent.map(caseOf), ['error INVALID_ARGUMENT']);
  });

  it('keeps what it suggested for who asks the same again', async () => {
    const kept = keptSuggestions(customer, 'r/1');
    const suggestions = openWith([[FAQ, faq('one')]]);
    assert.equal(await suggestions.recall(kept), undefined);
    await store.commit({ partition: conversation.key, put: [pendingSuggestions(kept)] });
    assert.equal(await suggestions.recall(kept), 'PENDING');
    const profile = profileWith({ featureConfigs: [config(FAQ)] });
    const message = await say('where?');
    const results = await help(suggestions, profile, message, { kept });
    assert.deepEqual(await suggestions.recall(kept), results);
    assert.deepEqual(await help(suggestions, profile, message, { kept }), results, 'whoever comes second');
    const { items } = await store.list(`${conversation.key}/answerRecords`, 'id', { limit: 9, bytes: 9_000 });
    assert.equal(items.length, 1, 'one record, not two');
  });

  it('is asked once by all who wait for the same', async () => {
    const answer = Promise.withResolvers<Answers>();
    const feature = new Scripted('suggestFaqAnswersResponse', () => answer.promise);
    const suggestions = openWith([[FAQ, feature]]);
    const kept = keptSuggestions(customer, 'r');
    await store.commit({ partition: conversation.key, put: [pendingSuggestions(kept)] });
    const profile = profileWith({ featureConfigs: [config(FAQ)] });
    const message = await say('where?');
    const first = help(suggestions, profile, message, { kept });
    const second = help(suggestions, profile, message, { kept });
    answer.resolve({ case: 'suggestFaqAnswersResponse', value: { faqAnswers: [{ answer: 'here' }] } });
    assert.deepEqual(await second, await first);
    assert.equal(feature.asked.length, 1);
  });

  it('says UNAVAILABLE of articles where it cannot be read which of them may be shown', async () => {
    const message = await say('where?');
    const broken = failing('list');
    const articles = new Scripted('suggestArticlesResponse', async () => ({
      case: 'suggestArticlesResponse',
      value: { articleAnswers: [{ title: 'for others' }] },
    }));
    const suggestions = openWith(
      [
        [ARTICLE_SUGGESTION, articles],
        [FAQ, faq('one')],
      ],
      broken,
    );
    const profile = profileWith({ featureConfigs: [config(ARTICLE_SUGGESTION), config(FAQ)] });
    const { humanAgent } = await help(suggestions, profile, message);
    assert.deepEqual(humanAgent.map(caseOf), ['error UNAVAILABLE', 'suggestFaqAnswersResponse']);
    assert.equal(articles.asked.length, 0);
  });

  it('says UNAVAILABLE where its records cannot be stored', async () => {
    const message = await say('where?');
    const faulty = openWith([[FAQ, faq('one')]], failing('commit'));
    const { humanAgent } = await help(faulty, profileWith({ featureConfigs: [config(FAQ)] }), message);
    assert.deepEqual(humanAgent.map(caseOf), ['error UNAVAILABLE']);
  });
});

describe('wantsSuggestions()', () => {
  it('is about either side', () => {
    assert.equal(wantsSuggestions(create(ConversationProfileSchema)), false);
    assert.equal(wantsSuggestions(profileWith({ featureConfigs: [config(FAQ)] })), true);
    assert.equal(wantsSuggestions(profileWith({}, { endUser: { featureConfigs: [config(FAQ)] } })), true);
  });
});
