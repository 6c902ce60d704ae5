import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Administration, Development } from '@parleykit/proto/admin';
import {
  Conversations,
  SuggestionFeature_Type as FeatureType,
  NotificationConfig_MessageFormat as Format,
  Document_KnowledgeType as KnowledgeType,
  Participants,
  Participant_Role as Role,
  type HumanAgentAssistantConfig_SuggestionConfigSchema as SuggestionConfigSchema,
  type SuggestionResult,
} from '@parleykit/proto/v2beta1';
import { createBase, createDocument, faq } from './cases/knowledge-scene.ts';
import { createConversation, createParticipant, createProfile, say } from './cases/scene.ts';
import { EventSink, type Push, readAssistEvent } from './event-sink.ts';
import { type OwnServer, startServer } from './target.ts';
import { GrpcWire, RestWire } from './wires.ts';

type SuggestionConfigInit = Exclude<MessageInitShape<typeof SuggestionConfigSchema>, { $typeName: string }>;

const TOPIC = 'projects/p/topics/help';
const QUESTION = 'Where is my parcel?';
const { FAQ, ARTICLE_SUGGESTION } = FeatureType;

interface Desk {
  readonly conversation: string;
  readonly customer: string;
  readonly agent: string;
}

describe('events about suggestions', () => {
  let data: string;
  let sink: EventSink;
  let server: OwnServer;
  let grpc: GrpcWire;
  let rest: RestWire;

  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), 'parley-events-'));
    sink = new EventSink();
    server = await startServer(data, '--dev', '--events', `http://127.0.0.1:${await sink.open()}/`);
    grpc = new GrpcWire(() => server);
    rest = new RestWire(() => server);
  });

  afterEach(async () => {
    grpc[Symbol.dispose]();
    rest[Symbol.dispose]();
    await server.stop('SIGKILL');
    await sink.close();
    rmSync(data, { recursive: true, force: true });
  });

  /** A conversation whose human agent is helped by questions and articles, or whoever the sides say. */
  async function openDesk(
    more: SuggestionConfigInit,
    {
      format = Format.PROTO,
      parent = 'projects/p',
      sides = ['humanAgentSuggestionConfig'],
      isTold = true,
    } = {},
  ): Promise<Desk> {
    const { name: base } = await createBase(grpc, parent);
    await createDocument(grpc, base, faq(`${QUESTION},On its way.\n`));
    await createDocument(
      grpc,
      base,
      faq('Parcels. Where a parcel is, its page says.', {
        mimeType: 'text/plain',
        knowledgeTypes: [KnowledgeType.ARTICLE_SUGGESTION],
      }),
    );
    const featureConfigs = [FAQ, ARTICLE_SUGGESTION].map((type) => ({
      suggestionFeature: { type },
      enableEventBasedSuggestion: isTold,
      suggestionTriggerSettings: { noSmallTalk: true },
      queryConfig: {
        querySource: { case: 'knowledgeBaseQuerySource' as const, value: { knowledgeBases: [base] } },
      },
    }));
    const { name: conversationProfile } = await createProfile(grpc, parent, {
      humanAgentAssistantConfig: {
        notificationConfig: { topic: TOPIC, messageFormat: format },
        ...Object.fromEntries(sides.map((side) => [side, { featureConfigs, ...more }])),
      },
    });
    const { name: conversation } = await createConversation(grpc, parent, { conversationProfile });
    const { name: customer } = await createParticipant(grpc, conversation, Role.END_USER);
    const { name: agent } = await createParticipant(grpc, conversation, Role.HUMAN_AGENT);
    return { conversation, customer, agent };
  }

  const told = (): SuggestionResult[][] => sink.taken.map((push) => readAssistEvent(push).suggestionResults);

  const hasArticles = (push: Push): boolean =>
    readAssistEvent(push).suggestionResults.some(
      (result) => result.suggestionResponse.case === 'suggestArticlesResponse' && countAnswers(result) > 0,
    );

  for (const [text, format] of [
    ['PROTO', Format.PROTO],
    ['JSON', Format.JSON],
  ] as const) {
    for (const groupSuggestionResponses of [false, true]) {
      it(`tell what was answered, ${groupSuggestionResponses ? 'all at once' : 'one by one'}: ${text}`, async () => {
        const parent = 'projects/p/locations/global';
        const { conversation, customer, agent } = await openDesk(
          { groupSuggestionResponses },
          { format, parent },
        );
        const { humanAgentSuggestionResults: results } = await say(rest, customer, QUESTION);
        assert.deepEqual(
          results.map(({ suggestionResponse }) => suggestionResponse.case),
          ['suggestFaqAnswersResponse', 'suggestArticlesResponse'],
        );
        await sink.waitFor(groupSuggestionResponses ? 1 : 2);
        assert.deepEqual(told(), groupSuggestionResponses ? [results] : results.map((result) => [result]));
        const short = (name: string): string => name.replace('/locations/global', '');
        for (const push of sink.taken) {
          const { conversation: name, participant } = readAssistEvent(push);
          assert.deepEqual([name, participant], [short(conversation), short(agent)]);
          const { message, subscription } = push;
          assert.equal(
            Buffer.from(message.data, 'base64').toString().startsWith('{'),
            format === Format.JSON,
          );
          assert.deepEqual([message.orderingKey, message.attributes], [short(conversation), {}]);
          assert.equal(subscription, 'projects/p/subscriptions/help');
        }
        assert.equal(new Set(sink.taken.map(({ message }) => message.messageId)).size, sink.taken.length);
        // What an event names is where the older workflow lists it.
        const { suggestions } = await rest.call(Participants.method.listSuggestions, {
          parent: short(agent),
        });
        assert.equal(suggestions[0]?.faqAnswers[0]?.answer, 'On its way.');
      });
    }
  }

  it('tell of results that are empty, unless the profile has them left out', async () => {
    const loud = await openDesk({});
    const quiet = await openDesk({ skipEmptyEventBasedSuggestion: true });
    const grouped = await openDesk({ skipEmptyEventBasedSuggestion: true, groupSuggestionResponses: true });
    for (const { customer } of [loud, quiet, grouped]) {
      await say(grpc, customer, 'hello');
      await say(grpc, customer, QUESTION);
    }
    await sink.waitFor(4 + 2 + 1);
    const answersTo = ({ conversation }: Desk): number[][] =>
      sink.taken
        .map(readAssistEvent)
        .filter((event) => event.conversation === conversation)
        .map(({ suggestionResults }) => suggestionResults.map(countAnswers));
    assert.deepEqual(answersTo(loud), [[0], [0], [1], [1]]);
    assert.deepEqual(answersTo(quiet), [[1], [1]]);
    assert.deepEqual(answersTo(grouped), [[1, 1]]);
  });

  it('tell each side of what is suggested to it, and nothing where the features are not to be told', async () => {
    const silent = await openDesk({}, { isTold: false });
    assert.equal((await say(grpc, silent.customer, QUESTION)).humanAgentSuggestionResults.length, 2);
    const sides = ['humanAgentSuggestionConfig', 'endUserSuggestionConfig'];
    const { customer, agent } = await openDesk({ groupSuggestionResponses: true }, { sides });
    const reply = await say(grpc, customer, QUESTION);
    await sink.waitFor(2);
    assert.deepEqual(
      sink.taken.map((push) => readAssistEvent(push).participant),
      [agent, customer],
    );
    assert.deepEqual(told(), [reply.humanAgentSuggestionResults, reply.endUserSuggestionResults]);
  });

  it('that are refused for good become dead letters, and can be replayed', async () => {
    sink.answer = (push, response) => response.writeHead(hasArticles(push) ? 422 : 200).end('not these');
    const { customer } = await openDesk({});
    const [, articles] = (await say(grpc, customer, QUESTION)).humanAgentSuggestionResults;
    // What comes after it in the conversation is told once it is given up.
    await say(grpc, customer, 'hello');
    await sink.waitFor(1 + 2);
    assert.equal(sink.attempts, 3 + 5);
    for (const wire of [grpc, rest]) {
      const { deadLetters } = await wire.call(Administration.method.listDeadLetters, {
        parent: 'projects/p',
      });
      const [{ event, humanAgentAssistantEvent: dead, reason, topic } = assert.fail()] = deadLetters;
      assert.equal(deadLetters.length, 1);
      assert.equal(event, undefined);
      assert.deepEqual(dead?.suggestionResults, [articles]);
      assert.equal(topic, TOPIC);
      assert.match(reason, /answered 422 Unprocessable Entity: not these$/u);
    }
    sink.answer = (_push, response) => response.end();
    const { deadLetters } = await grpc.call(Administration.method.listDeadLetters, { parent: 'projects/p' });
    const replayed = await rest.call(Administration.method.replayDeadLetters, { parent: 'projects/p' });
    assert.equal(replayed.replayed, 1);
    await sink.waitFor(4);
    assert.deepEqual(told().at(-1), [articles]);
    assert.equal(sink.taken.at(-1)?.message.messageId, deadLetters[0]?.eventId);
  });

  it('are nowhere once their conversation is purged, neither waiting nor among dead letters', async () => {
    sink.answer = (_push, response) => response.writeHead(422).end();
    const { conversation, customer } = await openDesk({});
    await say(grpc, customer, QUESTION);
    const parent = 'projects/p';
    const countDead = async (): Promise<number> =>
      (await rest.call(Administration.method.listDeadLetters, { parent })).deadLetters.length;
    while ((await countDead()) < 2);
    sink.answer = (_push, response) => response.writeHead(503).end();
    await say(grpc, customer, QUESTION);
    await rest.call(Conversations.method.completeConversation, { name: conversation });
    const duration = { seconds: 31n * 86_400n };
    await rest.call(Development.method.advanceClock, { name: `${parent}/clock`, duration });
    assert.equal(await countDead(), 0);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /^parley_events_waiting 0$/mu);
    assert.deepEqual(sink.taken, []);
  });
});

function countAnswers({ suggestionResponse: { case: name, value } }: SuggestionResult): number {
  if (name === 'suggestFaqAnswersResponse') return value.faqAnswers.length;
  if (name === 'suggestArticlesResponse') return value.articleAnswers.length;
  return assert.fail(name);
}
