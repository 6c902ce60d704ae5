import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { StoredAgentSchema, StoredIntentSchema } from '@parleykit/proto/stored';
import {
  EnvironmentSchema,
  Environment_State as EnvironmentState,
  Version_VersionStatus as VersionStatus,
} from '@parleykit/proto/v2beta1';
import { FakeClock } from '../../clock.ts';
import { ResourceName } from '../../resource-names.ts';
import { openSqliteStore } from '../../storage/sqlite-store.ts';
import { ConflictError, type Store } from '../../storage/store.ts';
import { AgentError } from '../automated-agent.ts';
import { AgentContents } from '../content/agent-contents.ts';
import { AgentModels } from '../serving/agent-models.ts';
import { AgentEnvironments } from './agent-environments.ts';
import { AgentVersions } from './agent-versions.ts';

const agent = new ResourceName('p', '', 'agent');
const live = agent.child('environments', 'live');
const session = new ResourceName('p', 'global', 'agent/environments/live/users/-/sessions/s');
const { signal } = new AbortController();

describe('versions and environments', () => {
  const clock = new FakeClock();
  let folder: string;
  let store: Store;
  let contents: AgentContents;
  let models: AgentModels;
  let versions: AgentVersions;
  let environments: AgentEnvironments;
  let trained: string[];
  let onTrained: () => void;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-publishing-'));
    await open();
  });
  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(): Promise<void> {
    trained = [];
    onTrained = () => {};
    store = await openSqliteStore(folder, clock);
    contents = new AgentContents(store, clock);
    const log = {
      info: (_event: string, fields: object = {}) => {
        trained.push((fields as { agent: string }).agent);
        onTrained();
      },
      error: (event: string) => assert.fail(event),
    };
    models = new AgentModels({ store, contents, log, quietMs: 60_000 });
    versions = new AgentVersions({ store, clock, contents, models });
    environments = new AgentEnvironments(store, clock, models);
  }

  async function close(): Promise<void> {
    await models.close();
    await store.close();
  }

  /** Has the agent say something else to hello. */
  async function edit(answer: string): Promise<void> {
    const text = { message: { case: 'text' as const, value: { text: [answer] } } };
    const parts = {
      agent: create(StoredAgentSchema, {
        agent: { displayName: 'a', defaultLanguageCode: 'en', timeZone: 'UTC' },
      }),
      intents: [
        create(StoredIntentSchema, {
          intent: { name: 'intents/hello', displayName: 'Hello' },
          languages: { en: { trainingPhrases: [{ parts: [{ text: 'hello' }] }], messages: [text] } },
        }),
      ],
      entityTypes: [],
    };
    await contents.commit(agent, contents.replace(agent, await contents.find(agent), parts));
  }

  async function publish(): Promise<string> {
    const { name } = await versions.make(agent, await contents.load(agent), '');
    return name.slice('projects/p/agent/'.length);
  }

  const load = (agentVersion: string) =>
    environments.update(live, create(EnvironmentSchema, { agentVersion }));

  /** What is said to hello in a session; the draft's unless it is in an environment. */
  async function answer(name = session): Promise<unknown> {
    const deployment = await environments.deploymentOf(name);
    const serving = deployment && (await models.find(deployment.agent, 'en', signal));
    const said = serving?.model.intents[0]?.intent.messages[0]?.message;
    return said?.case === 'text' ? said.value.text[0] : said;
  }

  it('have the agent answer as it was, and as it was trained', async () => {
    await edit('one');
    assert.equal(await answer(agent), 'one');
    const first = await publish();
    await edit('two');
    await environments.make(live, create(EnvironmentSchema, { agentVersion: first }));
    assert.equal(await answer(), 'one');
    await models.isTrained(agent);
    await close();
    await open();
    assert.equal((await versions.load(agent.child('versions', '1'))).status, VersionStatus.READY);
    assert.equal((await environments.load(live)).state, EnvironmentState.RUNNING);
    assert.equal(await answer(), 'one');
    assert.deepEqual(trained, []);
  });

  it('train a version of an agent that was not trained, and have the one before answer until then', async () => {
    await edit('one');
    await answer(agent);
    const first = await publish();
    await environments.make(live, create(EnvironmentSchema, { agentVersion: first }));
    await edit('two');
    const training = new Promise<void>((resolve) => {
      onTrained = resolve;
    });
    const second = await publish();
    const { state } = await load(second);
    assert.equal(state, EnvironmentState.LOADING);
    assert.equal(await answer(), 'one');
    assert.deepEqual((await environments.usersOf(agent.child('versions', '1'))).map(String), [
      live.toString(),
    ]);
    await training;
    assert.equal((await environments.load(live)).state, EnvironmentState.RUNNING);
    assert.equal(await answer(), 'two');
    assert.deepEqual(await environments.usersOf(agent.child('versions', '1')), []);
    assert.deepEqual(trained.at(-1), 'projects/p/agent/versions/2/agent');
  });

  it('use no number twice, and keep nothing of what is removed', async () => {
    await edit('one');
    await answer(agent);
    assert.equal(await publish(), 'versions/1');
    assert.equal(await publish(), 'versions/2');
    await versions.remove(agent.child('versions', '2'));
    assert.equal(await publish(), 'versions/3');
    const left = async () =>
      (await store.walk(undefined, 1000))
        .map(({ name }) => name)
        .filter((name) => name.includes('versions/2'));
    assert.deepEqual(await left(), []);
    await assert.rejects(versions.remove(agent.child('versions', '2')), { reason: 'RESOURCE_NOT_FOUND' });
  });

  it('have nothing of those of an agent that was deleted', async () => {
    const agentVersion = 'versions/1';
    await edit('one');
    await answer(agent);
    assert.equal(await publish(), agentVersion);
    await environments.make(live, create(EnvironmentSchema, { agentVersion }));
    assert.equal(await answer(), 'one');
    const { change, committed } = contents.remove(agent, await contents.load(agent));
    const removal = await versions.removalOf(agent);
    const remove = [...change.remove, ...removal.keys, ...(await environments.keysOf(agent))];
    await contents.commit(agent, { change: { ...change, remove }, committed });
    removal.committed();
    assert.equal(await answer(), undefined);
    assert.deepEqual(
      (await store.walk(undefined, 1000)).filter(({ name }) => name.includes('p/agent')),
      [],
    );
    clock.advance(1);
    await edit('two');
    assert.equal(await publish(), agentVersion);
    await environments.make(live, create(EnvironmentSchema, { agentVersion }));
    assert.equal(await answer(), 'two');
  });

  it('make no version of what was edited meanwhile', async () => {
    await edit('one');
    const found = await contents.load(agent);
    await edit('two');
    await assert.rejects(versions.make(agent, found, ''), ConflictError);
  });

  it('say where no version is loaded, and nothing where there is no environment', async () => {
    await edit('one');
    assert.equal(await environments.deploymentOf(session), undefined);
    await assert.rejects(environments.agentOf(session), { reason: 'RESOURCE_NOT_FOUND' });
    const { state } = await environments.make(live, create(EnvironmentSchema));
    assert.equal(state, EnvironmentState.STOPPED);
    await assert.rejects(environments.deploymentOf(session), AgentError);
    await assert.rejects(environments.agentOf(session), { reason: 'VERSION_NOT_LOADED' });
  });
});
