import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, type StringValue, StringValueSchema } from '@bufbuild/protobuf/wkt';
import { OperationSchema } from '@parleykit/proto/longrunning';
import { FakeClock } from '../clock.ts';
import { notFound } from '../errors.ts';
import { ResourceName } from '../resource-names.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import { decodeNamed } from '../storage/named-message.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { type NotYet, OperationRunner, type Outcome, type Work } from './operation-runner.ts';

const parent = new ResourceName('p', 'global', '');
const text = (value: string) => create(StringValueSchema, { value });
const packed = (value: string) => anyPack(StringValueSchema, text(value));

describe('OperationRunner', () => {
  let folder: string;
  let store: Store;
  const clock = new FakeClock();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-operation-'));
    store = await openSqliteStore(folder, clock);
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Work writes down what it was asked for. */
  async function write(request: StringValue): Promise<Outcome> {
    const put = [{ name: 'projects/p/things/written', body: Buffer.from(request.value) }];
    return { change: { put }, response: packed(`wrote ${request.value}`) };
  }

  function openRunner(run: Work<StringValue>['run'] = write) {
    const scheduler = new Scheduler(store, clock, { info: () => {}, error: () => {} });
    const runner = new OperationRunner(store, clock, scheduler);
    runner.register('write', StringValueSchema, run);
    return { runner, scheduler };
  }

  const start = (runner: OperationRunner, request: string, subject = 'a/b') =>
    runner.start(parent, 'write', { request: text(request), metadata: packed('metadata'), subject });

  async function load(name: string) {
    const stored = await store.get(name.replace('/locations/global', ''));
    return decodeNamed(OperationSchema, name, stored?.body ?? new Uint8Array());
  }

  it('looks again for as long as something else has to be over first, also after a restart', async () => {
    let looks = 0;
    const wait = async (request: StringValue): Promise<Outcome | NotYet> =>
      ++looks < 3 ? { again: 50 } : write(request);
    const { runner, scheduler } = openRunner(wait);
    const { name } = await start(runner, 'x');
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(looks, 1);
    assert.equal((await load(name)).done, false);
    clock.advance(50_000);
    assert.equal(await openRunner(wait).scheduler.runDue(), 0);
    assert.equal(looks, 2);
    await assert.rejects(start(runner, 'y'), { reason: 'OPERATION_IN_PROGRESS' });
    clock.advance(50_000);
    await scheduler.runDue();
    assert.equal((await load(name)).done, true);
  });

  it('is cancelled while it waits', async () => {
    const { runner, scheduler } = openRunner(async () => ({ again: 50 }));
    const { name } = await start(runner, 'x');
    await scheduler.runDue();
    await runner.cancel(new ResourceName('p', '', name.slice(name.indexOf('operations/'))));
    clock.advance(50_000);
    assert.equal(await scheduler.runDue(), 0);
    assert.equal((await load(name)).result.case, 'error');
  });

  it('tells in its metadata how far it is', async () => {
    const { runner, scheduler } = openRunner(async () => ({ again: 50, metadata: packed('running') }));
    const { name } = await start(runner, 'x');
    await scheduler.runDue();
    const operation = await load(name);
    assert.deepEqual([operation.done, operation.metadata], [false, packed('running')]);
  });

  it('begins with a change, and does not begin where that cannot be', async () => {
    const { runner } = openRunner();
    const begin = (version: number) =>
      runner.start(parent, 'write', {
        request: text('x'),
        metadata: packed('metadata'),
        subject: `subject ${version}`,
        change: {
          expect: version === 0 ? [] : [{ name: 'projects/p/things/begun', version }],
          put: [{ name: 'projects/p/things/begun', body: Buffer.from('begun') }],
          remove: ['projects/p/things/old'],
        },
      });
    await store.commit({
      partition: 'projects/p',
      put: [{ name: 'projects/p/things/old', body: new Uint8Array() }],
    });
    await begin(0);
    assert.equal((await store.get('projects/p/things/begun'))?.version, 1);
    assert.equal(await store.get('projects/p/things/old'), undefined);
    await assert.rejects(begin(7), { name: 'ConflictError' });
    assert.equal(
      (await store.list('projects/p/operations', 'id', { limit: 9, bytes: 9999 })).items.length,
      1,
    );
  });

  it('ends with an error that changes something all the same', async () => {
    const told: string[] = [];
    const { runner, scheduler } = openRunner(async () => ({
      error: notFound('Thing', 'projects/p/things/none'),
      change: { put: [{ name: 'projects/p/things/failed', body: Buffer.from('x') }] },
      metadata: packed('failed'),
      committed: () => told.push('failed'),
    }));
    const { name } = await start(runner, 'x');
    await scheduler.runDue();
    const { done, result, metadata } = await load(name);
    assert.ok(done && result.case === 'error');
    assert.deepEqual([result.value.code, result.value.details], [5, []]);
    assert.deepEqual([metadata, told], [packed('failed'), ['failed']]);
    assert.ok(await store.get('projects/p/things/failed'));
  });

  it('tells how far it is in its metadata, and what is running', async () => {
    let looks = 0;
    const { runner, scheduler } = openRunner(async () => ({
      again: 50,
      metadata: packed(`look ${++looks}`),
    }));
    const subject = 'a/b';
    assert.equal(await runner.findRunning(parent, subject), undefined);
    const { name } = await start(runner, 'x', subject);
    await scheduler.runDue();
    clock.advance(50_000);
    await scheduler.runDue();
    const { done, metadata, result } = await load(name);
    assert.deepEqual([done, result.case], [false, undefined]);
    assert.equal(metadata && anyUnpack(metadata, StringValueSchema)?.value, 'look 2');
    const id = name.slice(name.lastIndexOf('/') + 1);
    assert.equal(await runner.findRunning(parent, subject), `projects/p/operations/${id}`);
    const change = { partition: 'projects/p', expect: [runner.expectNone(parent, subject)] };
    await assert.rejects(store.commit(change), { name: 'ConflictError' });
    await runner.cancel(parent.child('operations', id));
    await store.commit(change);
  });

  it('tells its work by name that it was cancelled, once', async () => {
    const told: string[] = [];
    const { runner, scheduler } = openRunner();
    const wait = async (_request: StringValue, operation: string): Promise<NotYet> => {
      told.push(`look at ${operation}`);
      return { again: 50 };
    };
    runner.register('wait', StringValueSchema, {
      run: wait,
      undo: async (_request, operation) => ({
        change: {},
        committed: () => told.push(`cancelled ${operation}`),
      }),
    });
    const parts = { request: text('x'), metadata: packed('metadata'), subject: 'a/b' };
    const { name } = await runner.start(parent, 'wait', parts);
    await scheduler.runDue();
    const id = name.slice(name.lastIndexOf('/') + 1);
    for (let count = 0; count < 2; count++) await runner.cancel(parent.child('operations', id));
    const canonical = `projects/p/operations/${id}`;
    assert.deepEqual(told, [`look at ${canonical}`, `cancelled ${canonical}`]);
  });

  it('tells more in its metadata at its end', async () => {
    const { runner, scheduler } = openRunner(async (request) => ({
      ...(await write(request)),
      metadata: packed('more'),
    }));
    const { name } = await start(runner, 'x');
    await scheduler.runDue();
    assert.deepEqual((await load(name)).metadata, packed('more'));
  });

  it('stores an operation before it is done, and its effects with its response', async () => {
    const { runner, scheduler } = openRunner();
    const { name, done } = await start(runner, 'x');
    assert.match(name, /^projects\/p\/locations\/global\/operations\/\w+$/);
    assert.equal(done, false);
    assert.equal((await load(name)).done, false);
    assert.equal(await scheduler.runDue(), 0);
    const finished = await load(name);
    assert.equal(finished.done, true);
    assert.deepEqual(finished.metadata, packed('metadata'));
    const { result } = finished;
    assert.equal(result.case, 'response');
    assert.deepEqual(result.value && anyUnpack(result.value as never, StringValueSchema), text('wrote x'));
    assert.equal(String(Buffer.from((await store.get('projects/p/things/written'))?.body ?? [])), 'x');
  });

  it('tells the work once that all of it is on disk, and nothing of work that was done for nothing', async () => {
    const told: string[] = [];
    let done = 0;
    const { runner, scheduler } = openRunner(async (request) => {
      const outcome = await write(request);
      const attempt = ++done;
      // The first time somebody else is faster.
      const expect = attempt === 1 ? [{ name: 'projects/p/things/absent', version: 1 }] : [];
      const committed = () => told.push(`${attempt}`);
      return { ...outcome, change: { ...outcome.change, expect }, committed };
    });
    await start(runner, 'x');
    await scheduler.runDue();
    assert.deepEqual(told, ['2']);
    assert.equal(Buffer.from((await store.get('projects/p/things/written'))?.body ?? []).toString(), 'x');
  });

  it('continues after a restart', async () => {
    const { name } = await start(openRunner().runner, 'x');
    await store.close();
    store = await openSqliteStore(folder, clock);
    await openRunner().scheduler.runDue();
    assert.equal((await load(name)).result.case, 'response');
  });

  it('refuses a second one about the same, until the first is done', async () => {
    const { runner, scheduler } = openRunner();
    await start(runner, 'x');
    await assert.rejects(start(runner, 'y'), { reason: 'OPERATION_IN_PROGRESS' });
    await start(runner, 'z', 'a/c');
    await scheduler.runDue();
    await start(runner, 'y');
  });

  it('ends with the error of its work', async () => {
    const { runner, scheduler } = openRunner(async () => {
      throw notFound('Thing', 'projects/p/things/none');
    });
    const { name } = await start(runner, 'x');
    await scheduler.runDue();
    const { done, result } = await load(name);
    assert.deepEqual([done, result.case, result.case === 'error' && result.value.code], [true, 'error', 5]);
    await start(runner, 'again');
  });

  it('is tried again when its work fails for no reason that it could tell', async () => {
    let failures = 1;
    const { runner, scheduler } = openRunner(async (request) => {
      if (failures-- > 0) throw new Error('the disk is away');
      return write(request);
    });
    const { name } = await start(runner, 'x');
    assert.equal(await scheduler.runDue(), 1);
    assert.equal((await load(name)).done, false);
    assert.equal(await scheduler.runDue(), 0);
    assert.equal((await load(name)).done, true);
  });

  it('is tried again when something changed under its work', async () => {
    const name = 'projects/p/things/watched';
    await store.commit({ partition: 'projects/p', put: [{ name, body: Buffer.from('1') }] });
    let disturbed = false;
    const { runner, scheduler } = openRunner(async () => {
      const watched = await store.get(name);
      if (!disturbed)
        await store.commit({ partition: 'projects/p', put: [{ name, body: Buffer.from('2') }] });
      disturbed = true;
      const change = {
        expect: [{ name, version: watched?.version ?? 0 }],
        put: [{ name, body: Buffer.from('3') }],
      };
      return { change, response: packed('done') };
    });
    const operation = await start(runner, 'x');
    await scheduler.runDue();
    assert.equal((await load(operation.name)).result.case, 'response');
    assert.equal((await store.get(name))?.version, 3);
  });

  it('goes 30 days after it is done, however it ended', async () => {
    const DAY = 86_400_000_000;
    const { runner, scheduler } = openRunner();
    const { name } = await start(runner, 'x');
    const cancelled = await start(runner, 'y', 'another');
    await runner.cancel(
      parent.child('operations', cancelled.name.slice(cancelled.name.lastIndexOf('/') + 1)),
    );
    await scheduler.runDue();
    clock.advance(30 * DAY - 1);
    await scheduler.runDue();
    const stored = (each: string) => store.get(each.replace('/locations/global', ''));
    assert.ok((await stored(name)) && (await stored(cancelled.name)));
    clock.advance(1);
    assert.equal(await scheduler.runDue(), 0);
    assert.deepEqual([await stored(name), await stored(cancelled.name)], [undefined, undefined]);
    assert.equal(await store.nextDue(), undefined);
  });

  it('of before operations went, goes once it is told to', async () => {
    const key = 'projects/p/operations/old';
    const done = { name: key, state: 2, ordering: clock.now(), body: new Uint8Array() };
    await store.commit({ partition: 'projects/p', put: [done, { ...done, name: `${key}er`, state: 1 }] });
    const { runner, scheduler } = openRunner();
    for (const name of [key, key, `${key}er`]) {
      const stored = await store.get(name);
      assert.ok(stored);
      await runner.retain(name, stored);
    }
    clock.advance(30 * 86_400_000_000);
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(await store.get(key), undefined);
    assert.ok(await store.get(`${key}er`));
  });

  describe('cancel()', () => {
    const nameOf = (name: string) => parent.child('operations', name.slice(name.lastIndexOf('/') + 1));

    it('ends an operation with code 1, and its work has no effect', async () => {
      const begun = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      const { runner, scheduler } = openRunner(async (request) => {
        begun.resolve();
        await held.promise;
        return write(request);
      });
      const { name } = await start(runner, 'x');
      const round = scheduler.runDue();
      await begun.promise;
      await runner.cancel(nameOf(name));
      held.resolve();
      await round;
      const { done, result } = await load(name);
      assert.deepEqual([done, result.case === 'error' && result.value.code], [true, 1]);
      assert.equal(await store.get('projects/p/things/written'), undefined);
      await start(runner, 'again');
    });

    it('ends one whose work fails meanwhile, and nothing is left to be tried again', async () => {
      const begun = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      const { runner, scheduler } = openRunner(async () => {
        begun.resolve();
        await held.promise;
        throw notFound('Thing', 'projects/p/things/none');
      });
      const { name } = await start(runner, 'x');
      const round = scheduler.runDue();
      await begun.promise;
      await runner.cancel(nameOf(name));
      held.resolve();
      assert.equal(await round, 0);
      const { result } = await load(name);
      assert.equal(result.case === 'error' && result.value.code, 1);
    });

    it('undoes what it began with, once', async () => {
      const undone: string[] = [];
      const { runner, scheduler } = openRunner();
      runner.register('write', StringValueSchema, {
        run: async () => ({ again: 50 }),
        undo: async ({ value }) => ({
          change: { put: [{ name: 'projects/p/things/undone', body: Buffer.from(value) }] },
          metadata: packed('undone'),
          committed: () => undone.push(value),
        }),
      });
      const { name } = await start(runner, 'x');
      await scheduler.runDue();
      for (let times = 0; times < 2; times++) await runner.cancel(nameOf(name));
      assert.deepEqual(undone, ['x']);
      assert.equal((await store.get('projects/p/things/undone'))?.version, 1);
      assert.deepEqual((await load(name)).metadata, packed('undone'));
    });

    it('leaves one that is done as it is', async () => {
      const { runner, scheduler } = openRunner();
      const { name } = await start(runner, 'x');
      await scheduler.runDue();
      await runner.cancel(nameOf(name));
      assert.equal((await load(name)).result.case, 'response');
    });

    it('stops what goes on elsewhere for it, once', async () => {
      const stopped: string[] = [];
      const { runner, scheduler } = openRunner();
      runner.register('write', StringValueSchema, {
        run: async () => ({ again: 50 }),
        undo: async ({ value }) => ({ change: {}, committed: () => void stopped.push(value) }),
      });
      const { name } = await start(runner, 'x');
      await scheduler.runDue();
      for (let times = 0; times < 2; times += 1) await runner.cancel(nameOf(name));
      assert.deepEqual(stopped, ['x']);
    });

    it('knows when there is none', async () => {
      await assert.rejects(openRunner().runner.cancel(nameOf('x/none')), { reason: 'RESOURCE_NOT_FOUND' });
    });
  });
});
