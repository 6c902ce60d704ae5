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

    it('forgets a request_id after a day, also of a conversation that has ended by then', async () => {
      const project = newProject();
      const { conversation, participant } = await createTalk(wire, `projects/${project}`);
      await advance(wire, project, HOUR);
      const once = () => say(wire, participant, 'hello', { requestId: 'once' });
      const first = await once();
      for (const step of [DAY - 2 * HOUR, HOUR + HOUR / 2]) {
        await advance(wire, project, step);
        assert.deepEqual(await once(), first);
      }
      assert.equal((await getConversation(wire, conversation)).lifecycleState, State.COMPLETED);
      await advance(wire, project, HOUR / 2 + 1);
      await refused(once(), { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_COMPLETED' });
      assert.equal((await listMessages(wire, conversation)).length, 1);
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
      { what: 'by what is no duration', duration: { seconds: 1n, nanos: -1 }, fields: ['duration'] },
    ]) {
      it(`is not moved ${what}`, async () => {
        const name = `projects/${newProject()}/clock`;
        const want = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields };
        // JSON has no way to write the last one.
        if (wire.name === 'REST' && 'nanos' in duration) return;
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
      await refused(wire.call(method.createSnapshot, { parent, snapshotId: '1' }), want);
    });
  });
}

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
