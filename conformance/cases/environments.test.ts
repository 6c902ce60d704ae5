import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  Agents,
  type Environment,
  type EnvironmentSchema,
  Environment_State as EnvironmentState,
  Environments,
  Intents,
  SessionEntityTypes,
  type Version,
  Version_VersionStatus as VersionStatus,
  Versions,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { createEntityType, createIntent, newAgent } from './agent-scene.ts';
import { openScene, refused } from './scene.ts';

const scene = openScene();
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const invalid = (...fields: string[]) => ({ code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields });
const required = (...fields: string[]) => ({ ...invalid(...fields), reason: 'FIELD_REQUIRED' });
const { createVersion, getVersion, listVersions, updateVersion, deleteVersion } = Versions.method;
const {
  createEnvironment,
  getEnvironment,
  listEnvironments,
  updateEnvironment,
  deleteEnvironment,
  getEnvironmentHistory,
} = Environments.method;

type EnvironmentInit = Exclude<MessageInitShape<typeof EnvironmentSchema>, Environment>;

const publish = (wire: Wire, parent: string, description = ''): Promise<Version> =>
  wire.call(createVersion, { parent, version: { description } });

const makeEnvironment = (
  wire: Wire,
  parent: string,
  environmentId: string,
  environment: EnvironmentInit = {},
): Promise<Environment> =>
  wire.call(createEnvironment, { parent, environmentId, environment: { description: 'x', ...environment } });

const loadVersion = (wire: Wire, name: string, agentVersion: string): Promise<Environment> =>
  wire.call(updateEnvironment, {
    environment: { name, agentVersion },
    updateMask: { paths: ['agent_version'] },
  });

async function intentsOf(wire: Wire, parent: string): Promise<string[]> {
  const { intents } = await wire.call(Intents.method.listIntents, { parent });
  return intents.map(({ displayName }) => displayName).sort();
}

for (const wire of scene.wires) {
  describe(`versions over ${wire.name}`, () => versionCases(wire));
  describe(`environments over ${wire.name}`, () => environmentCases(wire));
}

function versionCases(wire: Wire): void {
  it('are numbered, described anew, listed with the latest first, and removed', async () => {
    const agent = await newAgent(wire);
    const first = await publish(wire, agent, 'the first');
    assert.deepEqual(
      [first.name, first.versionNumber, first.description],
      [`${agent}/versions/1`, 1, 'the first'],
    );
    assert.ok(first.createTime !== undefined && first.status !== VersionStatus.FAILED);
    const second = await publish(wire, agent);
    const changed = await wire.call(updateVersion, {
      version: { name: first.name, description: 'good', versionNumber: 7 },
      updateMask: { paths: ['description', 'version_number'] },
    });
    assert.deepEqual([changed.description, changed.versionNumber], ['good', 1]);
    for (const reader of scene.wires) {
      const read = await reader.call(getVersion, { name: first.name });
      assert.deepEqual([read.description, read.createTime], ['good', first.createTime]);
    }
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await wire.call(listVersions, { parent: agent, pageSize: 1, pageToken });
      names.push(...page.versions.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    assert.deepEqual(names, [second.name, first.name]);
    await wire.call(deleteVersion, { name: second.name });
    await refused(wire.call(getVersion, { name: second.name }), notFound);
    await refused(wire.call(deleteVersion, { name: second.name }), notFound);
    assert.equal((await publish(wire, agent)).name, `${agent}/versions/3`);
  });

  it('become ready by themselves', async () => {
    const agent = await newAgent(wire);
    await createIntent(wire, agent, { displayName: 'hello' });
    const { name } = await publish(wire, agent);
    let status = VersionStatus.IN_PROGRESS;
    for (let asked = 0; status === VersionStatus.IN_PROGRESS && asked < 5000; asked += 1) {
      ({ status } = await wire.call(getVersion, { name }));
    }
    assert.equal(status, VersionStatus.READY);
  });

  it('are refused where there is no agent, and with descriptions that are too long', async () => {
    const agent = await newAgent(wire);
    await refused(publish(wire, `projects/${newProject()}/agent`), notFound);
    await refused(publish(wire, agent, '💬'.repeat(501)), invalid('version.description'));
    await refused(wire.call(getVersion, { name: `${agent}/versions/1` }), notFound);
    const version = { name: `${agent}/versions/1`, description: 'x' };
    const updateMask = { paths: ['description'] };
    await refused(wire.call(updateVersion, { version, updateMask }), notFound);
  });

  it('stay for as long as they answer somewhere', async () => {
    const agent = await newAgent(wire);
    const { name } = await publish(wire, agent);
    const live = await makeEnvironment(wire, agent, 'live', { agentVersion: name });
    await refused(wire.call(deleteVersion, { name }), {
      code: Code.FAILED_PRECONDITION,
      reason: 'VERSION_IN_USE',
    });
    await wire.call(deleteEnvironment, { name: live.name });
    await wire.call(deleteVersion, { name });
    await refused(wire.call(getVersion, { name }), notFound);
  });
}

function environmentCases(wire: Wire): void {
  it('keep what they are told, in the form of each caller', async () => {
    const agent = await newAgent(wire);
    const { name: version } = await publish(wire, agent);
    const told: EnvironmentInit = {
      description: 'Zürich 💬',
      textToSpeechSettings: { enableTextToSpeech: true, outputAudioEncoding: 1, sampleRateHertz: 8000 },
      fulfillment: {
        name: `${agent}/fulfillment`,
        enabled: true,
        fulfillment: {
          case: 'genericWebService',
          value: { uri: 'https://example.com/hook', requestHeaders: { 'x-stage': 'live' } },
        },
      },
    };
    const made = await makeEnvironment(wire, agent, 'live', { ...told, agentVersion: version });
    assert.deepEqual([made.name, made.agentVersion], [`${agent}/environments/live`, version]);
    assert.equal(made.description, told.description);
    const elsewhere = made.name.replace(/^projects\/[^/]+/u, '$&/locations/global');
    const read = await wire.call(getEnvironment, { name: elsewhere });
    assert.equal(read.name, elsewhere);
    assert.equal(read.agentVersion, version.replace(/^projects\/[^/]+/u, '$&/locations/global'));
    assert.deepEqual(read.fulfillment, made.fulfillment);
    assert.deepEqual(read.textToSpeechSettings, made.textToSpeechSettings);
    assert.equal(made.fulfillment?.fulfillment.value?.requestHeaders['x-stage'], 'live');
    const changed = await wire.call(updateEnvironment, {
      environment: { name: made.name, description: 'new' },
      updateMask: { paths: ['description', 'fulfillment'] },
    });
    assert.deepEqual([changed.description, changed.fulfillment], ['new', undefined]);
    assert.equal(changed.agentVersion, version);
  });

  it('hold the intents of the version that is loaded into them, and the draft its own', async () => {
    const agent = await newAgent(wire);
    await createIntent(wire, agent, { displayName: 'old' });
    const first = await publish(wire, agent);
    const { name } = await makeEnvironment(wire, agent, 'live', { agentVersion: first.name });
    await createIntent(wire, agent, { displayName: 'new' });
    await createEntityType(wire, agent);
    assert.deepEqual([await intentsOf(wire, agent), await intentsOf(wire, name)], [['new', 'old'], ['old']]);
    const session = `${name}/users/-/sessions/s`;
    const entityType = (parent: string) =>
      wire.call(SessionEntityTypes.method.createSessionEntityType, {
        parent,
        sessionEntityType: {
          name: `${parent}/entityTypes/fruit`,
          entityOverrideMode: 1,
          entities: [{ value: 'fig', synonyms: ['fig'] }],
        },
      });
    await refused(entityType(session), notFound);
    await entityType(`${agent}/sessions/s`);
    const second = await publish(wire, agent);
    await loadVersion(wire, name, second.name);
    assert.deepEqual(await intentsOf(wire, name), ['new', 'old']);
    const { intents } = await wire.call(Intents.method.listIntents, { parent: name });
    assert.ok(intents.every((intent) => intent.name.startsWith(`${agent}/intents/`)));
    await entityType(session);
  });

  it('remember what was loaded into them', async () => {
    const agent = await newAgent(wire);
    const versions = [await publish(wire, agent), await publish(wire, agent), await publish(wire, agent)];
    const { name } = await makeEnvironment(wire, agent, 'live', { description: 'how it was' });
    for (const version of versions) await loadVersion(wire, name, version.name);
    await loadVersion(wire, name, versions[2]?.name ?? '');
    const entries: string[] = [];
    let pageToken = '';
    do {
      const page = await wire.call(getEnvironmentHistory, { parent: name, pageSize: 2, pageToken });
      assert.equal(page.parent, name);
      assert.ok(
        page.entries.every(({ createTime, description }) => createTime && description === 'how it was'),
      );
      entries.push(...page.entries.map(({ agentVersion }) => agentVersion));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    assert.deepEqual(entries, versions.map((version) => version.name).reverse());
    const draft = await wire.call(getEnvironmentHistory, { parent: `${agent}/environments/-` });
    assert.deepEqual(draft.entries, []);
  });

  it('are listed by id, and gone when they are deleted', async () => {
    const agent = await newAgent(wire);
    for (const id of ['b', 'a', 'c']) await makeEnvironment(wire, agent, id);
    const ids: string[] = [];
    let pageToken = '';
    do {
      const page = await wire.call(listEnvironments, { parent: agent, pageSize: 2, pageToken });
      ids.push(...page.environments.map(({ name }) => name.slice(`${agent}/environments/`.length)));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    assert.deepEqual(ids, ['a', 'b', 'c']);
    const name = `${agent}/environments/b`;
    assert.equal((await wire.call(getEnvironment, { name })).state, EnvironmentState.STOPPED);
    await wire.call(deleteEnvironment, { name });
    await refused(wire.call(getEnvironment, { name }), notFound);
    await refused(wire.call(deleteEnvironment, { name }), notFound);
    await refused(wire.call(getEnvironmentHistory, { parent: name }), notFound);
    await refused(loadVersion(wire, name, ''), notFound);
  });

  it('put a version in the place of the draft, where the caller says that this is meant', async () => {
    const agent = await newAgent(wire);
    await createIntent(wire, agent, { displayName: 'old' });
    const { name: agentVersion } = await publish(wire, agent);
    await createIntent(wire, agent, { displayName: 'new' });
    const name = `${agent}/environments/-`;
    await refused(loadVersion(wire, name, agentVersion), required('allow_load_to_draft_and_discard_changes'));
    const updateMask = { paths: ['description'] };
    await refused(
      wire.call(updateEnvironment, { environment: { name, description: 'x' }, updateMask }),
      invalid('update_mask'),
    );
    assert.deepEqual(await intentsOf(wire, agent), ['new', 'old']);
    const draft = await wire.call(updateEnvironment, {
      environment: { name, agentVersion },
      updateMask: { paths: ['agent_version'] },
      allowLoadToDraftAndDiscardChanges: true,
    });
    assert.deepEqual([draft.name, draft.state], [name, EnvironmentState.RUNNING]);
    assert.deepEqual(await intentsOf(wire, agent), ['old']);
  });

  it('go with their agent, as do its versions', async () => {
    const agent = await newAgent(wire);
    const { name: agentVersion } = await publish(wire, agent);
    const { name } = await makeEnvironment(wire, agent, 'live', { agentVersion });
    const parent = agent.slice(0, -'/agent'.length);
    await wire.call(Agents.method.deleteAgent, { parent });
    await refused(wire.call(getVersion, { name: agentVersion }), notFound);
    await refused(wire.call(getEnvironment, { name }), notFound);
    await refused(wire.call(listVersions, { parent: agent }), notFound);
  });

  it('are refused where something is wrong with them', async () => {
    const agent = await newAgent(wire);
    const other = await newAgent(wire);
    const theirs = await publish(wire, other);
    await makeEnvironment(wire, agent, 'taken');
    const web = (uri: string, headers = {}) => ({
      name: `${agent}/fulfillment`,
      fulfillment: { case: 'genericWebService' as const, value: { uri, requestHeaders: headers } },
    });
    const service = 'environment.fulfillment.generic_web_service';
    const cases: [id: string, environment: EnvironmentInit, refusal: ReturnType<typeof invalid>][] = [
      ['', {}, required('environment_id')],
      ['-', {}, invalid('environment_id')],
      ['draft', {}, invalid('environment_id')],
      ['a b', {}, invalid('environment_id')],
      ['live', { description: 'x'.repeat(501) }, invalid('environment.description')],
      [
        'live',
        { agentVersion: 'versions/1' },
        { ...invalid('environment.agent_version'), reason: 'RESOURCE_NAME_INVALID' },
      ],
      ['live', { agentVersion: theirs.name }, invalid('environment.agent_version')],
      ['live', { fulfillment: web('ftp://example.com') }, invalid(`${service}.uri`)],
      [
        'live',
        { fulfillment: web('https://example.com', { host: 'x' }) },
        invalid(`${service}.request_headers`),
      ],
      ['live', { fulfillment: { name: `${agent}/fulfillment`, enabled: true } }, required(service)],
    ];
    for (const [id, environment, refusal] of cases) {
      await refused(makeEnvironment(wire, agent, id, environment), refusal);
    }
    await refused(makeEnvironment(wire, agent, 'live', { agentVersion: `${agent}/versions/9` }), notFound);
    await refused(makeEnvironment(wire, agent, 'taken'), {
      code: Code.ALREADY_EXISTS,
      reason: 'RESOURCE_ALREADY_EXISTS',
    });
    await refused(wire.call(deleteEnvironment, { name: `${agent}/environments/-` }), invalid('name'));
  });
}
