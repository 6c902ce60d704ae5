import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  SessionEntityType_EntityOverrideMode as Mode,
  type WebhookRequest,
  WebhookResponseSchema,
  Intent_WebhookState as WebhookState,
} from '@parleykit/proto/v2beta1';
import type { AgentModel } from '../training/agent-model.ts';
import { trainAgent } from '../training/train-agent.ts';
import { WebhookError } from '../webhook.ts';
import type { DialoguePorts } from './dialogue-query.ts';
import {
  agentOf,
  context,
  entityType,
  intent,
  lifespansOf,
  parameter,
  resultOf,
  SESSION,
  Talk,
} from './harbour-hotel.test.fixture.ts';

type Answer = MessageInitShape<typeof WebhookResponseSchema>;

/** A webhook that answers one after another, and what it was asked. */
class Answering implements DialoguePorts {
  readonly requests: WebhookRequest[] = [];
  readonly headers: Readonly<Record<string, string>>[] = [];
  readonly #answers: (Answer | Error)[];

  constructor(...answers: (Answer | Error)[]) {
    this.#answers = answers;
  }

  readonly webhook: NonNullable<DialoguePorts['webhook']> = async (request, headers) => {
    this.requests.push(structuredClone(request));
    this.headers.push(headers);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer instanceof Error) throw answer;
    return create(WebhookResponseSchema, answer ?? {});
  };
}

const needed = parameter('city', '@city', { mandatory: true, prompts: ['Which city?'] });
const intents = [
  intent('Weather', ['what is the weather', 'weather in [Oslo](@city:city)'], {
    webhookState: WebhookState.ENABLED,
    parameters: [needed],
    outputContexts: [{ name: context('weather'), lifespanCount: 5 }],
    says: [['No idea about $city.']],
  }),
  intent('Ticket', ['a ticket please', 'sell me a ticket'], {
    webhookState: WebhookState.ENABLED_FOR_SLOT_FILLING,
    parameters: [needed],
    says: [['A ticket to $city.']],
  }),
  intent('Plain', ['just talk'], { says: [['Talking.']] }),
  intent('First', [], { events: ['FIRST'], webhookState: WebhookState.ENABLED, says: [['First.']] }),
  intent('Second', [], { events: ['SECOND'], says: [['Second, #second.word.', 'Second.']] }),
];
const cities = [entityType('city', { Oslo: ['Oslo'], Rome: ['Rome'] })];

describe('converse(), with a webhook', () => {
  let model: AgentModel;
  before(async () => {
    ({ model } = await trainAgent(agentOf(intents, cities)));
  });

  it('sends the webhook what it would answer, and what the query brings', async () => {
    const ports = new Answering({});
    await new Talk(model).say('weather in Rome', {
      ports,
      params: { payload: { user: 'u1' }, webhookHeaders: { 'x-tenant': 't1' } },
    });
    const [request] = ports.requests;
    assert.equal(request?.session, SESSION);
    assert.equal(request.responseId, 'r1');
    assert.deepEqual(request.originalDetectIntentRequest?.payload, { user: 'u1' });
    assert.deepEqual(ports.headers, [{ 'x-tenant': 't1' }]);
    const { queryResult } = request;
    assert.equal(queryResult?.queryText, 'weather in Rome');
    assert.deepEqual(queryResult.parameters, { city: 'Rome' });
    assert.equal(queryResult.fulfillmentText, 'No idea about Rome.');
    assert.equal(queryResult.intent?.displayName, 'Weather');
    assert.ok(queryResult.outputContexts.some(({ name }) => name === `${SESSION}/contexts/weather`));
  });

  it('says what the webhook says', async () => {
    const ports = new Answering({ fulfillmentText: 'Sunny.', source: 'sky', payload: { t: 20 } });
    const { response } = await new Talk(model, { ports }).say('weather in Oslo');
    const { queryResult, webhookStatus } = response;
    assert.equal(queryResult?.fulfillmentText, 'Sunny.');
    assert.equal(queryResult.fulfillmentMessages.length, 1);
    assert.equal(queryResult.webhookSource, 'sky');
    assert.deepEqual(queryResult.webhookPayload, { t: 20 });
    assert.equal(typeof queryResult.diagnosticInfo?.['webhook_latency_ms'], 'number');
    assert.deepEqual([webhookStatus?.code, webhookStatus?.message], [0, 'Webhook execution successful']);
  });

  it('says what the intent says where the webhook says nothing', async () => {
    const talk = new Talk(model, { ports: new Answering({}) });
    assert.equal(resultOf(await talk.say('weather in Oslo')).fulfillmentText, 'No idea about Oslo.');
  });

  it('calls it only for intents that want it, and only when all is there unless they want that too', async () => {
    const ports = new Answering({});
    const talk = new Talk(model, { ports });
    for (const text of ['just talk', 'what is the weather', 'Oslo']) await talk.say(text);
    assert.deepEqual(
      ports.requests.map(({ queryResult }) => queryResult?.allRequiredParamsPresent),
      [true],
    );
    for (const text of ['a ticket please', 'hm', 'Rome']) await talk.say(text);
    assert.deepEqual(
      ports.requests.slice(1).map(({ queryResult }) => queryResult?.allRequiredParamsPresent),
      [false, false, true],
    );
  });

  it('lets it put a question in its own words, and end the questions', async () => {
    const ports = new Answering(
      { fulfillmentText: 'Where to?' },
      {
        fulfillmentText: 'Sold out.',
        outputContexts: [{ name: `${SESSION}/contexts/ticket-id_id_dialog_context`, lifespanCount: 0 }],
      },
    );
    const talk = new Talk(model, { ports });
    assert.equal(resultOf(await talk.say('a ticket please')).fulfillmentText, 'Where to?');
    assert.equal(resultOf(await talk.say('hm')).fulfillmentText, 'Sold out.');
    assert.equal(resultOf(await talk.say('Rome')).intent, undefined);
  });

  it('takes its contexts in the place of those that are active, but for those of others', async () => {
    const ports = new Answering({
      outputContexts: [
        { name: `${SESSION}/contexts/Weather`, lifespanCount: 9, parameters: { only: 'this' } },
        { name: `${SESSION}/contexts/new`, lifespanCount: 1 },
        { name: `${SESSION}/contexts/__system_counters__`, lifespanCount: 7 },
        { name: 'projects/p/agent/sessions/s2/contexts/foreign', lifespanCount: 5 },
      ],
    });
    const talk = new Talk(model, { ports });
    const result = await talk.say('weather in Oslo');
    assert.deepEqual(lifespansOf(result), { weather: 9, new: 1 });
    const held = resultOf(result).outputContexts.find(({ name }) => name.endsWith('/weather'));
    assert.deepEqual(held?.parameters, { only: 'this' });
    assert.deepEqual(resultOf(result).diagnosticInfo?.['contexts_ignored'], [
      'projects/p/agent/sessions/s2/contexts/foreign',
    ]);
    assert.deepEqual(lifespansOf(await talk.say('just talk')), { weather: 8 });
  });

  it('takes its entities for the session', async () => {
    const ports = new Answering({
      sessionEntityTypes: [
        {
          name: `${SESSION}/entityTypes/city`,
          entityOverrideMode: Mode.SUPPLEMENT,
          entities: [{ value: 'Zanzibar', synonyms: ['Zanzibar'] }],
        },
      ],
    });
    const talk = new Talk(model, { ports });
    await talk.say('weather in Oslo');
    assert.deepEqual(resultOf(await talk.say('weather in Zanzibar')).parameters, { city: 'Zanzibar' });
  });

  it('lets it hand over and end', async () => {
    const ports = new Answering({ liveAgentHandoff: true, endInteraction: true });
    const result = resultOf(await new Talk(model, { ports }).say('weather in Oslo'));
    assert.deepEqual([result.intent?.liveAgentHandoff, result.intent?.endInteraction], [true, true]);
    assert.equal(result.diagnosticInfo?.['end_conversation'], true);
  });

  it('goes on with an event that it triggers, and says nothing else that it says', async () => {
    const ports = new Answering({
      fulfillmentText: 'ignored',
      payload: { ignored: true },
      followupEventInput: { name: 'SECOND', parameters: { word: 'really' } },
    });
    const result = await new Talk(model, { ports }).say('weather in Oslo');
    const { fulfillmentText, intent: matched, webhookPayload, queryText } = resultOf(result);
    assert.deepEqual(
      [fulfillmentText, matched?.displayName, webhookPayload, queryText, result.event],
      ['Second, really.', 'Second', undefined, 'SECOND', 'SECOND'],
    );
    assert.deepEqual(lifespansOf(result), { weather: 5 });
    assert.equal(ports.requests.length, 1);
  });

  it('follows three events and no more', async () => {
    const ports = new Answering({ fulfillmentText: 'ignored', followupEventInput: { name: 'FIRST' } });
    const result = resultOf(await new Talk(model, { ports }).say('weather in Oslo'));
    assert.equal(ports.requests.length, 4);
    assert.equal(result.fulfillmentText, 'First.');
    assert.match(String(result.diagnosticInfo?.['followup_event_ignored']), /^FIRST: more than 3 events/u);
  });

  it('stays with the intent where the event triggers none', async () => {
    const ports = new Answering({ followupEventInput: { name: 'NOBODY' } });
    const result = resultOf(await new Talk(model, { ports }).say('weather in Oslo'));
    assert.equal(result.fulfillmentText, 'No idea about Oslo.');
    assert.equal(
      result.diagnosticInfo?.['followup_event_ignored'],
      'NOBODY: no intent is triggered by it here',
    );
  });

  it('says what the intent says where the webhook fails, and what failed', async () => {
    const failure = new WebhookError(Code.DEADLINE_EXCEEDED, 'example.com did not answer within 5000 ms', {
      transient: true,
      cause: undefined,
    });
    const { response } = await new Talk(model, { ports: new Answering(failure) }).say('weather in Oslo');
    assert.equal(response.queryResult?.fulfillmentText, 'No idea about Oslo.');
    assert.deepEqual(
      [response.webhookStatus?.code, response.webhookStatus?.message],
      [
        Code.DEADLINE_EXCEEDED,
        'Webhook call failed. Error: DEADLINE_EXCEEDED: example.com did not answer within 5000 ms',
      ],
    );
    assert.equal(typeof response.queryResult.diagnosticInfo?.['webhook_latency_ms'], 'number');
  });

  it('rejects with what is no failure of the webhook', async () => {
    const ports = new Answering(new Error('given up'));
    await assert.rejects(new Talk(model, { ports }).say('weather in Oslo'), /given up/u);
  });
});
