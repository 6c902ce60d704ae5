import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Clock, FakeClock } from '../clock.ts';
import { openSqliteStore } from './sqlite-store.ts';
import {
  type Change,
  ConflictError,
  type EventCount,
  type MessageCursor,
  type NewMessage,
  type ProjectChange,
  type Receipt,
  SERVER_PARTITION,
  type SendTime,
  type Store,
  type StoredMessage,
  type StoredReply,
  StoreUnusableError,
  type Timer,
} from './store.ts';

/** Who erases what was purged. */
const ERASER = { key: 'eraser', kind: 'e' };

/** What every driver must do. A driver opens its store in a folder that it may fill as it likes. */
const drivers: readonly { name: string; open(folder: string, clock: Clock): Promise<Store> }[] = [
  { name: 'SQLite', open: openSqliteStore },
];

const CONVERSATION = 'projects/p/conversations/c';
const EVERYTHING = { limit: 1000, bytes: 1 << 30 };

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function said(text: string, more: Partial<NewMessage> = {}): NewMessage {
  return { participant: 'x', body: bytes(text), ...more };
}

function at(seconds: number, nanos = 0): SendTime {
  return { seconds, nanos };
}

function createConversation(name = CONVERSATION): Change {
  return {
    partition: name,
    expect: [{ name, absent: true }],
    put: [{ name, state: 1, ordering: 1, holdsMessages: true, body: bytes(name) }],
  };
}

function append(...append: NewMessage[][]): Change {
  return { partition: CONVERSATION, append };
}

for (const driver of drivers) {
  describe(`Store on ${driver.name}`, () => {
    let folder: string;
    let clock: FakeClock;
    let store: Store;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'parley-store-'));
      clock = new FakeClock();
      store = await driver.open(folder, clock);
    });

    afterEach(async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function texts(): Promise<string[]> {
      const page = await store.listMessages(CONVERSATION, EVERYTHING);
      return page?.items.map(({ body }) => new TextDecoder().decode(body)) ?? [];
    }

    describe('commit()', () => {
      it('stores a resource, and counts its versions', async () => {
        const name = 'projects/p/things/a';
        await store.commit({ partition: 'projects/p', put: [{ name, state: 7, body: bytes('one') }] });
        await store.commit({ partition: 'projects/p', put: [{ name, body: bytes('two') }] });
        const stored = await store.get(name);
        assert.deepEqual(
          { ...stored, body: new TextDecoder().decode(stored?.body) },
          { id: 'a', version: 2, state: 0, ordering: undefined, body: 'two' },
        );
      });

      it('removes a resource', async () => {
        await store.commit(createConversation());
        await store.commit({ partition: CONVERSATION, remove: [CONVERSATION] });
        assert.equal(await store.get(CONVERSATION), undefined);
        assert.equal(await store.listMessages(CONVERSATION, EVERYTHING), undefined);
      });

      const unmet = [
        { name: 'absent of what is there', expect: { name: CONVERSATION, absent: true as const } },
        { name: 'another version', expect: { name: CONVERSATION, version: 2 } },
        { name: 'another state', expect: { name: CONVERSATION, state: 2 } },
        { name: 'a version of what is not there', expect: { name: 'projects/p/things/none', version: 1 } },
        { name: 'a state of what is not there', expect: { name: 'projects/p/things/none', state: 0 } },
      ];
      for (const { name, expect } of unmet) {
        it(`does nothing of a change that expects ${name}`, async () => {
          await store.commit(createConversation());
          const change = { ...append([said('lost')]), expect: [expect], remove: [CONVERSATION] };
          await assert.rejects(store.commit(change), (error) => {
            assert.ok(error instanceof ConflictError);
            assert.equal(error.resource, expect.name);
            return true;
          });
          assert.deepEqual(await texts(), []);
          assert.equal((await store.get(CONVERSATION))?.version, 1);
        });
      }

      it('keeps the rest of a group when one change of it conflicts', async () => {
        await store.commit(createConversation());
        const results = await Promise.allSettled([
          store.commit(append([said('first')])),
          store.commit({ ...append([said('lost')]), expect: [{ name: CONVERSATION, state: 2 }] }),
          store.commit(append([said('second')])),
        ]);
        assert.deepEqual(
          results.map(({ status }) => status),
          ['fulfilled', 'rejected', 'fulfilled'],
        );
        assert.deepEqual(await texts(), ['second', 'first']);
      });

      it('lets one of many racing creations through', async () => {
        const results = await Promise.allSettled(
          Array.from({ length: 20 }, () => store.commit(createConversation())),
        );
        assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      });

      it('refuses messages for a conversation that does not exist', async () => {
        await assert.rejects(store.commit(append([said('lost')])), ConflictError);
      });
    });

    describe('appended lists', () => {
      beforeEach(() => store.commit(createConversation()));

      it('share one create_time each, later than all before, whatever the clock says', async () => {
        const [first, second] = (await store.commit(append([said('a'), said('b')], [said('c')]))).appended;
        clock.advance(-3_600_000_000);
        const [third] = (await store.commit(append([said('d')]))).appended;
        const times = [first, second, third].map((list) => list?.map(({ createTime }) => createTime));
        const now = times[0]?.[0] ?? 0;
        assert.deepEqual(times, [[now, now], [now + 1], [now + 2]]);
        assert.deepEqual(await texts(), ['d', 'c', 'b', 'a']);
      });

      it('begin at the present when the conversation has been silent', async () => {
        await store.commit(append([said('a')]));
        clock.advance(5_000_000);
        const [list] = (await store.commit(append([said('b')]))).appended;
        assert.equal(list?.[0]?.createTime, clock.now());
      });

      it('ignore what the same participant sent at the same time, and answer the stored message', async () => {
        const [first] = (await store.commit(append([said('a', { sendTime: at(1) })]))).appended;
        const [second] = (
          await store.commit(
            append([
              said('other text', { sendTime: at(1) }),
              said('b', { sendTime: at(2) }),
              said('b again', { sendTime: at(2) }),
              said('other speaker', { participant: 'y', sendTime: at(1) }),
            ]),
          )
        ).appended;
        assert.deepEqual(await texts(), ['other speaker', 'b', 'a']);
        const [one, , three] = second?.map(plain) ?? [];
        assert.deepEqual(one, first?.map(plain)[0]);
        assert.deepEqual(three, second?.map(plain)[1]);
      });

      it('spend no create_time where nothing was new', async () => {
        const [first] = (await store.commit(append([said('a', { sendTime: at(1) })]))).appended;
        await store.commit(append([said('a', { sendTime: at(1) })]));
        const [next] = (await store.commit(append([said('b', { sendTime: at(2) })]))).appended;
        assert.equal(next?.[0]?.createTime, (first?.[0]?.createTime ?? 0) + 1);
      });

      it('tell send times apart by the nanosecond, in every year', async () => {
        const seconds = [-62_135_596_800, 1_795_367_852, 253_402_300_799];
        const list = seconds.flatMap((each) => [
          said('a', { sendTime: at(each) }),
          said('b', { sendTime: at(each, 1) }),
        ]);
        await store.commit(append(list));
        await store.commit(append(list));
        assert.equal((await texts()).length, 6);
      });

      it('store each message of racing equal lists once', async () => {
        const list = Array.from({ length: 10 }, (_, i) => said(String(i), { sendTime: at(i) }));
        const receipts = await Promise.all(Array.from({ length: 8 }, () => store.commit(append(list))));
        assert.equal((await texts()).length, 10);
        const [first] = receipts.map(({ appended }) => appended[0]?.map(plain));
        for (const { appended } of receipts) assert.deepEqual(appended[0]?.map(plain), first);
      });

      it('conflict on a chosen id that is taken, but not on a repeated message', async () => {
        const message = said('a', { id: 'mine', sendTime: at(1) });
        await store.commit(append([message]));
        await store.commit(append([message]));
        await assert.rejects(store.commit(append([said('b', { id: 'mine', sendTime: at(2) })])), {
          resource: `${CONVERSATION}/messages/mine`,
        });
        assert.deepEqual(await texts(), ['a']);
      });
    });

    describe('lists', () => {
      it('go through a collection by id, and leave out what is below or beside it', async () => {
        const names = ['projects/p/things/c', 'projects/p/things/a', 'projects/p/things/b'];
        const others = ['projects/p/thingsX/a', 'projects/p/things/a/parts/z', 'projects/q/things/d'];
        const put = [...names, ...others].map((name) => ({ name, body: bytes('') }));
        await store.commit({ partition: 'projects/p', put });
        const first = await store.list('projects/p/things', 'id', { limit: 2, bytes: 1000 });
        assert.deepEqual([first.items.map(({ id }) => id), first.more], [['a', 'b'], true]);
        const second = await store.list('projects/p/things', 'id', { after: { id: 'b' }, ...EVERYTHING });
        assert.deepEqual([second.items.map(({ id }) => id), second.more], [['c'], false]);
      });

      it('go through a collection by its ordering, latest first and then by id', async () => {
        const order = [1, 3, 3, 2, 3];
        const put = order.map((ordering, i) => ({
          name: `projects/p/things/${i}`,
          ordering,
          body: bytes(''),
        }));
        await store.commit({ partition: 'projects/p', put });
        const seen: string[] = [];
        for (let after: { id: string; ordering: number } | undefined; ; ) {
          const range = { limit: 2, bytes: 1000, ...(after && { after }) };
          const page = await store.list('projects/p/things', 'ordering', range);
          seen.push(...page.items.map(({ id }) => id));
          const last = page.items.at(-1);
          if (!page.more || last?.ordering === undefined) break;
          after = { id: last.id, ordering: last.ordering };
        }
        assert.deepEqual(seen, ['1', '2', '4', '3', '0']);
      });

      it('end a page of messages by count and by size, inside one create_time too', async () => {
        await store.commit(createConversation());
        await store.commit(append(Array.from({ length: 5 }, (_, i) => said(`text ${i}`))));
        const byCount = await store.listMessages(CONVERSATION, { limit: 2, bytes: 1000 });
        assert.deepEqual([byCount?.items.map(({ position }) => position), byCount?.more], [[4, 3], true]);
        const bySize = await store.listMessages(CONVERSATION, {
          limit: 100,
          bytes: 7,
          ...(byCount?.items[1] && { after: byCount.items[1] }),
        });
        assert.deepEqual([bySize?.items.map(({ position }) => position), bySize?.more], [[2, 1], true]);
      });

      it('keep to the states that are asked for', async () => {
        const put = [1, 2, 1, 2].map((state, i) => {
          return { name: `projects/p/things/${i}`, state, ordering: i, body: bytes('') };
        });
        await store.commit({ partition: 'projects/p', put });
        for (const order of ['id', 'ordering'] as const) {
          const page = await store.list('projects/p/things', order, { ...EVERYTHING, states: [2] });
          assert.deepEqual(page.items.map(({ id }) => id).toSorted(), ['1', '3']);
          const none = await store.list('projects/p/things', order, { ...EVERYTHING, states: [] });
          assert.deepEqual(none, { items: [], more: false });
        }
      });

      it('keep to the create times that are asked for, newest first across ranges and pages', async () => {
        await store.commit(createConversation());
        const start = clock.now();
        for (let i = 0; i < 6; i++) {
          await store.commit(append([said(`${i}a`), said(`${i}b`)]));
          clock.advance(1);
        }
        const createTimes: [number, number][] = [
          [0, start + 1],
          [start + 3, start + 3],
          [start + 5, start + 100],
        ];
        const seen: string[] = [];
        for (let after: { createTime: number; position: number } | undefined; ; ) {
          const page = await store.listMessages(CONVERSATION, { limit: 3, bytes: 1000, createTimes, after });
          seen.push(...(page?.items.map(({ body }) => new TextDecoder().decode(body)) ?? []));
          if (!page?.more) break;
          after = page.items.at(-1);
        }
        assert.deepEqual(seen, ['5b', '5a', '3b', '3a', '1b', '1a', '0b', '0a']);
      });

      it('know an empty conversation from none', async () => {
        await store.commit(createConversation());
        assert.deepEqual(await store.listMessages(CONVERSATION, EVERYTHING), { items: [], more: false });
        assert.equal(await store.listMessages('projects/p/conversations/none', EVERYTHING), undefined);
      });
    });

    describe('timers', () => {
      const timer = (key: string, due: number) => ({ key, due, kind: 'k', data: bytes(key) });
      const partition = 'projects/p';
      const due = async (until: number) =>
        (await store.dueTimers(until, { limit: 10 })).map(({ key }) => key);

      it('are due in order of their times, and the next one is known', async () => {
        assert.equal(await store.nextDue(), undefined);
        await store.commit({ partition, schedule: [timer('b', 20), timer('a', 10), timer('c', 20)] });
        assert.equal(await store.nextDue(), 10);
        assert.deepEqual(await due(9), []);
        assert.deepEqual(await due(10), ['a']);
        assert.deepEqual(await due(20), ['a', 'b', 'c']);
        const found = await store.getTimer('a');
        assert.deepEqual(found && plainTimer(found), { ...plainTimer(timer('a', 10)), at: 10, partition });
        assert.equal(await store.getTimer('none'), undefined);
      });

      it('move when they are scheduled again', async () => {
        await store.commit({ partition, schedule: [timer('a', 10)] });
        await store.commit({ partition, schedule: [timer('a', 30)] });
        assert.deepEqual([await due(20), await due(30)], [[], ['a']]);
      });

      it('are taken away by one of many changes, with which alone everything else happens', async () => {
        await store.commit({ partition, schedule: [timer('a', 10)] });
        const change = {
          partition,
          unschedule: ['a'],
          put: [{ name: 'projects/p/things/x', body: bytes('') }],
        };
        const results = await Promise.allSettled(Array.from({ length: 5 }, () => store.commit(change)));
        assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
        assert.equal((await store.get('projects/p/things/x'))?.version, 1);
        assert.deepEqual(await due(100), []);
      });

      it('last', async () => {
        await store.commit({ partition, schedule: [timer('a', 10)] });
        await store.close();
        store = await driver.open(folder, clock);
        assert.deepEqual(await due(10), ['a']);
      });
    });

    describe('replies', () => {
      const PARTICIPANT = `${CONVERSATION}/participants/a`;
      const reply = (text: string, more: Partial<StoredReply> = {}): Change => {
        const expires = clock.now() + 1_000;
        const kept = { participant: PARTICIPANT, requestId: 'r', expires, response: bytes(text), ...more };
        return { partition: CONVERSATION, reply: kept };
      };
      const found = async (requestId = 'r', participant = PARTICIPANT): Promise<string | undefined> => {
        const kept = await store.getReply(CONVERSATION, participant, requestId);
        return kept && new TextDecoder().decode(kept.response);
      };

      beforeEach(() => store.commit(createConversation()));

      it('are kept once per participant and request, with all else that the change does', async () => {
        const change = { ...reply('first'), append: [[said('once')]] };
        const results = await Promise.allSettled(Array.from({ length: 5 }, () => store.commit(change)));
        assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
        await assert.rejects(store.commit(reply('second')), ConflictError);
        assert.deepEqual([await found(), await texts()], ['first', ['once']]);
        await store.commit(reply('other', { requestId: 's' }));
        await store.commit(reply('of another', { participant: `${PARTICIPANT}b` }));
        assert.deepEqual([await found('s'), await found('r', `${PARTICIPANT}b`)], ['other', 'of another']);
        assert.equal(await found('t'), undefined);
      });

      it('make room once they have expired', async () => {
        await store.commit(reply('first'));
        clock.advance(999);
        assert.equal(await found(), 'first');
        clock.advance(1);
        assert.equal(await found(), undefined);
        await store.commit(reply('second'));
        assert.equal(await found(), 'second');
      });

      it('need a conversation', async () => {
        await store.commit({ partition: CONVERSATION, remove: [CONVERSATION] });
        await assert.rejects(store.commit(reply('lost')), ConflictError);
        assert.equal(await found(), undefined);
      });
    });

    describe('events', () => {
      const seen = async (after = 0, limit = 100) =>
        (await store.listEvents(after, limit)).map(({ data }) => new TextDecoder().decode(data));

      it('are told in the order in which they happened, each with a number of its own', async () => {
        await store.commit({ partition: 'projects/p', emit: [{ data: bytes('a') }, { data: bytes('b') }] });
        await store.commit({ partition: 'projects/q', emit: [{ data: bytes('c') }] });
        const events = await store.listEvents(0, 100);
        assert.deepEqual(
          events.map(({ partition }) => partition),
          ['projects/p', 'projects/p', 'projects/q'],
        );
        assert.deepEqual([await seen(), await seen(events[0]?.number, 1)], [['a', 'b', 'c'], ['b']]);
      });

      it('are settled once, and their numbers are not used again', async () => {
        await store.commit({ partition: 'projects/p', emit: [{ data: bytes('a') }, { data: bytes('b') }] });
        const [first, last] = await store.listEvents(0, 100);
        const settle = [first?.number ?? 0, last?.number ?? 0];
        await store.commit({ partition: 'projects/p', settle });
        await assert.rejects(
          store.commit({ partition: 'projects/p', settle: settle.slice(1) }),
          ConflictError,
        );
        await store.close();
        store = await driver.open(folder, clock);
        await store.commit({ partition: 'projects/p', emit: [{ data: bytes('c') }] });
        const [next] = await store.listEvents(0, 100);
        assert.ok((next?.number ?? 0) > (last?.number ?? 0));
      });

      describe('about messages', () => {
        const tell = (text: string, ...lists: NewMessage[][]): Change => ({
          ...append(...lists),
          emit: lists.map((_list, list) => ({ data: bytes(`${text}${list}`), list })),
        });
        const told = async (event: number, from = 0, limit = 100) => {
          const page = await store.listEventMessages(event, { from, limit, bytes: 1 << 20 });
          return [page.items.map(({ body }) => new TextDecoder().decode(body)), page.more];
        };

        beforeEach(() => store.commit(createConversation()));

        it('are filed with the list that was appended, without what of it is a duplicate', async () => {
          await store.commit(append([said('old', { sendTime: at(1) })]));
          await store.commit(
            tell('e', [said('a'), said('old again', { sendTime: at(1) }), said('b')], [said('c')]),
          );
          const [first, second] = await store.listEvents(0, 10);
          assert.ok(first?.ofMessages && second?.ofMessages);
          assert.deepEqual(await told(first.number), [['a', 'b'], false]);
          assert.deepEqual(await told(second.number), [['c'], false]);
        });

        it('have not happened where all are duplicates', async () => {
          await store.commit(append([said('old', { sendTime: at(1) })]));
          await store.commit(tell('e', [said('old', { sendTime: at(1) })], [said('new')]));
          assert.deepEqual(await seen(), ['e1']);
        });

        it('are read in pages', async () => {
          await store.commit(
            tell(
              'e',
              ['a', 'b', 'c', 'd', 'e'].map((text) => said(text)),
            ),
          );
          const [event] = await store.listEvents(0, 10);
          const number = event?.number ?? 0;
          assert.deepEqual(await told(number, 0, 2), [['a', 'b'], true]);
          assert.deepEqual(await told(number, 2, 2), [['c', 'd'], true]);
          assert.deepEqual(await told(number, 4, 2), [['e'], false]);
        });

        it('tell nothing of a conversation that is purged, nor of the next one under its name', async () => {
          await store.commit(tell('e', [said('a')]));
          const [event] = await store.listEvents(0, 10);
          await store.commit({ partition: CONVERSATION, purge: { eraser: ERASER } });
          await store.commit({
            partition: SERVER_PARTITION,
            erase: { eraser: ERASER, limit: 100, next: 0 },
          });
          await store.commit(createConversation());
          await store.commit(append([said('other')]));
          assert.deepEqual(await told(event?.number ?? 0), [[], false]);
        });

        it('die message by message, once each, and come back in order', async () => {
          await store.commit(
            tell(
              'e',
              ['a', 'b', 'c', 'd'].map((text) => said(text)),
            ),
          );
          const [event] = await store.listEvents(0, 10);
          const number = event?.number ?? 0;
          const bury = (first: number, last: number): Change => ({
            partition: CONVERSATION,
            bury: [{ number, reason: 'refused', positions: [first, last] }],
          });
          assert.equal((await store.commit(bury(1, 1))).buried, 1);
          assert.equal((await store.commit({ ...bury(1, 2), settle: [number] })).buried, 1);
          const { items: dead } = await store.listDeadEvents('p', EVERYTHING);
          const texts = dead.map(({ message }) => message && new TextDecoder().decode(message.body));
          assert.deepEqual(texts, ['b', 'c']);
          assert.deepEqual(await seen(), []);
          await store.commit({ partition: CONVERSATION, revive: dead.map(({ id }) => id) });
          const revived = await store.listEvents(0, 10);
          assert.deepEqual(await Promise.all(revived.map((each) => told(each.number))), [
            [['b'], false],
            [['c'], false],
          ]);
          assert.deepEqual((await store.listDeadEvents('p', EVERYTHING)).items, []);
        });

        it('are forgotten with the conversation once they are dead', async () => {
          await store.commit(tell('e', [said('a')]));
          const [event] = await store.listEvents(0, 10);
          const number = event?.number ?? 0;
          await store.commit({
            partition: CONVERSATION,
            bury: [{ number, reason: 'refused', positions: [0, 0] }],
            settle: [number],
          });
          await store.commit({ partition: CONVERSATION, purge: { eraser: ERASER } });
          await store.commit({
            partition: SERVER_PARTITION,
            erase: { eraser: ERASER, limit: 100, next: 0 },
          });
          assert.deepEqual((await store.listDeadEvents('p', EVERYTHING)).items, []);
        });

        it('are forgotten with it even where they are about no message, and not those of another', async () => {
          const other = 'projects/p/conversations/other';
          const about = (partition: string) => ({ partition, emit: [{ data: bytes(partition) }] });
          for (const partition of [CONVERSATION, other]) {
            const put = [{ name: partition, holdsMessages: true as const, body: bytes('') }];
            await store.commit(partition === CONVERSATION ? about(partition) : { ...about(partition), put });
          }
          for (const { number, partition } of await store.listEvents(0, 10)) {
            await store.commit({ partition, bury: [{ number, reason: 'refused' }], settle: [number] });
          }
          const dead = async () => (await store.listDeadEvents('p', EVERYTHING)).items;
          assert.deepEqual(
            (await dead()).map(({ partition, message }) => [partition, message]),
            [
              [CONVERSATION, undefined],
              [other, undefined],
            ],
          );
          await store.commit({ partition: CONVERSATION, purge: { eraser: ERASER } });
          const [left, ...more] = await dead();
          assert.deepEqual([left?.partition, more], [other, []]);
          await store.commit({ partition: other, revive: [left?.id ?? 0] });
          const [revived] = await store.listEvents(0, 10);
          assert.deepEqual([revived?.partition, revived?.ofMessages], [other, false]);
        });
      });

      it('that quote a conversation are gone with it; others wait on, and are gone when they are dead', async () => {
        await store.commit(createConversation());
        const emit = [
          { data: bytes('dead quote'), quotes: true },
          { data: bytes('dead') },
          { data: bytes('waiting quote'), quotes: true },
          { data: bytes('waiting') },
        ] as const;
        await store.commit({ partition: CONVERSATION, emit });
        const filed = await store.listEvents(0, 10);
        assert.ok(filed.every(({ ofMessages }) => !ofMessages));
        const settle = filed.slice(0, 2).map(({ number }) => number);
        const bury = settle.map((number) => ({ number, reason: 'refused' }));
        await store.commit({ partition: CONVERSATION, bury, settle });
        const counts: EventCount[] = [];
        store.onEvents((count) => counts.push(count));
        await store.commit({ partition: CONVERSATION, purge: { eraser: ERASER } });
        assert.deepEqual(await seen(), ['waiting']);
        assert.deepEqual((await store.listDeadEvents('p', EVERYTHING)).items, []);
        assert.deepEqual(counts, [{ count: -1, bytes: -'waiting quote'.length }]);
      });

      it('that quote a conversation, and others, are what they were when they are filed again', async () => {
        await store.commit(createConversation());
        const emit = [{ data: bytes('quote'), quotes: true }, { data: bytes('other') }] as const;
        await store.commit({ partition: CONVERSATION, emit });
        const settle = (await store.listEvents(0, 10)).map(({ number }) => number);
        const bury = settle.map((number) => ({ number, reason: 'refused' }));
        await store.commit({ partition: CONVERSATION, bury, settle });
        const { items } = await store.listDeadEvents('p', EVERYTHING);
        await store.commit({ partition: CONVERSATION, revive: items.map(({ id }) => id) });
        assert.deepEqual(await seen(), ['quote', 'other']);
        await store.commit({ partition: CONVERSATION, purge: { eraser: ERASER } });
        assert.deepEqual(await seen(), ['other']);
        assert.deepEqual(await store.countEvents(), { count: 1, bytes: 'other'.length });
      });

      it('that quote a conversation are filed only where it is', async () => {
        const emit = [{ data: bytes('quote'), quotes: true }] as const;
        await assert.rejects(store.commit({ partition: CONVERSATION, emit }), ConflictError);
      });

      it('are read of one partition, and up to a number', async () => {
        for (const partition of ['projects/p', 'projects/q', 'projects/p']) {
          await store.commit({ partition, emit: [{ data: bytes(partition) }] });
        }
        const numbers = (await store.listEvents(0, 10)).map(({ number }) => number);
        const [first = 0, , third = 0] = numbers;
        const read = async (after: number, until: number, limit = 10) =>
          (await store.listEventsOf('projects/p', after, until, limit)).map(({ number }) => number);
        assert.deepEqual(await read(0, third), [first, third]);
        assert.deepEqual(await read(0, third, 1), [first]);
        assert.deepEqual(await read(first, third - 1), []);
      });

      it('are counted, and told of once they are on disk', async () => {
        const filed: EventCount[] = [];
        store.onEvents((count) => filed.push(count));
        await store.commit(createConversation());
        await store.commit({
          partition: 'projects/p',
          emit: [{ data: bytes('abc') }, { data: bytes('de') }],
        });
        assert.deepEqual(filed, [{ count: 2, bytes: 5 }]);
        assert.deepEqual(await store.countEvents(), { count: 2, bytes: 5 });
      });

      it('carry the time of the system, whatever time it is in the project', async () => {
        await store.commit({ partition: 'projects/p', emit: [{ data: bytes('a') }] });
        assert.equal((await store.listEvents(0, 1))[0]?.filed, clock.now());
      });

      it('that are dead are listed by project, oldest first, in pages', async () => {
        for (const partition of ['projects/p', 'projects/q/conversations/c', 'projects/p/locations/l']) {
          await store.commit({ partition, emit: [{ data: bytes(partition) }] });
        }
        for (const { number, partition } of await store.listEvents(0, 10)) {
          clock.advance(1);
          await store.commit({ partition, bury: [{ number, reason: 'too old' }], settle: [number] });
        }
        const { items, more } = await store.listDeadEvents('p', { limit: 1, bytes: 1000 });
        assert.deepEqual([items[0]?.partition, items[0]?.reason, more], ['projects/p', 'too old', true]);
        const next = await store.listDeadEvents('p', {
          after: { id: items[0]?.id ?? 0 },
          limit: 5,
          bytes: 1000,
        });
        assert.deepEqual(
          [next.items.map(({ partition, died }) => [partition, died]), next.more],
          [[['projects/p/locations/l', clock.now()]], false],
        );
      });

      it('are buried and revived only if they are there', async () => {
        for (const change of [{ bury: [{ number: 7, reason: 'x' }] }, { revive: [7] }]) {
          await assert.rejects(store.commit({ partition: 'projects/p', ...change }), ConflictError);
        }
      });

      it('of a change that conflicts have not happened', async () => {
        const expect = [{ name: CONVERSATION, version: 1 }];
        await assert.rejects(
          store.commit({ partition: CONVERSATION, expect, emit: [{ data: bytes('a') }] }),
          ConflictError,
        );
        assert.deepEqual(await seen(), []);
      });
    });

    describe('purge', () => {
      const OTHER = 'projects/p/conversations/other';
      const participants = `${CONVERSATION}/participants`;
      const eraser = ERASER;
      const purge = () => store.commit({ partition: CONVERSATION, purge: { eraser } });
      const erase = async (limit: number): Promise<boolean> =>
        (await store.commit({ partition: SERVER_PARTITION, erase: { eraser, limit, next: 7 } })).left;

      beforeEach(async () => {
        await store.commit(createConversation());
        await store.commit(createConversation(OTHER));
        await store.commit({
          partition: CONVERSATION,
          put: [
            { name: `${participants}/a`, body: bytes('') },
            { name: `${CONVERSATION}/hold`, body: bytes('') },
            { name: `${participants}/a/parts/z`, body: bytes('') },
            { name: `${CONVERSATION}X/hold`, body: bytes('') },
          ],
          schedule: [{ key: 'mine', due: 5, kind: 'k', data: bytes('') }],
          emit: [{ data: bytes('told later') }],
          reply: {
            participant: `${participants}/a`,
            requestId: 'r',
            expires: clock.now() + 1e9,
            response: bytes(''),
          },
          append: [Array.from({ length: 10 }, (_, i) => said(String(i), { sendTime: at(i) }))],
        });
        await store.commit({
          partition: OTHER,
          schedule: [{ key: 'others', due: 5, kind: 'k', data: bytes('') }],
          append: [[said('stays')]],
        });
      });

      it('has the conversation and what is named below it gone at once, and only that', async () => {
        await purge();
        for (const name of ['', '/participants/a', '/hold', '/participants/a/parts/z']) {
          assert.equal(await store.get(`${CONVERSATION}${name}`), undefined, name);
        }
        assert.ok(await store.get(`${CONVERSATION}X/hold`));
        assert.equal(await store.listMessages(CONVERSATION, EVERYTHING), undefined);
        assert.equal(await store.getReply(CONVERSATION, `${participants}/a`, 'r'), undefined);
        assert.deepEqual(
          (await store.dueTimers(10, { limit: 10 })).map(({ key }) => key),
          ['eraser', 'others'],
        );
        assert.equal((await store.listEvents(0, 10)).length, 1);
        assert.equal((await store.listMessages(OTHER, EVERYTHING))?.items.length, 1);
        await assert.rejects(store.commit(append([said('late')])), ConflictError);
        await assert.rejects(purge(), ConflictError);
      });

      it('is erased in slices until nothing is left, and then its timer is gone', async () => {
        await purge();
        let slices = 1;
        for (let left = await erase(4); left; left = await erase(4)) slices++;
        // Ten messages, as many send times, a reply, and that it was filed.
        assert.ok(slices >= 6 && slices <= 7, String(slices));
        assert.equal(await store.getTimer('eraser'), undefined);
        assert.equal(await erase(4), false);
        assert.equal((await store.listMessages(OTHER, EVERYTHING))?.items.length, 1);
      });

      it('is erased in slices where there is little of much', async () => {
        for (let index = 0; index < 10; index++) {
          const partition = `${CONVERSATION}${index}`;
          await store.commit(createConversation(partition));
          await store.commit({ partition, purge: { eraser } });
        }
        assert.deepEqual([await erase(4), await erase(4), await erase(4)], [true, true, false]);
      });

      it('frees the name at once, and leaves alone whoever takes it', async () => {
        await purge();
        await store.commit(createConversation());
        await store.commit(append([said('new', { sendTime: at(1) })]));
        await store.commit({
          partition: CONVERSATION,
          put: [{ name: `${participants}/b`, body: bytes('') }],
        });
        await erase(3);
        await store.close();
        store = await driver.open(folder, clock);
        assert.equal((await store.getTimer('eraser'))?.due, 7);
        while (await erase(3));
        assert.deepEqual(await texts(), ['new']);
        assert.ok(await store.get(`${participants}/b`));
        await purge();
        await store.commit(createConversation());
        while (await erase(3));
        assert.deepEqual(await texts(), []);
      });
    });

    describe('projects', () => {
      const eraser = ERASER;
      const inEurope = 'projects/p/locations/eu/conversations/c';
      const beside = [
        'projects/p-q/conversations/c',
        'projects/p0/conversations/c',
        'projects/o/conversations/c',
      ];
      const change = (project: ProjectChange): Promise<Receipt> =>
        store.commit({ partition: 'projects/p', project });
      const timerOf = (conversation: string, due: number) => ({
        key: `t ${conversation}`,
        due,
        kind: 'k',
        data: bytes(conversation),
      });
      const dueAt = async (conversation: string) => {
        const timer = await store.getTimer(`t ${conversation}`);
        return timer && [timer.at, timer.due];
      };
      const HOUR = 3_600_000_000;

      beforeEach(async () => {
        for (const name of [CONVERSATION, inEurope, ...beside]) {
          await store.commit({ ...createConversation(name), schedule: [timerOf(name, clock.now() + HOUR)] });
        }
        await store.commit({
          partition: CONVERSATION,
          put: [{ name: `${CONVERSATION}/participants/x`, body: bytes('x') }],
          reply: {
            participant: `${CONVERSATION}/participants/x`,
            requestId: 'r',
            expires: clock.now() + HOUR,
            response: bytes('kept'),
          },
          append: [[said('one', { sendTime: at(1) }), said('two', { id: 'mine' })]],
        });
      });

      it('advance what is due and what expires by the system, and not what is due by the project', async () => {
        const [now, due] = [clock.now(), clock.now() + HOUR];
        await store.commit({
          partition: CONVERSATION,
          schedule: [{ ...timerOf('system', due), bySystem: true }],
        });
        const receipt = await change({ kind: 'advance', by: HOUR });
        assert.deepEqual(receipt.project, { ahead: HOUR });
        assert.deepEqual(await store.listClocks(), [{ project: 'p', ahead: HOUR }]);
        for (const name of [CONVERSATION, inEurope]) assert.deepEqual(await dueAt(name), [now, due]);
        for (const name of [...beside, 'system']) assert.deepEqual(await dueAt(name), [due, due]);
        await store.commit({ partition: inEurope, schedule: [timerOf('later', due + 5)] });
        assert.deepEqual(await dueAt('later'), [now + 5, due + 5]);
        const within = await store.dueTimers(now, { limit: 10, within: 'projects/p' });
        assert.deepEqual(
          within.map(({ key, partition }) => [key, partition]),
          [
            [`t ${CONVERSATION}`, CONVERSATION],
            [`t ${inEurope}`, inEurope],
          ],
        );
        assert.equal(
          (await store.commit({ partition: 'server', expire: { at: now - 1, limit: 9 } })).left,
          false,
        );
        const reply = await store.getReply(CONVERSATION, `${CONVERSATION}/participants/x`, 'r');
        assert.equal(reply?.expires, due);
        await store.commit({ partition: 'server', expire: { at: now, limit: 9 } });
        assert.equal(await store.getReply(CONVERSATION, `${CONVERSATION}/participants/x`, 'r'), undefined);
      });

      it('go on where they were after they were opened again', async () => {
        await change({ kind: 'advance', by: HOUR });
        await store.close();
        store = await driver.open(folder, clock);
        assert.deepEqual(await store.listClocks(), [{ project: 'p', ahead: HOUR }]);
        assert.deepEqual(await dueAt(CONVERSATION), [clock.now(), clock.now() + HOUR]);
      });

      it('reset to nothing and to the time of the system, snapshots excepted, and no other', async () => {
        await change({ kind: 'save', at: clock.now(), snapshot: 's' });
        await change({ kind: 'advance', by: HOUR });
        await store.commit({ partition: CONVERSATION, emit: [{ data: bytes('lost') }] });
        await store.commit({ partition: beside[0] ?? '', emit: [{ data: bytes('kept') }] });
        assert.deepEqual((await change({ kind: 'reset', at: clock.now(), eraser })).project, { ahead: 0 });
        for (const name of [CONVERSATION, inEurope]) {
          assert.deepEqual([await store.get(name), await dueAt(name)], [undefined, undefined]);
        }
        for (const name of beside) assert.ok((await store.get(name)) && (await dueAt(name)));
        assert.deepEqual(
          (await store.listEvents(0, 10)).map(({ data }) => Buffer.from(data).toString()),
          ['kept'],
        );
        assert.equal((await store.listSnapshots('p', undefined, 10)).length, 1);
        await store.commit(createConversation());
        while ((await store.commit({ partition: 'server', erase: { eraser, limit: 1, next: 0 } })).left);
        const { appended } = await store.commit(append([said('new')]));
        assert.equal(appended[0]?.[0]?.createTime, clock.now());
        assert.deepEqual(await texts(), ['new']);
      });

      it('have what lies directly in them saved, reset and restored too', async () => {
        const singletons = [
          'projects/p/agent',
          'projects/p/locations/europe-west1/agent',
          'projects/pp/agent',
        ];
        for (const name of singletons) {
          const partition = name.slice(0, -'/agent'.length);
          await store.commit({ partition, put: [{ name, body: bytes(name) }] });
        }
        const there = async () =>
          Promise.all(singletons.map(async (name) => (await store.get(name)) !== undefined));
        await change({ kind: 'save', at: clock.now(), snapshot: 's' });
        await change({ kind: 'reset', at: clock.now(), eraser });
        assert.deepEqual(await there(), [false, false, true]);
        await change({ kind: 'restore', at: clock.now(), snapshot: 's', eraser });
        assert.deepEqual(await there(), [true, true, true]);
      });

      it('are restored as they were saved: all that they stored, and what time it was', async () => {
        await change({ kind: 'advance', by: 5 * HOUR });
        const saved = await change({ kind: 'save', at: clock.now(), snapshot: 's' });
        const snapshot = { id: 's', createTime: clock.now() + 5 * HOUR, messageCount: 2 };
        assert.deepEqual(saved.project, { ahead: 5 * HOUR, snapshot });
        const before = {
          page: (await store.listMessages(CONVERSATION, EVERYTHING))?.items.map(plain),
          due: (await store.getTimer(`t ${inEurope}`))?.due,
        };
        await change({ kind: 'advance', by: HOUR });
        await store.commit(append([said('later', { sendTime: at(2) })]));
        await store.commit({
          ...createConversation(`${CONVERSATION}2`),
          remove: [inEurope],
          unschedule: [`t ${inEurope}`],
        });
        clock.advance(24 * HOUR);
        await store.close();
        store = await driver.open(folder, clock);
        const restored = await change({ kind: 'restore', at: clock.now(), snapshot: 's', eraser });
        assert.deepEqual(restored.project, { ahead: -19 * HOUR, snapshot });
        while ((await store.commit({ partition: 'server', erase: { eraser, limit: 2, next: 0 } })).left);
        assert.deepEqual((await store.listMessages(CONVERSATION, EVERYTHING))?.items.map(plain), before.page);
        assert.equal(await store.get(`${CONVERSATION}2`), undefined);
        assert.equal((await store.getTimer(`t ${inEurope}`))?.due, before.due);
        const participant = await store.get(`${CONVERSATION}/participants/x`);
        assert.equal(participant && Buffer.from(participant.body).toString(), 'x');
        // What it was asked before is known, too: the reply, the send time and the id of a message.
        assert.deepEqual(
          (await store.commit(append([said('again', { sendTime: at(1) })]))).appended[0]?.map(plain),
          before.page?.slice(1),
        );
        await assert.rejects(store.commit(append([said('twice', { id: 'mine' })])), ConflictError);
      });

      it('hand out greater create_times after they were restored than ever before', async () => {
        await change({ kind: 'save', at: clock.now(), snapshot: 's' });
        await change({ kind: 'advance', by: HOUR });
        const highest = clock.now() + HOUR;
        await change({ kind: 'reset', at: clock.now(), eraser });
        await change({ kind: 'restore', at: clock.now(), snapshot: 's', eraser });
        await store.commit(createConversation(`${CONVERSATION}2`));
        for (const partition of [CONVERSATION, `${CONVERSATION}2`]) {
          const { appended } = await store.commit({ partition, append: [[said('new')]] });
          assert.ok((appended[0]?.[0]?.createTime ?? 0) > highest, partition);
        }
        await store.close();
        store = await driver.open(folder, clock);
        await store.commit(createConversation(`${CONVERSATION}3`));
        const { appended } = await store.commit({ partition: `${CONVERSATION}3`, append: [[said('new')]] });
        assert.ok((appended[0]?.[0]?.createTime ?? 0) > highest);
      });

      it('hand them out still after a reset that came to nothing', async () => {
        await change({ kind: 'advance', by: HOUR });
        await change({ kind: 'save', at: clock.now() - HOUR, snapshot: 's' });
        await change({ kind: 'restore', at: clock.now(), snapshot: 's', eraser });
        const reset = { kind: 'reset', at: clock.now(), eraser } as const;
        await assert.rejects(
          store.commit({ partition: 'projects/p', project: reset, settle: [12_345] }),
          ConflictError,
        );
        const { appended } = await store.commit(append([said('new')]));
        assert.equal(appended[0]?.[0]?.createTime, clock.now() + HOUR + 1);
      });

      it('have versions after they were restored that nobody expects', async () => {
        await change({ kind: 'save', at: clock.now(), snapshot: 's' });
        const { version = 0 } = (await store.get(CONVERSATION)) ?? {};
        await change({ kind: 'restore', at: clock.now(), snapshot: 's', eraser });
        const stale = { partition: CONVERSATION, expect: [{ name: CONVERSATION, version }] };
        await assert.rejects(store.commit(stale), ConflictError);
      });

      it('list their snapshots by id, replace one of the same id, and forget them', async () => {
        const ids = async (after?: string) => (await store.listSnapshots('p', after, 2)).map(({ id }) => id);
        for (const snapshot of ['b', 'c', 'a', 'b']) {
          await change({ kind: 'save', at: clock.now(), snapshot });
          clock.advance(1);
        }
        await store.commit({
          partition: 'projects/q',
          project: { kind: 'save', at: clock.now(), snapshot: 'of another' },
        });
        assert.deepEqual([await ids(), await ids('b')], [['a', 'b'], ['c']]);
        await change({ kind: 'forget', snapshot: 'b' });
        assert.deepEqual(await ids(), ['a', 'c']);
        const missing = { kind: 'restore', at: clock.now(), snapshot: 'b', eraser } as const;
        await assert.rejects(change(missing), { resource: 'projects/p/snapshots/b' });
        await assert.rejects(change({ kind: 'forget', snapshot: 'b' }), ConflictError);
        assert.ok(await store.get(CONVERSATION));
      });

      it('can be walked through, all of them, by the names of what they hold', async () => {
        const seen: string[] = [];
        for (let after: string | undefined; ; after = seen.at(-1)) {
          const step = await store.walk(after, 2);
          if (step.length === 0) break;
          seen.push(...step.map(({ name }) => name));
        }
        const all = [CONVERSATION, inEurope, ...beside, `${CONVERSATION}/participants/x`];
        assert.deepEqual(seen.toSorted(), all.toSorted());
        assert.equal(new Set(seen).size, all.length);
      });
    });

    it('keeps any bytes', async () => {
      await store.commit(createConversation());
      const bodies = [
        Buffer.alloc(0),
        Buffer.from([0]),
        Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
        Buffer.from('\u0000é\u{1F600}'),
        Buffer.alloc(200_000, 0xff),
      ];
      await store.commit(append(bodies.map((body) => ({ participant: 'x', body }))));
      const page = await store.listMessages(CONVERSATION, EVERYTHING);
      assert.deepEqual(page?.items.map(({ body }) => Buffer.from(body)).toReversed(), bodies);
    });

    it('reads pages of any size from messages of any size', async () => {
      await store.commit(createConversation());
      const sizes = Array.from({ length: 700 }, (_, i) => (i % 50 === 7 ? 30_000 : i % 13));
      const all = sizes.map((size, i) => `${i}:${'x'.repeat(size)}`);
      for (let from = 0; from < all.length; from += 90) {
        await store.commit(append(all.slice(from, from + 90).map((text) => said(text))));
      }
      for (const range of [
        { limit: 1, bytes: 9 },
        { limit: 101, bytes: 1 << 20 },
        { limit: 333, bytes: 64_000 },
      ]) {
        const read: string[] = [];
        for (let after: MessageCursor | undefined; ; ) {
          const page = await store.listMessages(CONVERSATION, { ...range, after });
          assert.ok((page?.items.length ?? 0) <= range.limit);
          read.push(...(page?.items.map(({ body }) => new TextDecoder().decode(body)) ?? []));
          if (!page?.more) break;
          after = page.items.at(-1);
        }
        assert.deepEqual(read, all.toReversed());
      }
    });

    describe('opening', () => {
      it('finds everything again, and the same secret', async () => {
        await store.commit(createConversation());
        const { appended } = await store.commit(
          append([said('a', { sendTime: at(1), id: 'mine' }), said('b')]),
        );
        const secret = Buffer.from(store.secret);
        await store.close();
        store = await driver.open(folder, clock);
        const page = await store.listMessages(CONVERSATION, EVERYTHING);
        assert.deepEqual(page?.items.toReversed().map(plain), appended[0]?.map(plain));
        assert.deepEqual(Buffer.from(store.secret), secret);
      });

      it('files a new conversation apart from the messages of a removed one', async () => {
        await store.commit(createConversation());
        await store.commit(append([said('old')]));
        await store.commit({ partition: CONVERSATION, remove: [CONVERSATION] });
        await store.close();
        store = await driver.open(folder, clock);
        await store.commit(createConversation());
        assert.deepEqual(await texts(), []);
      });

      it('refuses a second time while it is open, and names the process that holds it', async () => {
        await assert.rejects(driver.open(folder, clock), (error) => {
          assert.ok(error instanceof StoreUnusableError);
          assert.match(error.message, new RegExp(`in use by process ${process.pid}$`));
          return true;
        });
      });

      it('acknowledges nothing any more once it is closed', async () => {
        await store.close();
        await assert.rejects(store.commit(createConversation()), { name: 'StoreFailedError' });
      });
    });
  });
}

function plain({ createTime, position, id, participant, body }: StoredMessage) {
  return { createTime, position, id, participant, body: Buffer.from(body).toString() };
}

function plainTimer(timer: Timer) {
  return { ...timer, data: Buffer.from(timer.data) };
}
