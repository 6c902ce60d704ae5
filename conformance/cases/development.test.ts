import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Duration, durationMs } from '@bufbuild/protobuf/wkt';
import { Administration, Development } from '@parleykit/proto/admin';
import { Operations } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import {
  ConversationProfiles,
  Conversations,
  Participants,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  finished,
  getConversation,
  ingest,
  listMessages,
  message,
  messages,
  namesOf,
  nanos,
  openScene,
  refused,
  say,
  setFeature,
} from './scene.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const { method } = Development;
const scene = openScene('--dev');
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

function advance(wire: Wire, project: string, seconds: number) {
  const duration = { seconds: BigInt(seconds), nanos: 0 };
  return wire.call(method.advanceClock, { name: `projects/${project}/clock`, duration });
}

/** Seconds that a clock is ahead, as exact as a clock of the system is that may be set a little meanwhile. */
function secondsOf(duration: Duration | undefined): number {
  assert.ok(duration);
  return durationMs(duration) / 1000;
}

for (const wire of scene.wires) {
  describe(`a clock over ${wire.name}`, () => {
    it('is the system’s until it is moved, and stays as far ahead of it', async () => {
      const project = newProject();
      const name = `projects/${project}/clock`;
      const before = await wire.call(method.getClock, { name });
      assert.deepEqual([before.name, secondsOf(before.offset)], [name, 0]);
      assert.ok(Math.abs(Number(nanos(before.time) / 1_000_000n) - Date.now()) < 60_000);
      const moved = await advance(wire, project, 36 * HOUR);
      assert.equal(secondsOf(moved.offset), 36 * HOUR);
      assert.ok(nanos(moved.time) >= nanos(before.time) + BigInt(36 * HOUR) * 1_000_000_000n);
      await advance(wire, project, HOUR);
      assert.equal(secondsOf((await wire.call(method.getClock, { name })).offset), 37 * HOUR);
    });

    it('ends conversations when they are due, and purges them later, each at its time', async () => {
      const project = newProject();
      const { name, startTime } = await createConversation(wire, `projects/${project}`);
      await advance(wire, project, DAY - 60);
      assert.equal((await getConversation(wire, name)).lifecycleState, State.IN_PROGRESS);
      await advance(wire, project, 2 * HOUR);
      const over = await getConversation(wire, name);
      assert.equal(over.lifecycleState, State.COMPLETED);
      assert.equal(nanos(over.endTime), nanos(startTime) + BigInt(DAY) * 1_000_000_000n);
      await advance(wire, project, 30 * DAY - 2 * HOUR - 60);
      await getConversation(wire, name);
      await advance(wire, project, 120);
      await refused(getConversation(wire, name), notFound);
    });

    it('is moved by fractions of a second, by nothing, and by all who move it at once', async () => {
      const project = newProject();
      const name = `projects/${project}/clock`;
      const by = (duration: { seconds?: bigint; nanos?: number }) =>
        wire.call(method.advanceClock, { name, duration });
      await Promise.all(Array.from({ length: 20 }, () => by({ nanos: 250_000_000 })));
      assert.equal(secondsOf((await by({})).offset), 5);
      const before = await by({ nanos: 1_000 });
      assert.deepEqual(before.offset && [before.offset.seconds, before.offset.nanos], [5n, 1_000]);
      const after = await by({});
      assert.deepEqual(after.offset, before.offset);
      assert.ok(nanos(after.time) >= nanos(before.time));
    });

    it('ends what begins while it is moved a day after its own start, no sooner and no later', async () => {
      const project = newProject();
      const { name: conversationProfile } = await createProfile(wire, `projects/${project}`);
      const begin = () => createConversation(wire, `projects/${project}`, { conversationProfile });
      await Promise.all(Array.from({ length: 30 }, begin));
      const [moved, ...late] = await Promise.all([
        advance(wire, project, DAY + 60),
        ...Array.from({ length: 30 }, begin),
      ]);
      for (const { name, startTime } of late) {
        const { lifecycleState, endTime } = await getConversation(wire, name);
        const due = nanos(startTime) + BigInt(DAY) * 1_000_000_000n;
        if (lifecycleState === State.COMPLETED) assert.equal(nanos(endTime), due);
        else assert.ok(due > nanos(moved.time), `${name} was due, and is in progress`);
      }
      const list = await wire.call(Conversations.method.listConversations, { parent: `projects/${project}` });
      assert.equal(list.conversations.length, 60);
    });

    it('forgets what a request was answered after 24 hours, and operations after 30 days', async () => {
      const project = newProject();
      const profile = await createProfile(wire, `projects/${project}`);
      const { conversation, participant } = await createTalk(wire, `projects/${project}`);
      const { name: operation } = await setFeature(wire, profile.name, 3);
      const done = await finished(wire, operation);
      const ask = () => say(wire, participant, 'hello', { requestId: 'once' });
      const answered = await ask();
      await completeConversation(wire, conversation);
      await advance(wire, project, DAY - 60);
      assert.deepEqual(await ask(), answered);
      await advance(wire, project, 120);
      await refused(ask(), { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_COMPLETED' });
      const get = () => wire.call(Operations.method.getOperation, { name: operation });
      await advance(wire, project, 29 * DAY - 120);
      assert.deepEqual(await get(), done);
      await advance(wire, project, 180);
      await refused(get(), notFound);
    });

    it('goes past all that is due on the way in one step', async () => {
      const project = newProject();
      const { conversation, participant } = await createTalk(wire, `projects/${project}`);
      await ingest(wire, conversation, messages(participant, 250));
      await advance(wire, project, 31 * DAY + 1);
      await refused(getConversation(wire, conversation), notFound);
      const list = await wire.call(Conversations.method.listConversations, { parent: `projects/${project}` });
      assert.deepEqual(list.conversations, []);
    });

    it('is nobody else’s', async () => {
      const [mine, theirs] = [newProject(), newProject()];
      const [here, there] = await Promise.all(
        [mine, theirs].map((project) =>
          createConversation(wire, `projects/${project}/locations/europe-west1`),
        ),
      );
      await advance(wire, mine, 31 * DAY + 1);
      await refused(getConversation(wire, here?.name ?? ''), notFound);
      assert.equal((await getConversation(wire, there?.name ?? '')).lifecycleState, State.IN_PROGRESS);
      const clock = await wire.call(method.getClock, { name: `projects/${theirs}/clock` });
      assert.equal(secondsOf(clock.offset), 0);
    });

    for (const { what, duration, fields } of [
      { what: 'back', duration: { seconds: -1n }, fields: ['duration'] },
      { what: 'beyond all years', duration: { seconds: 300_000_000_000n }, fields: ['duration'] },
      { what: 'back by less than a second', duration: { nanos: -1 }, fields: ['duration'] },
      { what: 'by what is no duration', duration: { seconds: 1n, nanos: -1 }, fields: ['duration'] },
    ]) {
      it(`is not moved ${what}`, async () => {
        const name = `projects/${newProject()}/clock`;
        const want = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields };
        // JSON has no way to write the last one.
        if (wire.name === 'REST' && 'nanos' in duration && 'seconds' in duration) return;
        await refused(wire.call(method.advanceClock, { name, duration }), want);
      });
    }

    it('is not moved by nothing that was said', async () => {
      const name = `projects/${newProject()}/clock`;
      const want = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED', fields: ['duration'] };
      await refused(wire.call(method.advanceClock, { name }), want);
    });
  });

  describe(`ResetProject over ${wire.name}`, () => {
    it('takes nothing of projects whose names begin as its name does', async () => {
      const project = newProject();
      const others = ['-1', '0', 'x', '.a', '~', '!'].map((end) => `${project}${end}`);
      const [mine, ...theirs] = await Promise.all(
        [project, ...others].map((each) => createTalk(wire, `projects/${each}`)),
      );
      assert.ok(mine);
      const name = `projects/${project}`;
      const snapshot = await wire.call(method.createSnapshot, { parent: name });
      await advance(wire, project, DAY + 60);
      await wire.call(method.resetProject, { name });
      await refused(getConversation(wire, mine.conversation), notFound);
      for (const { conversation } of theirs) {
        assert.equal((await getConversation(wire, conversation)).lifecycleState, State.IN_PROGRESS);
      }
      await wire.call(method.restoreSnapshot, { name: snapshot.name });
      for (const { conversation } of [mine, ...theirs]) {
        assert.equal((await getConversation(wire, conversation)).lifecycleState, State.IN_PROGRESS);
      }
    });

    it('is done where there is nothing to take, and nothing can be kept and brought back', async () => {
      const name = `projects/${newProject()}`;
      await wire.call(method.resetProject, { name });
      const empty = await wire.call(method.createSnapshot, { parent: name, snapshotId: 'empty' });
      assert.equal(empty.messageCount, 0n);
      const { conversation } = await createTalk(wire, name);
      await wire.call(method.restoreSnapshot, { name: empty.name });
      await refused(getConversation(wire, conversation), notFound);
      const list = await wire.call(Conversations.method.listConversations, { parent: name });
      assert.deepEqual(list.conversations, []);
      await wire.call(method.resetProject, { name });
      const { snapshots } = await wire.call(method.listSnapshots, { parent: name });
      assert.deepEqual(namesOf(snapshots), [empty.name], 'a reset leaves snapshots');
    });

    it('takes all of a project, in all locations, and its time; and nothing of another', async () => {
      const [project, other] = [newProject(), newProject()];
      const names = ['', '/locations/europe-west1'].map((location) => `projects/${project}${location}`);
      const made = await Promise.all(names.map((parent) => createTalk(wire, parent)));
      const theirs = await createTalk(wire, `projects/${other}`);
      await ingest(wire, theirs.conversation, [message(theirs.participant, 0)]);
      await advance(wire, project, HOUR);
      await wire.call(method.resetProject, { name: `projects/${project}` });
      for (const { conversation } of made) await refused(getConversation(wire, conversation), notFound);
      const clock = await wire.call(method.getClock, { name: `projects/${project}/clock` });
      assert.equal(secondsOf(clock.offset), 0);
      assert.equal((await listMessages(wire, theirs.conversation)).length, 1);
    });
  });

  describe(`snapshots over ${wire.name}`, () => {
    it('bring a project back, and what time it was', async () => {
      const project = newProject();
      const parent = `projects/${project}`;
      const { conversation, participant } = await createTalk(wire, parent);
      const [first] = await ingest(wire, conversation, messages(participant, 3));
      await advance(wire, project, HOUR);
      const snapshot = await wire.call(method.createSnapshot, { parent, snapshotId: 'begun' });
      assert.deepEqual([snapshot.name, snapshot.messageCount], [`${parent}/snapshots/begun`, 3n]);
      const kept = await listMessages(wire, conversation);

      const [late] = await ingest(wire, conversation, [message(participant, 9)]);
      await advance(wire, project, 40 * DAY);
      await refused(getConversation(wire, conversation), notFound);

      assert.deepEqual(await wire.call(method.restoreSnapshot, { name: snapshot.name }), snapshot);
      assert.deepEqual(await listMessages(wire, conversation), kept);
      const { time } = await wire.call(method.getClock, { name: `${parent}/clock` });
      assert.ok(nanos(time) - nanos(snapshot.createTime) < 60_000_000_000n);
      assert.equal((await getConversation(wire, conversation)).lifecycleState, State.IN_PROGRESS);

      const [again] = await ingest(wire, conversation, [message(participant, 0, 'the same time as before')]);
      assert.deepEqual(again, first, 'what it was told before, it knows');
      const [next] = await ingest(wire, conversation, [message(participant, 10)]);
      assert.ok(nanos(next?.createTime) > nanos(late?.createTime));
      await advance(wire, project, DAY);
      assert.equal((await getConversation(wire, conversation)).lifecycleState, State.COMPLETED);
    });

    it('bring back profiles, participants, operations and holds', async () => {
      const parent = `projects/${newProject()}`;
      const profile = await createProfile(wire, parent);
      const { conversation, participant } = await createTalk(wire, parent);
      const { name: operation } = await setFeature(wire, profile.name, 3);
      await finished(wire, operation);
      await wire.call(Administration.method.holdConversation, { name: conversation, reason: 'kept' });
      const seen = () =>
        Promise.all([
          wire.call(ConversationProfiles.method.listConversationProfiles, { parent }),
          wire.call(Participants.method.getParticipant, { name: participant }),
          wire.call(Operations.method.getOperation, { name: operation }),
          wire.call(Administration.method.getHold, { name: `${conversation}/hold` }),
        ]);
      const before = await seen();
      const { name } = await wire.call(method.createSnapshot, { parent });
      await wire.call(method.resetProject, { name: parent });
      await refused(seen(), notFound);
      await wire.call(method.restoreSnapshot, { name });
      assert.deepEqual(await seen(), before);
    });

    it('bring back policies, holds and what is purged by them, as often as it is asked for', async () => {
      const project = newProject();
      const parent = `projects/${project}`;
      const { name: conversationProfile } = await createProfile(wire, parent);
      const kept = { case: 'duration', value: { seconds: BigInt(HOUR) } } as const;
      const name = `${conversationProfile}/retentionPolicy`;
      const admin = Administration.method;
      await wire.call(admin.updateRetentionPolicy, { retentionPolicy: { name, kept } });
      const { name: held } = await createConversation(wire, parent, { conversationProfile });
      const { name: free } = await createConversation(wire, parent, { conversationProfile });
      for (const each of [held, free]) await completeConversation(wire, each);
      await wire.call(admin.holdConversation, { name: held, reason: 'a dispute' });
      const snapshot = await wire.call(method.createSnapshot, { parent });
      for (let round = 0; round < 2; round++) {
        await wire.call(admin.releaseConversation, { name: held });
        await wire.call(admin.updateRetentionPolicy, { retentionPolicy: { name } });
        await advance(wire, project, 2 * HOUR);
        for (const each of [held, free]) await refused(getConversation(wire, each), notFound);
        await wire.call(method.restoreSnapshot, { name: snapshot.name });
        assert.equal((await wire.call(admin.getRetentionPolicy, { name })).kept.case, 'duration');
        assert.equal((await wire.call(admin.getHold, { name: `${held}/hold` })).reason, 'a dispute');
        await getConversation(wire, free);
      }
      await advance(wire, project, 2 * HOUR);
      await refused(getConversation(wire, free), notFound);
      await getConversation(wire, held);
    });

    it('leave the tokens of pages good', async () => {
      const parent = `projects/${newProject()}`;
      const { conversation, participant } = await createTalk(wire, parent);
      await ingest(wire, conversation, messages(participant, 5));
      const snapshot = await wire.call(method.createSnapshot, { parent });
      const list = (pageToken: string) =>
        wire.call(Conversations.method.listMessages, { parent: conversation, pageSize: 2, pageToken });
      const { nextPageToken } = await list('');
      const second = await list(nextPageToken);
      await wire.call(method.restoreSnapshot, { name: snapshot.name });
      assert.deepEqual(await list(nextPageToken), second);
    });

    it('are the project’s own', async () => {
      const [parent, other] = [`projects/${newProject()}`, `projects/${newProject()}`];
      await wire.call(method.createSnapshot, { parent, snapshotId: 'mine' });
      const name = `${other}/snapshots/mine`;
      await refused(wire.call(method.restoreSnapshot, { name }), notFound);
      await refused(wire.call(method.deleteSnapshot, { name }), notFound);
      assert.deepEqual((await wire.call(method.listSnapshots, { parent: other })).snapshots, []);
      const page = { code: Code.INVALID_ARGUMENT, reason: 'PAGE_SIZE_NEGATIVE', fields: ['page_size'] };
      await refused(wire.call(method.listSnapshots, { parent, pageSize: -1 }), page);
    });

    it('are listed by their ids, replaced, and deleted', async () => {
      const parent = `projects/${newProject()}`;
      for (const snapshotId of ['later', 'early', 'later']) {
        await wire.call(method.createSnapshot, { parent, snapshotId });
      }
      const first = await wire.call(method.listSnapshots, { parent, pageSize: 1 });
      const second = await wire.call(method.listSnapshots, { parent, pageToken: first.nextPageToken });
      const all = [...first.snapshots, ...second.snapshots];
      assert.deepEqual(namesOf(all), [`${parent}/snapshots/early`, `${parent}/snapshots/later`]);
      assert.equal(second.nextPageToken, '');
      const { name } = await wire.call(method.createSnapshot, { parent });
      await wire.call(method.deleteSnapshot, { name });
      await refused(wire.call(method.deleteSnapshot, { name }), notFound);
      await refused(wire.call(method.restoreSnapshot, { name }), notFound);
    });

    it('have ids as conversations have', async () => {
      const parent = `projects/${newProject()}`;
      const want = { code: Code.INVALID_ARGUMENT, reason: 'RESOURCE_ID_INVALID', fields: ['snapshot_id'] };
      for (const snapshotId of ['1', 'ab', '1ab', 'a b', 'a/b', 'a'.repeat(65)]) {
        await refused(wire.call(method.createSnapshot, { parent, snapshotId }), want);
      }
      await wire.call(method.createSnapshot, { parent, snapshotId: 'a'.repeat(64) });
    });
  });
}

describe('what browsers send', () => {
  // The rest of what they send is refused everywhere alike: http-origin.test.ts.
  const form = 'application/x-www-form-urlencoded';
  const json = 'application/json';
  for (const [what, headers, body] of [
    ['a form', { 'content-type': form }, 'a=b'],
    ['a form without fields', { 'content-type': form }, ''],
    ['a text', { 'content-type': 'text/plain' }, '{}'],
    ['the page of another origin', { 'content-type': json, origin: 'http://example.com' }, '{}'],
    ['a page that hides its origin', { 'content-type': json, origin: 'null' }, '{}'],
    ['a page of another site', { 'content-type': json, 'sec-fetch-site': 'cross-site' }, '{}'],
    ['a name that was made to lead here', { 'content-type': json, host: 'example.com' }, '{}'],
  ] as const) {
    it(`changes no project: ${what}`, async () => {
      const project = newProject();
      const { name } = await createConversation(scene.rest, `projects/${project}`);
      await scene.rest.call(method.createSnapshot, { parent: `projects/${project}`, snapshotId: 'base' });
      for (const { verb, path } of [
        { verb: 'POST', path: `${project}:reset` },
        { verb: 'POST', path: `${project}/snapshots/base:restore` },
        { verb: 'DELETE', path: `${project}/snapshots/base` },
      ]) {
        const request = { verb, path: `/admin/v1/projects/${path}`, headers, body };
        const { status } = await scene.rest.send(request);
        assert.ok(status === 403 || status === 400, `${verb} ${path}: ${status}`);
      }
      await getConversation(scene.rest, name);
      const { snapshots } = await scene.rest.call(method.listSnapshots, { parent: `projects/${project}` });
      assert.equal(snapshots.length, 1);
    });
  }
});

describe('two test suites at once', () => {
  /** What a suite does: each of its steps is checked as if it were alone. */
  async function suite(wire: Wire, rounds: number): Promise<void> {
    const project = newProject();
    const parent = `projects/${project}`;
    for (let round = 0; round < rounds; round++) {
      const { conversation, participant } = await createTalk(wire, parent);
      await ingest(wire, conversation, messages(participant, 5));
      await wire.call(method.createSnapshot, { parent, snapshotId: 'base' });
      await advance(wire, project, DAY + 1);
      assert.equal((await getConversation(wire, conversation)).lifecycleState, State.COMPLETED);
      await wire.call(method.restoreSnapshot, { name: `${parent}/snapshots/base` });
      assert.equal((await getConversation(wire, conversation)).lifecycleState, State.IN_PROGRESS);
      assert.equal((await listMessages(wire, conversation)).length, 5);
      await createParticipant(wire, conversation);
      await advance(wire, project, 31 * DAY + 1);
      await refused(getConversation(wire, conversation), notFound);
      await wire.call(method.resetProject, { name: parent });
      const { conversations } = await wire.call(Conversations.method.listConversations, { parent });
      assert.deepEqual(conversations, []);
      const clock = await wire.call(method.getClock, { name: `${parent}/clock` });
      assert.equal(secondsOf(clock.offset), 0);
    }
  }

  it('do not disturb each other', async () => {
    await Promise.all([suite(scene.grpc, 5), suite(scene.rest, 5), suite(scene.grpc, 5)]);
  });
});
