import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { OutboxEventSchema } from '@parleykit/proto/stored';
import { ConversationEvent_Type as EventType, MessageSchema } from '@parleykit/proto/v2beta1';
import { FakeClock } from '../clock.ts';
import { encodeMessageBodies } from '../conversation/transcript.ts';
import { Metrics } from '../metrics.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import { SERVER_PARTITION, type Store } from '../storage/store.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';
import { down, failed, refused, ScriptedSink, wordsOf } from './scripted-sink.test.fixture.ts';

const PLENTY = { limit: 1000, bytes: 1 << 30 };
const OPTIONS: DeliveryOptions = { eventsAgeMax: 1e9, eventsBytesMax: 1e9, random: () => 0, stopMs: 20 };
const PATIENT: DeliveryOptions = { ...OPTIONS, random: () => 1 };

function nameOf(conversation: string, project = 'p'): string {
  return `projects/${project}/conversations/${conversation}`;
}

describe('Delivery', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let sink: ScriptedSink;
  let delivery: Delivery | undefined;
  let lines: string[];
  let ids: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-delivery-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    sink = new ScriptedSink();
    lines = [];
    ids = 0;
  });

  afterEach(async () => {
    await delivery?.stop();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options = OPTIONS): Promise<Delivery> {
    const log = {
      info: (event: string) => lines.push(event),
      error: (event: string) => lines.push(event),
    };
    delivery = new Delivery({ store, clock, log, sink }, options);
    await delivery.start();
    return delivery;
  }

  function encode(conversation: string, type: EventType): Uint8Array {
    return toBinary(
      OutboxEventSchema,
      create(OutboxEventSchema, {
        id: `e${ids++}`,
        topic: 'projects/p/topics/t',
        event: { conversation: nameOf(conversation), type },
      }),
    );
  }

  /** Has something happen in a conversation. */
  async function happen(conversation: string, project = 'p'): Promise<void> {
    const data = encode(conversation, EventType.CONVERSATION_STARTED);
    await store.commit({ partition: nameOf(conversation, project), emit: [{ data }] });
  }

  /** Has a batch of messages said in a conversation. */
  async function say(conversation: string, ...contents: string[]): Promise<void> {
    const name = nameOf(conversation);
    if ((await store.get(name)) === undefined) {
      const body = new Uint8Array();
      await store.commit({ partition: name, put: [{ name, holdsMessages: true, body }] });
    }
    const bodies = encodeMessageBodies(contents.map((content) => create(MessageSchema, { content })));
    await store.commit({
      partition: name,
      append: [bodies.map((body) => ({ participant: 'x', body }))],
      emit: [{ data: encode(conversation, EventType.NEW_MESSAGE), list: 0 }],
    });
  }

  /** Resolves when it holds. It is looked at in every turn of the event loop. */
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  }

  const words = (): string[] => sink.taken.map(wordsOf);
  const idle = (): Promise<void> => until(() => delivery?.waiting === 0);

  it('tells what was filed before it began and what is filed after, and settles it', async () => {
    await happen('a');
    await say('a', 'one', 'two');
    await start();
    await idle();
    await say('a', 'three');
    await idle();
    assert.deepEqual(words(), ['CONVERSATION_STARTED', 'one', 'two', 'three']);
    assert.deepEqual(
      sink.taken.map(({ id }) => id),
      ['e0', 'e1-0', 'e1-1', 'e2-0'],
    );
    assert.deepEqual(await store.countEvents(), { count: 0, bytes: 0 });
  });

  it('tells many in one call where the sink takes many', async () => {
    sink = new ScriptedSink(100);
    await say('a', ...Array.from({ length: 250 }, (_, index) => String(index)));
    await start();
    await idle();
    assert.equal(sink.calls, 3);
    assert.deepEqual(
      words(),
      Array.from({ length: 250 }, (_, index) => String(index)),
    );
  });

  it('tells of others while more conversations than it calls for at once are not answered', {
    timeout: 30_000,
  }, async () => {
    const failing = new Set<string>();
    sink.script = ([event]) => {
      const name = event?.orderingKey ?? '';
      if (name === nameOf('new')) return;
      if (failing.has(name)) return new Promise(() => {});
      failing.add(name);
      failed();
    };
    for (let conversation = 0; conversation < 40; conversation++) await happen(String(conversation));
    await start();
    await until(() => failing.size === 40 && sink.underWay > 0);
    await happen('new');
    await until(() => sink.taken.length === 1);
    assert.ok(sink.underWay < 40);
  });

  for (const many of [40, 300]) {
    it(`tells of others while ${many} fail, though nothing at all was taken for a moment`, {
      timeout: 30_000,
    }, async () => {
      const failing = new Set<string>();
      let wasDown = false;
      sink.script = async ([event]) => {
        const name = event?.orderingKey ?? '';
        if (name === nameOf('new')) return;
        for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
        if (failing.size === many && !wasDown) {
          wasDown = true;
          down();
        }
        failing.add(name);
        failed();
      };
      for (let conversation = 0; conversation < many; conversation++) await happen(String(conversation));
      await start();
      await until(() => wasDown);
      await happen('new');
      await until(() => sink.taken.length > 0);
    });
  }

  it('tells events of one conversation one after another, and of several together, but not of all', async () => {
    for (let conversation = 0; conversation < 40; conversation++) {
      await say(String(conversation), `${conversation} 0`, `${conversation} 1`);
    }
    const talking = new Set<string>();
    sink.script = async ([event]) => {
      const { orderingKey = '' } = event ?? {};
      assert.ok(!talking.has(orderingKey));
      talking.add(orderingKey);
      await new Promise((resolve) => setImmediate(resolve));
      talking.delete(orderingKey);
    };
    await start();
    await idle();
    assert.equal(sink.taken.length, 80);
    assert.ok(sink.mostUnderWay > 1 && sink.mostUnderWay <= 16, String(sink.mostUnderWay));
    for (let conversation = 0; conversation < 40; conversation++) {
      const own = words().filter((each) => each.startsWith(`${conversation} `));
      assert.deepEqual(own, [`${conversation} 0`, `${conversation} 1`]);
    }
  });

  it('holds no more than some events of a conversation in memory, and skips none of the rest', async () => {
    await say('b', 'first');
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.script = ([event]) => (event && wordsOf(event) === 'first' ? promise : undefined);
    await start();
    await until(() => sink.underWay === 1);
    for (let index = 0; index < 100; index++) await say('b', String(index));
    await say('a', 'other');
    await until(() => sink.taken.length === 1);
    assert.deepEqual(words(), ['other']);
    resolve();
    for (let index = 100; index < 200; index++) await say('b', String(index));
    await idle();
    assert.deepEqual(words().slice(1), [
      'first',
      ...Array.from({ length: 200 }, (_, index) => String(index)),
    ]);
  });

  it('tells what failed again, under the same id, before what is behind it', async () => {
    await say('a', 'one', 'two', 'three');
    const seen: string[] = [];
    let failures = 3;
    sink.script = ([event]) => {
      if (event === undefined) return;
      seen.push(`${event.id} ${wordsOf(event)}`);
      if (wordsOf(event) === 'two' && failures-- > 0) failed();
    };
    await start();
    await idle();
    const two = Array(4).fill('e0-1 two');
    assert.deepEqual(seen, ['e0-0 one', ...two, 'e0-2 three']);
  });

  it('goes on with other conversations while one fails', async () => {
    await say('bad', 'bad');
    sink.script = ([event]) => {
      if (event && wordsOf(event) === 'bad') failed();
    };
    await start(PATIENT);
    for (let index = 0; index < 20; index++) await say(`good ${index}`, String(index));
    await until(() => delivery?.waiting === 1);
    assert.equal(sink.taken.length, 20);
  });

  it('leaves the whole sink alone while it is down, and says so once each way', async () => {
    let isDown = true;
    sink.script = () => {
      if (isDown) down();
    };
    await start();
    for (let index = 0; index < 50; index++) await say(String(index % 10), String(index));
    await until(() => sink.calls > 30);
    assert.equal(sink.mostUnderWay, 1);
    isDown = false;
    await idle();
    assert.equal(sink.taken.length, 50);
    for (let lane = 0; lane < 10; lane++) {
      const own = words().filter((each) => Number(each) % 10 === lane);
      assert.deepEqual(
        own,
        own.toSorted((one, other) => Number(one) - Number(other)),
      );
    }
    assert.deepEqual(lines, ['events wait', 'events flow again']);
  });

  it('does not say of a sink that is down for moments how often it is, but that it is down for longer', async () => {
    let failures = 0;
    const begin = (count: number) => {
      failures = count;
    };
    sink.script = () => {
      if (failures > 0) {
        failures--;
        down();
      }
    };
    await start();
    for (let index = 0; index < 50; index++) {
      begin(1);
      await happen(String(index));
      await idle();
    }
    assert.deepEqual(lines.splice(0), ['events wait', 'events flow again']);
    begin(10);
    await happen('last');
    await idle();
    assert.deepEqual(lines, ['events wait', 'events flow again']);
  });

  it('tells all in the end of more conversations than it looks at while the sink is down', async () => {
    let isDown = true;
    sink.script = () => {
      if (isDown) down();
    };
    await Promise.all(Array.from({ length: 1000 }, (_, index) => happen(String(index))));
    await start();
    await until(() => sink.calls > 300);
    isDown = false;
    await idle();
    assert.equal(new Set(sink.taken.map(({ id }) => id)).size, 1000);
  });

  it('gives up what is refused for good after a few attempts, and only that', async () => {
    await say('a', 'one', 'two', 'three');
    let refusals = 0;
    sink.script = ([event]) => {
      if (event && wordsOf(event) === 'two') {
        refusals++;
        refused();
      }
    };
    await start();
    await idle();
    assert.deepEqual([words(), refusals], [['one', 'three'], 5]);
    const { items } = await store.listDeadEvents('p', PLENTY);
    assert.deepEqual(
      items.map(({ message, reason }) => [message?.position, reason]),
      [[1, 'refused']],
    );
    assert.deepEqual(lines, ['events not taken', 'events given up']);
  });

  it('counts as refusals of an event only those, however often it failed otherwise', async () => {
    await say('a', 'one');
    const answers = [down, failed, down, failed, down, failed, refused, refused, failed, refused, refused];
    sink.script = () => answers.shift()?.();
    await start();
    await idle();
    assert.deepEqual([words(), answers], [['one'], []]);
    assert.deepEqual((await store.listDeadEvents('p', PLENTY)).items, []);
  });

  it('allows each event its own refusals', async () => {
    await say('a', 'one', 'two');
    await happen('a');
    const refusals = new Map<string, number>();
    sink.script = ([event]) => {
      const id = event?.id ?? '';
      refusals.set(id, (refusals.get(id) ?? 0) + 1);
      refused();
    };
    await start();
    await idle();
    assert.deepEqual([...refusals.values()], [5, 5, 5]);
  });

  it('says once for many that events are not taken and that they are given up', async () => {
    sink.script = () => refused();
    await start();
    await Promise.all(Array.from({ length: 50 }, (_, index) => happen(String(index))));
    await idle();
    assert.deepEqual(lines, ['events not taken', 'events given up']);
  });

  it('finds the culprit in a call that told many', async () => {
    sink = new ScriptedSink(100);
    await say('a', 'one', 'two', 'three');
    sink.script = (events) => {
      if (events.some((event) => wordsOf(event) === 'two')) refused();
    };
    await start();
    await idle();
    assert.deepEqual(words(), ['one', 'three']);
  });

  it('has nothing to tell of what was purged meanwhile', async () => {
    await say('a', 'one');
    const eraser = { key: 'eraser', kind: 'e' };
    await store.commit({ partition: nameOf('a'), purge: { eraser } });
    await store.commit({ partition: SERVER_PARTITION, erase: { eraser, limit: 100, next: 0 } });
    await say('a', 'two');
    await start();
    await idle();
    assert.deepEqual(words(), ['two']);
  });

  it('gives up what has waited for too long', async () => {
    await say('a', 'one', 'two');
    await happen('b');
    clock.advance(2_000_000);
    await say('a', 'young');
    sink.script = () => failed();
    await start({ ...PATIENT, eventsAgeMax: 1000 });
    await until(() => delivery?.waiting === 1);
    const { items } = await store.listDeadEvents('p', PLENTY);
    const positionsIn = (conversation: string) =>
      items.flatMap(({ partition, message }) =>
        partition === nameOf(conversation) ? [message?.position] : [],
      );
    assert.deepEqual([positionsIn('a'), positionsIn('b')], [[0, 1], [undefined]]);
    for (const { reason } of items) assert.equal(reason, 'waited for longer than 1 s');
  });

  it('gives up the oldest of what is too much', async () => {
    sink.script = () => down();
    await start({ ...PATIENT, eventsBytesMax: 1000 });
    await Promise.all(Array.from({ length: 100 }, (_, index) => happen(String(index % 7))));
    await until(() => lines.includes('events given up'));
    const { bytes } = await store.countEvents();
    assert.ok(bytes <= 1000, String(bytes));
    const left = await store.listEvents(0, 100);
    assert.equal(left.at(-1)?.number, 100);
    const { items } = await store.listDeadEvents('p', PLENTY);
    assert.equal(items.length + left.length, 100);
    assert.match(items[0]?.reason ?? '', /^more than 1000 bytes were waiting$/u);
  });

  it('gives up the oldest of what is too much behind an event that is being told, and tells the rest', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.script = ([event]) => (event && wordsOf(event) === 'first' ? promise : undefined);
    await say('a', 'first');
    await start({ ...PATIENT, eventsBytesMax: 1000 });
    await until(() => sink.underWay === 1);
    for (let index = 0; index < 100; index++) await say('a', String(index));
    // What is being told is too much as well, but is left alone.
    const [{ data } = assert.fail()] = await store.listEvents(0, 1);
    const isTooMuch = async () => (await store.countEvents()).bytes - data.byteLength > 1000;
    while (await isTooMuch()) await new Promise((next) => setImmediate(next));
    const { items: dead } = await store.listDeadEvents('p', PLENTY);
    assert.ok(dead.length > 50, String(dead.length));
    resolve();
    await idle();
    const { items } = await store.listDeadEvents('p', PLENTY);
    const all = Array.from({ length: 100 }, (_, index) => String(index));
    assert.deepEqual(words(), ['first', ...all.slice(items.length)]);
    assert.deepEqual(await store.countEvents(), { count: 0, bytes: 0 });
  });

  it('gives up what has waited for too long behind an event that is being told, or that fails', async () => {
    for (const end of ['told', 'failed']) {
      const { promise, resolve } = Promise.withResolvers<void>();
      sink = new ScriptedSink();
      sink.script = ([event]) => {
        if (event === undefined || wordsOf(event) !== end) return;
        return promise.then(() => {
          if (end === 'failed') failed();
        });
      };
      await say(end, end, 'second');
      await happen(end);
      await start({ ...PATIENT, eventsAgeMax: 1000 });
      await until(() => sink.underWay === 1);
      clock.advance(2_000_000);
      // It looks again at the end of a quarter of the age.
      const partition = nameOf(end);
      const deadOf = async () =>
        (await store.listDeadEvents('p', PLENTY)).items.filter((dead) => dead.partition === partition);
      while ((await deadOf()).length === 0) await new Promise((next) => setImmediate(next));
      assert.deepEqual(
        (await deadOf()).map(({ message }) => message?.position),
        [undefined],
      );
      resolve();
      await idle();
      await delivery?.stop();
      assert.equal((await deadOf()).length, end === 'told' ? 1 : 3);
    }
  });

  it('goes on where it was, though it ended in the middle of a call', async () => {
    await say('a', 'one', 'two');
    sink.script = ([event]) => (event && wordsOf(event) === 'two' ? new Promise(() => {}) : undefined);
    await start();
    await until(() => sink.underWay === 1 && sink.taken.length === 1);
    await delivery?.stop();
    sink.script = () => {};
    await start();
    await idle();
    // The event tells of both messages, and was not told whole.
    assert.deepEqual(words(), ['one', 'one', 'two']);
  });

  it('counts for operators', async () => {
    await say('a', 'one', 'two');
    let calls = 0;
    sink.script = () => {
      if (calls++ === 0) failed();
    };
    const metrics = new Metrics();
    (await start()).report(metrics);
    await idle();
    for (const line of [
      'parley_events_waiting 0',
      'parley_events_delivered_total 2',
      'parley_event_attempts_failed_total 1',
      'parley_dead_letters_total 0',
    ]) {
      assert.ok(metrics.toString().includes(`\n${line}\n`), line);
    }
  });

  it('tells nothing more of a project that was set back, and counts it no more', async () => {
    let takes = false;
    sink.script = () => {
      if (!takes) failed();
    };
    await happen('a', 'reset');
    await say('b', 'two');
    await start(PATIENT);
    await until(() => sink.calls === 2 && sink.underWay === 0);
    const project = { kind: 'reset' as const, at: clock.now(), eraser: { key: 'eraser', kind: 'e' } };
    await store.commit({ partition: 'projects/reset', project });
    takes = true;
    await delivery?.reload();
    await idle();
    assert.deepEqual(words(), ['two']);
  });

  it('stays stopped, though a project was being set back by then', async () => {
    sink.script = () => new Promise(() => {});
    await happen('a');
    await start();
    await until(() => sink.underWay === 1);
    const reloaded = delivery?.reload();
    await delivery?.stop();
    await reloaded;
    await happen('b');
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(sink.calls, 1);
  });

  it('counts what waits while others go on as a project is set back', async () => {
    sink.script = () => failed();
    await start(PATIENT);
    const filed = Array.from({ length: 20 }, (_, index) => happen(String(index)));
    // They are on disk, and their callers are not told so yet.
    while ((await store.countEvents()).count === 0) await new Promise((resolve) => setImmediate(resolve));
    await delivery?.reload();
    await Promise.all(filed);
    assert.equal(delivery?.waiting, 20);
  });

  it('tells nothing that quotes what is purged by the time, though it was read before', async () => {
    let takes = false;
    sink.script = () => {
      if (!takes) down();
    };
    await say('a', 'one');
    await start(PATIENT);
    await until(() => sink.calls === 1 && sink.underWay === 0);
    // While the sink takes nothing its conversations wait with what is read of them.
    await say('b', 'two');
    const data = encode('b', EventType.CONVERSATION_STARTED);
    await store.commit({ partition: nameOf('b'), emit: [{ data, quotes: true }] });
    await happen('b');
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    await store.commit({ partition: nameOf('b'), purge: { eraser: { key: 'eraser', kind: 'e' } } });
    takes = true;
    await delivery?.deliverOnce('p');
    await idle();
    assert.deepEqual(
      words().filter((told) => told !== 'one'),
      ['two', 'CONVERSATION_STARTED'],
    );
    assert.deepEqual(await store.countEvents(), { count: 0, bytes: 0 });
  });

  describe('deliverOnce()', () => {
    it('has told and settled all of the project that was there', async () => {
      await start();
      for (let index = 0; index < 9; index++) await say(String(index), 'first');
      const more = Array.from({ length: 591 }, (_, index) => say(String(index % 9), String(index)));
      await Promise.all(more);
      await delivery?.deliverOnce('p');
      assert.equal(sink.taken.length, 600);
      assert.deepEqual(await store.countEvents(), { count: 0, bytes: 0 });
    });

    it('does not wait for the time of the next attempt, and makes one', async () => {
      let attempts = 0;
      sink.script = () => {
        attempts++;
        failed();
      };
      await happen('a');
      await start(PATIENT);
      for (let times = 0; times < 5; times++) await delivery?.deliverOnce('p');
      assert.ok(attempts === 5 || attempts === 6, String(attempts));
      assert.equal(delivery?.waiting, 1);
    });

    it('ends with the first attempt where the sink takes nothing', async () => {
      sink.script = () => down();
      for (let index = 0; index < 50; index++) await happen(String(index));
      await start(PATIENT);
      await until(() => sink.calls > 0 && sink.underWay === 0);
      const before = sink.calls;
      await delivery?.deliverOnce('p');
      assert.equal(sink.calls, before + 1);
      sink.script = () => {};
      await delivery?.deliverOnce('p');
      assert.equal(sink.taken.length, 50);
    });

    it('leaves other projects to their time', async () => {
      sink.script = () => failed();
      await happen('a', 'other');
      await start(PATIENT);
      await until(() => sink.calls === 1);
      await delivery?.deliverOnce('p');
      assert.equal(sink.calls, 1);
    });

    it('waits while another project is set back', async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      sink.script = ([event]) => (event?.orderingKey === nameOf('slow') ? promise : undefined);
      await happen('slow', 'other');
      await start();
      await until(() => sink.underWay === 1);
      const reloaded = delivery?.reload();
      await happen('a');
      const delivered = delivery?.deliverOnce('p');
      resolve();
      await delivered;
      assert.equal(sink.taken.length, 2);
      await reloaded;
    });

    it('resolves at once where there is nothing, and when delivery stops', async () => {
      await start();
      await delivery?.deliverOnce('p');
      sink.script = () => new Promise(() => {});
      await happen('a');
      const pass = delivery?.deliverOnce('p');
      await until(() => sink.underWay === 1);
      await delivery?.stop();
      await pass;
    });
  });
});
