import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Administration, Development, ReplyModels } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import {
  type AnalyzeContentResponse,
  AnswerRecords,
  ConversationProfiles,
  Conversations,
  AnswerFeedback_CorrectnessLevel as Correctness,
  Documents,
  SuggestionFeature_Type as Feature,
  Generators,
  KnowledgeBases,
  Participants,
  Participant_Role as Role,
  StreamingAnalyzeContentRequestSchema,
  type StreamingAnalyzeContentResponse,
  StreamingAnalyzeContentResponseSchema,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { openAgentScene } from './agent-scene.ts';
import {
  answersOf,
  article,
  feature,
  HOURS,
  kindOf,
  kindsOf,
  listRecords,
  OPEN,
  openDesk,
  openShop,
  recordsOf,
  sitDown,
} from './assist-scene.ts';
import { createBase, createDocument, faq } from './cases/knowledge-scene.ts';
import { holdTalks, reached } from './cases/reply-scene.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  failure,
  finished,
  ingest,
  listMessages,
  located,
  message,
  namesOf,
  refused,
  say,
  setFeature,
} from './cases/scene.ts';
import { newProject } from './target.ts';
import { pathOf, type Wire } from './wires.ts';

const scene = openAgentScene('--dev', '--retention', '2d');
const { method: asked } = Participants;
const { getAnswerRecord, listAnswerRecords, updateAnswerRecord } = AnswerRecords.method;
const { generateSuggestions, searchKnowledge, suggestConversationSummary } = Conversations.method;
const { ARTICLE_SUGGESTION, FAQ, KNOWLEDGE_ASSIST, KNOWLEDGE_SEARCH, SMART_REPLY } = Feature;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const invalid = (...fields: string[]) => ({ code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields });
const DAY = 86_400n;
const LAMPS = 'Do you sell lamp number?';

const advance = (wire: Wire, project: string, seconds: bigint) =>
  wire.call(Development.method.advanceClock, { name: `projects/${project}/clock`, duration: { seconds } });

type Ask = (
  wire: Wire,
  request: { parent: string; latestMessage?: string; contextSize?: number },
) => Promise<{ latestMessage: string; contextSize: number }>;

const WISHES: readonly { name: string; type: Feature; standard: number; most: number; ask: Ask }[] = [
  {
    name: 'SuggestFaqAnswers',
    type: FAQ,
    standard: 20,
    most: 50,
    ask: (wire, request) => wire.call(asked.suggestFaqAnswers, request),
  },
  {
    name: 'SuggestArticles',
    type: ARTICLE_SUGGESTION,
    standard: 20,
    most: 50,
    ask: (wire, request) => wire.call(asked.suggestArticles, request),
  },
  {
    name: 'SuggestKnowledgeAssist',
    type: KNOWLEDGE_ASSIST,
    standard: 100,
    most: 100,
    ask: (wire, request) => wire.call(asked.suggestKnowledgeAssist, request),
  },
];

for (const wire of scene.wires) {
  describe(`the assist stage over ${wire.name}: what comes with a message`, () => messageCases(wire));
  describe(`the assist stage over ${wire.name}: how much of it`, () => limitCases(wire));
  describe(`the assist stage over ${wire.name}: what is asked for`, () => wishCases(wire));
  describe(`the assist stage over ${wire.name}: which conversation`, () => contextCases(wire));
  describe(`the assist stage over ${wire.name}: answer records`, () => recordCases(wire));
  describe(`the assist stage over ${wire.name}: searches and generators`, () => searchCases(wire));
}

function messageCases(wire: Wire): void {
  it('has one result for each feature, in the order of the profile, for both sides', async () => {
    const { parent, base } = await openShop(wire);
    const side = (...types: Feature[]) => ({ featureConfigs: types.map((type) => feature(type, base)) });
    const { customer, agent } = await openDesk(
      wire,
      parent,
      side(Feature.DIALOGFLOW_ASSIST, FAQ, KNOWLEDGE_SEARCH, SMART_REPLY, ARTICLE_SUGGESTION),
      side(ARTICLE_SUGGESTION, FAQ),
    );
    for (const speaker of [customer, agent]) {
      const said = await say(wire, speaker, HOURS);
      assert.deepEqual(kindsOf(said), [
        'UNIMPLEMENTED',
        'suggestFaqAnswersResponse',
        'nothing',
        'FAILED_PRECONDITION',
        'suggestArticlesResponse',
      ]);
      const forUser = said.endUserSuggestionResults.map(kindOf);
      assert.deepEqual(forUser, ['suggestArticlesResponse', 'suggestFaqAnswersResponse']);
    }
  });

  it('has no results where the profile has no features, and an error for one of no known type', async () => {
    const { parent, base } = await openShop(wire);
    const none = await openDesk(wire, parent, {});
    const said = await say(wire, none.customer, HOURS);
    assert.deepEqual([said.humanAgentSuggestionResults, said.endUserSuggestionResults], [[], []]);
    const odd = await openDesk(wire, parent, {
      featureConfigs: [{}, feature(99 as Feature, base), feature(FAQ, base)],
    });
    const kinds = kindsOf(await say(wire, odd.customer, HOURS));
    assert.deepEqual(kinds, ['UNIMPLEMENTED', 'UNIMPLEMENTED', 'suggestFaqAnswersResponse']);
  });

  it('is triggered by whom and by what the profile says', async () => {
    const { parent, base } = await openShop(wire);
    await createDocument(wire, base, article('Hours', 'The shop is open from nine to five.', {}));
    const { customer, agent } = await openDesk(wire, parent, {
      featureConfigs: [
        feature(ARTICLE_SUGGESTION, base, {
          suggestionTriggerSettings: { noSmallTalk: true, onlyEndUser: true },
        }),
      ],
    });
    assert.deepEqual(await titles(say(wire, customer, HOURS)), ['Hours']);
    assert.deepEqual(await titles(say(wire, customer, 'hello')), []);
    assert.deepEqual(await titles(say(wire, agent, HOURS)), []);
  });

  it('is said again to who repeats a request, also at the same time', async () => {
    const { parent, base } = await openShop(wire);
    const { customer, conversation } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    const again = () => say(wire, customer, HOURS, { requestId: 'once' });
    const [first, ...others] = await Promise.all([again(), again(), again(), again()]);
    assert.ok(first);
    for (const reply of [...others, await again()]) assert.deepEqual(reply, first);
    assert.equal((await listMessages(wire, conversation)).length, 1);
    assert.deepEqual(namesOf(await listRecords(wire, parent)), recordsOf(answersOf(first)));
  });

  it('names things in the form in which its caller does', async () => {
    const { parent, base } = await openShop(wire);
    const { customer } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    const [answer] = answersOf(await say(wire, located(customer), HOURS));
    assert.match(answer?.answerRecord ?? '', /^projects\/[^/]+\/locations\/global\/answerRecords\/[^/]+$/u);
    assert.match(answer?.source ?? '', /^projects\/[^/]+\/locations\/global\/knowledgeBases\//u);
  });

  it('keeps to the profile as it was, and to the knowledge as it is', async () => {
    const { parent, base, document } = await openShop(wire);
    const { customer, profile } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    await finished(wire, (await setFeature(wire, profile, 7, ARTICLE_SUGGESTION)).name);
    assert.deepEqual(kindsOf(await say(wire, customer, HOURS)), ['suggestFaqAnswersResponse']);
    await wire.call(ConversationProfiles.method.deleteConversationProfile, { name: profile });
    assert.equal(answersOf(await say(wire, customer, HOURS))[0]?.answer, OPEN);

    const parking = faq('Are there parking lots?,Behind the house.\n', { displayName: 'more' });
    const { name: added } = await createDocument(wire, base, parking);
    assert.equal(answersOf(await say(wire, customer, 'where are parking lots?'))[0]?.source, added);
    for (const name of [document, added]) {
      const deleting = await wire.call(Documents.method.deleteDocument, { name });
      await finished(wire, deleting.name);
    }
    assert.deepEqual(answersOf(await say(wire, customer, HOURS)), []);
    await wire.call(KnowledgeBases.method.deleteKnowledgeBase, { name: base });
    assert.deepEqual(kindsOf(await say(wire, customer, HOURS)), ['FAILED_PRECONDITION']);
  });

  it('is nothing of what another project knows', async () => {
    const { base } = await openShop(wire);
    const other = `projects/${newProject()}`;
    const types = [FAQ, ARTICLE_SUGGESTION, KNOWLEDGE_ASSIST];
    const featureConfigs = types.map((type) => feature(type, base));
    const { customer } = await openDesk(wire, other, { featureConfigs });
    const kinds = kindsOf(await say(wire, customer, HOURS));
    assert.deepEqual(
      kinds,
      types.map(() => 'FAILED_PRECONDITION'),
    );
  });

  it('has the articles that the call wants, else those that the participant may be shown', async () => {
    const { parent, base } = await openShop(wire);
    for (const [market, from] of [
      ['CH', 'Berne'],
      ['FR', 'Lyon'],
    ] as const) {
      await createDocument(
        wire,
        base,
        article(market, `Lamps are shipped from ${from}.`, { market, user: 'a' }),
      );
    }
    const { customer, agent } = await openDesk(wire, parent, {
      featureConfigs: [feature(ARTICLE_SUGGESTION, base)],
    });
    const wanted = (documentsMetadataFilters: Record<string, string>) =>
      titles(
        say(wire, customer, 'how are lamps shipped?', { assistQueryParams: { documentsMetadataFilters } }),
      );
    assert.deepEqual(await wanted({}), ['CH', 'FR']);
    assert.deepEqual(await wanted({ market: 'CH' }), ['CH']);
    assert.deepEqual(await wanted({ market: 'CH,FR', user: 'a' }), ['CH', 'FR']);
    assert.deepEqual(await wanted({ market: 'CH', user: 'b' }), []);
    await wire.call(asked.updateParticipant, {
      participant: { name: agent, documentsMetadataFilters: { market: 'FR' } },
      updateMask: { paths: ['documents_metadata_filters'] },
    });
    assert.deepEqual(await wanted({}), ['FR']);
    assert.deepEqual(await wanted({ market: 'CH' }), ['CH']);
  });

  it('is replies, once a model of them is trained', async () => {
    const { parent, base } = await openShop(wire);
    await holdTalks(wire, parent, 9);
    const name = `${parent}/replyModel`;
    const training = await wire.call(ReplyModels.method.trainReplyModel, { name });
    await reached(wire, training.name, ({ done }) => done);
    const { customer, agent } = await openDesk(wire, parent, {
      featureConfigs: [feature(SMART_REPLY, base)],
    });
    const {
      humanAgentSuggestionResults: [result],
    } = await say(wire, customer, 'I forgot my password');
    assert.ok(result?.suggestionResponse.case === 'suggestSmartRepliesResponse', result && kindOf(result));
    const [reply] = result.suggestionResponse.value.smartReplyAnswers;
    assert.equal(reply?.reply, 'Shall I send you a link?');
    await wire.call(getAnswerRecord, { name: reply.answerRecord });
    const { smartReplyAnswers } = await wire.call(asked.suggestSmartReplies, { parent: agent });
    assert.equal(smartReplyAnswers[0]?.reply, reply.reply);
    for (const contextSize of [51, -1]) {
      await refused(
        wire.call(asked.suggestSmartReplies, { parent: agent, contextSize }),
        invalid('context_size'),
      );
    }
  });
}

/** The titles of the articles in the first result. */
async function titles(reply: Promise<AnalyzeContentResponse>): Promise<string[]> {
  const [result] = (await reply).humanAgentSuggestionResults;
  assert.ok(result?.suggestionResponse.case === 'suggestArticlesResponse', result && kindOf(result));
  return result.suggestionResponse.value.articleAnswers.map(({ title }) => title).toSorted();
}

function limitCases(wire: Wire): void {
  for (const [maxResults, count] of [
    [-1, 10],
    [0, 10],
    [1, 1],
    [20, 20],
    [21, 20],
  ] as const) {
    it(`has ${count} answers with max_results ${maxResults}, the surest first`, async () => {
      const { parent, base } = await openShop(wire, 30);
      const { customer } = await openDesk(wire, parent, {
        featureConfigs: [feature(FAQ, base, { queryConfig: { maxResults } })],
      });
      const answers = answersOf(await say(wire, customer, LAMPS));
      assert.equal(answers.length, count);
      assert.equal(new Set(recordsOf(answers)).size, count);
      const confidences = answers.map(({ confidence }) => confidence);
      assert.deepEqual(
        confidences,
        confidences.toSorted((one, other) => other - one),
      );
    });
  }

  it('has what is exactly at the threshold, and nothing below', async () => {
    const { parent, base } = await openShop(wire);
    const text = 'when do you open';
    const answersAt = async (confidenceThreshold: number) => {
      const featureConfigs = [feature(FAQ, base, { queryConfig: { confidenceThreshold } })];
      const { customer } = await openDesk(wire, parent, { featureConfigs });
      return answersOf(await say(wire, customer, text));
    };
    const [best] = await answersAt(0);
    assert.ok(best !== undefined && best.confidence < 1);
    assert.deepEqual(
      (await answersAt(best.confidence)).map(({ question }) => question),
      [best.question],
    );
    assert.deepEqual(await answersAt(best.confidence + 0.001), []);
    assert.deepEqual(await answersAt(1), []);
  });

  it('is in two results, each as it says, where a feature is there twice', async () => {
    const { parent, base } = await openShop(wire);
    const featureConfigs = [feature(FAQ, base), feature(FAQ, base, { queryConfig: { maxResults: 1 } })];
    const { customer } = await openDesk(wire, parent, { featureConfigs });
    const said = await say(wire, customer, LAMPS);
    const [first, second] = said.humanAgentSuggestionResults;
    assert.ok(first && second);
    const counts = [first, second].map((each) => answersOf({ humanAgentSuggestionResults: [each] }).length);
    assert.deepEqual(counts, [4, 1]);
    assert.equal((await listRecords(wire, parent)).length, 5);
  });
}

function wishCases(wire: Wire): void {
  for (const { name, type, standard, most, ask } of WISHES) {
    it(`${name} counts ${standard} messages, ${most} at most`, async () => {
      const { parent, base } = await openShop(wire);
      const desk = await openDesk(wire, parent, { featureConfigs: [feature(type, base)] });
      const of = (more: object = {}) => ask(wire, { parent: desk.agent, ...more });
      const empty = await of();
      assert.deepEqual([empty.contextSize, empty.latestMessage], [0, '']);
      const batch = Array.from({ length: 120 }, (_, at) => message(desk.customer, at, `thing ${at}`));
      await ingest(wire, desk.conversation, batch);
      const all = await listMessages(wire, desk.conversation);
      for (const [contextSize, want] of [
        [0, standard],
        [1, 1],
        [most, most],
      ]) {
        const got = await of({ contextSize });
        assert.deepEqual([got.contextSize, got.latestMessage], [want, all[0]?.name]);
      }
      for (const contextSize of [most + 1, -1, 2_147_483_647, -2_147_483_648]) {
        await refused(of({ contextSize }), invalid('context_size'));
      }
      const early = await of({ latestMessage: all.at(-3)?.name });
      assert.deepEqual([early.contextSize, early.latestMessage], [3, all.at(-3)?.name]);
    });
  }

  it('compiles from 20 messages for sizes below one, and from 50 at most', async () => {
    const { parent, base } = await openShop(wire);
    const { conversation, customer, agent } = await openDesk(wire, parent, {
      featureConfigs: [feature(FAQ, base)],
    });
    await ingest(
      wire,
      conversation,
      Array.from({ length: 60 }, (_, at) => message(customer, at)),
    );
    for (const [contextSize, want] of [
      [0, 20],
      [-2_147_483_648, 20],
      [7, 7],
      [2_147_483_647, 50],
    ] as const) {
      const compiled = await wire.call(asked.compileSuggestion, { parent: agent, contextSize });
      assert.equal(compiled.contextSize, want, String(contextSize));
    }
  });

  it('goes up to a message, however it is named, and refuses what is none of the conversation', async () => {
    const { parent, base } = await openShop(wire);
    const featureConfigs = [feature(FAQ, base)];
    const { conversation, customer, agent, profile } = await openDesk(wire, parent, { featureConfigs });
    await ingest(wire, conversation, [
      { ...message(customer, 0, 'Do you sell lamp number 2?'), name: `${conversation}/messages/my-own-1` },
      message(customer, 1, 'Do you sell lamp number 1?'),
      message(customer, 2, HOURS),
    ]);
    const [newest, second, first] = await listMessages(wire, conversation);
    const ask = (latestMessage = '') => wire.call(asked.suggestFaqAnswers, { parent: agent, latestMessage });
    assert.equal((await ask()).latestMessage, newest?.name);
    for (const [name = '', answer, contextSize] of [
      [first?.name, 'Yes: 2.', 1],
      [`${conversation}/messages/my-own-1`, 'Yes: 2.', 1],
      [located(first?.name ?? ''), 'Yes: 2.', 1],
      [second?.name, 'Yes: 1.', 2],
      [newest?.name, OPEN, 3],
    ] as const) {
      const got = await ask(name);
      assert.deepEqual([got.faqAnswers[0]?.answer, got.contextSize], [answer, contextSize], name);
    }
    const other = await sitDown(wire, parent, profile);
    const { message: foreign } = await say(wire, other.customer, HOURS);
    await refused(ask(foreign?.name), invalid('latest_message'));
    for (const bad of [
      'nonsense',
      conversation,
      `${conversation}/messages/a/b`,
      customer,
      'x'.repeat(5000),
    ]) {
      assert.equal((await failure(ask(bad))).code, Code.INVALID_ARGUMENT, bad.slice(0, 80));
    }
    for (const absent of ['none', '0-0', '9999999999999999-999999999', '%00']) {
      await refused(ask(`${conversation}/messages/${absent}`), notFound);
    }
  });

  it('is for those who are helped, in their own conversation', async () => {
    const { parent, base } = await openShop(wire);
    const { customer, agent } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    const unconfigured = { code: Code.FAILED_PRECONDITION, reason: 'FEATURE_NOT_CONFIGURED' };
    await refused(wire.call(asked.suggestFaqAnswers, { parent: customer }), unconfigured);
    await refused(wire.call(asked.suggestArticles, { parent: agent }), unconfigured);
    const other = await createTalk(wire, parent);
    const stranger = `${other.conversation}/participants/${agent.split('/').at(-1)}`;
    await refused(wire.call(asked.suggestFaqAnswers, { parent: stranger }), notFound);
  });
}

function contextCases(wire: Wire): void {
  it('is helped with in the assist stage by itself, and on demand until it is purged', async () => {
    const { parent, base, project } = await openShop(wire);
    const { name: profile } = await createProfile(wire, parent, {
      automatedAgentConfig: { agent: `${parent}/locations/global/agent/environments/-` },
      humanAgentAssistantConfig: { humanAgentSuggestionConfig: { featureConfigs: [feature(FAQ, base)] } },
    });
    const { conversation, customer, agent } = await sitDown(wire, parent, profile);
    for (const speaker of [customer, agent]) assert.deepEqual(kindsOf(await say(wire, speaker, HOURS)), []);
    const ask = () => wire.call(asked.suggestFaqAnswers, { parent: agent });
    assert.equal((await ask()).faqAnswers[0]?.answer, OPEN);
    await completeConversation(wire, conversation);
    assert.equal((await ask()).faqAnswers[0]?.answer, OPEN);
    assert.notDeepEqual(await listRecords(wire, parent), []);
    await advance(wire, project, 3n * DAY);
    await refused(ask(), notFound);
    assert.deepEqual(await listRecords(wire, parent), []);
  });

  for (const [contextFilterSettings, answer] of [
    [{}, 'Yes: 2.'],
    [{ dropHandoffMessages: true }, OPEN],
    [{ dropVirtualAgentMessages: true }, 'Yes: 2.'],
  ] as const) {
    it(`is heard as of the hand-off with ${JSON.stringify(contextFilterSettings)}`, async () => {
      const { parent, base } = await openShop(wire);
      const handoff = 'A human: do you sell lamp number 2?';
      scene.webhook.on(handoff, { fulfillmentText: 'One moment', liveAgentHandoff: true });
      const featureConfigs = [feature(FAQ, base, { queryConfig: { contextFilterSettings } })];
      const { name: profile } = await createProfile(wire, parent, {
        automatedAgentConfig: { agent: `${parent}/locations/global/agent/environments/-` },
        humanAgentAssistantConfig: { humanAgentSuggestionConfig: { featureConfigs } },
      });
      const { customer, agent } = await sitDown(wire, parent, profile);
      for (const text of [HOURS, handoff]) assert.deepEqual(kindsOf(await say(wire, customer, text)), []);
      const { faqAnswers } = await wire.call(asked.suggestFaqAnswers, { parent: agent });
      assert.equal(faqAnswers[0]?.answer, answer);
      const said = await say(wire, customer, 'Do you sell lamp number 1?');
      assert.equal(answersOf(said)[0]?.answer, 'Yes: 1.');
    });
  }

  it('has records of its own, however many others are helped with at once', async () => {
    const { parent, base } = await openShop(wire);
    const { profile } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    const desks = await Promise.all(Array.from({ length: 8 }, () => sitDown(wire, parent, profile)));
    const said = await Promise.all(desks.map(({ customer }) => say(wire, customer, HOURS)));
    for (const [index, { conversation }] of desks.entries()) {
      const reply = said[index];
      const filter = `conversation_id = "${conversation.split('/').at(-1)}"`;
      const listed = await listRecords(wire, parent, filter);
      assert.deepEqual(namesOf(listed), recordsOf(reply ? answersOf(reply) : []));
    }
  });

  it('loses nothing of 200 messages at once', async () => {
    const { parent, base } = await openShop(wire);
    const { conversation, customer, agent } = await openDesk(wire, parent, {
      featureConfigs: [feature(FAQ, base)],
    });
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, at) => say(wire, at % 2 ? customer : agent, `${HOURS} ${at}`)),
    );
    const shown = replies.flatMap((reply) => recordsOf(answersOf(reply)));
    assert.ok(shown.length >= 200);
    assert.deepEqual(namesOf(await listRecords(wire, parent)).toSorted(), shown.toSorted());
    const texts = (await listMessages(wire, conversation)).map(({ content }) => content);
    assert.equal(new Set(texts).size, 200);
  });

  it('leaves no record when it is completed, helped with and purged at once', async () => {
    const { parent, base, project } = await openShop(wire);
    const { profile } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    const desks = await Promise.all(Array.from({ length: 10 }, () => sitDown(wire, parent, profile)));
    await Promise.all(desks.map(({ customer }) => say(wire, customer, HOURS)));
    await Promise.all(desks.map(({ conversation }) => completeConversation(wire, conversation)));
    const ask = () =>
      desks.map(({ agent }) =>
        wire.call(asked.suggestFaqAnswers, { parent: agent }).then(
          () => 'answered',
          ({ reason }) => reason,
        ),
      );
    const [, ...outcomes] = await Promise.all([advance(wire, project, 3n * DAY), ...ask(), ...ask()]);
    for (const outcome of outcomes) assert.match(String(outcome), /^(?:answered|RESOURCE_NOT_FOUND)$/u);
    assert.deepEqual(await listRecords(wire, parent), []);
  });
}

function recordCases(wire: Wire): void {
  it('are paged, whatever comes in between', async () => {
    const { parent, base } = await openShop(wire, 30);
    const { customer } = await openDesk(wire, parent, {
      featureConfigs: [feature(FAQ, base, { queryConfig: { maxResults: 20 } })],
    });
    for (let at = 0; at < 2; at++) await say(wire, customer, LAMPS);
    const list = (more: object = {}) => wire.call(listAnswerRecords, { parent, ...more });
    assert.equal((await list()).answerRecords.length, 10);
    const page = await list({ pageSize: 7 });
    assert.equal(page.answerRecords.length, 7);
    await say(wire, customer, LAMPS);
    const rest = await list({ pageSize: 1000, pageToken: page.nextPageToken });
    assert.deepEqual([rest.answerRecords.length, rest.nextPageToken], [33, '']);
    assert.equal(new Set(namesOf([...page.answerRecords, ...rest.answerRecords])).size, 40);
    assert.equal((await list({ pageSize: 100 })).answerRecords.length, 60);
    const { nextPageToken: pageToken } = page;
    for (const more of [
      { pageSize: -1 },
      { pageToken: 'nonsense' },
      { pageToken, filter: 'conversation_id = a' },
      { pageToken, parent: 'projects/another' },
      { filter: 'conversation_id' },
      { filter: 'conversation_id = ' },
      { filter: 'conversation_id != a' },
      { filter: 'NOT conversation_id = a' },
      { filter: 'conversation_id = a AND conversation_id = b' },
      { filter: '(((' },
    ]) {
      assert.equal((await failure(list(more))).code, Code.INVALID_ARGUMENT, JSON.stringify(more));
    }
    for (const filter of ['conversation_id = nobody', 'conversationId="nobody"']) {
      assert.deepEqual((await list({ filter })).answerRecords, [], filter);
    }
  });

  it('are as many in a page as fit into a reply, however large they are', async () => {
    const { parent, base } = await openShop(wire, 8);
    const { customer, conversation } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    await say(wire, customer, LAMPS);
    const all = namesOf(await listRecords(wire, parent));
    assert.ok(all.length > 5, 'more than one reply holds');
    const summaryText = 'x'.repeat(900_000);
    const value = { summarizationFeedback: { summaryText } };
    const answerFeedback = { detailFeedback: { case: 'agentAssistantDetailFeedback', value } } as const;
    for (const name of all) await wire.call(updateAnswerRecord, { answerRecord: { name, answerFeedback } });
    for (const filter of ['', `conversation_id = ${conversation.split('/').at(-1)}`]) {
      assert.deepEqual(namesOf(await listRecords(wire, parent, filter)), all);
    }
  });

  it('take feedback from several at once, and lose none', async () => {
    const { parent, base } = await openShop(wire);
    const { customer } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    const [{ answerRecord: name } = { answerRecord: '' }] = answersOf(await say(wire, customer, HOURS));
    const update = (answerFeedback: object, ...paths: string[]) =>
      wire.call(updateAnswerRecord, { answerRecord: { name, answerFeedback }, updateMask: { paths } });
    await Promise.all([
      update({ clicked: true }, 'answer_feedback.clicked'),
      update({ displayed: true }, 'answer_feedback.displayed'),
      update({ correctnessLevel: Correctness.FULLY_CORRECT }, 'answer_feedback.correctness_level'),
      update({ clickTime: { seconds: 5n } }, 'answer_feedback.click_time'),
      update({ displayTime: { seconds: 6n } }, 'answer_feedback.display_time'),
    ]);
    const { answerFeedback: told } = await wire.call(getAnswerRecord, { name });
    assert.deepEqual(
      [told?.clicked, told?.displayed, told?.correctnessLevel, told?.clickTime?.seconds],
      [true, true, Correctness.FULLY_CORRECT, 5n],
    );
    const { features } = await wire.call(Administration.method.reportSuggestions, { parent });
    const counts = features.map((each) => [each.feature, each.clickedCount, each.fullyCorrectCount]);
    assert.deepEqual(counts, [['FAQ', 1n, 1n]]);
    await update({}, 'answer_feedback');
    assert.equal((await wire.call(getAnswerRecord, { name })).answerFeedback?.clicked ?? false, false);
    assert.equal((await update({ displayed: true }, '*')).answerFeedback?.displayed, true);
    for (const path of [
      'name',
      'agent_assistant_record',
      'agent_assistant_record.faq_answer',
      'answer_feedback.nothing',
      'nothing',
      'answer_feedback.clicked.more',
    ]) {
      assert.equal((await failure(update({ clicked: true }, path))).code, Code.INVALID_ARGUMENT, path);
    }
    const { record } = await wire.call(getAnswerRecord, { name });
    assert.ok(record.value?.answer.case === 'faqAnswer');
    assert.equal(record.value.answer.value.answer, OPEN);
  });

  it('are found by any form of their name, in their project and location alone', async () => {
    const { parent, base } = await openShop(wire);
    const { customer } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    const [{ answerRecord } = { answerRecord: '' }] = answersOf(await say(wire, customer, HOURS));
    const get = (name: string) => wire.call(getAnswerRecord, { name });
    assert.equal((await get(located(answerRecord))).name, located(answerRecord));
    const id = answerRecord.split('/').at(-1);
    await get(`${parent}/locations/us/answerRecords/${id}`);
    await refused(get(`projects/another/answerRecords/${id}`), notFound);
    await refused(get(`${parent}/locations/europe-west1/answerRecords/${id}`), notFound);
  });

  it('go with a reset of the project, and come back with its snapshot', async () => {
    const { parent, base, project } = await openShop(wire);
    const { customer, agent, conversation } = await openDesk(wire, parent, {
      featureConfigs: [feature(FAQ, base, { enableEventBasedSuggestion: true })],
    });
    await say(wire, customer, HOURS);
    const before = await listRecords(wire, parent);
    assert.equal(before.length, 1);
    const snapshot = await wire.call(Development.method.createSnapshot, { parent, snapshotId: 'shop' });
    await wire.call(Development.method.resetProject, { name: parent });
    await refused(wire.call(getAnswerRecord, { name: before[0]?.name ?? '' }), notFound);
    assert.deepEqual(await listRecords(wire, parent), []);
    await wire.call(Development.method.restoreSnapshot, { name: snapshot.name });
    assert.deepEqual(await listRecords(wire, parent), before);
    assert.equal((await wire.call(asked.listSuggestions, { parent: agent })).suggestions.length, 1);
    assert.equal(answersOf(await say(wire, customer, HOURS))[0]?.answer, OPEN);
    await completeConversation(wire, conversation);
    await advance(wire, project, 3n * DAY);
    assert.deepEqual(await listRecords(wire, parent), []);
  });
}

function searchCases(wire: Wire): void {
  it('find in their own project, and up to a message that is there', async () => {
    const { parent, base } = await openShop(wire);
    const { profile, conversation, customer } = await openDesk(wire, parent, {
      featureConfigs: [feature(KNOWLEDGE_SEARCH, base, { queryConfig: { maxResults: 1 } })],
    });
    const { message: said } = await say(wire, customer, 'hello');
    const search = (more: object = {}) =>
      wire.call(searchKnowledge, {
        parent,
        conversationProfile: profile,
        sessionId: 's',
        query: { text: HOURS, languageCode: 'en' },
        ...more,
      });
    const { answers } = await search({ conversation, latestMessage: said?.name });
    assert.deepEqual(
      answers.map(({ answer }) => answer),
      [OPEN],
    );
    const other = await createTalk(wire, parent);
    const { message: foreign } = await say(wire, other.participant, HOURS);
    await refused(search({ conversation, latestMessage: foreign?.name }), invalid('latest_message'));
    await refused(search({ conversation, latestMessage: `${conversation}/messages/none` }), notFound);
    await refused(search({ conversation: `${parent}/conversations/none` }), notFound);
    await refused(search({ latestMessage: said?.name }), invalid('latest_message'));
    await refused(
      search({ conversation: `${parent}/conversations/none`, query: { text: 'zzzz', languageCode: 'en' } }),
      notFound,
    );
    await refused(search({ parent: 'projects/another' }), invalid('conversation_profile'));
  });

  it('say of generators that there is no model, after what the features have to say', async () => {
    const { parent, base } = await openShop(wire);
    const create = (text: string) =>
      wire.call(Generators.method.createGenerator, {
        parent: `${parent}/locations/global`,
        generator: {
          triggerEvent: TriggerEvent.CUSTOMER_MESSAGE,
          context: { case: 'freeFormContext', value: { text } },
        },
      });
    const { name } = await create('Say what to do next.');
    const { customer, agent, conversation } = await openDesk(wire, parent, {
      featureConfigs: [feature(FAQ, base)],
      generators: [name],
    });
    const kinds = kindsOf(await say(wire, customer, HOURS));
    assert.deepEqual(kinds, ['suggestFaqAnswersResponse', 'FAILED_PRECONDITION']);
    assert.deepEqual(kindsOf(await say(wire, agent, HOURS)), ['suggestFaqAnswersResponse']);
    const unmodelled = { code: Code.FAILED_PRECONDITION, reason: 'GENERATION_NOT_CONFIGURED' };
    await refused(wire.call(generateSuggestions, { conversation }), unmodelled);
    assert.equal((await failure(create('x'.repeat(100_000)))).code, Code.INVALID_ARGUMENT);
  });

  it('have no summary of what was not said, nor of more than there may be', async () => {
    const { name: conversation } = await createConversation(wire, `projects/${newProject()}`);
    const empty = { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_EMPTY' };
    await refused(wire.call(suggestConversationSummary, { conversation }), empty);
    for (const contextSize of [1001, -1]) {
      await refused(
        wire.call(suggestConversationSummary, { conversation, contextSize }),
        invalid('context_size'),
      );
    }
  });
}

describe('the assist stage by StreamingAnalyzeContent', () => {
  it('suggests as AnalyzeContent does, and wants the same articles', async () => {
    const wire = scene.grpc;
    const parent = `projects/${newProject()}`;
    const { name: base } = await createBase(wire, parent);
    for (const market of ['CH', 'FR']) {
      await createDocument(wire, base, article(market, 'Lamps are shipped by train.', { market }));
    }
    const { customer } = await openDesk(wire, parent, {
      featureConfigs: [feature(ARTICLE_SUGGESTION, base), feature(FAQ, base)],
    });
    const stream = wire.openStream(pathOf(asked.streamingAnalyzeContent));
    const send = (frame: MessageInitShape<typeof StreamingAnalyzeContentRequestSchema>) => {
      const schema = StreamingAnalyzeContentRequestSchema;
      stream.write(toBinary(schema, create(schema, frame)));
    };
    send({
      participant: customer,
      config: { case: 'textConfig', value: { languageCode: 'en' } },
      assistQueryParams: { documentsMetadataFilters: { market: 'FR' } },
    });
    send({ input: { case: 'inputText', value: 'how are lamps shipped?' } });
    stream.end();
    const replies: StreamingAnalyzeContentResponse[] = [];
    for await (const bytes of stream) {
      replies.push(fromBinary(StreamingAnalyzeContentResponseSchema, bytes as Uint8Array));
    }
    const results = replies.flatMap(({ humanAgentSuggestionResults }) => humanAgentSuggestionResults);
    assert.deepEqual(results.map(kindOf), ['suggestArticlesResponse', 'suggestFaqAnswersResponse']);
    const [articles] = results;
    assert.ok(articles?.suggestionResponse.case === 'suggestArticlesResponse');
    const { articleAnswers } = articles.suggestionResponse.value;
    assert.deepEqual(
      articleAnswers.map(({ title }) => title),
      ['FR'],
    );
    assert.deepEqual(namesOf(await listRecords(wire, parent)), recordsOf(articleAnswers));
  });

  it('helps who sits down in the middle of a talk', async () => {
    const wire = scene.grpc;
    const { parent, base } = await openShop(wire);
    const { conversation, customer } = await openDesk(wire, parent, { featureConfigs: [feature(FAQ, base)] });
    await say(wire, customer, HOURS);
    const { name: late } = await createParticipant(wire, conversation, Role.HUMAN_AGENT);
    const { faqAnswers } = await wire.call(asked.suggestFaqAnswers, { parent: late });
    assert.equal(faqAnswers[0]?.answer, OPEN);
  });
});
