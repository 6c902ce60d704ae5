import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  AgentSchema,
  Agents,
  EntityTypes,
  Environment_State as EnvironmentState,
  Environments,
  Intents,
  EntityType_Kind as Kind,
  ValidationError_Severity as Severity,
  type Agent_Tier as Tier,
  Versions,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  type AgentInit,
  createEntityType,
  createIntent,
  newAgent,
  phrases,
  setAgent,
} from './agent-scene.ts';
import { openScene, refused } from './scene.ts';

const scene = openScene();
const { getAgent, deleteAgent, searchAgents, getValidationResult } = Agents.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

const rich: AgentInit = {
  displayName: 'Zürich 💬',
  defaultLanguageCode: 'de',
  supportedLanguageCodes: ['en', 'pt-BR'],
  timeZone: 'Asia/Tokyo',
  description: 'x'.repeat(500),
  avatarUri: 'https://example.com/a.png',
  enableLogging: true,
  matchMode: 2,
  classificationThreshold: 0.5,
  apiVersion: 3,
  tier: 2,
};

for (const wire of scene.wires) {
  describe(`SetAgent over ${wire.name}`, () => {
    it('makes an agent, with the documented defaults, and keeps all that it is told', async () => {
      const parent = `projects/${newProject()}`;
      const bare = await setAgent(wire, parent);
      assert.deepEqual([bare.parent, bare.apiVersion, bare.tier], [parent, 2, 1]);
      assert.equal(bare.classificationThreshold, Math.fround(0.3));
      const other = `projects/${newProject()}`;
      const made = await setAgent(wire, other, rich);
      assert.deepEqual(made, create(AgentSchema, { ...rich, parent: other }));
      for (const reader of scene.wires) {
        assert.deepEqual(await reader.call(getAgent, { parent: other }), made);
      }
    });

    it('changes what the mask names alone', async () => {
      const parent = `projects/${newProject()}`;
      const made = await setAgent(wire, parent, rich);
      const changed = await wire.call(Agents.method.setAgent, {
        agent: { parent, description: 'new', timeZone: 'not/masked' },
        updateMask: { paths: ['description', 'avatar_uri'] },
      });
      assert.deepEqual(changed, { ...made, description: 'new', avatarUri: '' });
      assert.deepEqual(await wire.call(getAgent, { parent }), changed);
    });

    it('keeps the default language', async () => {
      const parent = `projects/${newProject()}`;
      await setAgent(wire, parent);
      const refusal = {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: ['agent.default_language_code'],
      };
      await refused(setAgent(wire, parent, { defaultLanguageCode: 'de' }), refusal);
      const masked = wire.call(Agents.method.setAgent, {
        agent: { parent, defaultLanguageCode: 'de' },
        updateMask: { paths: ['default_language_code'] },
      });
      await refused(masked, refusal);
      assert.equal((await wire.call(getAgent, { parent })).defaultLanguageCode, 'en');
    });

    const bad: { name: string; agent: AgentInit; reason?: string; fields: string[] }[] = [
      {
        name: 'nothing but a parent',
        agent: { displayName: '', defaultLanguageCode: '', timeZone: '' },
        reason: 'FIELD_REQUIRED',
        fields: ['agent.display_name', 'agent.default_language_code', 'agent.time_zone'],
      },
      {
        name: 'a time zone that there is not',
        agent: { timeZone: 'Europe/Nowhere' },
        fields: ['agent.time_zone'],
      },
      { name: 'a distance from UTC', agent: { timeZone: '+01:00' }, fields: ['agent.time_zone'] },
      {
        name: 'a language that is no tag',
        agent: { supportedLanguageCodes: ['de', 'no tag'] },
        fields: ['agent.supported_language_codes[1]'],
      },
      {
        name: 'a description of 501 characters',
        agent: { description: '💬'.repeat(501) },
        fields: ['agent.description'],
      },
      {
        name: 'a threshold above 1',
        agent: { classificationThreshold: 1.5 },
        fields: ['agent.classification_threshold'],
      },
      { name: 'a tier that nobody knows', agent: { tier: 77 as number as Tier }, fields: ['agent.tier'] },
      {
        name: 'the wildcard for a project',
        agent: { parent: 'projects/-' },
        fields: ['agent.parent'],
      },
    ];
    for (const { name, agent, reason = 'FIELD_INVALID', fields } of bad) {
      it(`refuses ${name}`, async () => {
        const parent = `projects/${newProject()}`;
        await refused(setAgent(wire, parent, agent), { code: Code.INVALID_ARGUMENT, reason, fields });
        await refused(wire.call(getAgent, { parent }), notFound);
      });
    }
  });

  describe(`agents of projects and locations over ${wire.name}`, () => {
    it('are one for no location, global and us, each in the form of its caller, and others elsewhere', async () => {
      const project = `projects/${newProject()}`;
      await setAgent(wire, `${project}/locations/us`);
      for (const form of ['', '/locations/global', '/locations/us']) {
        assert.equal(
          (await wire.call(getAgent, { parent: `${project}${form}` })).parent,
          `${project}${form}`,
        );
      }
      await refused(wire.call(getAgent, { parent: `${project}/locations/europe-west1` }), notFound);
    });

    it('are found by SearchAgents, in one project or in all', async () => {
      const [first, second] = [newProject(), newProject()].toSorted();
      for (const project of [first, second]) {
        await setAgent(wire, `projects/${project}/locations/europe-west2`);
      }
      const one = await wire.call(searchAgents, { parent: `projects/${first}/locations/europe-west2` });
      assert.deepEqual(
        one.agents.map(({ parent }) => parent),
        [`projects/${first}/locations/europe-west2`],
      );
      const found: string[] = [];
      let pageToken = '';
      do {
        const parent = 'projects/-/locations/europe-west2';
        const page = await wire.call(searchAgents, { parent, pageSize: 1, pageToken });
        assert.ok(page.agents.length <= 1);
        found.push(...page.agents.map((agent) => agent.parent));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      for (const project of [first, second]) {
        assert.equal(
          found.filter((parent) => parent === `projects/${project}/locations/europe-west2`).length,
          1,
        );
      }
      const elsewhere = await wire.call(searchAgents, { parent: `projects/${first}` });
      assert.deepEqual(elsewhere.agents, []);
    });

    it('are gone with all that is in them when they are deleted, and their name is free again', async () => {
      const agent = await newAgent(wire);
      const parent = agent.slice(0, -'/agent'.length);
      const { name } = await createIntent(wire, agent, { displayName: 'hello' });
      const { name: fruit } = await createEntityType(wire, agent);
      await wire.call(deleteAgent, { parent });
      await refused(wire.call(getAgent, { parent }), notFound);
      await refused(wire.call(deleteAgent, { parent }), notFound);
      await refused(wire.call(Intents.method.listIntents, { parent: agent }), notFound);
      await setAgent(wire, parent);
      await refused(wire.call(Intents.method.getIntent, { name }), notFound);
      await refused(wire.call(EntityTypes.method.getEntityType, { name: fruit }), notFound);
      assert.deepEqual((await wire.call(Intents.method.listIntents, { parent: agent })).intents, []);
    });
  });

  describe(`GetValidationResult over ${wire.name}`, () => validationCases(wire));

  describe(`environments and versions over ${wire.name}`, () => {
    it('are the draft and none', async () => {
      const agent = await newAgent(wire);
      const name = `${agent}/environments/-`;
      const draft = await wire.call(Environments.method.getEnvironment, { name });
      assert.deepEqual([draft.name, draft.state], [name, EnvironmentState.RUNNING]);
      const { listEnvironments, getEnvironment } = Environments.method;
      assert.deepEqual((await wire.call(listEnvironments, { parent: agent })).environments, []);
      assert.deepEqual((await wire.call(Versions.method.listVersions, { parent: agent })).versions, []);
      const absent = `${agent}/environments/production`;
      await refused(wire.call(getEnvironment, { name: absent }), notFound);
      await refused(wire.call(Intents.method.listIntents, { parent: absent }), notFound);
      await refused(wire.call(Versions.method.getVersion, { name: `${agent}/versions/1` }), notFound);
      await createIntent(wire, agent, { displayName: 'hello' });
      for (const id of ['-', 'draft']) {
        const parent = `${agent}/environments/${id}`;
        const [intent] = (await wire.call(Intents.method.listIntents, { parent })).intents;
        assert.ok(intent?.name.startsWith(`${agent}/intents/`), intent?.name);
      }
    });
  });
}

function validationCases(wire: Wire): void {
  it('has nothing to say of an agent in order', async () => {
    const agent = await newAgent(wire);
    const parent = agent.slice(0, -'/agent'.length);
    await createEntityType(wire, agent);
    await createIntent(wire, agent, { displayName: 'else', isFallback: true });
    await createIntent(wire, agent, {
      displayName: 'order',
      trainingPhrases: [
        { type: 1, parts: [{ text: 'an ' }, { text: 'apple', entityType: '@fruit', alias: 'fruit' }] },
      ],
      parameters: [
        {
          displayName: 'fruit',
          value: '$fruit',
          entityTypeDisplayName: '@fruit',
          mandatory: true,
          prompts: ['?'],
        },
      ],
      outputContexts: [{ name: `${agent}/sessions/-/contexts/order`, lifespanCount: 2 }],
      messages: [{ message: { case: 'text', value: { text: ['$fruit, #order.fruit'] } } }],
    });
    const { validationErrors } = await wire.call(getValidationResult, { parent });
    assert.deepEqual(validationErrors, []);
  });

  it('tells what refers to nothing, what nothing leads to and what is there twice', async () => {
    const agent = await newAgent(wire);
    const parent = agent.slice(0, -'/agent'.length);
    await createEntityType(wire, agent, {
      displayName: 'basket',
      kind: Kind.LIST,
      entities: [{ value: 'a @thing:thing', synonyms: ['a @thing:thing'] }],
    });
    const order = await createIntent(wire, agent, {
      displayName: 'order',
      webhookState: 1,
      inputContextNames: [`${agent}/sessions/-/contexts/nobody`],
      trainingPhrases: [
        { type: 1, parts: [{ text: 'x', entityType: '@gone', alias: 'ghost' }] },
        ...phrases('twice'),
      ],
      parameters: [{ displayName: 'p', value: '$q', entityTypeDisplayName: '@lost', mandatory: true }],
      messages: [{ message: { case: 'text', value: { text: ['$r and #c.d'] } } }],
    });
    await createIntent(wire, agent, { displayName: 'lonely' });
    await createIntent(wire, agent, {
      displayName: 'again',
      inputContextNames: [`${agent}/sessions/-/contexts/nobody`],
      trainingPhrases: phrases('TWICE'),
    });
    const { validationErrors } = await wire.call(getValidationResult, { parent });
    const told = validationErrors.map(({ errorMessage }) => errorMessage).join('\n');
    for (const [part, severity] of [
      ['"order" waits for the context "nobody"', Severity.WARNING],
      ['"p" of intent "order" is of the entity type "@lost"', Severity.ERROR],
      ['"p" of intent "order" is required and has no prompt', Severity.WARNING],
      ['"p" of intent "order" refers to the parameter "q"', Severity.WARNING],
      ['annotated with the entity type "@gone"', Severity.ERROR],
      ['annotated with the parameter "ghost"', Severity.WARNING],
      ['refers to the parameter "r"', Severity.WARNING],
      ['refers to the context "c"', Severity.WARNING],
      ['"order" calls the webhook', Severity.WARNING],
      ['"lonely" has neither training phrases nor events', Severity.WARNING],
      ['"twice" leads to several intents: "order", "again"', Severity.WARNING],
      ['"basket" refers to the entity type "@thing"', Severity.ERROR],
      ['No fallback intent', Severity.INFO],
    ] as const) {
      const found = validationErrors.filter(({ errorMessage }) => errorMessage.includes(part));
      assert.deepEqual([found.length, found[0]?.severity], [1, severity], `${part}\n${told}`);
    }
    assert.equal(validationErrors.length, 14, told);
    const phrase = `${order.name}/trainingPhrases/${order.trainingPhrases[0]?.name}`;
    assert.ok(validationErrors.some(({ entries }) => entries[0] === phrase));
  });

  it('is about one language, and refuses one that the agent does not have', async () => {
    const agent = await newAgent(wire);
    const parent = agent.slice(0, -'/agent'.length);
    await createIntent(wire, agent, { displayName: 'hello', trainingPhrases: phrases('hello') }, 'en');
    const told = async (languageCode: string) => {
      const { validationErrors } = await wire.call(getValidationResult, { parent, languageCode });
      return validationErrors.filter(({ errorMessage }) => errorMessage.includes('nothing leads to it'))
        .length;
    };
    assert.deepEqual([await told(''), await told('en-US'), await told('de')], [0, 0, 1]);
    await refused(wire.call(getValidationResult, { parent, languageCode: 'fr' }), {
      code: Code.INVALID_ARGUMENT,
      reason: 'LANGUAGE_UNKNOWN',
      fields: ['language_code'],
    });
  });
}
