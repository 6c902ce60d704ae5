import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  type ConversationProfile,
  ConversationProfileSchema,
  ConversationProfiles,
  Conversations,
  MessageSchema,
  type Participant,
  ParticipantSchema,
  Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  createConversation,
  createProfile,
  createTalk,
  ingest,
  listMessages,
  type MessageInit,
  message,
  openScene,
  refused,
} from './scene.ts';

type ProfileInit = Exclude<MessageInitShape<typeof ConversationProfileSchema>, ConversationProfile>;
type ParticipantInit = Exclude<MessageInitShape<typeof ParticipantSchema>, Participant>;

const scene = openScene();
const { getConversationProfile, listConversationProfiles, updateConversationProfile } =
  ConversationProfiles.method;
const { createParticipant, getParticipant, listParticipants, updateParticipant } = Participants.method;

const KIB = 1024;
const MIB = 1024 * KIB;
/** What the server adds to a resource of its own, such as its name and times. */
const OWN = 4 * KIB;

const tooLarge = (field: string) => ({
  code: Code.INVALID_ARGUMENT,
  reason: 'FIELD_INVALID',
  fields: [field],
});

for (const wire of scene.wires) {
  describe(`the size of a message over ${wire.name}`, () => messageCases(wire));
  describe(`the size of a profile over ${wire.name}`, () => profileCases(wire));
  describe(`the size of a participant over ${wire.name}`, () => participantCases(wire));
}

function messageCases(wire: Wire): void {
  /** A short message with long answers to it. */
  const answered = (participant: string, offset: number, bytes: number): MessageInit => ({
    ...message(participant, offset),
    responseMessages: [{ message: { case: 'text', value: { text: ['x'.repeat(bytes)] } } }],
  });

  it('is at most 256 KiB, all of it', async () => {
    const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
    const large = answered(participant, 0, 256 * KIB - OWN);
    const [stored] = await ingest(wire, conversation, [large]);
    assert.deepEqual(await listMessages(wire, conversation), [stored]);
    assert.deepEqual(stored?.responseMessages, create(MessageSchema, large).responseMessages);
  });

  for (const [what, bytes] of [
    ['a little more', 256 * KIB + 1],
    ['much more', MIB],
  ] as const) {
    it(`is refused when it is ${what}, with its whole batch`, async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const batch = [message(participant, 0), answered(participant, 1, bytes)];
      await refused(ingest(wire, conversation, batch), tooLarge('requests[1].message'));
      assert.deepEqual(await listMessages(wire, conversation), []);
    });
  }

  it('counts each message of a batch by itself', async () => {
    const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
    const batch = [0, 1, 2].map((offset) => answered(participant, offset, 200 * KIB));
    assert.equal((await ingest(wire, conversation, batch)).length, 3);
    const { messages } = await wire.call(Conversations.method.listMessages, { parent: conversation });
    assert.equal(messages.length, 3);
  });
}

function profileCases(wire: Wire): void {
  const long = (bytes: number): ProfileInit => ({
    humanAgentHandoffConfig: {
      agentService: { case: 'livePersonConfig', value: { accountNumber: 'x'.repeat(bytes) } },
    },
  });

  it('is at most 1 MiB', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, long(MIB - OWN));
    const read = await wire.call(getConversationProfile, { name });
    assert.ok(toBinary(ConversationProfileSchema, read).length > MIB - OWN);
    const { conversationProfile } = await createConversation(wire, name.replace(/\/conversationP.*/u, ''), {
      conversationProfile: name,
    });
    assert.equal(conversationProfile, name);
  });

  it('is refused when it is more', async () => {
    const parent = `projects/${newProject()}`;
    await refused(createProfile(wire, parent, long(MIB)), tooLarge('conversation_profile'));
    assert.deepEqual((await wire.call(listConversationProfiles, { parent })).conversationProfiles, []);
  });

  it('does not get there by updates', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, long(600 * KIB));
    const before = await wire.call(getConversationProfile, { name });
    const conversationProfile = { name, sttConfig: { model: 'm'.repeat(600 * KIB) } };
    const request = { conversationProfile, updateMask: { paths: ['stt_config'] } };
    await refused(wire.call(updateConversationProfile, request), tooLarge('conversation_profile'));
    assert.deepEqual(await wire.call(getConversationProfile, { name }), before);
  });
}

function participantCases(wire: Wire): void {
  const long = (bytes: number): ParticipantInit => ({
    role: Role.END_USER,
    documentsMetadataFilters: { key: 'x'.repeat(bytes) },
  });

  it('is at most 1 MiB', async () => {
    const { name: parent } = await createConversation(wire, `projects/${newProject()}`);
    const { name } = await wire.call(createParticipant, { parent, participant: long(MIB - OWN) });
    const read = await wire.call(getParticipant, { name });
    assert.ok(toBinary(ParticipantSchema, read).length > MIB - OWN);
  });

  it('is refused when it is more', async () => {
    const { name: parent } = await createConversation(wire, `projects/${newProject()}`);
    const request = { parent, participant: long(MIB) };
    await refused(wire.call(createParticipant, request), tooLarge('participant'));
    assert.deepEqual((await wire.call(listParticipants, { parent })).participants, []);
  });

  it('does not get there by updates', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    const participant = { name, ...long(MIB) };
    const request = { participant, updateMask: { paths: ['documents_metadata_filters'] } };
    await refused(wire.call(updateParticipant, request), tooLarge('participant'));
    assert.deepEqual((await wire.call(getParticipant, { name })).documentsMetadataFilters, {});
  });
}
