import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { newProject } from '../target.ts';
import {
  createConversation,
  createParticipant,
  createTalk,
  ingest,
  listMessages,
  type MessageInit,
  message,
  messages,
  namesOf,
  nanos,
  openScene,
} from './scene.ts';

const scene = openScene();

for (const wire of scene.wires) {
  describe(`create_time over ${wire.name}`, () => {
    it('is one for a batch and strictly later for the next', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const times: bigint[] = [];
      for (let batch = 0; batch < 20; batch++) {
        const stored = await ingest(wire, conversation, messages(participant, 3, batch * 3));
        times.push(createTimeOf(stored));
      }
      assertAscending(times);
    });

    it('is a different one for each racing batch', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const stored = await Promise.all(
        Array.from({ length: 32 }, (_, index) =>
          ingest(scene.wires[index % 2] ?? wire, conversation, messages(participant, 4, index * 4)),
        ),
      );
      const times = stored.map(createTimeOf);
      assert.equal(new Set(times).size, 32);
      const listed = await listMessages(wire, conversation, 7);
      assertBatchesWhole(listed, 4);
      const byTime = stored.toSorted((a, b) => (createTimeOf(a) < createTimeOf(b) ? 1 : -1));
      assert.deepEqual(
        namesOf(listed),
        byTime.flatMap((batch) => namesOf(batch.toReversed())),
      );
    });

    it('is not before the start of the conversation', async () => {
      const { name, startTime } = await createConversation(wire, `projects/${newProject()}`);
      const participant = await createParticipant(wire, name);
      const stored = await ingest(wire, name, [message(participant.name, 0)]);
      assert.ok(createTimeOf(stored) >= nanos(startTime));
    });
  });

  describe(`order of ListMessages over ${wire.name}`, () => {
    it('is newest first, and the later position first inside a batch, whatever was sent when', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const first = await ingest(wire, conversation, messages(participant, 6, 100).toReversed());
      const second = await ingest(wire, conversation, messages(participant, 6, 0));
      const want = [...second.toReversed(), ...first.toReversed()];
      for (const pageSize of [1000, 5, 1]) {
        assert.deepEqual(await listMessages(wire, conversation, pageSize), want);
      }
    });

    it('shows a reader whole batches while others write', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const writing = Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          ingest(wire, conversation, messages(participant, 5, index * 5)),
        ),
      );
      let seen: readonly Message[] = [];
      do {
        const now = await listMessages(wire, conversation);
        assertBatchesWhole(now, 5);
        // What was shown stays where it was: newer commits only come before it.
        assert.deepEqual(namesOf(now).slice(now.length - seen.length), namesOf(seen));
        seen = now;
      } while (seen.length < 24 * 5);
      await writing;
    });
  });

  describe(`repeated messages over ${wire.name}`, () => {
    it('are ignored within a batch, the first one staying', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const [first, twin, other] = await ingest(wire, conversation, [
        message(participant, 0, 'kept'),
        message(participant, 0, 'ignored'),
        message(participant, 1, 'kept'),
      ]);
      assert.deepEqual(twin, first);
      assert.deepEqual(await listMessages(wire, conversation), [other, first]);
    });

    it('are ignored across batches, which then spend no create_time', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const stored = await ingest(wire, conversation, messages(participant, 3));
      const again = await ingest(wire, conversation, [
        message(participant, 2, 'ignored'),
        message(participant, 0, 'ignored'),
        message(participant, 2, 'ignored'),
      ]);
      assert.deepEqual(again, [stored[2], stored[0], stored[2]]);
      assert.deepEqual(await listMessages(wire, conversation), stored.toReversed());
    });

    it('are ignored one by one in a batch that also brings new ones', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const [first] = await ingest(wire, conversation, [message(participant, 0)]);
      const mixed = await ingest(wire, conversation, messages(participant, 3));
      assert.deepEqual(mixed[0], first);
      assert.equal(nanos(mixed[1]?.createTime), nanos(mixed[2]?.createTime));
      assert.ok(nanos(mixed[1]?.createTime) > nanos(first?.createTime));
      assert.deepEqual(await listMessages(wire, conversation), [mixed[2], mixed[1], first]);
    });

    it('are stored once by racing equal batches, each of which answers the stored twins', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          ingest(scene.wires[index % 2] ?? wire, conversation, messages(participant, 20)),
        ),
      );
      const stored = (await listMessages(wire, conversation)).toReversed();
      assert.equal(stored.length, 20);
      for (const answer of answers) assert.deepEqual(answer, stored);
    });

    it('are stored once by racing batches that overlap', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          ingest(wire, conversation, messages(participant, 20, index * 10)),
        ),
      );
      const stored = new Map((await listMessages(wire, conversation)).map((each) => [each.content, each]));
      assert.equal(stored.size, 170);
      for (const answer of answers) {
        for (const each of answer) assert.deepEqual(each, stored.get(each.content));
      }
    });

    it('are other messages in another conversation or from another participant', async () => {
      const parent = `projects/${newProject()}`;
      const one = await createTalk(wire, parent);
      const two = await createTalk(wire, parent);
      const colleague = await createParticipant(wire, one.conversation);
      await ingest(wire, one.conversation, [message(one.participant, 0), message(colleague.name, 0)]);
      await ingest(wire, two.conversation, [message(two.participant, 0)]);
      assert.equal((await listMessages(wire, one.conversation)).length, 2);
      assert.equal((await listMessages(wire, two.conversation)).length, 1);
    });

    it('are other messages when they were sent a nanosecond apart', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const batch = [0, 1, 2, 999, 1000, 999_999_999].map(
        (nanos): MessageInit => ({ participant, content: 'same', sendTime: { seconds: 7n, nanos } }),
      );
      const stored = await ingest(wire, conversation, batch);
      assert.equal(new Set(namesOf(stored)).size, batch.length);
      assert.deepEqual(
        stored.map(({ sendTime }) => sendTime?.nanos),
        [0, 1, 2, 999, 1000, 999_999_999],
      );
    });

    it('are found by their participant in every form of its name', async () => {
      const project = newProject();
      const { conversation, participant } = await createTalk(wire, `projects/${project}`);
      const senders = ['', '/locations/global', '/locations/us'].map((tail) =>
        participant.replace(`projects/${project}`, `projects/${project}${tail}`),
      );
      const stored = await ingest(
        wire,
        conversation,
        senders.map((sender) => message(sender, 0)),
      );
      assert.equal(new Set(namesOf(stored)).size, 1);
      assert.equal((await listMessages(wire, conversation)).length, 1);
    });

    it('leave the list as a set would, whatever batches come', async () => {
      const moment = fc.integer({ min: 0, max: 12 });
      const batches = fc.array(fc.array(moment, { minLength: 1, maxLength: 6 }), { maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(batches, async (offsets) => {
          const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
          const want = new Map<number, string>();
          for (const [round, batch] of offsets.entries()) {
            const init = batch.map((offset, index) => message(participant, offset, `${round}.${index}`));
            const answer = await ingest(wire, conversation, init);
            batch.forEach((offset, index) => {
              if (!want.has(offset)) want.set(offset, `${round}.${index}`);
              assert.equal(answer[index]?.content, want.get(offset));
            });
          }
          const listed = await listMessages(wire, conversation, 4);
          assert.deepEqual(
            listed.map(({ content }) => content),
            [...want.values()].toReversed(),
          );
        }),
        { numRuns: 25 },
      );
    });
  });
}

/** The create_time that all messages of a batch share. */
function createTimeOf(batch: readonly Message[]): bigint {
  const times = new Set(batch.map(({ createTime }) => nanos(createTime)));
  assert.equal(times.size, 1, 'a batch has one create_time');
  const [time = 0n] = times;
  assert.equal(time % 1000n, 0n, 'create_time is a whole number of microseconds');
  return time;
}

function assertAscending(times: readonly bigint[]): void {
  times.forEach((time, index) => {
    const earlier = times[index - 1];
    if (earlier !== undefined) assert.ok(time > earlier, `${time} is not after ${earlier}`);
  });
}

/** Asserts that messages are listed as whole batches, each of one create_time, newest first. */
function assertBatchesWhole(listed: readonly Message[], size: number): void {
  assert.equal(listed.length % size, 0, `${listed.length} messages are no whole number of batches`);
  const times: bigint[] = [];
  for (let start = 0; start < listed.length; start += size) {
    times.push(createTimeOf(listed.slice(start, start + size)));
  }
  assertAscending(times.toReversed());
}
