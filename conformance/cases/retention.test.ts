import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Administration, Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import {
  ConversationProfiles,
  Conversations,
  Conversation_ContextReference_ContextContent_ContentFormat as Format,
  Conversation_ContextReference_UpdateMode as Mode,
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
  getConversation,
  ingest,
  listMessages,
  located,
  message,
  messages,
  namesOf,
  openScene,
  refused,
  say,
} from './scene.ts';

const DAY = 86_400;
const { method } = Administration;
const scene = openScene('--dev', '--retention', '2d');
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

async function advance(wire: Wire, project: string, seconds: number): Promise<void> {
  const duration = { seconds: BigInt(seconds) };
  await wire.call(Development.method.advanceClock, { name: `projects/${project}/clock`, duration });
}

for (const wire of scene.wires) {
  describe(`retention over ${wire.name}`, () => {
    it('is the server’s: what is over goes with all that is in it, and its name is free', async () => {
      const project = newProject();
      const { name } = await createConversation(wire, `projects/${project}`, {}, 'mine');
      const { name: participant } = await wire.call(Participants.method.createParticipant, {
        parent: name,
        participant: { role: 2 },
      });
      await ingest(wire, name, messages(participant, 30));
      await completeConversation(wire, name);
      await advance(wire, project, 2 * DAY - 60);
      assert.equal((await listMessages(wire, name)).length, 30);
      await advance(wire, project, 120);
      await refused(getConversation(wire, name), notFound);
      await refused(listMessages(wire, name), notFound);
      await refused(wire.call(Participants.method.getParticipant, { name: participant }), notFound);
      await createConversation(wire, `projects/${project}`, {}, 'mine');
      assert.deepEqual(await listMessages(wire, name), []);
      await advance(wire, project, DAY - 600);
      await getConversation(wire, name);
    });

    it('leaves nothing behind: who takes the name again begins anew', async () => {
      const project = newProject();
      const parent = `projects/${project}`;
      const { name: conversationProfile } = await createProfile(wire, parent);
      const live = async () => {
        const { name } = await createConversation(wire, parent, { conversationProfile }, 'again');
        const { name: participant } = await createParticipant(wire, name);
        const first = await say(wire, participant, 'hello', { requestId: 'once' });
        const [sent] = await ingest(wire, name, [message(participant, 0)]);
        await wire.call(Conversations.method.ingestContextReferences, {
          conversation: located(name),
          contextReferences: {
            customer: {
              contextContents: [{ content: `of ${participant}`, contentFormat: Format.PLAIN_TEXT }],
              updateMode: Mode.APPEND,
            },
          },
        });
        return { name, participant, said: [first.message?.name, sent?.name] };
      };
      const old = await live();
      await wire.call(method.holdConversation, { name: old.name, reason: 'for a while' });
      await completeConversation(wire, old.name);
      await advance(wire, project, 3 * DAY);
      await wire.call(method.releaseConversation, { name: old.name });
      await advance(wire, project, 0);

      const anew = await live();
      assert.equal(anew.name, old.name);
      assert.deepEqual(namesOf(await listMessages(wire, anew.name)), anew.said.toReversed());
      const { participants } = await wire.call(Participants.method.listParticipants, { parent: anew.name });
      assert.deepEqual(namesOf(participants), [anew.participant]);
      const { lifecycleState, ingestedContextReferences } = await getConversation(wire, anew.name);
      assert.equal(lifecycleState, State.IN_PROGRESS);
      const contents = ingestedContextReferences['customer']?.contextContents.map(({ content }) => content);
      assert.deepEqual(contents, [`of ${anew.participant}`]);
      await refused(wire.call(method.getHold, { name: `${anew.name}/hold` }), notFound);
      const stale = say(wire, old.participant, 'hello', { requestId: 'once' });
      await refused(stale, notFound);
      // Nor does the end of the one before hold for this one.
      await advance(wire, project, DAY - 60);
      assert.equal((await getConversation(wire, anew.name)).lifecycleState, State.IN_PROGRESS);
    });

    it('is that of the profile for conversations that end from then on', async () => {
      const project = newProject();
      const { name: profile } = await createProfile(wire, `projects/${project}`);
      const begin = () => createConversation(wire, `projects/${project}`, { conversationProfile: profile });
      const [before, after] = [await begin(), await begin()];
      await completeConversation(wire, before.name);
      const name = `${profile}/retentionPolicy`;
      const kept = { case: 'duration', value: { seconds: 60n } } as const;
      const policy = await wire.call(method.updateRetentionPolicy, { retentionPolicy: { name, kept } });
      assert.equal(policy.name, name);
      assert.deepEqual(await wire.call(method.getRetentionPolicy, { name }), policy);
      await completeConversation(wire, after.name);
      await advance(wire, project, 61);
      await getConversation(wire, before.name);
      await refused(getConversation(wire, after.name), notFound);
    });

    it('can be for ever, even after the profile is gone', async () => {
      const project = newProject();
      const { name: conversationProfile } = await createProfile(wire, `projects/${project}`);
      const { name } = await createConversation(wire, `projects/${project}`, { conversationProfile });
      const retentionPolicy = {
        name: `${conversationProfile}/retentionPolicy`,
        kept: { case: 'forever', value: true },
      } as const;
      await wire.call(method.updateRetentionPolicy, { retentionPolicy, updateMask: { paths: ['forever'] } });
      await wire.call(ConversationProfiles.method.deleteConversationProfile, { name: conversationProfile });
      await advance(wire, project, 400 * DAY);
      await getConversation(wire, name);
    });

    it('has nothing to say where nothing was said, or it was taken back', async () => {
      const { name: profile } = await createProfile(wire, `projects/${newProject()}`);
      const name = `${profile}/retentionPolicy`;
      assert.equal((await wire.call(method.getRetentionPolicy, { name })).kept.case, undefined);
      for (const value of [true, false]) {
        const retentionPolicy = { name, kept: { case: 'forever', value } } as const;
        await wire.call(method.updateRetentionPolicy, { retentionPolicy });
        const { kept } = await wire.call(method.getRetentionPolicy, { name });
        assert.equal(kept.case, value ? 'forever' : undefined);
      }
      const none = `projects/${newProject()}/conversationProfiles/none/retentionPolicy`;
      await refused(wire.call(method.getRetentionPolicy, { name: none }), notFound);
      await refused(wire.call(method.updateRetentionPolicy, { retentionPolicy: { name: none } }), notFound);
    });

    it('changes as the mask says: all where it names nothing', async () => {
      const { name: profile } = await createProfile(wire, `projects/${newProject()}`);
      const name = `${profile}/retentionPolicy`;
      const week = { case: 'duration', value: { seconds: BigInt(7 * DAY) } } as const;
      const update = async (kept: typeof week | { case: undefined }, updateMask?: { paths: string[] }) => {
        const request = { retentionPolicy: { name, kept }, ...(updateMask && { updateMask }) };
        return (await wire.call(method.updateRetentionPolicy, request)).kept.case;
      };
      assert.equal(await update(week), 'duration');
      assert.equal(await update({ case: undefined }, { paths: ['forever'] }), 'duration');
      assert.equal(await update({ case: undefined }, { paths: [] }), undefined);
      assert.equal(await update(week, { paths: ['*'] }), 'duration');
      assert.equal(await update({ case: undefined }), undefined);
      assert.equal(await update(week, { paths: ['duration'] }), 'duration');
      assert.equal(await update({ case: undefined }, { paths: ['duration'] }), undefined);
      const unknown = { retentionPolicy: { name, kept: week }, updateMask: { paths: ['until'] } };
      await refused(wire.call(method.updateRetentionPolicy, unknown), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: ['update_mask'],
      });
    });

    for (const duration of [
      { seconds: 0n },
      { seconds: -1n },
      { seconds: 0n, nanos: 999_999_999 },
      { seconds: 36_501n * BigInt(DAY) },
    ]) {
      it(`is not ${duration.seconds} s and ${duration.nanos ?? 0} ns`, async () => {
        const { name: profile } = await createProfile(wire, `projects/${newProject()}`);
        const kept = { case: 'duration', value: duration } as const;
        const retentionPolicy = { name: `${profile}/retentionPolicy`, kept };
        await refused(wire.call(method.updateRetentionPolicy, { retentionPolicy }), {
          code: Code.INVALID_ARGUMENT,
          reason: 'FIELD_INVALID',
          fields: ['retention_policy.duration'],
        });
      });
    }
  });

  describe(`a hold over ${wire.name}`, () => {
    it('keeps a conversation until it is released; then it is due', async () => {
      const project = newProject();
      const { conversation, participant } = await createTalk(wire, `projects/${project}`);
      await ingest(wire, conversation, [message(participant, 0)]);
      const hold = await wire.call(method.holdConversation, { name: conversation, reason: 'a dispute' });
      assert.deepEqual([hold.name, hold.reason], [`${conversation}/hold`, 'a dispute']);
      assert.deepEqual(await wire.call(method.getHold, { name: hold.name }), hold);
      const again = await wire.call(method.holdConversation, { name: conversation, reason: 'another' });
      assert.deepEqual(again, hold, 'it is held as it was');
      await advance(wire, project, 100 * DAY);
      assert.equal((await listMessages(wire, conversation)).length, 1);
      await wire.call(method.releaseConversation, { name: conversation });
      await refused(wire.call(method.getHold, { name: hold.name }), notFound);
      await advance(wire, project, 0);
      await refused(getConversation(wire, conversation), notFound);
      await refused(wire.call(method.holdConversation, { name: conversation }), notFound);
      await refused(wire.call(method.releaseConversation, { name: conversation }), notFound);
    });

    it('that is released early leaves the purge for its time', async () => {
      const project = newProject();
      const { name } = await createConversation(wire, `projects/${project}`);
      await completeConversation(wire, name);
      await wire.call(method.holdConversation, { name });
      await advance(wire, project, DAY);
      await wire.call(method.releaseConversation, { name });
      await wire.call(method.releaseConversation, { name });
      await advance(wire, project, DAY - 60);
      await getConversation(wire, name);
      await advance(wire, project, 120);
      await refused(getConversation(wire, name), notFound);
    });

    it('can begin again, before and after the purge is due', async () => {
      const project = newProject();
      const { name } = await createConversation(wire, `projects/${project}`);
      const hold = () => wire.call(method.holdConversation, { name });
      const release = () => wire.call(method.releaseConversation, { name });
      await release();
      await hold();
      await completeConversation(wire, name);
      await release();
      await hold();
      await advance(wire, project, 3 * DAY);
      // The purge is due from here on, and so is gone with the conversation, or finds it held again.
      await release();
      const [again] = await Promise.allSettled([hold()]);
      await advance(wire, project, DAY);
      if (again.status === 'fulfilled') {
        await getConversation(wire, name);
        await release();
        await advance(wire, project, 0);
      }
      await refused(getConversation(wire, name), notFound);
    });

    it('is for what there is', async () => {
      const name = `projects/${newProject()}/conversations/none`;
      await refused(wire.call(method.holdConversation, { name }), notFound);
      await refused(wire.call(method.releaseConversation, { name }), notFound);
      await refused(wire.call(method.getHold, { name: `${name}/hold` }), notFound);
    });

    it('has a reason of no more than 1024 bytes', async () => {
      const { name } = await createConversation(wire, `projects/${newProject()}`);
      const want = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields: ['reason'] };
      await refused(wire.call(method.holdConversation, { name, reason: 'é'.repeat(513) }), want);
      await wire.call(method.holdConversation, { name, reason: 'é'.repeat(512) });
    });

    it('begins with the conversation where a header says so', async () => {
      const project = newProject();
      const parent = `projects/${project}`;
      const { name: conversationProfile } = await createProfile(wire, parent);
      const request = { parent, conversationId: 'mine', conversation: { conversationProfile } };
      const create = (reason: string) =>
        wire.call(Conversations.method.createConversation, request, { 'parley-hold': reason });
      const { name } = await create('a dispute');
      const hold = await wire.call(method.getHold, { name: `${name}/hold` });
      assert.deepEqual([hold.name, hold.reason], [`${name}/hold`, 'a dispute']);
      await refused(create('another'), { code: Code.ALREADY_EXISTS, reason: 'RESOURCE_ALREADY_EXISTS' });
      assert.deepEqual(await wire.call(method.getHold, { name: hold.name }), hold);
      await completeConversation(wire, name);
      await advance(wire, project, 100 * DAY);
      await getConversation(wire, name);
      await wire.call(method.releaseConversation, { name });
      await advance(wire, project, 0);
      await refused(getConversation(wire, name), notFound);
    });

    it('does not begin with a conversation whose header gives no fit reason', async () => {
      const parent = `projects/${newProject()}`;
      const { name: conversationProfile } = await createProfile(wire, parent);
      const request = { parent, conversationId: 'mine', conversation: { conversationProfile } };
      const create = (reason: string) =>
        wire.call(Conversations.method.createConversation, request, { 'parley-hold': reason });
      const unfit = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields: ['parley-hold'] };
      await refused(create('a'.repeat(1025)), unfit);
      if (wire.name === 'REST') await refused(create('caf\u00e9'), unfit);
      const { name } = await create('a'.repeat(1024));
      assert.equal((await wire.call(method.getHold, { name: `${name}/hold` })).reason.length, 1024);
    });

    it('races with a purge: it holds what is there, or there is nothing to hold', async () => {
      for (let round = 0; round < 10; round++) {
        const project = newProject();
        const { name } = await createConversation(wire, `projects/${project}`);
        await completeConversation(wire, name);
        const [held] = await Promise.allSettled([
          wire.call(method.holdConversation, { name }),
          advance(wire, project, 2 * DAY),
        ]);
        if (held?.status === 'fulfilled') await getConversation(wire, name);
        else await refused(getConversation(wire, name), notFound);
      }
    });
  });
}
