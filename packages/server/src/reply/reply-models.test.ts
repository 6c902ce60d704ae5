import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { TrainReplyModelMetadata_Phase as Phase } from '@parleykit/proto/admin';
import {
  type StoredReplyModel_Learned as Learned,
  StoredReplyModel_LearnedSchema as LearnedSchema,
} from '@parleykit/proto/stored';
import { FakeClock } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import { REPLY_MODEL_PART_BYTES } from '../limits.ts';
import type { Log } from '../log.ts';
import { ResourceName } from '../resource-names.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { ReplyModelRows, replyModelName } from './reply-model-rows.ts';
import { ReplyModels, type ReplyOptions } from './reply-models.ts';
import { ReplyTrainings, type TrainingEnd } from './reply-trainings.ts';
import { putTalk, type Said, sampleTalks } from './talks.test.fixture.ts';

const p = new ResourceName('p', '', '');
const q = new ResourceName('q', '', '');
const OPERATION = 'projects/p/operations/o';
const ASKED = 'where is my parcel';
const FIRST = 'Which address was the parcel sent to?';

describe('models of replies', () => {
  const clock = new FakeClock();
  let folder: string;
  let store: Store;
  let rows: ReplyModelRows;
  let models: ReplyModels;
  let trainings: ReplyTrainings;
  let errors: string[];
  const log: Log = { info: () => {}, error: (event) => void errors.push(event) };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-replies-'));
    errors = [];
    await open();
  });
  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(bytesMax?: number): Promise<void> {
    store = await openSqliteStore(folder, clock);
    rows = new ReplyModelRows(store);
    models = new ReplyModels({ store, log, ...(bytesMax !== undefined && { bytesMax }) });
    trainings = new ReplyTrainings({ store, clock, log });
  }

  async function close(): Promise<void> {
    await trainings.close();
    await store.close();
  }

  async function talk(scope: string, talks: readonly (readonly Said[])[]): Promise<void> {
    for (const said of talks) await putTalk(store, scope, said);
  }

  /** The row without which nothing of a training is stored. */
  const allow = (operation = OPERATION) =>
    store.commit({ partition: 'projects/p', put: [{ name: operation, state: 1, body: new Uint8Array() }] });

  const look = (parent = p, operation = OPERATION) =>
    trainings.look(operation, {
      name: replyModelName(parent),
      includeInProgress: false,
      expect: { name: operation, state: 1 },
    });

  async function reach(phase: Phase): Promise<void> {
    while (look().phase !== phase) await setImmediate();
  }

  async function ended(parent = p, operation = OPERATION): Promise<TrainingEnd> {
    for (;;) {
      const { end } = look(parent, operation);
      if (end !== undefined) return end;
      await setImmediate();
    }
  }

  async function learned(parent = p, operation = OPERATION): Promise<Learned> {
    const end = await ended(parent, operation);
    return 'learned' in end ? end.learned : assert.fail(end.error);
  }

  /** Has what was learned answer, as the operation does. */
  async function answer(parent: ResourceName, model: Learned): Promise<void> {
    const name = replyModelName(parent);
    await store.commit({
      partition: name.scope,
      ...rows.changeLearned(name, await rows.find(name), model),
    });
  }

  async function train(parent = p): Promise<void> {
    await allow();
    await answer(parent, await learned(parent));
    trainings.settle(OPERATION);
  }

  async function suggest(parent = p, options: Partial<ReplyOptions> = {}, ...said: string[]) {
    const turns = [ASKED, ...said].map((text, index) => ({
      speaker: index % 2 === 0 ? ('customer' as const) : ('agent' as const),
      text,
    }));
    const suggestions = await models.suggest(parent, turns, { limit: 3, confidenceMin: 0, ...options });
    return suggestions?.map(({ reply }) => reply);
  }

  const parts = async (parent = p) =>
    (await store.list(`${replyModelName(parent).key}/parts`, 'id', { limit: 1000, bytes: 1e9 })).items.map(
      ({ id }) => id,
    );

  describe('ReplyModels', () => {
    it('suggests what was learned from the project itself, under every form of its name', async () => {
      await talk('projects/p', sampleTalks(30));
      assert.equal(await suggest(), undefined);
      await train();
      for (const form of [p, new ResourceName('p', 'global', ''), new ResourceName('p', 'us', 'a/b')]) {
        assert.equal((await suggest(form))?.[0], FIRST);
      }
      assert.equal(
        (await suggest(p, {}, FIRST, 'to the office'))?.[0],
        'The courier brings it tomorrow morning.',
      );
      assert.equal(await suggest(q), undefined);
      assert.equal(await suggest(new ResourceName('p', 'europe-west1', '')), undefined);
    });

    it('suggests as many as are asked for, and nothing less likely than asked for', async () => {
      await talk('projects/p', sampleTalks(30));
      await train();
      assert.equal((await suggest(p, { limit: 1 }))?.length, 1);
      assert.equal((await suggest(p, { limit: 5 }))?.length, 5);
      assert.deepEqual(await suggest(p, { confidenceMin: 1 }), []);
      assert.deepEqual(await models.suggest(p, [], { limit: 3, confidenceMin: 0 }), []);
    });

    it('goes on from what the agent has begun to write', async () => {
      await talk('projects/p', sampleTalks(30));
      await train();
      assert.deepEqual(await suggest(p, { typed: 'the REF' }), ['The refund is on its way to your bank.']);
    });

    it('answers by the old model until the new one is stored, and then by that', async () => {
      await talk('projects/p', sampleTalks(30));
      await train();
      const said: Said[] = [
        ['c', ASKED],
        ['h', 'It is in your letter box.'],
      ];
      await talk(
        'projects/p',
        Array.from({ length: 200 }, () => said),
      );
      const next = await learned();
      assert.equal((await suggest())?.[0], FIRST);
      await answer(p, next);
      assert.equal((await suggest())?.[0], 'It is in your letter box.');
      assert.deepEqual(new Set((await parts()).map((id) => id.split('-')[0])), new Set([next.generation]));
    });

    it('suggests allowed replies alone: those of the model, or those that are given', async () => {
      await talk('projects/p', sampleTalks(30));
      await train();
      const name = replyModelName(p);
      const set = async (replies: readonly string[], id: string) =>
        store.commit({
          partition: 'projects/p',
          ...rows.changeAllowed(name, await rows.find(name), replies, id),
        });
      await set(['See you soon.', 'The parcel is on its way.'], 'one');
      assert.deepEqual((await suggest())?.toSorted(), ['See you soon.', 'The parcel is on its way.']);
      assert.deepEqual(await suggest(p, { allowed: ['Where to?'] }), ['Where to?']);
      assert.deepEqual(await suggest(p, { allowed: [] }), []);
      await set(['See you soon.'], 'two');
      assert.deepEqual(await suggest(), ['See you soon.']);
      await train();
      assert.deepEqual(await suggest(), ['See you soon.']);
      await set([], 'three');
      assert.equal((await suggest())?.[0], FIRST);
    });

    it('suggests again after a restart', async () => {
      await talk('projects/p', sampleTalks(30));
      await train();
      await close();
      await open();
      assert.equal((await suggest())?.[0], FIRST);
    });

    it('suggests nothing once the model is removed or the project reset, and again once it is restored', async () => {
      await talk('projects/p', sampleTalks(30));
      await train();
      const project = (change: object) =>
        store.commit({
          partition: 'projects/p',
          project: { at: clock.now(), eraser: { key: 'erase', kind: 'erase' }, ...change } as never,
        });
      await project({ kind: 'save', snapshot: 's' });
      const name = replyModelName(p);
      await store.commit({ partition: 'projects/p', ...rows.changeRemoved(name, await rows.find(name)) });
      assert.equal(await suggest(), undefined);
      assert.deepEqual(await parts(), []);
      await project({ kind: 'restore', snapshot: 's' });
      assert.equal((await suggest())?.[0], FIRST);
      await project({ kind: 'reset' });
      assert.equal(await suggest(), undefined);
      assert.deepEqual(await parts(), []);
    });

    it('keeps the models at hand that were used last, as far as they fit', async () => {
      for (const parent of [p, q]) {
        await talk(parent.key, sampleTalks(30));
        await train(parent);
      }
      // What is at hand answers although its parts are gone; what is not, cannot.
      const lose = async () => {
        const remove = (await parts()).map((id) => `projects/p/replyModel/parts/${id}`);
        await store.commit({ partition: 'projects/p', remove });
      };
      await suggest(p);
      await suggest(q);
      await lose();
      assert.equal((await suggest(p))?.[0], FIRST);
      await train();
      await close();
      await open(1);
      await suggest(p);
      await suggest(q);
      await lose();
      await assert.rejects(suggest(p), /projects\/p\/replyModel is not as its row says/u);
      assert.equal((await suggest(q))?.[0], FIRST);
    });

    it('says once that a stored model is of another version, and suggests nothing', async () => {
      await talk('projects/p', sampleTalks(30));
      await allow();
      const model = await learned();
      const name = 'projects/p/replyModel/parts/';
      const [id = ''] = await parts();
      const body = Buffer.from((await store.get(`${name}${id}`))?.body ?? []);
      body.writeUInt32LE(999, 4);
      await store.commit({ partition: 'projects/p', put: [{ name: `${name}${id}`, body }] });
      await answer(p, model);
      assert.equal(await suggest(), undefined);
      assert.equal(await suggest(), undefined);
      assert.deepEqual(errors, ['reply model unreadable']);
    });
  });

  describe('ReplyModelRows', () => {
    it('keeps a model in rows of bounded size, and reads it whole or not at all', async () => {
      const name = replyModelName(p);
      const bytes = Buffer.alloc(2.5 * REPLY_MODEL_PART_BYTES, 'parley');
      const count = await rows.writeModel(name, 'b', bytes, []);
      for (const other of ['a', 'b0', 'c']) await rows.writeModel(name, other, Buffer.from(other), []);
      assert.equal(count, 3);
      for (const id of await parts()) {
        const row = await store.get(`projects/p/replyModel/parts/${id}`);
        assert.ok((row?.body.byteLength ?? 0) <= REPLY_MODEL_PART_BYTES);
      }
      const model = create(LearnedSchema, { generation: 'b', parts: 3 });
      assert.ok(bytes.equals((await rows.readModel(name, model)) ?? new Uint8Array()));
      assert.equal(await rows.readModel(name, { ...model, parts: 4 }), undefined);
      await answer(p, model);
      await rows.sweep(name);
      assert.deepEqual(await parts(), ['b-000000', 'b-000001', 'b-000002']);
    });
  });

  describe('ReplyTrainings', () => {
    it('counts what it has read, and what it has learned', async () => {
      await talk('projects/p', [...sampleTalks(30), [['c', 'hello']]]);
      await allow();
      const { generation, sizeBytes, trainTime, ...counts } = await learned();
      assert.deepEqual(
        { ...counts },
        {
          $typeName: 'parley.stored.v1.StoredReplyModel.Learned',
          parts: 1,
          method: 1,
          conversationCount: 30,
          messageCount: 120,
          exampleCount: 60,
          replyCount: 6,
        },
      );
      assert.deepEqual(await parts(), [`${generation}-000000`]);
      assert.ok(sizeBytes > 1000n && trainTime !== undefined);
      const { end, ...progress } = look();
      assert.deepEqual(progress, {
        phase: Phase.STORING,
        done: 0,
        examples: 60,
        conversations: 30,
        skipped: 1,
        messages: 120,
      });
    });

    it('refuses what is too little to learn from, and says how little', async () => {
      for (const [count, examples] of [
        [0, 0],
        [4, 8],
      ] as const) {
        await talk('projects/p', sampleTalks(count));
        const end = await ended(p, `${OPERATION}${count}`);
        assert.ok('error' in end && end.error instanceof ServiceError);
        assert.equal(end.error.reason, 'REPLY_EXAMPLES_TOO_FEW');
        assert.match(
          end.error.message,
          new RegExp(`${examples} replies of human agents in ${count} conv`, 'u'),
        );
      }
      assert.deepEqual(errors, []);
    });

    it('ends with an error where something goes wrong by itself, and the log says what', async () => {
      await talk('projects/p', sampleTalks(30));
      const partition = await putTalk(store, 'projects/p', []);
      await store.commit({ partition, append: [[{ participant: 'c', body: Buffer.from('no message') }]] });
      const end = await ended();
      assert.ok('error' in end && end.error.reason === 'REPLY_TRAINING_FAILED');
      assert.deepEqual(errors, ['reply model not trained']);
    });

    it('learns nothing of persons', async () => {
      const said: Said[] = [
        ['c', 'my name is Tomasz and my card is 4111 1111 1111 1111'],
        ['h', 'Thank you Tomasz, Mercy here. I note 4111 1111 1111 1111 and mail to tom@mail.example'],
      ];
      for (let count = 0; count < 20; count++) {
        await putTalk(store, 'projects/p', said, { users: { h: 'mercy' } });
      }
      await train();
      assert.deepEqual(await suggest(p, {}, ''), [
        'Thank you [name], [name] here. I note [card] and mail to [email]',
      ]);
      const name = replyModelName(p);
      const { model } = await rows.find(name);
      const bytes = model.learned && (await rows.readModel(name, model.learned));
      const text = Buffer.from(bytes ?? []).toString('latin1');
      for (const secret of ['Tomasz', 'Mercy', '4111', 'tom@']) assert.ok(!text.includes(secret), secret);
    });

    it('learns from conversations in several languages', async () => {
      const other: Said[] = [
        ['c', 'wo bleibt mein Paket'],
        ['h', 'An welche Anschrift ging das Paket?'],
        ['c', '包裹在哪里'],
        ['h', '请告诉我订单号码。'],
      ];
      await talk(
        'projects/p',
        sampleTalks(30).flatMap((said) => [said, other]),
      );
      await train();
      const ask = async (text: string) => {
        const found = await models.suggest(p, [{ speaker: 'customer', text }], {
          limit: 1,
          confidenceMin: 0,
        });
        return found?.[0]?.reply;
      };
      assert.equal(await ask('mein Paket ist nicht da'), 'An welche Anschrift ging das Paket?');
      assert.equal(await ask('我的包裹在哪里'), '请告诉我订单号码。');
      assert.equal(await ask('my parcel is not here'), FIRST);
    });

    it('trains one model after another', async () => {
      for (const parent of [p, q]) await talk(parent.key, sampleTalks(30));
      await allow();
      look(p);
      const other = 'projects/q/operations/o';
      await allow(other);
      assert.equal(look(q, other).phase, Phase.WAITING);
      await learned(p);
      assert.equal((await learned(q, other)).conversationCount, 30);
    });

    it('stops at once where it is cancelled, and leaves nothing', async () => {
      // Enough that it takes a moment.
      for (let count = 0; count < 3; count++) await putTalk(store, 'projects/p', sampleTalks(250).flat());
      await allow();
      await reach(Phase.LEARNING);
      trainings.cancel(OPERATION);
      // What is looked for afterwards is another one.
      assert.equal(look(p, 'projects/p/operations/other').phase, Phase.WAITING);
      await trainings.close();
      assert.deepEqual(await parts(), []);
      assert.deepEqual(errors, []);
    });

    it('removes what it has stored where it is cancelled before that answers', async () => {
      await talk('projects/p', sampleTalks(30));
      await train();
      const kept = await parts();
      await learned();
      assert.ok((await parts()).length > kept.length);
      trainings.cancel(OPERATION);
      // Another one begins when that is over.
      await ended(q, 'projects/q/operations/o');
      assert.deepEqual(await parts(), kept);
      assert.equal((await suggest())?.[0], FIRST);
    });

    it('stores nothing once nobody wants it any more', async () => {
      await talk('projects/p', sampleTalks(30));
      await reach(Phase.STORING);
      await trainings.close();
      assert.deepEqual(await parts(), []);
    });

    it('removes what trainings have left that were cut off', async () => {
      await talk('projects/p', sampleTalks(30));
      await rows.writeModel(replyModelName(p), 'left', Buffer.from('x'), []);
      await train();
      assert.ok(!(await parts()).some((id) => id.startsWith('left')));
    });

    it('cancels those of a project that is reset', async () => {
      await talk('projects/p', sampleTalks(30));
      await allow();
      await reach(Phase.READING);
      trainings.cancelProject('q');
      assert.equal(look().phase, Phase.READING);
      trainings.cancelProject('p');
      assert.equal(look().phase, Phase.WAITING);
    });
  });
});
