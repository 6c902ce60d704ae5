import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { StoredAgentSchema, StoredIntentSchema } from '@parleykit/proto/stored';
import { FakeClock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { ResourceName } from '../../resource-names.ts';
import { openSqliteStore } from '../../storage/sqlite-store.ts';
import type { Store } from '../../storage/store.ts';
import { AgentError } from '../automated-agent.ts';
import { AgentContents } from '../content/agent-contents.ts';
import { AgentModels } from './agent-models.ts';

const parent = new ResourceName('p', 'global', '');
const other = new ResourceName('q', '', '');
const { signal } = new AbortController();

/** An agent of one intent, which says `answer` to hello. */
function agentOf(answer: string, more: readonly string[] = []) {
  const say = (text: string) => ({
    trainingPhrases: [{ parts: [{ text: 'hello' }] }],
    messages: [{ message: { case: 'text' as const, value: { text: [text] } } }],
  });
  return {
    agent: create(StoredAgentSchema, {
      agent: {
        displayName: 'a',
        defaultLanguageCode: 'en',
        supportedLanguageCodes: [...more],
        timeZone: 'UTC',
      },
    }),
    intents: [
      create(StoredIntentSchema, {
        intent: { name: 'intents/hello', displayName: 'Hello' },
        languages: {
          en: say(answer),
          ...Object.fromEntries(more.map((tag) => [tag, say(`${answer} (${tag})`)])),
        },
      }),
    ],
    entityTypes: [],
  };
}

describe('AgentModels', () => {
  const clock = new FakeClock();
  let folder: string;
  let store: Store;
  let contents: AgentContents;
  let models: AgentModels;
  let trainings: number;
  let onTrained: () => void;

  const log: Log = {
    info: (event) => {
      if (event !== 'agent trained') return;
      trainings++;
      onTrained();
    },
    error: (event, fields) => assert.fail(`${event} ${String(fields?.['error'])}`),
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-models-'));
    await open();
  });
  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(more: { quietMs?: number; modelsBytesMax?: number } = {}): Promise<void> {
    trainings = 0;
    onTrained = () => {};
    store = await openSqliteStore(folder, clock);
    contents = new AgentContents(store, clock);
    models = new AgentModels({ store, contents, log, quietMs: 1, ...more });
  }

  async function close(): Promise<void> {
    await models.close();
    await store.close();
  }

  async function restart(more: { quietMs?: number; modelsBytesMax?: number } = {}): Promise<void> {
    await close();
    await open(more);
  }

  const trained = () =>
    new Promise<void>((resolve) => {
      onTrained = resolve;
    });

  async function put(name: ResourceName, answer: string, languages: readonly string[] = []): Promise<void> {
    const found = await contents.find(name);
    await contents.commit(name, contents.replace(name, found, agentOf(answer, languages)));
  }

  async function remove(name: ResourceName): Promise<void> {
    await contents.commit(name, contents.remove(name, await contents.load(name)));
  }

  /** What the agent says to hello; undefined where there is none. */
  async function answer(name = parent, language = 'en'): Promise<unknown> {
    const serving = await models.find(name, language, signal);
    return serving?.model.intents[0]?.intent.messages[0]?.message.value;
  }
  const saying = (text: string) => agentOf(text).intents[0]?.languages['en']?.messages[0]?.message.value;

  it('waits for the first training, and answers under every form of the name', async () => {
    await restart({ quietMs: 60_000 });
    await put(parent, 'one');
    assert.deepEqual(await answer(), saying('one'));
    assert.deepEqual(await answer(new ResourceName('p', 'us', 'agent/sessions/s')), saying('one'));
    assert.equal(await answer(other), undefined);
    assert.equal(trainings, 1);
  });

  it('trains when an agent was edited, and has the old model answer until then', async () => {
    await put(parent, 'one');
    await answer();
    await restart({ quietMs: 60_000 });
    await put(parent, 'two');
    assert.deepEqual(await answer(), saying('one'));
    assert.equal(trainings, 0);
    const done = trained();
    assert.equal(await models.isTrained(parent), false);
    await done;
    assert.equal(await models.isTrained(parent), true);
    assert.deepEqual(await answer(), saying('two'));
  });

  it('trains once for edits that come together', async () => {
    await restart({ quietMs: 50 });
    const done = trained();
    for (const text of ['one', 'two', 'three', 'four']) await put(parent, text);
    await done;
    assert.deepEqual(await answer(), saying('four'));
    assert.equal(trainings, 1);
  });

  it('does not train again after a restart, unless the agent was edited and not trained', async () => {
    await put(parent, 'one');
    await answer();
    await restart({ quietMs: 60_000 });
    assert.equal(await models.isTrained(parent), true);
    assert.deepEqual(await answer(), saying('one'));
    await put(parent, 'two');
    await restart();
    const done = trained();
    assert.deepEqual(await answer(), saying('one'));
    await done;
    assert.deepEqual(await answer(), saying('two'));
    assert.equal(trainings, 1);
  });

  it('has an agent that is deleted answer no more, at once, and keeps nothing of it', async () => {
    await put(parent, 'one');
    await answer();
    await remove(parent);
    assert.equal(await answer(), undefined);
    await assert.rejects(models.isTrained(parent), /Agent/u);
    assert.equal(await store.get('projects/p/agent/models/en'), undefined);
  });

  it('keeps no model of a language that the agent no longer has', async () => {
    await put(parent, 'one', ['de']);
    await answer();
    assert.ok(await store.get('projects/p/agent/models/de'));
    await put(parent, 'two');
    assert.equal(await store.get('projects/p/agent/models/de'), undefined);
  });

  it('has nothing of an agent in the next one of its name', async () => {
    await restart({ quietMs: 60_000 });
    await put(parent, 'one');
    await answer();
    await remove(parent);
    clock.advance(1);
    await put(parent, 'two');
    assert.deepEqual(await answer(), saying('two'));
  });

  it('answers in the language that is asked for, or the default one', async () => {
    await put(parent, 'one', ['de']);
    assert.deepEqual(await answer(parent, 'de-AT'), saying('one (de)'));
    assert.deepEqual(await answer(parent, 'fr'), saying('one'));
  });

  it('trains anew where the stored bytes are of another version', async () => {
    await put(parent, 'one');
    await answer();
    const row = await store.get('projects/p/agent/models/en');
    assert.ok(row?.ordering !== undefined);
    const broken = { state: row.state, ordering: row.ordering, body: Buffer.from('of old') };
    await store.commit({ partition: 'projects/p', put: [{ name: 'projects/p/agent/models/en', ...broken }] });
    await restart({ quietMs: 60_000 });
    assert.deepEqual(await answer(), saying('one'));
    assert.equal(trainings, 1);
  });

  it('holds no more models than it may, and reads them again', async () => {
    await restart({ modelsBytesMax: 1 });
    await put(parent, 'one');
    await put(other, 'two');
    for (const [name, text] of [
      [parent, 'one'],
      [other, 'two'],
      [parent, 'one'],
    ] as const) {
      assert.deepEqual(await answer(name), saying(text));
    }
    assert.ok(trainings <= 2);
  });

  it('stops a training, and has the old model answer until the agent is edited', async () => {
    await put(parent, 'one', ['de']);
    await answer();
    await restart({ quietMs: 60_000 });
    await put(parent, 'two', ['de']);
    const [[thread]] = await Promise.all([once(process, 'worker'), models.isTrained(parent)]);
    const ended = once(thread, 'exit');
    await models.stop(parent);
    await ended;
    assert.deepEqual([await answer(), await answer(parent, 'de')], [saying('one'), saying('one (de)')]);
    await assert.rejects(models.isTrained(parent), /^AgentError: its training was cancelled$/u);
    assert.equal(trainings, 0);
    const done = trained();
    await put(parent, 'three', ['de']);
    assert.equal(await models.isTrained(parent), false);
    await done;
    assert.deepEqual([await answer(), await answer(parent, 'de')], [saying('three'), saying('three (de)')]);
  });

  it('trains what was stopped when it is asked to, or when nothing else could answer', async () => {
    await restart({ quietMs: 60_000 });
    await put(parent, 'one');
    await models.stop(parent);
    await assert.rejects(models.isTrained(parent), /cancelled/u);
    assert.deepEqual(await answer(), saying('one'));
    await put(parent, 'two');
    await models.stop(parent);
    models.retry(parent);
    const done = trained();
    assert.equal(await models.isTrained(parent), false);
    await done;
    assert.deepEqual(await answer(), saying('two'));
    await models.stop(parent);
    assert.equal(await models.isTrained(parent), true);
    await models.stop(other);
  });

  it('tells who waits for a training that it was stopped', async () => {
    await restart({ quietMs: 60_000 });
    await put(parent, 'one');
    const [asked] = await Promise.all([
      answer().catch((error: unknown) => error),
      once(process, 'worker').then(() => models.stop(parent)),
    ]);
    assert.ok(asked instanceof AgentError && asked.transient, String(asked));
    assert.deepEqual(await answer(), saying('one'));
  });

  it('lets go of who does not wait any longer', async () => {
    await put(parent, 'one');
    const gone = new AbortController();
    const asking = models.find(parent, 'en', gone.signal);
    gone.abort(new Error('gone'));
    await assert.rejects(asking, /gone/u);
    assert.deepEqual(await answer(), saying('one'));
  });

  it('knows nothing of a project that was reset, and all again when it is restored', async () => {
    const eraser = { key: 'erase', kind: 'erase' };
    const change = async (project: Record<string, unknown>) => {
      await store.commit({
        partition: 'projects/p',
        project: { at: clock.now(), eraser, ...project } as never,
      });
      models.forget('p');
    };
    for (const name of [parent, other]) {
      await put(name, 'one');
      await answer(name);
    }
    await change({ kind: 'save', snapshot: 's' });
    await put(parent, 'two');
    await change({ kind: 'reset' });
    assert.equal(await answer(), undefined);
    assert.deepEqual(await answer(other), saying('one'));
    await change({ kind: 'restore', snapshot: 's' });
    assert.deepEqual(await answer(), saying('one'));
  });
});
