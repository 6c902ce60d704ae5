import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  Participant_AgentDesktopSource as DesktopSource,
  type Participant,
  type ParticipantSchema,
  Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import { createConversation, createParticipant, createTalk, namesOf, openScene, refused } from './scene.ts';

type ParticipantInit = Exclude<MessageInitShape<typeof ParticipantSchema>, Participant>;

const scene = openScene();
const { createParticipant: create, getParticipant, listParticipants } = Participants.method;

for (const wire of scene.wires) {
  describe(`CreateParticipant over ${wire.name}`, () => {
    for (const role of [Role.HUMAN_AGENT, Role.AUTOMATED_AGENT, Role.END_USER]) {
      it(`answers a ${Role[role]}, which GetParticipant answers too`, async () => {
        const { name } = await createConversation(wire, `projects/${newProject()}`);
        const made = await createParticipant(wire, name, role);
        assert.match(made.name.slice(name.length), /^\/participants\/[^/]+$/u);
        assert.equal(made.role, role);
        assert.deepEqual(await wire.call(getParticipant, { name: made.name }), made);
      });
    }

    it('keeps what it is told', async () => {
      const { name: parent } = await createConversation(wire, `projects/${newProject()}`);
      const participant: ParticipantInit = {
        role: Role.END_USER,
        obfuscatedExternalUserId: '💬'.repeat(256),
        documentsMetadataFilters: { 'a,b': 'x,y', '': '', π: '\u0000' },
        agentDesktopSource: DesktopSource.OTHER,
      };
      const made = await wire.call(create, { parent, participant });
      assert.equal(made.obfuscatedExternalUserId, participant.obfuscatedExternalUserId);
      assert.deepEqual(made.documentsMetadataFilters, participant.documentsMetadataFilters);
      assert.equal(made.agentDesktopSource, DesktopSource.OTHER);
      for (const reader of scene.wires) {
        assert.deepEqual(await reader.call(getParticipant, { name: made.name }), made);
      }
    });

    it('makes a new one each time, whatever the role', async () => {
      const { name } = await createConversation(wire, `projects/${newProject()}`);
      const made = await Promise.all(Array.from({ length: 20 }, () => createParticipant(wire, name)));
      const { participants } = await wire.call(listParticipants, { parent: name });
      assert.equal(new Set(namesOf(made)).size, 20);
      assert.deepEqual(namesOf(participants).toSorted(), namesOf(made).toSorted());
    });

    it('makes it in the conversation that is addressed, whatever name it is given', async () => {
      const parent = `projects/${newProject()}`;
      const one = await createTalk(wire, parent);
      const two = await createTalk(wire, parent);
      const participant = { role: Role.HUMAN_AGENT, name: two.participant };
      const made = await wire.call(create, { parent: one.conversation, participant });
      assert.ok(made.name.startsWith(`${one.conversation}/participants/`), made.name);
      const kept = await wire.call(getParticipant, { name: two.participant });
      assert.equal(kept.role, Role.END_USER);
    });

    const bad: { name: string; participant?: ParticipantInit; reason: string; field: string }[] = [
      { name: 'no participant', reason: 'FIELD_REQUIRED', field: 'participant' },
      {
        name: 'no role',
        participant: { obfuscatedExternalUserId: 'u' },
        reason: 'FIELD_REQUIRED',
        field: 'participant.role',
      },
      {
        name: 'an unknown role',
        participant: { role: 4 as Role },
        reason: 'FIELD_INVALID',
        field: 'participant.role',
      },
      {
        name: 'a negative role',
        participant: { role: -1 as Role },
        reason: 'FIELD_INVALID',
        field: 'participant.role',
      },
      {
        name: 'a user id of 257 characters',
        participant: { role: Role.END_USER, obfuscatedExternalUserId: 'u'.repeat(257) },
        reason: 'FIELD_INVALID',
        field: 'participant.obfuscated_external_user_id',
      },
    ];
    for (const { name, participant, reason, field } of bad) {
      it(`refuses ${name}`, async () => {
        const { name: parent } = await createConversation(wire, `projects/${newProject()}`);
        const request = participant === undefined ? { parent } : { parent, participant };
        await refused(wire.call(create, request), { code: Code.INVALID_ARGUMENT, reason, fields: [field] });
        assert.deepEqual((await wire.call(listParticipants, { parent })).participants, []);
      });
    }
  });

  describe(`participants that are not there over ${wire.name}`, () => {
    const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

    it('are not found in a conversation that is', async () => {
      const { conversation } = await createTalk(wire, `projects/${newProject()}`);
      await refused(wire.call(getParticipant, { name: `${conversation}/participants/absent` }), notFound);
    });

    it('are not found in a conversation that is not', async () => {
      const { participant } = await createTalk(wire, `projects/${newProject()}`);
      const name = participant.replace(/\/conversations\/[^/]+/u, '/conversations/absent');
      await refused(wire.call(getParticipant, { name }), notFound);
      const parent = name.slice(0, name.indexOf('/participants/'));
      await refused(wire.call(listParticipants, { parent }), notFound);
      await refused(createParticipant(wire, parent), notFound);
    });

    it('are not found in the conversation beside theirs', async () => {
      const parent = `projects/${newProject()}`;
      const one = await createTalk(wire, parent);
      const two = await createTalk(wire, parent);
      const name = one.participant.replace(one.conversation, two.conversation);
      await refused(wire.call(getParticipant, { name }), notFound);
    });
  });
}
