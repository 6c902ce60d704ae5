import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { clone, create } from '@bufbuild/protobuf';
import {
  StoredAgentSchema,
  type StoredEntityType,
  StoredEntityTypeSchema,
  type StoredIntent,
  StoredIntentSchema,
} from '@parleykit/proto/stored';
import { FakeClock } from '../../clock.ts';
import { INTENTS_MAX } from '../../limits.ts';
import { ResourceName } from '../../resource-names.ts';
import { openSqliteStore } from '../../storage/sqlite-store.ts';
import { ConflictError, type Store } from '../../storage/store.ts';
import type { AgentContent, AgentParts } from './agent-content.ts';
import { AgentContents } from './agent-contents.ts';
import { AgentDraft } from './agent-draft.ts';

const parent = new ResourceName('p', 'global', '');

const settings = (displayName: string) =>
  create(StoredAgentSchema, { agent: { displayName, defaultLanguageCode: 'en' } });
const intent = (displayName: string, parentFollowupIntentName = '', action = '') =>
  create(StoredIntentSchema, { intent: { displayName, parentFollowupIntentName, action } });
const entityType = (displayName: string, value = 'a') =>
  create(StoredEntityTypeSchema, {
    entityType: { displayName },
    languages: { en: { entities: [{ value }] } },
  });

/** Parts of an agent by their ids. */
function partsOf(
  displayName: string,
  intents: Record<string, StoredIntent>,
  entityTypes: Record<string, StoredEntityType> = {},
): AgentParts {
  return {
    agent: settings(displayName),
    intents: Object.entries(intents).map(([id, stored]) => {
      const named = clone(StoredIntentSchema, stored);
      if (named.intent !== undefined) named.intent.name = `intents/${id}`;
      return named;
    }),
    entityTypes: Object.entries(entityTypes).map(([id, stored]) => {
      const named = clone(StoredEntityTypeSchema, stored);
      if (named.entityType !== undefined) named.entityType.name = `entityTypes/${id}`;
      return named;
    }),
  };
}

/** What is the same of an agent however it was found. */
function wholeOf(content: AgentContent | undefined): AgentParts {
  assert.ok(content);
  const { agent, intents, entityTypes } = content;
  const sorted = <Part>(parts: ReadonlyMap<string, Part>) =>
    [...parts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
  return { agent, intents: sorted(intents), entityTypes: sorted(entityTypes) };
}

/** Display names by id. */
function intentNames(content: AgentContent | undefined): Record<string, string | undefined> {
  return Object.fromEntries(
    [...(content?.intents ?? [])].map(([id, stored]) => [id, stored.intent?.displayName]),
  );
}

describe('AgentContents', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let contents: AgentContents;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-agent-contents-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    contents = new AgentContents(store, clock);
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function replace(content: AgentParts, of = contents): Promise<void> {
    await of.commit(parent, of.replace(parent, await of.find(parent), content));
  }

  async function merge(content: AgentParts): Promise<void> {
    await contents.commit(parent, contents.merge(parent, await contents.find(parent), content));
  }

  async function edit(change: (draft: AgentDraft) => void, of = contents): Promise<void> {
    const found = await of.load(parent);
    const draft = new AgentDraft(found);
    change(draft);
    await of.commit(parent, of.edit(parent, found, draft));
  }

  it('finds what was stored, whoever stored it, and counts the edits', async () => {
    assert.equal(await contents.find(parent), undefined);
    await replace(partsOf('a', { i: intent('hello') }, { e: entityType('fruit') }));
    const other = new AgentContents(store, clock);
    assert.deepEqual(wholeOf(await other.find(parent)), wholeOf(await contents.find(parent)));
    await edit((draft) => draft.putIntent('j', intent('bye')), other);
    const found = await contents.find(new ResourceName('p', '', 'agent/intents/j'));
    assert.deepEqual(intentNames(found), { i: 'hello', j: 'bye' });
    assert.deepEqual([found?.version, (await other.find(parent))?.version], [2, 2]);
    assert.equal(found?.bytes, (await other.find(parent))?.bytes);
  });

  it('reads agents with more parts than a page has', async () => {
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`i${i}`, intent(`name ${i}`)]));
    await replace(partsOf('a', many));
    assert.equal((await new AgentContents(store, clock).find(parent))?.intents.size, 1500);
  });

  it('lets one of two edits of the same state win', async () => {
    await replace(partsOf('a', {}));
    const found = await contents.load(parent);
    const edits = ['x', 'y'].map((name) => {
      const draft = new AgentDraft(found);
      draft.putIntent(name, intent(name));
      return contents.commit(parent, contents.edit(parent, found, draft));
    });
    const [first, second] = await Promise.allSettled(edits);
    assert.equal(first?.status, 'fulfilled');
    assert.ok(second?.status === 'rejected' && second.reason instanceof ConflictError);
    assert.deepEqual(intentNames(await contents.find(parent)), { x: 'x' });
  });

  it('leaves what was found as it was', async () => {
    await replace(partsOf('a', { i: intent('hello') }));
    const found = await contents.load(parent);
    await edit((draft) => draft.removeIntent('i'));
    assert.deepEqual(intentNames(found), { i: 'hello' });
    assert.deepEqual(intentNames(await contents.load(parent)), {});
  });

  it('knows an agent from the one that was there before under its name', async () => {
    const other = new AgentContents(store, clock);
    await replace(partsOf('old', { i: intent('old') }));
    assert.equal((await other.load(parent)).version, 1);
    await contents.commit(parent, contents.remove(parent, await contents.load(parent)));
    clock.advance(1);
    await replace(partsOf('new', { i: intent('new') }));
    assert.deepEqual(intentNames(await other.find(parent)), { i: 'new' });
    assert.equal(
      (await store.list('projects/p/agent/intents', 'id', { limit: 9, bytes: 9999 })).items.length,
      1,
    );
  });

  it('tells listeners of what is on disk, by its canonical name', async () => {
    const told: string[] = [];
    contents.onChange((agent) => told.push(agent.toString()));
    await replace(partsOf('a', {}));
    const found = await contents.load(parent);
    await edit((draft) => draft.putIntent('i', intent('hello')));
    await assert.rejects(contents.commit(parent, contents.remove(parent, found)), ConflictError);
    await contents.commit(parent, contents.remove(parent, await contents.load(parent)));
    assert.deepEqual(told, ['projects/p/agent', 'projects/p/agent', 'projects/p/agent']);
  });

  it('refuses more intents, larger ones and larger agents than it holds', async () => {
    await replace(partsOf('a', {}));
    const tooLarge = { reason: 'AGENT_TOO_LARGE' };
    const draft = new AgentDraft(await contents.load(parent));
    const large = intent('large', '', 'x'.repeat(3_000_000));
    assert.throws(() => draft.putIntent('l', intent('l', '', 'x'.repeat(4_000_000))), tooLarge);
    for (let index = 0; index < 23; index++) draft.restoreIntent(`l${index}`, large);
    const found = await contents.load(parent);
    assert.throws(() => contents.edit(parent, found, draft), tooLarge);
    for (let index = draft.intents.size; index < INTENTS_MAX; index++) {
      draft.restoreIntent(`m${index}`, intent('m'));
    }
    assert.throws(() => draft.restoreIntent('one too many', intent('m')), tooLarge);
    draft.restoreIntent('m23', intent('again'));
  });

  describe('replace()', () => {
    it('leaves nothing of the agent before', async () => {
      await replace(partsOf('a', { i: intent('one'), j: intent('two') }, { e: entityType('x') }));
      const next = partsOf('b', { j: intent('three') }, { f: entityType('x') });
      await replace(next);
      for (const reader of [contents, new AgentContents(store, clock)]) {
        assert.deepEqual(wholeOf(await reader.find(parent)), next);
      }
    });

    it('takes what an import brings, were it called the same', async () => {
      const twins = partsOf('a', { i: intent('same'), j: intent('same') });
      await replace(twins);
      assert.deepEqual(intentNames(await contents.find(parent)), { i: 'same', j: 'same' });
    });
  });

  it('gives parts names that have none, or those of others', async () => {
    const { agent, entityTypes } = partsOf('a', {}, { e: entityType('x') });
    await replace({
      agent,
      intents: [intent('one'), intent('two')],
      entityTypes: [...entityTypes, ...entityTypes],
    });
    const found = await contents.load(parent);
    assert.deepEqual([found.intents.size, found.entityTypes.size], [2, 2]);
    for (const [id, stored] of found.intents) assert.equal(stored.intent?.name, `intents/${id}`);
    for (const [id, stored] of found.entityTypes) assert.equal(stored.entityType?.name, `entityTypes/${id}`);
  });

  describe('merge()', () => {
    it('is the agent where there is none', async () => {
      const first = partsOf('a', { i: intent('one') });
      await merge(first);
      assert.deepEqual(wholeOf(await contents.find(parent)), first);
    });

    it('replaces what is called the same under the id that it has, and keeps settings and all else', async () => {
      await replace(
        partsOf(
          'a',
          { i: intent('one'), j: intent('two', 'intents/i') },
          { e: entityType('x'), f: entityType('y') },
        ),
      );
      await merge(
        partsOf(
          'b',
          { k: intent('one', '', 'new'), i: intent('three', 'intents/k') },
          { z: entityType('x', 'b') },
        ),
      );
      const found = await contents.load(parent);
      assert.equal(found.agent.agent?.displayName, 'a');
      const { i, j, ...rest } = intentNames(found);
      const [[added, displayName] = ['', '']] = Object.entries(rest);
      assert.deepEqual([i, j, displayName, Object.keys(rest).length], ['one', 'two', 'three', 1]);
      assert.equal(found.intents.get('i')?.intent?.action, 'new');
      assert.equal(found.intents.get('j')?.intent?.parentFollowupIntentName, 'intents/i');
      assert.equal(found.intents.get(added)?.intent?.parentFollowupIntentName, 'intents/i');
      assert.deepEqual(
        [...found.entityTypes].map(([id, stored]) => [id, stored.languages['en']?.entities[0]?.value]),
        [
          ['e', 'b'],
          ['f', 'a'],
        ],
      );
    });

    it('makes no ring of chains that are right by themselves', async () => {
      await replace(partsOf('a', { i: intent('one', 'intents/j'), j: intent('two') }));
      await merge(partsOf('b', { j: intent('two', 'intents/i'), k: intent('three', 'intents/absent') }));
      const found = await contents.load(parent);
      const parents = [...found.intents.values()].map(({ intent: each }) => each?.parentFollowupIntentName);
      assert.deepEqual(parents, ['intents/j', '', '']);
    });
  });

  describe('search()', () => {
    it('finds the agents of a location, by project, and passes over those that are gone', async () => {
      const nameOf = (project: string, location = '') => new ResourceName(project, location, '');
      for (const name of [nameOf('b'), nameOf('a', 'us'), nameOf('c'), nameOf('d', 'europe-west1')]) {
        await contents.commit(name, contents.replace(name, undefined, partsOf('x', {})));
      }
      const gone = nameOf('c');
      await contents.commit(gone, contents.remove(gone, await contents.load(gone)));
      const first = await contents.search(nameOf('-'), { limit: 2, bytes: 9999 });
      const second = await contents.search(nameOf('-'), { after: first.next, limit: 2, bytes: 9999 });
      const projects = [...first.agents, ...second.agents].map(({ project }) => project);
      assert.deepEqual([projects, second.next], [['a', 'b'], undefined]);
      const elsewhere = await contents.search(nameOf('-', 'europe-west1'), { limit: 2, bytes: 9999 });
      assert.deepEqual(
        elsewhere.agents.map(({ project }) => project),
        ['d'],
      );
    });
  });
});
