import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { protos } from '@google-cloud/dialogflow';
import { unzipSync } from 'fflate';
import { AgentWebhook, type Question } from './agent-webhook.ts';
import { zipDemoAgent } from './demo-agent.ts';
import {
  failureOf,
  type GoogleClients,
  type OpenedClients,
  onEveryWire,
  openGoogleClients,
  present,
} from './google-node-clients.ts';
import { createConversation, createParticipant } from './google-node-scene.ts';
import { newProject, type OwnServer, startServer } from './target.ts';

const { GetOperationRequest, CancelOperationRequest } = protos.google.longrunning;

/** Agents that are stored answer: as Google's Node client brings them in, speaks with them, and takes them out. */
onEveryWire("Stored agents, by Google's Node client", (clients) => {
  describe('conversations', () => conversationCases(clients));
  describe('sessions', () => sessionCases(clients));
  describe('operations', () => operationCases(clients));
  describe('environments', () => environmentCases(clients));
});

/** Imports an export into a project of its own, waits until it answers, and names the project. */
async function importAgent({ agents }: GoogleClients, agentContent: Uint8Array): Promise<string> {
  const parent = `projects/${newProject()}`;
  const [importing] = await agents.importAgent({ parent, agentContent });
  await importing.promise();
  const [training] = await agents.trainAgent({ parent });
  await training.promise();
  return parent;
}

interface Talk {
  readonly conversation: string;
  readonly endUser: string;
}

async function startTalk(
  clients: GoogleClients,
  parent: string,
  { agent = `${parent}/agent/environments/-` } = {},
): Promise<Talk> {
  const [profile] = await clients.profiles.createConversationProfile({
    parent,
    conversationProfile: {
      displayName: 'with an agent',
      automatedAgentConfig: { agent },
    },
  });
  const { name } = await createConversation(clients, parent, present(profile.name));
  const conversation = present(name);
  return { conversation, endUser: await createParticipant(clients, conversation, 'END_USER') };
}

async function say({ participants }: GoogleClients, participant: string, text: string) {
  const [reply] = await participants.analyzeContent(
    { participant, textInput: { text, languageCode: 'en' } },
    { retry: null },
  );
  return reply;
}

async function ask({ sessions }: GoogleClients, session: string, text: string, queryParams = {}) {
  const request = { session, queryParams, queryInput: { text: { text, languageCode: 'en' } } };
  const [{ queryResult, webhookStatus }] = await sessions.detectIntent(request, { retry: null });
  assert.ok(queryResult);
  return { ...queryResult, webhookStatus };
}

function conversationCases(clients: OpenedClients): void {
  it('begin with the agent, go on with a human, and are one transcript', async () => {
    const { conversations } = clients();
    const parent = await importAgent(clients(), await zipDemoAgent());
    const { conversation, endUser } = await startTalk(clients(), parent);
    const first = await say(clients(), endUser, 'Where is my order?');
    assert.equal(first.replyText, 'What is the number of the order? It is on the bill.');
    const second = await say(clients(), endUser, '30817');
    const { automatedAgentReply: reply } = second;
    assert.match(String(second.replyText), /^Order 30817 left/u);
    assert.equal(reply?.detectIntentResponse?.queryResult?.intent?.displayName, 'Order status');
    assert.equal(reply?.intent, reply?.detectIntentResponse?.queryResult?.intent?.name);
    assert.match(String(reply?.intent), new RegExp(`^${parent}/agent/intents/`, 'u'));

    const last = await say(clients(), endUser, 'I want to talk to a person');
    assert.deepEqual(
      last.automatedAgentReply?.responseMessages?.map((said) => (said as { message?: string }).message),
      ['text', 'liveAgentHandoff', 'endInteraction'],
    );
    const [after] = await conversations.getConversation({ name: conversation });
    assert.equal(after.conversationStage, 'HUMAN_ASSIST_STAGE');
    const human = await createParticipant(clients(), conversation, 'HUMAN_AGENT');
    const spoken = await say(clients(), human, 'This is Ada.');
    assert.equal(spoken.automatedAgentReply, null);

    const [messages] = await conversations.listMessages({ parent: conversation });
    assert.deepEqual(
      messages.toReversed().map(({ participantRole, content }) => [participantRole, content]),
      [
        ['END_USER', 'Where is my order?'],
        ['AUTOMATED_AGENT', 'What is the number of the order? It is on the bill.'],
        ['END_USER', '30817'],
        ['AUTOMATED_AGENT', second.replyText],
        ['END_USER', 'I want to talk to a person'],
        ['AUTOMATED_AGENT', 'One moment, a colleague will take over.'],
        ['HUMAN_AGENT', 'This is Ada.'],
      ],
    );
  });

  it('take events, and hold their contexts apart', async () => {
    const { participants, contexts } = clients();
    const parent = await importAgent(clients(), await zipDemoAgent());
    const [one, other] = [await startTalk(clients(), parent), await startTalk(clients(), parent)];
    const [welcome] = await participants.analyzeContent({
      participant: one.endUser,
      eventInput: { name: 'WELCOME', languageCode: 'en' },
    });
    assert.match(String(welcome.replyText), /^Welcome to the lamp shop/u);
    await say(clients(), one.endUser, 'can you repair a desk lamp on Monday at 3 pm');
    const session = `${parent}/agent/sessions/${one.conversation.split('/').at(-1)}`;
    const [held] = await contexts.listContexts({ parent: session });
    assert.ok(held.some(({ name }) => name === `${session}/contexts/bookavisit-followup`));
    // "Yes" means nothing to the other conversation.
    const yes = await say(clients(), other.endUser, 'yes please');
    assert.match(String(yes.replyText), /^I did not get that/u);
    const booked = await say(clients(), one.endUser, 'yes please');
    assert.match(String(booked.replyText), /^Booked\./u);
  });

  it('fail clearly where the agent says more than a message holds', async () => {
    const { agents, intents, conversations } = clients();
    const parent = `projects/${newProject()}`;
    await agents.setAgent({
      agent: { parent, displayName: 'verbose', defaultLanguageCode: 'en', timeZone: 'Europe/Paris' },
    });
    await intents.createIntent({
      parent: `${parent}/agent`,
      intent: {
        displayName: 'tell all',
        trainingPhrases: [{ type: 'EXAMPLE', parts: [{ text: 'tell me everything' }] }],
        messages: Array.from({ length: 28 }, () => ({ text: { text: ['long '.repeat(1000)] } })),
      },
    });
    const { conversation, endUser } = await startTalk(clients(), parent);
    const failure = await failureOf(clients(), say(clients(), endUser, 'tell me everything'));
    assert.deepEqual([failure.status, failure.reason], ['FAILED_PRECONDITION', 'AUTOMATED_AGENT_FAILED']);
    const [messages] = await conversations.listMessages({ parent: conversation });
    assert.deepEqual(messages, []);
  });

  it('fail clearly once the agent is deleted, and keep nothing of what failed', async () => {
    const { agents, conversations } = clients();
    const parent = await importAgent(clients(), await zipDemoAgent());
    const { conversation, endUser } = await startTalk(clients(), parent);
    await say(clients(), endUser, 'hello');
    await agents.deleteAgent({ parent });
    const failure = await failureOf(clients(), say(clients(), endUser, 'hello again'));
    assert.deepEqual([failure.status, failure.reason], ['FAILED_PRECONDITION', 'AUTOMATED_AGENT_FAILED']);
    const [messages] = await conversations.listMessages({ parent: conversation });
    assert.equal(messages.length, 2);
  });
}

function sessionCases(clients: OpenedClients): void {
  let parent: string;
  before(async () => {
    parent = await importAgent(clients(), await zipDemoAgent());
  });

  it('are one by every form of their names', async () => {
    const forms = [
      `${parent}/agent/sessions/s1`,
      `${parent}/locations/global/agent/sessions/s1`,
      `${parent}/agent/environments/draft/users/-/sessions/s1`,
      `${parent}/locations/global/agent/environments/-/users/-/sessions/s1`,
    ];
    const texts = ['book a visit', 'a lantern', 'on Friday', 'at 10 am'];
    const answers: unknown[] = [];
    for (const [index, session] of forms.entries()) {
      const { fulfillmentText, intent } = await ask(clients(), session, texts[index] ?? '');
      answers.push(fulfillmentText);
      assert.match(String(intent?.name), new RegExp(`^${session.split('/agent/')[0]}/agent/intents/`, 'u'));
    }
    assert.deepEqual(answers.slice(1), [
      'On which day do you want to come?',
      'And at what time?',
      'A visit with your lantern, Friday at 10 am: shall I book it?',
    ]);
  });

  it('take parameters, contexts and resets with a query', async () => {
    const session = `${parent}/agent/sessions/s2`;
    const context = (of: string) => ({
      name: `${of}/contexts/bookavisit-followup`,
      lifespanCount: 1,
      parameters: {
        fields: { 'date.original': { stringValue: 'today' }, 'time.original': { stringValue: 'noon' } },
      },
    });
    const yes = await ask(clients(), session, 'yes please', { contexts: [context(session)] });
    assert.match(String(yes.fulfillmentText), /^Booked\. We look forward to you, today/u);
    const any = { contexts: [context(`${parent}/agent/sessions/-`)] };
    assert.match(String((await ask(clients(), session, 'yes please', any)).fulfillmentText), /^Booked\./u);
    const none = await ask(clients(), session, 'yes please', { resetContexts: true });
    assert.match(String(none.fulfillmentText), /^I did not get that/u);
  });

  it('refuse contexts and entities of other sessions, and what names none, in conversations too', async () => {
    const { participants } = clients();
    const { conversation, endUser } = await startTalk(clients(), parent);
    const own = `${parent}/agent/sessions/${conversation.slice(conversation.lastIndexOf('/') + 1)}`;
    const text = { text: 'hello', languageCode: 'en' };
    const speak = (queryParams: object) =>
      participants.analyzeContent({ participant: endUser, textInput: text, queryParams }, { retry: null });
    const detect = (queryParams: object) => ask(clients(), own, 'hello', queryParams);
    const context = (name: string) => ({ contexts: [{ name, lifespanCount: 1 }] });
    const names = [
      `${parent}/agent/sessions/other/contexts/c`,
      `${parent}/agent/environments/live/users/-/sessions/-/contexts/c`.replace(parent, 'projects/elsewhere'),
      `${parent}/agent/environments/live/users/u/sessions/s/contexts/c`,
      `${own}/contexts/a b`,
      `${own}/entityTypes/c`,
      own,
      'c',
    ];
    const entityType = { name: `${parent}/agent/sessions/other/entityTypes/lamp`, entities: [] };
    const refused = [...names.map(context), { sessionEntityTypes: [entityType] }];
    for (const queryParams of refused) {
      for (const call of [speak, detect]) {
        const { status, fields } = await failureOf(clients(), call(queryParams));
        assert.equal(status, 'INVALID_ARGUMENT', JSON.stringify(queryParams));
        assert.match(fields.join(), /^query_params\.(?:contexts|session_entity_types)\[0\]\.name$/u);
      }
    }
    const elsewhere = own.replace(parent, `${parent}/locations/global`);
    for (const call of [speak, detect]) await call(context(`${elsewhere}/contexts/C`));
  });

  it('refuse what they do not take', async () => {
    const { sessions } = clients();
    const session = `${parent}/agent/sessions/s3`;
    const text = { text: 'hello', languageCode: 'en' };
    const refused = [
      [{ session, queryInput: {} }, 'INVALID_ARGUMENT'],
      [{ session, queryInput: { text: { ...text, text: 'x'.repeat(257) } } }, 'INVALID_ARGUMENT'],
      [{ session, queryInput: { text: { ...text, languageCode: '' } } }, 'INVALID_ARGUMENT'],
      [{ session, queryInput: { dtmf: { dtmfEvents: ['DTMF_ONE'] } } }, 'UNIMPLEMENTED'],
      [{ session: `${parent}/agent/sessions/-`, queryInput: { text } }, 'INVALID_ARGUMENT'],
      [
        { session: `${parent}/agent/environments/live/users/-/sessions/s`, queryInput: { text } },
        'NOT_FOUND',
      ],
      [{ session: `projects/${newProject()}/agent/sessions/s`, queryInput: { text } }, 'NOT_FOUND'],
    ] as const;
    for (const [request, code] of refused) {
      const failure = await failureOf(clients(), sessions.detectIntent(request as object, { retry: null }));
      assert.equal(failure.status, code, JSON.stringify(request));
    }
  });
}

function operationCases(clients: OpenedClients): void {
  it('bring an agent in, tell what was in it, and take it out again as it was', async () => {
    const { agents } = clients();
    const zip = await zipDemoAgent();
    const parent = `projects/${newProject()}`;
    const [restoring] = await agents.restoreAgent({ parent, agentContent: zip });
    const [, metadata] = await restoring.promise();
    const report = (metadata as { fields?: Record<string, unknown> }).fields?.['report'];
    assert.match(JSON.stringify(report), /trainingPhrases/u);
    const [exporting] = await agents.exportAgent({ parent });
    const [exported] = await exporting.promise();
    assert.deepEqual(Buffer.from(exported.agentContent as Uint8Array), Buffer.from(zip));
  });

  it('add to the agent that is there, or take its place', async () => {
    const { agents, intents } = clients();
    const zip = await zipDemoAgent();
    const parent = await importAgent(clients(), zip);
    await intents.createIntent({
      parent: `${parent}/agent`,
      intent: { displayName: 'Own', trainingPhrases: [{ parts: [{ text: 'something of my own' }] }] },
    });
    const names = async () =>
      (await intents.listIntents({ parent: `${parent}/agent` }))[0].map(({ displayName }) => displayName);
    const [importing] = await agents.importAgent({ parent, agentContent: zip });
    await importing.promise();
    assert.ok((await names()).includes('Own'));
    const [restoring] = await agents.restoreAgent({ parent, agentContent: zip });
    await restoring.promise();
    assert.ok(!(await names()).includes('Own'));
  });

  it('refuse what is no agent, files elsewhere, and agents that are not there', async () => {
    const { agents } = clients();
    const parent = `projects/${newProject()}`;
    const [importing] = await agents.importAgent({ parent, agentContent: Buffer.from('no zip') });
    await assert.rejects(importing.promise(), /no zip/u);
    const calls = [
      [() => agents.importAgent({ parent, agentUri: 'gs://a/b' }), 'UNIMPLEMENTED'],
      [() => agents.importAgent({ parent }), 'INVALID_ARGUMENT'],
      [() => agents.exportAgent({ parent }), 'NOT_FOUND'],
      [() => agents.trainAgent({ parent }), 'NOT_FOUND'],
    ] as const;
    for (const [call, code] of calls) assert.equal((await failureOf(clients(), call())).status, code);
  });

  it('stop a training when they are cancelled: the agent answers as before, until it is trained', async () => {
    const { agents, intents } = clients();
    const parent = await importAgent(clients(), await zipDemoAgent());
    const session = `${parent}/agent/sessions/cancelled`;
    const hello = async () => (await ask(clients(), session, 'hello')).fulfillmentText;
    const [all] = await intents.listIntents({ parent: `${parent}/agent` });
    const welcome = all.find(({ displayName }) => displayName === 'Default Welcome Intent');
    const answers = (text: string) => ({
      intent: { name: present(welcome?.name), messages: [{ text: { text: [text] } }] },
      updateMask: { paths: ['messages'] },
    });
    let before: unknown;
    let isStopped = false;
    // A training that is quicker than its cancellation is no less right: then it is tried with the next edit.
    for (let tries = 0; !isStopped && tries < 20; tries += 1) {
      before = await hello();
      await intents.updateIntent(answers(`hello ${tries}`));
      const [training] = await agents.trainAgent({ parent });
      const name = present(training.name);
      await agents.cancelOperation(new CancelOperationRequest({ name }));
      const [{ error }] = await agents.getOperation(new GetOperationRequest({ name }));
      isStopped = error?.code === 1 && (await hello()) === before;
    }
    assert.ok(isStopped);
    // Trainings come one after another: were there one left, it would be over before this one.
    await importAgent(clients(), await zipDemoAgent());
    assert.equal(await hello(), before);
    const [training] = await agents.trainAgent({ parent });
    await training.promise();
    assert.notEqual(await hello(), before);
  });

  it('have an edited agent answer as it is then, without being asked to', async () => {
    const { intents } = clients();
    const parent = await importAgent(clients(), await zipDemoAgent());
    const session = `${parent}/agent/sessions/edits`;
    await intents.createIntent({
      parent: `${parent}/agent`,
      intent: {
        displayName: 'Colours',
        trainingPhrases: [{ parts: [{ text: 'do you have green ones' }] }],
        messages: [{ text: { text: ['All lamps come in green.'] } }],
      },
    });
    const deadline = Date.now() + 20_000;
    let said: unknown;
    // What was trained before goes on answering until the new one is in.
    do ({ fulfillmentText: said } = await ask(clients(), session, 'do you have green ones'));
    while (said !== 'All lamps come in green.' && Date.now() < deadline);
    assert.equal(said, 'All lamps come in green.');
  });
}

function environmentCases(clients: OpenedClients): void {
  it('answer as the version that is loaded into them, whatever becomes of the draft', async () => {
    const { agents, environments, intents, versions } = clients();
    const parent = await importAgent(clients(), await zipDemoAgent());
    const agent = `${parent}/agent`;
    const question = 'Are you open on Saturday?';
    const answer = async ({ endUser }: Talk) => (await say(clients(), endUser, question)).replyText;
    const [{ name: agentVersion }] = await versions.createVersion({ parent: agent, version: {} });
    await environments.createEnvironment({
      parent: agent,
      environmentId: 'live',
      environment: { agentVersion: present(agentVersion) },
    });
    const before = await answer(await startTalk(clients(), parent));
    const [all] = await intents.listIntents({ parent: agent });
    const intent = all.find(({ displayName }) => displayName === 'Opening hours');
    await intents.updateIntent({
      intent: { name: present(intent?.name), messages: [{ text: { text: ['Closed for good.'] } }] },
      updateMask: { paths: ['messages'] },
    });
    const [training] = await agents.trainAgent({ parent });
    await training.promise();
    const [draft, live] = [
      await startTalk(clients(), parent),
      await startTalk(clients(), parent, { agent: `${parent}/agent/environments/live` }),
    ];
    assert.deepEqual([await answer(draft), await answer(live)], ['Closed for good.', before]);
    const session = `${agent}/environments/live/users/-/sessions/s`;
    assert.equal((await ask(clients(), session, question)).fulfillmentText, before);
    const [second] = await versions.createVersion({ parent: agent, version: {} });
    const name = `${agent}/environments/live`;
    await environments.updateEnvironment({
      environment: { name, agentVersion: present(second.name) },
      updateMask: { paths: ['agent_version'] },
    });
    assert.equal(await answer(live), 'Closed for good.');
    await environments.deleteEnvironment({ name });
    const failure = await failureOf(clients(), say(clients(), live.endUser, 'hello'));
    assert.equal(failure.status, 'FAILED_PRECONDITION');
    await assert.rejects(ask(clients(), session, 'hello'), /NOT_FOUND|does not exist/u);
  });
}

/** By the secret that servers with webhooks are started with here. */
function assertSigned({ headers, raw }: Question): void {
  const signed = createHmac('sha256', 'of the shop').update(`${headers['parley-timestamp']}.${raw}`);
  assert.equal(headers['parley-signature'], `v1=${signed.digest('hex')}`);
}

describe('An agent with a webhook', () => {
  const data = mkdtempSync(join(tmpdir(), 'parley-'));
  let webhook: AgentWebhook;
  let server: OwnServer;
  let clients: GoogleClients;
  let parent: string;
  before(async () => {
    webhook = await AgentWebhook.open();
    writeFileSync(join(data, 'secret'), 'of the shop\n');
    server = await startServer(data, '--agent-secret', join(data, 'secret'));
    clients = openGoogleClients(server, 'grpc');
    parent = await importAgent(
      clients,
      await zipDemoAgent({
        'agent.json': { webhook: { url: webhook.url, available: true } },
        'intents/Opening hours.json': { webhookUsed: true },
      }),
    );
  });
  after(async () => {
    await clients[Symbol.asyncDispose]();
    await server.stop();
    await webhook[Symbol.asyncDispose]();
    rmSync(data, { recursive: true, force: true });
  });

  it('says what the webhook says', async () => {
    webhook.on('when are you open', { fulfillmentText: 'always' });
    const answer = await ask(clients, `${parent}/agent/sessions/w`, 'when are you open');
    assert.deepEqual([answer.fulfillmentText, answer.webhookStatus?.code], ['always', 0]);
    const [question] = webhook.questionsAbout('when are you open');
    assert.equal(question?.body['session'], `${parent}/agent/sessions/w`);
    assertSigned(question ?? assert.fail('it was not asked'));
  });

  it('is asked where its fulfillment says, signed in, and takes no credentials along in an export', async () => {
    const { agents, environments, fulfillments, versions } = clients;
    const agent = `${parent}/agent`;
    const name = `${agent}/fulfillment`;
    const [before] = await fulfillments.getFulfillment({ name });
    const called = async (session: string, text: string) => {
      webhook.on(text, { fulfillmentText: 'here' });
      assert.equal((await ask(clients, session, text)).fulfillmentText, 'here');
      const { path, headers } = webhook.questionsAbout(text)[0] ?? assert.fail(text);
      return [path, headers.authorization, headers['x-shop']];
    };
    const webService = (path: string, username: string) => ({
      uri: new URL(path, webhook.url).href,
      username,
      password: 'pass',
      requestHeaders: { 'X-Shop': username },
    });
    await fulfillments.updateFulfillment({
      fulfillment: { name, enabled: true, genericWebService: webService('/own', 'own') },
      updateMask: { paths: ['enabled', 'generic_web_service'] },
    });
    const basic = (user: string) => `Basic ${Buffer.from(`${user}:pass`).toString('base64')}`;
    const own = ['/own', basic('own'), 'own'];
    assert.deepEqual(await called(`${agent}/sessions/f`, 'are you open on sunday'), own);
    const [{ name: agentVersion }] = await versions.createVersion({ parent: agent, version: {} });
    await environments.createEnvironment({
      parent: agent,
      environmentId: 'live',
      environment: {
        agentVersion: present(agentVersion),
        fulfillment: { name, enabled: true, genericWebService: webService('/live', 'live') },
      },
    });
    const live = `${agent}/environments/live/users/-/sessions/f`;
    assert.deepEqual(await called(live, 'are you open on monday'), ['/live', basic('live'), 'live']);
    const [exporting] = await agents.exportAgent({ parent });
    const [exported, metadata] = await exporting.promise();
    const files = unzipSync(exported.agentContent as Uint8Array);
    const settings = JSON.parse(Buffer.from(files['agent.json'] ?? []).toString());
    assert.deepEqual(
      [settings.webhook.url, settings.webhook.username, settings.webhook.headers],
      [new URL('/own', webhook.url).href, '', {}],
    );
    assert.match(JSON.stringify(metadata), /webhook\.username.*webhook\.headers\.X-Shop/u);
    await fulfillments.updateFulfillment({ fulfillment: before, updateMask: { paths: ['*'] } });
  });

  for (const [how, answer, code] of [
    [
      'answers an error',
      (response: { writeHead(s: number): { end(): void } }) => response.writeHead(500).end(),
      14,
    ],
    ['answers no JSON', (response: { end(t: string): void }) => response.end('hello'), 3],
    ['breaks the connection', (response: { destroy(): void }) => response.destroy(), 14],
    ['answers too much', { payload: { x: 'x'.repeat(70_000) } }, 3],
  ] as const) {
    it(`says its own words where the webhook ${how}, and how that was`, async () => {
      webhook.on('opening times', answer as never);
      const { fulfillmentText, webhookStatus } = await ask(
        clients,
        `${parent}/agent/sessions/f`,
        'opening times',
      );
      assert.match(String(fulfillmentText), /^We are open from Tuesday/u);
      assert.equal(webhookStatus?.code, code);
      assert.match(String(webhookStatus?.message), /^Webhook call failed/u);
    });
  }

  it('is asked again where somebody changes the session meanwhile, under the same id', async () => {
    const session = `${parent}/agent/sessions/changed`;
    const held = webhook.hold('until when are you open', { fulfillmentText: 'late' });
    const asking = ask(clients, session, 'until when are you open');
    await held.asked;
    const context = { name: `${session}/contexts/mine`, lifespanCount: 5 };
    await clients.contexts.createContext({ parent: session, context });
    held.release();
    const { fulfillmentText, outputContexts } = await asking;
    assert.equal(fulfillmentText, 'late');
    assert.ok(outputContexts?.some(({ name }) => name === context.name));
    const ids = webhook.questionsAbout('until when are you open').map(({ body }) => body['responseId']);
    assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
  });

  it('has turns of a conversation wait for each other, and forgets what failed', async () => {
    const { endUser, conversation } = await startTalk(clients, parent);
    await say(clients, endUser, 'can you repair a desk lamp');
    const held = webhook.hold('when do you close');
    const asking = say(clients, endUser, 'when do you close');
    await held.asked;
    const next = say(clients, endUser, 'on Friday');
    held.release();
    assert.equal((await asking).replyText, 're: when do you close');
    assert.equal((await next).replyText, 'And at what time?');
    const [messages] = await clients.conversations.listMessages({ parent: conversation });
    assert.equal(messages.length, 6);
  });

  it('answers streams of one text', async () => {
    const session = `${parent}/agent/sessions/stream`;
    const text = { text: 'how much is delivery', languageCode: 'en' };
    const [answer, ...more] = await stream([{ session, queryInput: { text } }]);
    assert.deepEqual(more, []);
    assert.match(String(answer?.queryResult?.fulfillmentText), /^Delivery is free/u);
    assert.ok(answer?.responseId);
    for (const [requests, said] of [
      [
        [
          { session, queryInput: { text } },
          { session, queryInput: { text } },
        ],
        /comes once/u,
      ],
      [[{ session }], /query_input/u],
      [[{ session, queryInput: { audioConfig: { languageCode: 'en' } } }], /audio_config/u],
      [[{ queryInput: { text } }], /session/u],
    ] as const) {
      await assert.rejects(stream(requests as unknown as object[]), said);
    }
  });

  type StreamAnswer = protos.google.cloud.dialogflow.v2beta1.IStreamingDetectIntentResponse;

  async function stream(requests: readonly object[]): Promise<StreamAnswer[]> {
    const call = clients.sessions.streamingDetectIntent();
    const answers: StreamAnswer[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      call.on('data', (answer: StreamAnswer) => answers.push(answer));
      call.on('error', reject);
      call.on('end', resolve);
    });
    for (const request of requests) call.write(request);
    call.end();
    await ended;
    return answers;
  }
});

describe('A server with agents', () => {
  it('answers after a restart as before, and goes on with conversations', async () => {
    const data = mkdtempSync(join(tmpdir(), 'parley-'));
    const stack = new AsyncDisposableStack();
    stack.defer(() => rmSync(data, { recursive: true, force: true }));
    try {
      const first = await startServer(data);
      const clients = openGoogleClients(first, 'grpc');
      const parent = await importAgent(clients, await zipDemoAgent());
      const { endUser } = await startTalk(clients, parent);
      await say(clients, endUser, 'can you repair a desk lamp');
      await clients[Symbol.asyncDispose]();
      await first.stop('SIGKILL');
      const second = stack.use(await startServer(data));
      const again = stack.use(openGoogleClients(second, 'grpc'));
      const { replyText } = await say(again, endUser, 'on Friday');
      assert.equal(replyText, 'And at what time?');
      assert.doesNotMatch(second.stderr(), /agent trained/u);
    } finally {
      await stack.disposeAsync();
    }
  });

  it('goes on after a kill with what it was doing, and does one thing at a time with an agent', async () => {
    const data = mkdtempSync(join(tmpdir(), 'parley-'));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rmSync(data, { recursive: true, force: true }));
    const parent = `projects/${newProject()}`;
    const agentContent = Buffer.from(await zipDemoAgent()).toString('base64');
    const post = async (url: string, verb: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await (await fetch(`${url}/v2beta1/${parent}/agent:${verb}`, init)).json()) as {
        name?: string;
        error?: { status: string };
      };
    };
    const first = await startServer(data);
    const importing = await post(first.url, 'import', { agentContent });
    const training = await post(first.url, 'train', {});
    await first.stop('SIGKILL');
    const { url } = stack.use(await startServer(data));
    const doneOf = async (name = '') => {
      for (;;) {
        const operation = (await (await fetch(`${url}/v2beta1/${name}`)).json()) as Record<string, unknown>;
        if (operation['done'] === true) return operation;
        await setTimeout(20);
      }
    };
    assert.ok((await doneOf(importing.name))['response']);
    // It was too early for the training, or it goes on as well.
    if (training.name !== undefined) assert.ok((await doneOf(training.name))['response']);
    else assert.equal(training.error?.status, 'NOT_FOUND');

    const all = await Promise.all([1, 2, 3, 4, 5].map(() => post(url, 'restore', { agentContent })));
    const begun = all.filter(({ name }) => name !== undefined);
    assert.ok(begun.length > 0);
    for (const { name } of begun) assert.ok((await doneOf(name))['response']);
    const refused = all.filter(({ error }) => error?.status === 'ABORTED');
    assert.ok(refused.length > 0);
    assert.equal(begun.length + refused.length, all.length);
  });

  it('has no agent answer that went with its project, and those that came back with it', async () => {
    const data = mkdtempSync(join(tmpdir(), 'parley-'));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rmSync(data, { recursive: true, force: true }));
    const server = stack.use(await startServer(data, '--dev'));
    const clients = stack.use(openGoogleClients(server, 'grpc'));
    const parent = await importAgent(clients, await zipDemoAgent());
    const session = `${parent}/agent/sessions/s`;
    const develop = async (path: string, body: object = {}) => {
      const response = await fetch(`${server.url}/admin/v1/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      assert.ok(response.ok, await response.text());
    };
    const before = (await ask(clients, session, 'hello')).fulfillmentText;
    await develop(`${parent}/snapshots?snapshotId=before`);
    await develop(`${parent}:reset`);
    assert.equal((await failureOf(clients, ask(clients, session, 'hello'))).status, 'NOT_FOUND');
    await develop(`${parent}/snapshots/before:restore`);
    assert.equal((await ask(clients, session, 'hello')).fulfillmentText, before);
  });

  it('has those that are stored answer, and --agent-webhook for all others', async () => {
    const data = mkdtempSync(join(tmpdir(), 'parley-'));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rmSync(data, { recursive: true, force: true }));
    const webhook = stack.use(await AgentWebhook.open());
    writeFileSync(join(data, 'secret'), 'of the shop');
    const flags = ['--agent-webhook', webhook.url, '--agent-secret', join(data, 'secret')];
    const server = stack.use(await startServer(data, ...flags));
    const clients = stack.use(openGoogleClients(server, 'grpc'));
    const parent = await importAgent(clients, await zipDemoAgent());
    const stored = await startTalk(clients, parent);
    const other = await startTalk(clients, `projects/${newProject()}`);
    assert.match(
      String((await say(clients, stored.endUser, 'hello')).replyText),
      /^Welcome to the lamp shop/u,
    );
    assert.equal((await say(clients, other.endUser, 'hello')).replyText, 're: hello');
    assertSigned(webhook.questionsAbout('hello')[0] ?? assert.fail('it was not asked'));
    // The agent of one location does not answer in another.
    const region = `${parent}/locations/europe-west1`;
    const away = await startTalk(clients, region, { agent: `${parent}/agent` });
    assert.equal((await say(clients, away.endUser, 'hello')).replyText, 're: hello');
    await clients.agents.deleteAgent({ parent });
    assert.equal((await say(clients, stored.endUser, 'hello')).replyText, 're: hello');
  });
});
