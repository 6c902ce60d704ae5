import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf, type OpenedClients, onEveryWire, present } from './google-node-clients.ts';
import { namesOf } from './google-node-scene.ts';
import { newProject } from './target.ts';

onEveryWire("The agents of Google's Node client", (clients) => {
  describe('agents', () => agentCases(clients));
  describe('intents', () => intentCases(clients));
  describe('entity types', () => entityTypeCases(clients));
  describe('contexts and session entity types', () => sessionCases(clients));
});

/** Makes the agent of a project of its own, and answers its name. */
async function newAgent(clients: OpenedClients): Promise<string> {
  const parent = `projects/${newProject()}`;
  await clients().agents.setAgent({
    agent: { parent, displayName: 'desk', defaultLanguageCode: 'en', timeZone: 'Europe/Vienna' },
  });
  return `${parent}/agent`;
}

/** As Google's samples make one: a phrase and a text to answer, and no type of the phrase. */
function greeting(displayName: string) {
  return {
    displayName,
    trainingPhrases: [{ parts: [{ text: `say ${displayName}` }] }],
    messages: [{ text: { text: [`this is ${displayName}`] } }],
  };
}

function agentCases(clients: OpenedClients): void {
  it('are set, read, found, validated and deleted', async () => {
    const { agents } = clients();
    const name = await newAgent(clients);
    const parent = name.slice(0, -'/agent'.length);
    const [read] = await agents.getAgent({ parent });
    assert.deepEqual(
      [read.parent, read.displayName, read.tier, read.apiVersion],
      [parent, 'desk', 'TIER_STANDARD', 'API_VERSION_V2'],
    );
    const [changed] = await agents.setAgent({
      agent: { parent, description: 'helps' },
      updateMask: { paths: ['description'] },
    });
    assert.deepEqual(changed, { ...read, description: 'helps' });
    const [found] = await agents.searchAgents({ parent });
    assert.deepEqual(found, [changed]);
    const [everywhere] = await agents.searchAgents({ parent: 'projects/-' });
    assert.ok(everywhere.some((agent) => agent.parent === parent));
    const [{ validationErrors }] = await agents.getValidationResult({ parent });
    assert.deepEqual(
      validationErrors?.map(({ severity, entries }) => [severity, entries]),
      [['INFO', [name]]],
    );
    await agents.deleteAgent({ parent });
    const failure = await failureOf(clients(), agents.getAgent({ parent }));
    assert.equal(failure.status, 'NOT_FOUND');
  });
}

function intentCases(clients: OpenedClients): void {
  it('are created as in the samples, read, listed, updated and deleted', async () => {
    const { intents, agents } = clients();
    const agent = await newAgent(clients);
    const parent = agents.projectAgentPath(/^projects\/([^/]+)/u.exec(agent)?.[1] ?? '');
    const [made] = await intents.createIntent({ parent, intent: greeting('hello') });
    const name = present(made.name);
    assert.deepEqual(made.trainingPhrases, []);
    const [read] = await intents.getIntent({ name, intentView: 'INTENT_VIEW_FULL' });
    assert.deepEqual(
      read.trainingPhrases?.map(({ type, parts }) => [type, parts?.[0]?.text]),
      [['EXAMPLE', 'say hello']],
    );
    assert.deepEqual(read.messages?.[0]?.text?.text, ['this is hello']);
    const [updated] = await intents.updateIntent({
      intent: { ...read, action: 'greet' },
      intentView: 'INTENT_VIEW_FULL',
    });
    assert.deepEqual(updated, { ...read, action: 'greet' });
    await intents.createIntent({ parent, intent: greeting('bye') });
    const [all] = await intents.listIntents({ parent, intentView: 'INTENT_VIEW_FULL' });
    assert.deepEqual(all.map(({ displayName }) => displayName).toSorted(), ['bye', 'hello']);
    const listed: string[] = [];
    for await (const intent of intents.listIntentsAsync({ parent })) {
      listed.push(present(intent.name));
    }
    assert.deepEqual(listed, namesOf(all));
    await intents.deleteIntent({ name });
    assert.equal((await failureOf(clients(), intents.getIntent({ name }))).status, 'NOT_FOUND');
  });

  it('are told apart by their display names', async () => {
    const { intents } = clients();
    const parent = await newAgent(clients);
    await intents.createIntent({ parent, intent: greeting('hello') });
    const twin = intents.createIntent({ parent, intent: greeting('hello') });
    const failure = await failureOf(clients(), twin);
    assert.deepEqual([failure.status, failure.reason], ['FAILED_PRECONDITION', 'DISPLAY_NAME_TAKEN']);
  });

  it('are updated and deleted in batches, whose promises are what became of them', async () => {
    const { intents } = clients();
    const parent = await newAgent(clients);
    const [begun] = await intents.batchUpdateIntents({
      parent,
      intentBatchInline: { intents: [greeting('one'), greeting('two')] },
      intentView: 'INTENT_VIEW_FULL',
    });
    const [response] = await begun.promise();
    const made = response.intents ?? [];
    assert.deepEqual(
      made.map(({ displayName, trainingPhrases }) => [displayName, trainingPhrases?.length]),
      [
        ['one', 1],
        ['two', 1],
      ],
    );
    const [removal] = await intents.batchDeleteIntents({
      parent,
      intents: [{ name: present(made[0]?.name) }],
    });
    await removal.promise();
    const [left] = await intents.listIntents({ parent });
    assert.deepEqual(namesOf(left), [present(made[1]?.name)]);
  });
}

function entityTypeCases(clients: OpenedClients): void {
  it('are created, listed, updated and deleted, one by one and their entities in batches', async () => {
    const { entityTypes } = clients();
    const parent = await newAgent(clients);
    const [made] = await entityTypes.createEntityType({
      parent,
      entityType: {
        displayName: 'fruit',
        kind: 'KIND_MAP',
        autoExpansionMode: 'AUTO_EXPANSION_MODE_DEFAULT',
      },
    });
    const name = present(made.name);
    const [creation] = await entityTypes.batchCreateEntities({
      parent: name,
      entities: [
        { value: 'apple', synonyms: ['apple', 'boskoop'] },
        { value: 'pear', synonyms: ['pear'] },
      ],
    });
    await creation.promise();
    const [removal] = await entityTypes.batchDeleteEntities({ parent: name, entityValues: ['pear'] });
    await removal.promise();
    const [read] = await entityTypes.getEntityType({ name });
    assert.deepEqual(read, { ...made, entities: [{ value: 'apple', synonyms: ['apple', 'boskoop'] }] });
    const [renamed] = await entityTypes.updateEntityType({
      entityType: { name, displayName: 'obst' },
      updateMask: { paths: ['display_name'] },
    });
    const [listed] = await entityTypes.listEntityTypes({ parent });
    assert.deepEqual(listed, [renamed]);
    await entityTypes.deleteEntityType({ name });
    assert.equal((await failureOf(clients(), entityTypes.getEntityType({ name }))).status, 'NOT_FOUND');
  });
}

function sessionCases(clients: OpenedClients): void {
  it('are set, read, listed and deleted by the paths that the client makes', async () => {
    const { contexts, sessionEntityTypes, entityTypes } = clients();
    const agent = await newAgent(clients);
    const project = agent.split('/')[1] ?? '';
    const parent = contexts.projectAgentSessionPath(project, 'session');
    const name = contexts.projectAgentSessionContextPath(project, 'session', 'Cart');
    const [made] = await contexts.createContext({ parent, context: { name, lifespanCount: 5 } });
    assert.equal(made.name, name.replace('Cart', 'cart'));
    const [read] = await contexts.getContext({ name });
    assert.deepEqual(read, made);
    const [updated] = await contexts.updateContext({
      context: { name, lifespanCount: 2 },
      updateMask: { paths: ['lifespan_count'] },
    });
    assert.equal(updated.lifespanCount, 2);
    const user = `${agent}/environments/draft/users/-/sessions/session`;
    const [listed] = await contexts.listContexts({ parent: user });
    assert.deepEqual(namesOf(listed), [`${user}/contexts/cart`]);
    await contexts.deleteContext({ name });
    await contexts.deleteAllContexts({ parent });
    assert.equal((await failureOf(clients(), contexts.getContext({ name }))).status, 'NOT_FOUND');

    await entityTypes.createEntityType({
      parent: agent,
      entityType: { displayName: 'fruit', kind: 'KIND_LIST' },
    });
    const fruit = sessionEntityTypes.projectAgentSessionEntityTypePath(project, 'session', 'fruit');
    const [own] = await sessionEntityTypes.createSessionEntityType({
      parent,
      sessionEntityType: {
        name: fruit,
        entityOverrideMode: 'ENTITY_OVERRIDE_MODE_SUPPLEMENT',
        entities: [{ value: 'kiwi', synonyms: ['kiwi'] }],
      },
    });
    const [all] = await sessionEntityTypes.listSessionEntityTypes({ parent });
    assert.deepEqual(all, [own]);
    await sessionEntityTypes.deleteSessionEntityType({ name: fruit });
    assert.deepEqual((await sessionEntityTypes.listSessionEntityTypes({ parent }))[0], []);
  });
}
