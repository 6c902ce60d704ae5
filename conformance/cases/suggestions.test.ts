import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Administration, Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import {
  AnswerRecords,
  Conversations,
  AnswerFeedback_CorrectnessLevel as Correctness,
  Documents,
  Document_KnowledgeType as DocumentType,
  type HumanAgentAssistantConfig_SuggestionFeatureConfigSchema as FeatureConfigSchema,
  SuggestionFeature_Type as FeatureType,
  KnowledgeBases,
  Participants,
  Participant_Role as Role,
  type SuggestionResult,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  finished,
  ingest,
  listMessages,
  message,
  openScene,
  refused,
  say,
} from './scene.ts';

const scene = openScene('--dev', '--retention', '2d');
const DAY = 86_400n;
const { method: asked } = Participants;
const { method: records } = AnswerRecords;
const {
  ARTICLE_SUGGESTION,
  CONVERSATION_SUMMARIZATION,
  FAQ,
  KNOWLEDGE_ASSIST,
  KNOWLEDGE_SEARCH,
  SMART_REPLY,
} = FeatureType;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

const QUESTIONS = `question,answer
How do I reset my password?,"Press ""Forgot password"" on the login page."
Where is my parcel?,The tracking page shows where your parcel is.
Can I return a lamp?,"Yes, within 30 days."
`;
const SHIPPING = `Shipping of lamps. Parcels leave our warehouse within two days, and a courier brings them to your door. Large chandeliers come by freight and need somebody at home.`;

interface Knowledge {
  readonly base: string;
  readonly faq: string;
  readonly article: string;
}

async function createDocument(
  wire: Wire,
  parent: string,
  document: {
    displayName: string;
    mimeType: string;
    type: DocumentType;
    text: string;
    metadata?: Record<string, string>;
  },
): Promise<string> {
  const { displayName, mimeType, type, text, metadata = {} } = document;
  const started = await wire.call(Documents.method.createDocument, {
    parent,
    document: {
      displayName,
      mimeType,
      knowledgeTypes: [type],
      source: { case: 'rawContent', value: Buffer.from(text) },
      metadata,
    },
  });
  const { result } = await finished(wire, started.name);
  assert.equal(result.case, 'response', JSON.stringify(result));
  const { documents } = await wire.call(Documents.method.listDocuments, { parent, pageSize: 100 });
  const found = documents.find((each) => each.displayName === displayName);
  assert.ok(found);
  return found.name;
}

async function createKnowledge(wire: Wire, project: string): Promise<Knowledge> {
  const { name: base } = await wire.call(KnowledgeBases.method.createKnowledgeBase, {
    parent: `projects/${project}`,
    knowledgeBase: { displayName: 'lamps' },
  });
  const faq = await createDocument(wire, base, {
    displayName: 'questions',
    mimeType: 'text/csv',
    type: DocumentType.FAQ,
    text: QUESTIONS,
  });
  const article = await createDocument(wire, base, {
    displayName: 'Shipping',
    mimeType: 'text/plain',
    type: DocumentType.ARTICLE_SUGGESTION,
    text: SHIPPING,
    metadata: { market: 'US' },
  });
  return { base, faq, article };
}

type FeatureInit = MessageInitShape<typeof FeatureConfigSchema>;

function featureOf(
  type: FeatureType,
  base: string,
  more: Omit<FeatureInit, 'suggestionFeature'> = {},
): FeatureInit {
  return {
    suggestionFeature: { type },
    queryConfig: { querySource: { case: 'knowledgeBaseQuerySource', value: { knowledgeBases: [base] } } },
    ...more,
  } as FeatureInit;
}

interface Desk {
  readonly conversation: string;
  readonly customer: string;
  readonly agent: string;
}

async function openDesk(
  wire: Wire,
  project: string,
  featureConfigs: FeatureInit[],
  more: { readonly metadataFilters?: Record<string, string> } = {},
): Promise<Desk> {
  const { name: conversationProfile } = await createProfile(wire, `projects/${project}`, {
    humanAgentAssistantConfig: { humanAgentSuggestionConfig: { featureConfigs } },
  });
  const { name: conversation } = await createConversation(wire, `projects/${project}`, {
    conversationProfile,
  });
  const { name: customer } = await createParticipant(wire, conversation, Role.END_USER);
  const { name: agent } = await wire.call(asked.createParticipant, {
    parent: conversation,
    participant: { role: Role.HUMAN_AGENT, documentsMetadataFilters: more.metadataFilters ?? {} },
  });
  return { conversation, customer, agent };
}

function caseOf({ suggestionResponse: { case: name, value } }: SuggestionResult): string | undefined {
  return name === 'error' ? `error ${Code[value.code]}: ${value.message}` : name;
}

function faqOf(result: SuggestionResult | undefined) {
  assert.ok(result?.suggestionResponse.case === 'suggestFaqAnswersResponse', result && caseOf(result));
  return result.suggestionResponse.value;
}

for (const wire of scene.wires) {
  describe(`suggestions over ${wire.name}`, () => {
    it('come with a message, in the order of the profile, and each has its record', async () => {
      const project = newProject();
      const { base, faq } = await createKnowledge(wire, project);
      const features = [ARTICLE_SUGGESTION, CONVERSATION_SUMMARIZATION, FAQ].map((type) =>
        featureOf(type, base),
      );
      const { customer, conversation } = await openDesk(wire, project, features);
      const { message: said, humanAgentSuggestionResults: results } = await say(
        wire,
        customer,
        'Where is my parcel now?',
      );
      assert.equal(results.length, 3);
      assert.ok(
        results[0]?.suggestionResponse.case === 'suggestArticlesResponse',
        caseOf(results[0] as never),
      );
      const { articleAnswers } = results[0].suggestionResponse.value;
      assert.equal(articleAnswers[0]?.title, 'Shipping');
      assert.ok(articleAnswers[0]?.snippets.some((snippet) => snippet.includes('courier')));
      assert.equal(results[1]?.suggestionResponse.case, undefined, 'a summary never comes with a message');
      const answer = faqOf(results[2]);
      assert.equal(answer.latestMessage, said?.name);
      assert.equal(answer.contextSize, 1);
      const [first] = answer.faqAnswers;
      assert.equal(first?.question, 'Where is my parcel?');
      assert.equal(first?.answer, 'The tracking page shows where your parcel is.');
      assert.equal(first?.source, faq);
      assert.ok(first.confidence > 0 && first.confidence <= 1);
      const record = await wire.call(records.getAnswerRecord, { name: first.answerRecord });
      assert.ok(record.record.case === 'agentAssistantRecord');
      assert.ok(record.record.value.answer.case === 'faqAnswer');
      assert.equal(record.record.value.answer.value.answer, first.answer);
      const id = conversation.split('/').at(-1);
      const listed = await wire.call(records.listAnswerRecords, {
        parent: `projects/${project}`,
        filter: `conversation_id = ${id}`,
        pageSize: 100,
      });
      const shown = [...articleAnswers, ...answer.faqAnswers].map(({ answerRecord }) => answerRecord);
      assert.deepEqual(listed.answerRecords.map(({ name }) => name).toSorted(), shown.toSorted());
    });

    it('honour the number of results, the threshold and the filters of documents', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const source = { case: 'knowledgeBaseQuerySource', value: { knowledgeBases: [base] } } as const;
      const features = [
        featureOf(FAQ, base, { queryConfig: { querySource: source, maxResults: 1 } } as never),
        featureOf(ARTICLE_SUGGESTION, base),
      ];
      const { customer, agent } = await openDesk(wire, project, features, {
        metadataFilters: { market: 'CA' },
      });
      const { humanAgentSuggestionResults: results } = await say(
        wire,
        customer,
        'Can I return a lamp or parcel?',
      );
      assert.equal(faqOf(results[0]).faqAnswers.length, 1);
      assert.deepEqual(results[1]?.suggestionResponse.value, {
        ...results[1]?.suggestionResponse.value,
        articleAnswers: [],
      });
      const filtered = (market: string) =>
        wire.call(asked.suggestArticles, {
          parent: agent,
          assistQueryParams: { documentsMetadataFilters: { market } },
        });
      assert.equal((await filtered('CA,US')).articleAnswers.length, 1);
      assert.equal((await filtered('CA')).articleAnswers.length, 0);
      const strict = await openDesk(wire, project, [
        featureOf(FAQ, base, { queryConfig: { querySource: source, confidenceThreshold: 1 } } as never),
      ]);
      const { humanAgentSuggestionResults } = await say(wire, strict.customer, 'something about lamps maybe');
      assert.deepEqual(faqOf(humanAgentSuggestionResults[0]).faqAnswers, []);
    });

    it('say what is wrong with a feature, and help with the others', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const nowhere = `projects/${project}/knowledgeBases/nowhere`;
      const { customer } = await openDesk(wire, project, [
        featureOf(ARTICLE_SUGGESTION, nowhere),
        { suggestionFeature: { type: SMART_REPLY } },
        featureOf(FAQ, base),
      ]);
      const { message: said, humanAgentSuggestionResults: results } = await say(
        wire,
        customer,
        'Where is my parcel?',
      );
      assert.notEqual(said?.name, '');
      assert.match(caseOf(results[0] as SuggestionResult) ?? '', /^error FAILED_PRECONDITION: .*nowhere/u);
      assert.match(
        caseOf(results[1] as SuggestionResult) ?? '',
        /^error FAILED_PRECONDITION: .*reply model/u,
      );
      assert.equal(faqOf(results[2]).faqAnswers[0]?.question, 'Where is my parcel?');
    });

    it('are the same for the same request', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const { customer } = await openDesk(wire, project, [featureOf(FAQ, base)]);
      const requestId = 'once';
      const first = await say(wire, customer, 'Where is my parcel?', { requestId });
      assert.deepEqual(await say(wire, customer, 'Where is my parcel?', { requestId }), first);
      const { answerRecords } = await wire.call(records.listAnswerRecords, { parent: `projects/${project}` });
      assert.equal(answerRecords.length, faqOf(first.humanAgentSuggestionResults[0]).faqAnswers.length);
    });

    it('do not come in the automated agent stage, nor for messages of a batch', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const { conversation, customer, agent } = await openDesk(wire, project, [featureOf(FAQ, base)]);
      await ingest(wire, conversation, [message(customer, 0, 'Where is my parcel?')]);
      const parent = `projects/${project}`;
      assert.deepEqual((await wire.call(records.listAnswerRecords, { parent })).answerRecords, []);
      const answered = await wire.call(asked.suggestFaqAnswers, { parent: agent });
      assert.equal(answered.faqAnswers[0]?.question, 'Where is my parcel?');
    });
  });

  describe(`suggestions that are asked for over ${wire.name}`, () => {
    it('count up to the message that is named, and as many as asked for', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const { conversation, customer, agent } = await openDesk(wire, project, [featureOf(FAQ, base)]);
      for (const text of ['How do I reset my password?', 'Where is my parcel?', 'Can I return a lamp?']) {
        await say(wire, customer, text);
      }
      const [, second, first] = await listMessages(wire, conversation);
      const ask = (more: object) => wire.call(asked.suggestFaqAnswers, { parent: agent, ...more });
      const newest = await ask({});
      assert.equal(newest.faqAnswers[0]?.answer, 'Yes, within 30 days.');
      assert.equal(newest.contextSize, 3);
      const earlier = await ask({ latestMessage: second?.name, contextSize: 1 });
      assert.equal(earlier.faqAnswers[0]?.question, 'Where is my parcel?');
      assert.deepEqual([earlier.latestMessage, earlier.contextSize], [second?.name, 1]);
      const compiled = await wire.call(asked.compileSuggestion, {
        parent: agent,
        latestMessage: first?.name ?? '',
      });
      assert.equal(compiled.suggestion?.faqAnswers[0]?.question, 'How do I reset my password?');
      assert.deepEqual([compiled.latestMessage, compiled.contextSize], [first?.name, 1]);
    });

    it('are refused for what cannot be', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const { customer, agent } = await openDesk(wire, project, [featureOf(FAQ, base)]);
      await say(wire, customer, 'Where is my parcel?');
      const other = await createTalk(wire, `projects/${project}`);
      await ingest(wire, other.conversation, [message(other.participant, 0)]);
      const [foreign] = await listMessages(wire, other.conversation);
      const ask = (more: object) => wire.call(asked.suggestFaqAnswers, { parent: agent, ...more });
      const invalid = (field: string) => ({
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: [field],
      });
      await refused(ask({ latestMessage: foreign?.name }), invalid('latest_message'));
      await refused(ask({ contextSize: 51 }), invalid('context_size'));
      await refused(ask({ contextSize: -1 }), invalid('context_size'));
      const conversation = agent.slice(0, agent.indexOf('/participants'));
      await refused(ask({ latestMessage: `${conversation}/messages/123-4` }), notFound);
      await refused(ask({ parent: `${conversation}/participants/nobody` }), notFound);
      const unconfigured = { code: Code.FAILED_PRECONDITION, reason: 'FEATURE_NOT_CONFIGURED' };
      await refused(wire.call(asked.suggestArticles, { parent: agent }), unconfigured);
      await refused(wire.call(asked.suggestSmartReplies, { parent: agent }), unconfigured);
      await refused(wire.call(asked.suggestKnowledgeAssist, { parent: agent }), unconfigured);
      await refused(ask({ parent: customer }), unconfigured);
    });

    it('have nothing to say where nothing was said', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const { agent } = await openDesk(wire, project, [featureOf(FAQ, base)]);
      const { faqAnswers, contextSize, latestMessage } = await wire.call(asked.suggestFaqAnswers, {
        parent: agent,
      });
      assert.deepEqual([faqAnswers, contextSize, latestMessage], [[], 0, '']);
    });

    it('are listed for whom they came by themselves, the latest first', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const { customer, agent } = await openDesk(wire, project, [
        featureOf(FAQ, base, { enableEventBasedSuggestion: true }),
      ]);
      await say(wire, customer, 'Where is my parcel?');
      await say(wire, customer, 'Can I return a lamp?');
      const list = (more: object = {}) => wire.call(asked.listSuggestions, { parent: agent, ...more });
      const { suggestions } = await list();
      assert.deepEqual(
        suggestions.map(({ faqAnswers }) => faqAnswers[0]?.question),
        ['Can I return a lamp?', 'Where is my parcel?'],
      );
      assert.ok(suggestions.every(({ name }) => name.startsWith(`${agent}/suggestions/`)));
      const page = await list({ pageSize: 1 });
      assert.deepEqual(page.suggestions, suggestions.slice(0, 1));
      const rest = await list({ pageSize: 1, pageToken: page.nextPageToken });
      assert.deepEqual(rest.suggestions, suggestions.slice(1));
      assert.equal(rest.nextPageToken, '');
      const micros = ({ seconds, nanos }: { seconds: bigint; nanos: number }) =>
        seconds * 1_000_000n + BigInt(nanos / 1000);
      const [last] = suggestions;
      assert.ok(last?.createTime);
      const since = await list({ filter: `create_time_epoch_microseconds >= ${micros(last.createTime)}` });
      assert.deepEqual(since.suggestions, [last]);
    });
  });

  describe(`knowledge over ${wire.name}`, () => {
    it('suggests a question, and what the documents answer to it', async () => {
      const project = newProject();
      const { base } = await createKnowledge(wire, project);
      const { customer, agent } = await openDesk(wire, project, [featureOf(KNOWLEDGE_ASSIST, base)]);
      const { humanAgentSuggestionResults: results } = await say(wire, customer, 'so where is my parcel?');
      assert.ok(
        results[0]?.suggestionResponse.case === 'suggestKnowledgeAssistResponse',
        caseOf(results[0] as never),
      );
      const { knowledgeAssistAnswer: answer } = results[0].suggestionResponse.value;
      assert.equal(answer?.suggestedQuery?.queryText, 'Where is my parcel?');
      assert.match(answer?.suggestedQueryAnswer?.answerText ?? '', /tracking page/u);
      assert.notEqual(answer?.answerRecord, '');
      const again = await wire.call(asked.suggestKnowledgeAssist, {
        parent: agent,
        previousSuggestedQuery: 'where is my parcel',
      });
      assert.equal(again.knowledgeAssistAnswer, undefined, 'not what was suggested before');
    });

    it('is searched, with records where a conversation is named', async () => {
      const project = newProject();
      const parent = `projects/${project}`;
      const { base } = await createKnowledge(wire, project);
      const { name: conversationProfile } = await createProfile(wire, parent, {
        humanAgentAssistantConfig: {
          humanAgentSuggestionConfig: { featureConfigs: [featureOf(KNOWLEDGE_SEARCH, base)] },
        },
      });
      const { name: conversation } = await createConversation(wire, parent, { conversationProfile });
      const search = (text: string, more: object = {}) =>
        wire.call(Conversations.method.searchKnowledge, {
          parent,
          conversationProfile,
          sessionId: 'session',
          query: { text, languageCode: 'en' },
          ...more,
        });
      const { answers } = await search('reset password');
      assert.match(answers[0]?.answer ?? '', /Forgot password/u);
      assert.equal(answers[0]?.answerRecord, '');
      const recorded = await search('reset password', { conversation });
      assert.match(recorded.answers[0]?.answerRecord ?? '', /answerRecords/u);
      await refused(search('zzzz qqqq'), { code: Code.NOT_FOUND, reason: 'ANSWER_NOT_FOUND' });
      const invalid = (field: string) => ({
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: [field],
      });
      await refused(search('reset', { sessionId: 'x'.repeat(37) }), invalid('session_id'));
      await refused(search('   '), invalid('query.text'));
      await refused(
        search('reset', { conversationProfile: `${parent}/conversationProfiles/none` }),
        notFound,
      );
      const { name: plain } = await createProfile(wire, parent);
      await refused(search('reset', { conversationProfile: plain }), {
        code: Code.FAILED_PRECONDITION,
        reason: 'FEATURE_NOT_CONFIGURED',
      });
    });
  });

  describe(`answer records over ${wire.name}`, () => {
    async function suggest(project: string) {
      const { base } = await createKnowledge(wire, project);
      const desk = await openDesk(wire, project, [featureOf(FAQ, base)]);
      const { humanAgentSuggestionResults: results } = await say(wire, desk.customer, 'Where is my parcel?');
      return { ...desk, name: faqOf(results[0]).faqAnswers[0]?.answerRecord ?? '' };
    }

    it('are told what became of them, and are counted', async () => {
      const project = newProject();
      const { name } = await suggest(project);
      const clickTime = timestampFromMs(1_700_000_000_000);
      const update = (answerFeedback: object, paths?: string[]) =>
        wire.call(records.updateAnswerRecord, {
          answerRecord: { name, answerFeedback },
          ...(paths && { updateMask: { paths } }),
        });
      const clicked = await update({ clicked: true, clickTime }, [
        'answer_feedback.clicked',
        'answer_feedback.click_time',
      ]);
      assert.equal(clicked.answerFeedback?.clicked, true);
      assert.deepEqual(clicked.answerFeedback?.clickTime, clickTime);
      const rated = await update({ correctnessLevel: Correctness.FULLY_CORRECT }, [
        'answer_feedback.correctness_level',
      ]);
      assert.equal(rated.answerFeedback?.clicked, true, 'what the mask does not name stays');
      assert.deepEqual(await wire.call(records.getAnswerRecord, { name }), rated);
      const report = () =>
        wire.call(Administration.method.reportSuggestions, { parent: `projects/${project}` });
      const { features } = await report();
      assert.deepEqual(
        features.map(({ feature, clickedCount, fullyCorrectCount }) => [
          feature,
          clickedCount,
          fullyCorrectCount,
        ]),
        [['FAQ', 1n, 1n]],
      );
      const whole = await update({ displayed: true });
      assert.deepEqual([whole.answerFeedback?.clicked, whole.answerFeedback?.displayed], [false, true]);
      assert.equal((await report()).features[0]?.displayedCount, 1n);
      const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields: ['update_mask'] };
      await refused(update({ clicked: true }, ['agent_assistant_record']), invalid);
      const nobody = { name: `projects/${project}/answerRecords/none` };
      await refused(wire.call(records.updateAnswerRecord, { answerRecord: nobody }), notFound);
      await refused(wire.call(records.getAnswerRecord, nobody), notFound);
    });

    it('are listed by pages, and by nothing but a conversation', async () => {
      const project = newProject();
      await suggest(project);
      const { name: last } = await suggest(project);
      const list = (more: object = {}) =>
        wire.call(records.listAnswerRecords, { parent: `projects/${project}`, ...more });
      const all = (await list({ pageSize: 100 })).answerRecords.map(({ name }) => name);
      assert.ok(all.indexOf(last) < all.length / 2, 'the latest first');
      const seen: string[] = [];
      for (let pageToken = ''; ; ) {
        const page = await list({ pageSize: 1, pageToken });
        seen.push(...page.answerRecords.map(({ name }) => name));
        pageToken = page.nextPageToken;
        if (pageToken === '') break;
      }
      assert.deepEqual(seen, all);
      const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FILTER_INVALID', fields: ['filter'] };
      for (const filter of [
        'feature = FAQ',
        'conversation_id > a',
        'conversation_id = a OR conversation_id = b',
      ]) {
        await refused(list({ filter }), invalid);
      }
    });

    it('go with their conversation', async () => {
      const project = newProject();
      const { conversation, name } = await suggest(project);
      await completeConversation(wire, conversation);
      await wire.call(records.getAnswerRecord, { name });
      await wire.call(Development.method.advanceClock, {
        name: `projects/${project}/clock`,
        duration: { seconds: 3n * DAY },
      });
      await refused(wire.call(records.getAnswerRecord, { name }), notFound);
      const { answerRecords } = await wire.call(records.listAnswerRecords, { parent: `projects/${project}` });
      assert.deepEqual(answerRecords, []);
    });
  });
}
