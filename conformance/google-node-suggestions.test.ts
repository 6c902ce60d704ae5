import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { protos } from '@google-cloud/dialogflow';
import { ReplyModels } from '@parleykit/proto/admin';
import type { Conversations } from '@parleykit/proto/v2beta1';
import { reached } from './cases/reply-scene.ts';
import {
  failureOf,
  type GoogleClients,
  type OpenedClients,
  onEveryWire,
  present,
} from './google-node-clients.ts';
import {
  createConversation,
  createConversations,
  createParticipant,
  createProfile,
  FIRST_SEND_SECONDS,
  lines,
  namesOf,
  setScene,
  writeBatch,
} from './google-node-scene.ts';
import { ModelEndpoint, say } from './model-endpoint.ts';
import { newProject, type Target } from './target.ts';
import { GrpcWire } from './wires.ts';

const { ListOperationsRequest } = protos.google.longrunning;
const { Document, TriggerEvent } = protos.google.cloud.dialogflow.v2beta1;
const { FAQ, ARTICLE_SUGGESTION, EXTRACTIVE_QA } = Document.KnowledgeType;

type Api = typeof protos.google.cloud.dialogflow.v2beta1;
type Feature = keyof Api['SuggestionFeature']['Type'] & string;
type Result = protos.google.cloud.dialogflow.v2beta1.ISuggestionResult;
type DocumentInit = protos.google.cloud.dialogflow.v2beta1.IDocument;
type Analyzed = protos.google.cloud.dialogflow.v2beta1.IAnalyzeContentResponse;

const QUESTIONS = `question,answer
What is the policy for returning an item?,"Items can be returned within 30 days, with the receipt."
How do I cancel my order?,Open the order and press Cancel.
Where is my parcel?,The tracking page shows where your parcel is.
`;
const RETURNS = `Returning an item. Pack the item in its box and put the label on it. The policy is the same for all lamps: you have
30 days, and the courier fetches it from your door.`;

/** What is learned from: two replies of a human agent to each topic. */
const TALKS = [
  [
    'I want to return an item',
    'Do you still have the receipt?',
    'the receipt is here',
    'I send you a label.',
  ],
  ['please cancel my order', 'Which order is it?', 'it is order seven', 'It is cancelled.'],
  ['my parcel has not come', 'Where was it sent to?', 'to the office', 'It comes tomorrow.'],
] as const;

/** In this order features stand in the profile, and results in replies. */
const FEATURES: readonly Feature[] = [
  'FAQ',
  'SMART_REPLY',
  'ARTICLE_SUGGESTION',
  'CONVERSATION_SUMMARIZATION',
  'KNOWLEDGE_ASSIST',
];
const KINDS = [
  'suggestFaqAnswersResponse',
  'suggestSmartRepliesResponse',
  'suggestArticlesResponse',
  // A summary never comes with a message; its place stays.
  undefined,
  'suggestKnowledgeAssistResponse',
];

let model: ModelEndpoint;
before(async () => {
  model = await ModelEndpoint.open();
  model.answer = (response, { body }) => {
    const sections = body.response_format?.json_schema.schema.properties;
    const said = Object.keys(sections ?? {}).map((section) => [section, `the ${section}`]);
    say(response, sections === undefined ? 'Ask for the receipt.' : JSON.stringify(Object.fromEntries(said)));
  };
});
after(() => model?.[Symbol.asyncDispose]());

/** Creates a document, and answers it when it is active. */
async function createDocument(
  { documents }: GoogleClients,
  parent: string,
  document: DocumentInit,
): Promise<string> {
  const [operation] = await documents.createDocument({ parent, document });
  const [made, metadata] = await operation.promise();
  assert.equal(metadata.knowledgeBase, parent);
  const [read] = await documents.getDocument({ name: present(made.name) });
  assert.equal(read.state, 'ACTIVE');
  return present(read.name);
}

/** A knowledge base with questions and an article in it. */
async function createKnowledge(clients: GoogleClients, parent: string) {
  const [base] = await clients.knowledgeBases.createKnowledgeBase({
    parent,
    knowledgeBase: { displayName: 'lamps' },
  });
  const name = present(base.name);
  const faq = await createDocument(clients, name, {
    displayName: 'questions',
    mimeType: 'text/csv',
    knowledgeTypes: [FAQ],
    rawContent: Buffer.from(QUESTIONS),
  });
  const article = await createDocument(clients, name, {
    displayName: 'Returning an item',
    mimeType: 'text/plain',
    knowledgeTypes: [ARTICLE_SUGGESTION, EXTRACTIVE_QA],
    rawContent: Buffer.from(RETURNS),
  });
  return { base: name, faq, article };
}

function featureConfigs(base: string, types: readonly Feature[] = FEATURES) {
  return types.map((type) => ({
    suggestionFeature: { type },
    enableEventBasedSuggestion: true,
    suggestionTriggerSettings: { noSmallTalk: true, onlyEndUser: true },
    queryConfig: {
      maxResults: 3,
      ...(type !== 'SMART_REPLY' && { knowledgeBaseQuerySource: { knowledgeBases: [base] } }),
    },
  }));
}

async function createAssistProfile(
  { profiles }: GoogleClients,
  parent: string,
  humanAgentSuggestionConfig: object,
): Promise<string> {
  const [profile] = await profiles.createConversationProfile({
    parent,
    conversationProfile: { displayName: 'desk', humanAgentAssistantConfig: { humanAgentSuggestionConfig } },
  });
  return present(profile.name);
}

/** Writes conversations that people have had, and has their replies learned. */
async function learnReplies(clients: GoogleClients, target: Target, parent: string): Promise<void> {
  const profile = await createProfile(clients, parent);
  for (const talk of [...TALKS, ...TALKS, ...TALKS]) {
    const name = present((await createConversation(clients, parent, profile)).name);
    const speakers = [
      await createParticipant(clients, name, 'END_USER'),
      await createParticipant(clients, name, 'HUMAN_AGENT'),
    ];
    const requests = talk.map((content, index) => ({
      parent: name,
      message: {
        content,
        participant: speakers[index % 2] ?? '',
        sendTime: { seconds: FIRST_SEND_SECONDS + index, nanos: 0 },
      },
    }));
    await writeBatch(clients, name, requests);
    await clients.conversations.completeConversation({ name });
  }
  using admin = new GrpcWire(() => target);
  const { name } = await admin.call(ReplyModels.method.trainReplyModel, { name: `${parent}/replyModel` });
  const { result } = await reached(admin, name, ({ done }) => done);
  assert.equal(result.case, 'response', JSON.stringify(result.value?.valueOf()));
}

/** The kind of a result; undefined where it has none. */
function kindOf(result: Result): string | undefined {
  return Object.entries(result).find(([, value]) => value !== null && typeof value === 'object')?.[0];
}

/** The typical flow: each of its steps has what the one before has made. */
async function goThrough(clients: GoogleClients, target: Target, parent: string): Promise<void> {
  const { conversations, participants, profiles, documents, knowledgeBases, answerRecords } = clients;
  const { base, faq, article } = await createKnowledge(clients, parent);
  await learnReplies(clients, target, parent);
  // The training stands among the operations, of which none may be one that Google's client cannot read.
  for await (const { done } of documents.listOperationsAsync(new ListOperationsRequest({ name: parent }))) {
    assert.equal(done, true);
  }
  const profile = await createAssistProfile(clients, parent, { featureConfigs: featureConfigs(base) });
  const conversation = present((await createConversation(clients, parent, profile)).name);
  assert.ok(conversation.startsWith(`${parent}/conversations/`), conversation);
  const user = await createParticipant(clients, conversation, 'END_USER');
  const agent = await createParticipant(clients, conversation, 'HUMAN_AGENT');

  const talk = [
    [agent, 'Hi, how are you?'],
    [user, 'I am doing well, how about you?'],
    [agent, 'Great. How can I help you?'],
    [user, 'So I want to return an item, what is the policy?'],
    [user, 'Cancel my order.'],
  ] as const;
  const replies: Analyzed[] = [];
  for (const [participant, text] of talk) {
    const [reply] = await participants.analyzeContent(
      { participant, textInput: { text, languageCode: 'en-US' } },
      { retry: null },
    );
    assert.equal(reply.message?.content, text);
    assert.deepEqual(reply.humanAgentSuggestionResults?.map(kindOf), KINDS, text);
    assert.deepEqual(reply.endUserSuggestionResults, []);
    replies.push(reply);
  }
  const faqOf = ({ humanAgentSuggestionResults: results }: Analyzed) =>
    results?.[0]?.suggestFaqAnswersResponse?.faqAnswers ?? [];
  // Answers are for what customers want to know.
  assert.deepEqual(replies.slice(0, 3).map(faqOf), [[], [], []]);
  const asked = replies[3] ?? assert.fail();
  const [answer] = faqOf(asked);
  assert.equal(answer?.answer, 'Items can be returned within 30 days, with the receipt.');
  assert.equal(answer?.source, faq);
  const [, replied, articles, , knowledge] = asked.humanAgentSuggestionResults ?? [];
  const [smart] = replied?.suggestSmartRepliesResponse?.smartReplyAnswers ?? [];
  assert.equal(smart?.reply, 'Do you still have the receipt?');
  assert.equal(articles?.suggestArticlesResponse?.articleAnswers?.[0]?.title, 'Returning an item');
  const { suggestedQuery } = knowledge?.suggestKnowledgeAssistResponse?.knowledgeAssistAnswer ?? {};
  assert.equal(suggestedQuery?.queryText, 'What is the policy for returning an item?');
  assert.equal(faqOf(replies[4] ?? assert.fail())[0]?.answer, 'Open the order and press Cancel.');

  // What is asked for is about the newest message, or the one that is named.
  const latestMessage = present(asked.message?.name);
  const [faqs] = await participants.suggestFaqAnswers({ parent: agent, latestMessage });
  assert.equal(faqs.faqAnswers?.[0]?.answer, answer?.answer);
  assert.deepEqual([faqs.latestMessage, faqs.contextSize], [latestMessage, 4]);
  const [found] = await participants.suggestArticles({ parent: agent, contextSize: 2 });
  assert.deepEqual([found.articleAnswers?.[0]?.title, found.contextSize], ['Returning an item', 2]);
  const [smartReplies] = await participants.suggestSmartReplies({
    parent: agent,
    currentTextInput: { text: 'Which', languageCode: 'en-US' },
  });
  assert.equal(smartReplies.smartReplyAnswers?.[0]?.reply, 'Which order is it?');
  const [assisted] = await participants.suggestKnowledgeAssist({ parent: agent });
  const { suggestedQueryAnswer } = assisted.knowledgeAssistAnswer ?? {};
  assert.equal(suggestedQueryAnswer?.answerText, 'Open the order and press Cancel.');
  // The older workflow has no names with locations.
  if (!parent.includes('/locations/')) {
    const [suggestions] = await participants.listSuggestions({ parent: agent });
    assert.deepEqual(
      suggestions.map(({ faqAnswers }) => faqAnswers?.[0]?.question),
      ['How do I cancel my order?', 'What is the policy for returning an item?'],
    );
    const [compiled] = await participants.compileSuggestion({ parent: agent, latestMessage });
    assert.equal(compiled.suggestion?.faqAnswers?.[0]?.answer, answer?.answer);
    assert.equal(compiled.suggestion?.articles?.[0]?.title, 'Returning an item');
  }
  const [{ summary, contextSize }] = await conversations.suggestConversationSummary({ conversation });
  assert.equal(contextSize, 5);
  assert.equal(summary?.baselineModelVersion, 'extractive-1');
  assert.match(summary?.textSections?.['situation'] ?? '', /return an item/u);

  const filter = `conversation_id = ${conversation.split('/').at(-1)}`;
  const [records] = await answerRecords.listAnswerRecords({ parent, filter, pageSize: 100 });
  const names = namesOf(records);
  for (const given of [answer, smart, summary]) {
    assert.ok(names.includes(present(given?.answerRecord)), given?.answerRecord ?? '');
  }
  const name = present(answer?.answerRecord);
  const [told] = await answerRecords.updateAnswerRecord({
    answerRecord: {
      name,
      answerFeedback: {
        correctnessLevel: 'FULLY_CORRECT',
        clicked: true,
        clickTime: { seconds: FIRST_SEND_SECONDS, nanos: 0 },
      },
    },
    updateMask: { paths: ['answer_feedback'] },
  });
  assert.equal(told.answerFeedback?.correctnessLevel, 'FULLY_CORRECT');
  assert.equal(told.agentAssistantRecord?.faqAnswer?.answer, answer?.answer);
  const [listed] = await answerRecords.listAnswerRecords({ parent, filter, pageSize: 100 });
  assert.deepEqual(
    listed.filter(({ answerFeedback }) => answerFeedback?.clicked),
    [told],
  );

  await conversations.completeConversation({ name: conversation });
  const late = participants.analyzeContent(
    { participant: user, textInput: { text: 'Wait', languageCode: 'en-US' } },
    { retry: null },
  );
  assert.equal((await failureOf(clients, late)).reason, 'CONVERSATION_COMPLETED');
  await profiles.deleteConversationProfile({ name: profile });
  const full = knowledgeBases.deleteKnowledgeBase({ name: base });
  assert.equal((await failureOf(clients, full)).status, 'FAILED_PRECONDITION');
  for (const document of [faq, article]) {
    const [operation] = await documents.deleteDocument({ name: document });
    await operation.promise();
    assert.equal((await failureOf(clients, documents.getDocument({ name: document }))).status, 'NOT_FOUND');
  }
  await knowledgeBases.deleteKnowledgeBase({ name: base });
  const gone = await failureOf(clients, knowledgeBases.getKnowledgeBase({ name: base }));
  assert.equal(gone.status, 'NOT_FOUND');
  // What was said stays until it is purged.
  const [said] = await conversations.listMessages({ parent: conversation });
  assert.deepEqual(
    said.map(({ content }) => content),
    talk.map(([, text]) => text).toReversed(),
  );
  const [there] = await participants.listParticipants({ parent: conversation });
  assert.deepEqual(namesOf(there).toSorted(), [user, agent].toSorted());
  const [afterwards] = await conversations.suggestConversationSummary({ conversation });
  assert.deepEqual(afterwards.summary?.textSections, summary?.textSections);
}

function unaidedCases(clients: OpenedClients): void {
  it('says what is wrong with a feature, in a reply that can be read, and with the generator of a profile', async () => {
    const { participants, conversations, generators } = clients();
    const parent = `projects/${newProject()}/locations/global`;
    const [generator] = await generators.createGenerator({ parent, generator: ADVICE });
    const profile = await createAssistProfile(clients(), parent, {
      featureConfigs: featureConfigs(`${parent}/knowledgeBases/nowhere`, ['FAQ', 'SMART_REPLY']),
      generators: [generator.name],
    });
    const conversation = present((await createConversation(clients(), parent, profile)).name);
    const participant = await createParticipant(clients(), conversation, 'END_USER');
    const textInput = { text: 'Where is my parcel?', languageCode: 'en' };
    const [reply] = await participants.analyzeContent({ participant, textInput }, { retry: null });
    const errors = reply.humanAgentSuggestionResults?.map(({ error }) => error) ?? [];
    assert.deepEqual(
      errors.map((error) => error?.code),
      [9, 9, 9],
    );
    for (const [index, told] of [/nowhere/u, /reply model/u, /--model-url/u].entries()) {
      assert.match(errors[index]?.message ?? '', told);
    }
    const call = conversations.generateSuggestions({ conversation });
    assert.equal((await failureOf(clients(), call)).reason, 'GENERATION_NOT_CONFIGURED');
  });

  it('says why a document cannot be read, by its operation and among the others', async () => {
    const { knowledgeBases, documents } = clients();
    const project = `projects/${newProject()}`;
    const [base] = await knowledgeBases.createKnowledgeBase({
      parent: project,
      knowledgeBase: { displayName: 'lamps' },
    });
    const parent = present(base.name);
    const document: DocumentInit = {
      displayName: 'one column',
      mimeType: 'text/csv',
      knowledgeTypes: [FAQ],
      rawContent: Buffer.from('only\nquestions\n'),
    };
    const [operation] = await documents.createDocument({ parent, document });
    await assert.rejects(operation.promise(), /one column.*two columns/u);
    const listed: string[] = [];
    const request = new ListOperationsRequest({ name: project });
    for await (const { name } of documents.listOperationsAsync(request)) listed.push(present(name));
    assert.deepEqual(listed, [operation.name]);
    const good = await createDocument(clients(), parent, { ...document, rawContent: Buffer.from(QUESTIONS) });
    const [all] = await documents.listDocuments({ parent });
    assert.deepEqual(namesOf(all), [good]);
  });
}

const ADVICE = {
  freeFormContext: { text: 'Say what to do next about @order.' },
  inferenceParameter: { maxOutputTokens: 64 },
};
const SAID = [
  { role: 'END_USER', text: 'My lamp is broken.' },
  { role: 'HUMAN_AGENT', text: 'I am sorry. I send you another one.' },
] as const;
const ORDER = {
  order: {
    contextContents: [{ content: '{"id":7}', contentFormat: 'JSON' as const }],
    updateMode: 'APPEND' as const,
  },
};

/** A conversation in which something was said; it has a location, as some methods want it. */
async function converse(clients: GoogleClients, humanAgentSuggestionConfig = {}, project = newProject()) {
  const parent = `projects/${project}/locations/global`;
  const profile = await createAssistProfile(clients, parent, humanAgentSuggestionConfig);
  const conversation = present((await createConversation(clients, parent, profile)).name);
  const speakers = {
    END_USER: await createParticipant(clients, conversation, 'END_USER'),
    HUMAN_AGENT: await createParticipant(clients, conversation, 'HUMAN_AGENT'),
  };
  const requests = SAID.map(({ role, text }, index) => ({
    parent: conversation,
    message: {
      content: text,
      participant: speakers[role],
      sendTime: { seconds: FIRST_SEND_SECONDS + index, nanos: 0 },
    },
  }));
  const written = namesOf(await writeBatch(clients, conversation, requests));
  return { parent, profile, conversation, written };
}

/** One case for each method: the compiler misses what is left out. */
const METHODS: {
  readonly [Name in keyof typeof Conversations.method]: (clients: GoogleClients) => Promise<void>;
} = {
  async createConversation(clients) {
    const parent = `projects/${newProject()}`;
    const conversationProfile = await createProfile(clients, parent);
    const [created] = await clients.conversations.createConversation({
      parent,
      conversation: { conversationProfile },
      conversationId: 'lamp-7',
    });
    assert.equal(created.name, `${parent}/conversations/lamp-7`);
    assert.equal(created.conversationStage, 'HUMAN_ASSIST_STAGE');
    assert.equal(created.initialConversationProfile?.name, conversationProfile);
  },

  async listConversations(clients) {
    const { project, created } = await createConversations(clients, 3);
    await clients.conversations.completeConversation({ name: present(created[1]?.name) });
    const filter = 'lifecycle_state = "IN_PROGRESS"';
    const [listed] = await clients.conversations.listConversations({ parent: project, filter });
    assert.deepEqual(namesOf(listed), [created[2]?.name, created[0]?.name]);
  },

  async getConversation(clients) {
    const { created } = await createConversations(clients, 1);
    const [read] = await clients.conversations.getConversation({ name: present(created[0]?.name) });
    assert.deepEqual(read, created[0]);
  },

  async completeConversation(clients) {
    const { created } = await createConversations(clients, 1);
    const name = present(created[0]?.name);
    const [completed] = await clients.conversations.completeConversation({ name });
    assert.equal(completed.lifecycleState, 'COMPLETED');
    assert.notEqual(completed.endTime ?? null, null);
  },

  async batchCreateMessages(clients) {
    const scene = await setScene(clients);
    const requests = lines(scene, 0, 3);
    const [reply] = await clients.conversations.batchCreateMessages({ parent: scene.conversation, requests });
    assert.deepEqual(
      reply.messages?.map(({ content, participantRole }) => [content, participantRole]),
      [
        ['line 0', 'END_USER'],
        ['line 1', 'HUMAN_AGENT'],
        ['line 2', 'END_USER'],
      ],
    );
  },

  async listMessages(clients) {
    const scene = await setScene(clients);
    const written = await writeBatch(clients, scene.conversation, lines(scene, 0, 5));
    const [listed] = await clients.conversations.listMessages({ parent: scene.conversation, pageSize: 2 });
    assert.deepEqual(listed, written.toReversed());
  },

  async suggestConversationSummary(clients) {
    const { conversation, written } = await converse(clients);
    const [{ summary, latestMessage, contextSize }] = await clients.conversations.suggestConversationSummary({
      conversation,
      contextSize: 10,
    });
    const sections = ['situation', 'action', 'resolution'].map((section) => [section, `the ${section}`]);
    assert.deepEqual(summary?.textSections, Object.fromEntries(sections));
    assert.deepEqual(
      summary?.sortedTextSections?.map(({ section, summary: text }) => [section, text]),
      sections,
    );
    assert.equal(summary?.baselineModelVersion, 'writer');
    assert.deepEqual([latestMessage, contextSize], [written.at(-1), 2]);
    const [record] = await clients.answerRecords.getAnswerRecord({ name: present(summary?.answerRecord) });
    const { summarySuggestion } = record.agentAssistantRecord?.generatorSuggestion ?? {};
    assert.equal(summarySuggestion?.summarySections?.length, 3);
  },

  async generateStatelessSummary(clients) {
    const [{ summary, latestMessage, contextSize }] = await clients.conversations.generateStatelessSummary({
      statelessConversation: {
        parent: `projects/${newProject()}/locations/global`,
        messages: SAID.map(({ role, text }, index) => ({
          name: `message-${index}`,
          content: text,
          languageCode: 'en-US',
          participant: role,
          participantRole: role,
        })),
      },
      conversationProfile: { displayName: 'inline', languageCode: 'en-US' },
    });
    assert.equal(summary?.text, 'situation: the situation\naction: the action\nresolution: the resolution');
    assert.deepEqual([latestMessage, contextSize], ['message-1', 2]);
  },

  async generateStatelessSuggestion(clients) {
    const [{ generatorSuggestion }] = await clients.conversations.generateStatelessSuggestion({
      parent: `projects/${newProject()}/locations/global`,
      generator: ADVICE,
      contextReferences: ORDER,
      conversationContext: { messageEntries: [...SAID] },
      triggerEvents: [TriggerEvent.MANUAL_CALL],
    });
    assert.equal(generatorSuggestion?.freeFormSuggestion?.response, 'Ask for the receipt.');
    const question = model.questions.at(-1)?.body.messages.at(-1)?.content ?? '';
    assert.match(question, /\{"id":7\}[\s\S]*Customer: My lamp is broken\.\nAgent: I am sorry/u);
  },

  async searchKnowledge(clients) {
    const project = newProject();
    const parent = `projects/${project}/locations/global`;
    const { base } = await createKnowledge(clients, parent);
    const search = { featureConfigs: featureConfigs(base, ['KNOWLEDGE_SEARCH']) };
    const { conversation, profile } = await converse(clients, search, project);
    const ask = (text: string) =>
      clients.conversations.searchKnowledge({
        parent,
        conversation,
        conversationProfile: profile,
        sessionId: 'session-1',
        query: { text, languageCode: 'en-US' },
        querySource: 'AGENT_QUERY',
        endUserMetadata: { fields: { market: { stringValue: 'US' } } },
      });
    const [{ answers }] = await ask('policy for returning an item');
    assert.deepEqual(
      [answers?.[0]?.answer, answers?.[0]?.answerType],
      ['Items can be returned within 30 days, with the receipt.', 'FAQ'],
    );
    assert.ok(
      answers?.some(({ answer }) => answer?.includes('courier')),
      'a passage of the article',
    );
    await clients.answerRecords.getAnswerRecord({ name: present(answers?.[0]?.answerRecord) });
    const silent = await failureOf(clients, ask('zzzz qqqq'));
    assert.deepEqual([silent.status, silent.reason], ['NOT_FOUND', 'ANSWER_NOT_FOUND']);
  },

  async ingestContextReferences(clients) {
    const { conversation } = await converse(clients);
    const ingest = () =>
      clients.conversations.ingestContextReferences({ conversation, contextReferences: ORDER });
    await ingest();
    const [{ ingestedContextReferences: ingested }] = await ingest();
    assert.deepEqual(
      ingested?.['order']?.contextContents?.map(({ content, contentFormat }) => [content, contentFormat]),
      [
        ['{"id":7}', 'JSON'],
        ['{"id":7}', 'JSON'],
      ],
    );
    const [read] = await clients.conversations.getConversation({ name: conversation });
    assert.deepEqual(read.ingestedContextReferences, ingested);
  },

  async generateSuggestions(clients) {
    const project = newProject();
    const parent = `projects/${project}/locations/global`;
    const [generator] = await clients.generators.createGenerator({
      parent,
      generator: ADVICE,
      generatorId: 'advice',
    });
    assert.equal(generator.name, `${parent}/generators/advice`);
    const { conversation, written } = await converse(clients, { generators: [generator.name] }, project);
    const [{ generatorSuggestionAnswers, latestMessage }] = await clients.conversations.generateSuggestions({
      conversation,
      triggerEvents: [TriggerEvent.MANUAL_CALL],
    });
    assert.deepEqual(
      generatorSuggestionAnswers?.map(({ sourceGenerator, generatorSuggestion }) => [
        sourceGenerator,
        generatorSuggestion?.freeFormSuggestion?.response,
      ]),
      [[generator.name, 'Ask for the receipt.']],
    );
    assert.equal(latestMessage, written.at(-1));
    const name = present(generatorSuggestionAnswers?.[0]?.answerRecord);
    const [record] = await clients.answerRecords.getAnswerRecord({ name });
    const { freeFormSuggestion } = record.agentAssistantRecord?.generatorSuggestion ?? {};
    assert.equal(freeFormSuggestion?.response, 'Ask for the receipt.');
  },
};

onEveryWire("The assist stage by Google's Node client", (clients, target) => {
  for (const location of ['', '/locations/global', '/locations/europe-west1']) {
    it(`goes from a knowledge base to the end in projects/P${location}`, () =>
      goThrough(clients(), target(), `projects/${newProject()}${location}`));
  }
  describe('without a model', () => unaidedCases(clients));
});

onEveryWire(
  "Every method of Conversations by Google's Node client",
  (clients) => {
    for (const [name, works] of Object.entries(METHODS)) it(name, () => works(clients()));
  },
  () => ['--model-url', model.url, '--model', 'writer'],
);
