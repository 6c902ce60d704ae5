import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import {
  Conversations,
  Participants,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  completeConversation,
  createAgentProfile,
  createConversation,
  createParticipant,
  createTalk,
  getConversation,
  ingest,
  listMessages,
  message,
  messages,
  namesOf,
  nanos,
  openScene,
  refused,
  type Talk,
} from './scene.ts';

const scene = openScene();
const completed = { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_COMPLETED' };

for (const wire of scene.wires) {
  describe(`CompleteConversation over ${wire.name}`, () => {
    it('sets the state and the end time and nothing else', async () => {
      const before = await createConversation(wire, `projects/${newProject()}`);
      const after = await completeConversation(wire, before.name);
      assert.equal(after.lifecycleState, State.COMPLETED);
      assert.ok(nanos(after.endTime) >= nanos(before.startTime));
      assert.equal(nanos(after.endTime) % 1000n, 0n, 'end_time is a whole number of microseconds');
      assert.deepEqual(after, { ...before, lifecycleState: State.COMPLETED, endTime: after.endTime });
      assert.deepEqual(await getConversation(wire, before.name), after);
    });

    it('keeps the stage of a conversation with an agent', async () => {
      const project = newProject();
      const { name: conversationProfile } = await createAgentProfile(wire, project);
      const { name } = await createConversation(wire, `projects/${project}`, { conversationProfile });
      const { conversationStage } = await completeConversation(wire, name);
      assert.equal(conversationStage, Stage.VIRTUAL_AGENT_STAGE);
    });

    it('succeeds again and keeps the first end time', async () => {
      const { name } = await createConversation(wire, `projects/${newProject()}`);
      const first = await completeConversation(wire, name);
      assert.deepEqual(await completeConversation(wire, name), first);
      assert.deepEqual(await getConversation(wire, name), first);
    });

    it('answers one end time to all that race', async () => {
      const { name } = await createConversation(wire, `projects/${newProject()}`);
      const ends = await Promise.all(
        Array.from({ length: 16 }, (_, index) => completeConversation(scene.wires[index % 2] ?? wire, name)),
      );
      assert.equal(new Set(ends.map(({ endTime }) => nanos(endTime))).size, 1);
    });

    it('refuses a conversation that is not there', async () => {
      const name = `projects/${newProject()}/conversations/absent`;
      await refused(completeConversation(wire, name), { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' });
    });
  });

  describe(`a completed conversation over ${wire.name}`, () => {
    it('takes no messages', async () => {
      const { conversation, participant } = await completedTalk(wire);
      await refused(ingest(wire, conversation, [message(participant, 5000)]), completed);
      assert.equal((await listMessages(wire, conversation)).length, 2);
    });

    it('takes no messages that it has already', async () => {
      const { conversation, participant } = await completedTalk(wire);
      await refused(ingest(wire, conversation, messages(participant, 2)), completed);
    });

    it('takes no participants', async () => {
      const { conversation, participant } = await completedTalk(wire);
      await refused(createParticipant(wire, conversation), completed);
      const { participants } = await wire.call(Participants.method.listParticipants, {
        parent: conversation,
      });
      assert.deepEqual(namesOf(participants), [participant]);
    });

    it('is still readable', async () => {
      const { conversation, participant } = await completedTalk(wire);
      assert.equal((await getConversation(wire, conversation)).name, conversation);
      assert.equal((await listMessages(wire, conversation)).length, 2);
      const got = await wire.call(Participants.method.getParticipant, { name: participant });
      assert.equal(got.name, participant);
      const parent = conversation.slice(0, conversation.indexOf('/conversations/'));
      const { conversations } = await wire.call(Conversations.method.listConversations, { parent });
      assert.deepEqual(
        conversations.map(({ name, lifecycleState }) => ({ name, lifecycleState })),
        [{ name: conversation, lifecycleState: State.COMPLETED }],
      );
    });

    it('keeps its custom id', async () => {
      const parent = `projects/${newProject()}`;
      const { name } = await createConversation(wire, parent, {}, 'done');
      await completeConversation(wire, name);
      const again = createConversation(wire, parent, {}, 'done');
      await refused(again, { code: Code.ALREADY_EXISTS, reason: 'RESOURCE_ALREADY_EXISTS' });
    });

    it('has each racing batch whole or not at all', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const batches = Array.from({ length: 12 }, (_, index) => messages(participant, 10, index * 10));
      const [outcomes] = await Promise.all([
        Promise.allSettled(batches.map((batch) => ingest(wire, conversation, batch))),
        completeConversation(wire, conversation),
      ]);
      const acknowledged = outcomes.flatMap((each) =>
        each.status === 'fulfilled' ? namesOf(each.value) : [],
      );
      const stored = namesOf(await listMessages(wire, conversation));
      assert.deepEqual(stored.toSorted(), acknowledged.toSorted());
      for (const each of outcomes) {
        if (each.status === 'rejected') await refused(Promise.reject(each.reason), completed);
      }
    });
  });
}

/** A completed conversation with one participant and two messages. */
async function completedTalk(wire: Wire): Promise<Talk> {
  const talk = await createTalk(wire, `projects/${newProject()}`);
  await ingest(wire, talk.conversation, messages(talk.participant, 2));
  await completeConversation(wire, talk.conversation);
  return talk;
}
