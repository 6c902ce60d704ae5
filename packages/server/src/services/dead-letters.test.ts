import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ListDeadLettersRequestSchema, ReplayDeadLettersRequestSchema } from '@parleykit/proto/admin';
import {
  ConversationProfileSchema,
  ConversationSchema,
  ConversationEvent_Type as EventType,
  MessageSchema,
} from '@parleykit/proto/v2beta1';
import { FakeClock, toTimestamp } from '../clock.ts';
import { encodeMessageBodies } from '../conversation/transcript.ts';
import { Notifications } from '../notification/notifications.ts';
import { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { withoutName } from '../storage/named-message.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { DeadLettersService } from './dead-letters.ts';

const NAME = 'projects/p/conversations/c';
const topic = 'projects/p/topics/t';
const profile = create(ConversationProfileSchema, {
  notificationConfig: { topic },
  newMessageEventNotificationConfig: { topic },
});

describe('DeadLettersService', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let service: DeadLettersService;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-dead-letters-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    service = new DeadLettersService(store, clock);
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function callTo(project: string): CallContext {
    const resource = new ResourceName(project, '', '');
    return { resource, signal: new AbortController().signal } as unknown as CallContext;
  }

  /** Has a conversation begin, two messages said, and all that is told of it given up. */
  async function dieAll(): Promise<void> {
    const log = { info: () => {}, error: () => {} };
    const notifications = new Notifications(store, clock, log, { enabled: true, batches: true });
    const conversation = create(ConversationSchema, { initialConversationProfile: profile });
    const started = notifications.lifecycle(EventType.CONVERSATION_STARTED, NAME, profile, clock.now());
    await store.commit({
      partition: NAME,
      put: [{ name: NAME, holdsMessages: true, body: withoutName(ConversationSchema, conversation) }],
      emit: started.emit,
    });
    started.done();
    const messages = ['one', 'two'].map((content) => create(MessageSchema, { content }));
    const list = encodeMessageBodies(messages).map((body) => ({ participant: 'x', body }));
    await store.commit({ partition: NAME, append: [list], emit: await notifications.batch(NAME) });
    clock.advance(1_000_000);
    for (const { number, ofMessages } of await store.listEvents(0, 10)) {
      const positions = ofMessages ? { positions: [0, 9] as const } : {};
      await store.commit({
        partition: NAME,
        bury: [{ number, reason: 'refused', ...positions }],
        settle: [number],
      });
    }
  }

  async function list(project = 'p', more: { pageSize?: number; pageToken?: string } = {}) {
    return service.listDeadLetters(create(ListDeadLettersRequestSchema, more), callTo(project));
  }

  async function replay(...names: string[]): Promise<number> {
    const request = create(ReplayDeadLettersRequestSchema, { names });
    return (await service.replayDeadLetters(request, callTo('p'))).replayed;
  }

  it('lists each event whole, in the order in which they died', async () => {
    const now = clock.now();
    await dieAll();
    const { deadLetters, nextPageToken } = await list();
    assert.equal(nextPageToken, '');
    const [started, one, two] = deadLetters;
    assert.equal(deadLetters.length, 3);
    assert.equal(started?.event?.type, EventType.CONVERSATION_STARTED);
    for (const letter of deadLetters) {
      assert.match(letter.name, /^projects\/p\/deadLetters\/\d+$/u);
      assert.equal(letter.event?.conversation, NAME);
      assert.deepEqual([letter.topic, letter.reason], [topic, 'refused']);
      assert.deepEqual([letter.publishTime, letter.deadTime], [toTimestamp(now), toTimestamp(clock.now())]);
    }
    for (const [index, letter] of [one, two].entries()) {
      assert.ok(letter?.event?.payload.case === 'newMessagePayload');
      const { content, name } = letter.event.payload.value;
      assert.deepEqual([content, name], [['one', 'two'][index], `${NAME}/messages/${now}-${index}`]);
      assert.match(letter.eventId, new RegExp(`^\\w{22}-${index}$`, 'u'));
    }
  });

  it('lists in pages, and each project its own', async () => {
    await dieAll();
    const names = (await list()).deadLetters.map(({ name }) => name);
    const paged: string[] = [];
    for (let pageToken = ''; ; ) {
      const page = await list('p', { pageSize: 2, pageToken });
      paged.push(...page.deadLetters.map(({ name }) => name));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    assert.deepEqual(paged, names);
    assert.deepEqual((await list('other')).deadLetters, []);
  });

  it('has all of a project told again, under the ids that they had', async () => {
    await dieAll();
    assert.equal(await replay(), 3);
    assert.deepEqual((await list()).deadLetters, []);
    assert.equal((await store.listEvents(0, 10)).length, 3);
    assert.equal(await replay(), 0);
  });

  it('has those told again that are named, each once', async () => {
    await dieAll();
    const [, one, two] = (await list()).deadLetters.map(({ name }) => name);
    assert.equal(await replay(two ?? '', one ?? '', two ?? ''), 2);
    const told = await Promise.all(
      (await store.listEvents(0, 10)).map(({ number }) =>
        store.listEventMessages(number, { from: 0, limit: 9, bytes: 1e6 }),
      ),
    );
    assert.deepEqual(
      told.map(({ items }) => items.map(({ position }) => position)),
      [[0], [1]],
    );
    assert.equal((await list()).deadLetters.length, 1);
  });

  for (const [name, want] of [
    ['projects/p/deadLetters/999', 'NOT_FOUND'],
    ['projects/p/deadLetters/x', 'NOT_FOUND'],
    ['projects/q/deadLetters/1', 'names[1]: belongs to another project'],
    ['projects/p/letters/1', 'names[1]: "projects/p/letters/1" does not have the form'],
  ] as const) {
    it(`refuses to have ${name} told again, and all that are named with it`, async () => {
      await dieAll();
      const [first] = (await list()).deadLetters;
      await assert.rejects(replay(first?.name ?? '', name), (error: Error & { reason?: string }) => {
        const text = `${error.reason} ${error.message}`;
        assert.ok(want === 'NOT_FOUND' ? /NOT_FOUND|not found/iu.test(text) : text.includes(want), text);
        return true;
      });
      assert.equal((await list()).deadLetters.length, 3);
    });
  }
});
