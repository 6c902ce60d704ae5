import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { OutboxEventSchema } from '@parleykit/proto/stored';
import {
  ConversationProfileSchema,
  ConversationSchema,
  ConversationEvent_Type as EventType,
  NotificationConfig_MessageFormat as Format,
} from '@parleykit/proto/v2beta1';
import { FakeClock, toTimestamp } from '../clock.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { NewEvent, Store } from '../storage/store.ts';
import { Notifications } from './notifications.ts';

const NAME = 'projects/p/locations/europe-west1/conversations/c';
const topic = 'projects/p/topics/t';

describe('Notifications', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let lines: unknown[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-notifications-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    lines = [];
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(more: { enabled?: boolean; batches?: boolean } = {}): Notifications {
    const log = {
      info: (event: string, fields?: object) => lines.push([event, fields]),
      error: () => assert.fail(),
    };
    return new Notifications(store, clock, log, { enabled: true, batches: true, ...more });
  }

  function profile(init: MessageInitShape<typeof ConversationProfileSchema>) {
    return create(ConversationProfileSchema, init);
  }

  async function put(init: MessageInitShape<typeof ConversationProfileSchema>): Promise<void> {
    const conversation = create(ConversationSchema, { initialConversationProfile: profile(init) });
    const body = toBinary(ConversationSchema, conversation);
    await store.commit({ partition: NAME, put: [{ name: NAME, holdsMessages: true, body }] });
  }

  function decode(events: readonly NewEvent[]) {
    return events.map(({ data, list }) => ({ list, ...fromBinary(OutboxEventSchema, data) }));
  }

  const { CONVERSATION_STARTED, CONVERSATION_FINISHED, NEW_MESSAGE } = EventType;

  it('tells of a step where the profile names a topic, without the location of the conversation', () => {
    const config = { notificationConfig: { topic, messageFormat: Format.JSON } };
    const { emit } = open().lifecycle(CONVERSATION_STARTED, NAME, profile(config), clock.now());
    const [event] = decode(emit);
    assert.equal(event?.event?.conversation, 'projects/p/conversations/c');
    assert.deepEqual(
      [event.event.type, event.topic, event.format, event.publishTime, event.list],
      [CONVERSATION_STARTED, topic, Format.JSON, toTimestamp(clock.now()), undefined],
    );
    assert.match(event.id, /^\w{22}$/u);
  });

  it('takes a format that there is not for the default', () => {
    for (const messageFormat of [-1, 0, 7] as Format[]) {
      const config = profile({ notificationConfig: { topic, messageFormat } });
      const [event] = decode(open().lifecycle(CONVERSATION_STARTED, NAME, config, 1).emit);
      assert.deepEqual([event?.format, event?.topic], [Format.PROTO, topic]);
    }
  });

  it('tells of nothing without a topic, or when nobody listens', async () => {
    const config = { notificationConfig: { topic }, newMessageEventNotificationConfig: { topic } };
    await put(config);
    const off = open({ enabled: false });
    assert.deepEqual(off.lifecycle(CONVERSATION_FINISHED, NAME, profile(config), 1).emit, []);
    assert.deepEqual(await off.messages(NAME, 2), []);
    const on = open();
    for (const empty of [undefined, profile({}), profile({ notificationConfig: { topic: '' } })]) {
      assert.deepEqual(on.lifecycle(CONVERSATION_FINISHED, NAME, empty, 1).emit, []);
    }
  });

  it('gives each list of messages an event with an id of its own', async () => {
    await put({ newMessageEventNotificationConfig: { topic, messageFormat: Format.PROTO } });
    const notifications = open();
    for (let times = 0; times < 2; times++) {
      const events = decode(await notifications.messages(NAME, 2));
      assert.deepEqual(
        events.map(({ list, event, format }) => [list, event?.type, event?.conversation, format]),
        [0, 1].map((list) => [list, NEW_MESSAGE, 'projects/p/conversations/c', Format.PROTO]),
      );
      assert.notEqual(events[0]?.id, events[1]?.id);
    }
  });

  it('tells of batches unless it is not to', async () => {
    await put({ newMessageEventNotificationConfig: { topic } });
    assert.equal((await open().batch(NAME)).length, 1);
    assert.equal((await open({ batches: false }).batch(NAME)).length, 0);
  });

  it('reads what a profile says once, and anew for who takes a name that is free again', async () => {
    await put({ newMessageEventNotificationConfig: { topic } });
    const notifications = open();
    assert.equal((await notifications.messages(NAME, 1)).length, 1);
    await store.commit({ partition: NAME, remove: [NAME] });
    assert.ok(Array.isArray(notifications.messages(NAME, 1)));
    notifications.lifecycle(CONVERSATION_STARTED, NAME, profile({}), 1).done();
    assert.deepEqual(notifications.messages(NAME, 1), []);
  });

  it('looks again for a conversation that is not there', async () => {
    const notifications = open();
    assert.deepEqual(await notifications.messages(NAME, 1), []);
    await put({ newMessageEventNotificationConfig: { topic } });
    assert.equal((await notifications.messages(NAME, 1)).length, 1);
  });

  it('logs steps where the profile asks for it, once they are done', () => {
    const logged = profile({ loggingConfig: { enableStackdriverLogging: true } });
    const telling = open({ enabled: false }).lifecycle(CONVERSATION_STARTED, NAME, logged, 1);
    assert.deepEqual(lines, []);
    telling.done();
    open().lifecycle(CONVERSATION_STARTED, NAME, profile({}), 1).done();
    const fields = { conversation: 'projects/p/conversations/c', type: 'CONVERSATION_STARTED' };
    assert.deepEqual(lines, [['conversation event', fields]]);
  });
});
