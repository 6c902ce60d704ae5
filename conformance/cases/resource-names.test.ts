import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import { ConversationProfiles, Conversations, Participants } from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  batchOf,
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  failure,
  getConversation,
  ingest,
  listMessages,
  message,
  namesOf,
  openScene,
  refused,
} from './scene.ts';

const scene = openScene();
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const { getConversationProfile, createConversationProfile, listConversationProfiles } =
  ConversationProfiles.method;
const { getParticipant, listParticipants } = Participants.method;
const { listConversations } = Conversations.method;

/** A call whose resource name is the one under test, by the kind of name that it takes. */
interface Addressed {
  readonly method: string;
  readonly takes: 'location' | 'conversation' | 'profile' | 'participant';
  readonly field: 'name' | 'parent';
  call(wire: Wire, name: string): Promise<unknown>;
}

const calls: readonly Addressed[] = [
  {
    method: 'CreateConversation',
    takes: 'location',
    field: 'parent',
    call: (wire, parent) =>
      createConversation(wire, parent, { conversationProfile: 'projects/p/conversationProfiles/absent' }),
  },
  {
    method: 'ListConversations',
    takes: 'location',
    field: 'parent',
    call: (wire, parent) => wire.call(listConversations, { parent }),
  },
  { method: 'GetConversation', takes: 'conversation', field: 'name', call: getConversation },
  { method: 'CompleteConversation', takes: 'conversation', field: 'name', call: completeConversation },
  {
    method: 'BatchCreateMessages',
    takes: 'conversation',
    field: 'parent',
    call: (wire, parent) => ingest(wire, parent, [message('projects/p/conversations/c/participants/x', 0)]),
  },
  { method: 'ListMessages', takes: 'conversation', field: 'parent', call: listMessages },
  {
    method: 'CreateConversationProfile',
    takes: 'location',
    field: 'parent',
    call: (wire, parent) =>
      wire.call(createConversationProfile, { parent, conversationProfile: { displayName: 'x' } }),
  },
  {
    method: 'GetConversationProfile',
    takes: 'profile',
    field: 'name',
    call: (wire, name) => wire.call(getConversationProfile, { name }),
  },
  {
    method: 'ListConversationProfiles',
    takes: 'location',
    field: 'parent',
    call: (wire, parent) => wire.call(listConversationProfiles, { parent }),
  },
  { method: 'CreateParticipant', takes: 'conversation', field: 'parent', call: createParticipant },
  {
    method: 'GetParticipant',
    takes: 'participant',
    field: 'name',
    call: (wire, name) => wire.call(getParticipant, { name }),
  },
  {
    method: 'ListParticipants',
    takes: 'conversation',
    field: 'parent',
    call: (wire, parent) => wire.call(listParticipants, { parent }),
  },
];

/** A good name of each kind, to be spoilt. */
const good = {
  location: 'projects/p/locations/global',
  conversation: 'projects/p/locations/global/conversations/c-1',
  profile: 'projects/p/locations/global/conversationProfiles/c-1',
  participant: 'projects/p/locations/global/conversations/c-1/participants/x-1',
};

/** What spoils a name so that its path over REST would be that of another method, or of none; over gRPC alone. */
const misshapen: readonly { name: string; spoil: (name: string) => string }[] = [
  { name: 'of nothing but a slash', spoil: () => '/' },
  { name: 'of a bare word', spoil: () => 'p' },
  { name: 'of another collection', spoil: () => 'projects/p/locations/global/agents/a' },
  { name: 'with an extra segment', spoil: (name) => `${name}/more` },
  { name: 'with an extra pair', spoil: (name) => `${name}/more/m` },
  { name: 'with a trailing slash', spoil: (name) => `${name}/` },
  { name: 'with a leading slash', spoil: (name) => `/${name}` },
  { name: 'with the service before it', spoil: (name) => `//dialogflow.googleapis.com/${name}` },
  { name: 'with a space before it', spoil: (name) => ` ${name}` },
  { name: 'without its last segment', spoil: (name) => name.slice(0, name.lastIndexOf('/')) },
  { name: 'with an empty last segment', spoil: (name) => name.slice(0, name.lastIndexOf('/') + 1) },
  { name: 'with an empty project', spoil: (name) => name.replace('/p/', '//') },
  { name: 'with an empty location', spoil: (name) => name.replace('/global', '/') },
  { name: 'with a collection in capitals', spoil: (name) => name.replace('projects', 'Projects') },
];

/** What spoils a name that still fits a path. */
const unspeakable: readonly { name: string; spoil: (name: string) => string }[] = [
  { name: 'with a NUL', spoil: (name) => `${name}\u0000` },
  { name: 'with a new line', spoil: (name) => `${name}\n` },
  { name: 'with a tab', spoil: (name) => `${name}\t1` },
  { name: 'with a DEL', spoil: (name) => `${name}\u007f` },
  { name: 'with a control character in the project', spoil: (name) => name.replace('/p/', '/p\u0001/') },
  { name: 'with an id of 3000 characters', spoil: (name) => name + 'x'.repeat(3000) },
  {
    name: 'with a project of 3000 characters',
    spoil: (name) => name.replace('/p/', `/${'p'.repeat(3000)}/`),
  },
];

for (const { method, takes, field, call } of calls) {
  describe(`a name that ${method} is called with`, () => {
    const invalid = { code: Code.INVALID_ARGUMENT, reason: 'RESOURCE_NAME_INVALID', fields: [field] };

    for (const { name, spoil } of misshapen) {
      it(`is refused ${name}`, async () => {
        await refused(call(scene.grpc, spoil(good[takes])), invalid);
      });
    }

    for (const { name, spoil } of unspeakable) {
      it(`is refused ${name}`, async () => {
        for (const wire of scene.wires) await refused(call(wire, spoil(good[takes])), invalid);
      });
    }

    it('is required', async () => {
      const error = await failure(call(scene.grpc, ''));
      assert.equal(error.code, Code.INVALID_ARGUMENT);
      assert.deepEqual(
        error.violations.map((violation) => violation.field),
        [field],
      );
    });
  });
}

for (const wire of scene.wires) {
  describe(`names inside a request over ${wire.name}`, () => {
    const bad = [
      'x',
      'projects/p',
      'projects/p/agents/a',
      'projects/p/conversationProfiles/',
      'projects//conversationProfiles/a',
      'projects/p/conversationProfiles/a/',
      'projects/p/conversations/c/participants/',
      'projects/p/conversations//participants/x',
      'projects/p/conversations/c/participants/x/y',
      'projects/p/conversations/c/participants/x\u0000',
      `projects/p/conversationProfiles/${'x'.repeat(3000)}\n`,
    ];
    for (const name of bad) {
      it(`are refused when one is ${JSON.stringify(name.slice(0, 60))}`, async () => {
        const parent = `projects/${newProject()}`;
        await refused(createConversation(wire, parent, { conversationProfile: name }), {
          code: Code.INVALID_ARGUMENT,
          reason: 'RESOURCE_NAME_INVALID',
          fields: ['conversation.conversation_profile'],
        });
        const { conversation, participant } = await createTalk(wire, parent);
        const batch = [message(participant, 0), message(name, 1)];
        await refused(ingest(wire, conversation, batch), {
          code: Code.INVALID_ARGUMENT,
          reason: 'RESOURCE_NAME_INVALID',
          fields: ['requests[1].message.participant'],
        });
      });
    }
  });

  describe(`locations over ${wire.name}`, () => {
    const forms = ['', '/locations/global', '/locations/us'];

    it('are one keyspace when none, global or us is named, and answers speak as the caller does', async () => {
      const project = newProject();
      for (const [index, made] of forms.entries()) {
        const parent = `projects/${project}${made}`;
        const id = `talk-${index}`;
        const { name: conversationProfile } = await createProfile(wire, parent);
        assert.ok(conversationProfile.startsWith(`${parent}/conversationProfiles/`), conversationProfile);
        const talk = await createConversation(wire, parent, { conversationProfile }, id);
        const speaker = await createParticipant(wire, talk.name);
        await ingest(wire, talk.name, [message(speaker.name, 0)]);
        assert.ok(speaker.name.startsWith(`${parent}/conversations/${id}/participants/`), speaker.name);
        for (const asked of forms) {
          await readInForm(wire, `projects/${project}${asked}`, id, speaker.name, index + 1);
        }
      }
    });

    it('of another region are another keyspace', async () => {
      const project = newProject();
      const region = `projects/${project}/locations/europe-west1`;
      const there = await createConversation(wire, region, {}, 'same-id');
      for (const form of forms) {
        const parent = `projects/${project}${form}`;
        await refused(getConversation(wire, `${parent}/conversations/same-id`), notFound);
        assert.deepEqual((await wire.call(listConversations, { parent })).conversations, []);
        assert.deepEqual((await wire.call(listConversationProfiles, { parent })).conversationProfiles, []);
      }
      const here = await createConversation(wire, `projects/${project}`, {}, 'same-id');
      assert.notEqual(here.name, there.name);
      assert.deepEqual(await getConversation(wire, there.name), there);
      const { conversations } = await wire.call(listConversations, { parent: region });
      assert.deepEqual(namesOf(conversations), [there.name]);
    });
  });

  describe(`another project over ${wire.name}`, () => {
    for (const form of ['', '/locations/global', '/locations/us', '/locations/europe-west1']) {
      it(`sees nothing of this one ${form}`, async () => {
        const project = newProject();
        const here = `projects/${project}${form}`;
        const elsewhere = `projects/${newProject()}${form}`;
        const profile = await createProfile(wire, here);
        const { conversation, participant } = await createTalk(wire, here);
        await ingest(wire, conversation, [message(participant, 0)]);
        const moved = (name: string): string => name.replace(here, elsewhere);

        assert.deepEqual((await wire.call(listConversations, { parent: elsewhere })).conversations, []);
        const profiles = await wire.call(listConversationProfiles, { parent: elsewhere });
        assert.deepEqual(profiles.conversationProfiles, []);
        const attempts = [
          getConversation(wire, moved(conversation)),
          completeConversation(wire, moved(conversation)),
          listMessages(wire, moved(conversation)),
          ingest(wire, moved(conversation), [message(moved(participant), 1)]),
          createParticipant(wire, moved(conversation)),
          wire.call(listParticipants, { parent: moved(conversation) }),
          wire.call(getParticipant, { name: moved(participant) }),
          wire.call(getConversationProfile, { name: moved(profile.name) }),
        ];
        await Promise.all(attempts.map((attempt) => refused(attempt, notFound)));
        assert.equal((await listMessages(wire, conversation)).length, 1);
      });
    }

    it('cannot lend its participants', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const other = await createTalk(wire, `projects/${newProject()}`);
      const absent = other.participant.replace(/[^/]+$/u, 'absent');
      const refusals = await Promise.all(
        [other.participant, absent].map((sender) =>
          failure(
            wire.call(
              Conversations.method.batchCreateMessages,
              batchOf(conversation, [message(participant, 0), message(sender, 1)]),
            ),
          ),
        ),
      );
      for (const { code, reason } of refusals) {
        assert.deepEqual([code, reason], [Code.INVALID_ARGUMENT, 'PARTICIPANT_OF_OTHER_CONVERSATION']);
      }
    });
  });

  describe(`ids in names over ${wire.name}`, () => {
    for (const id of [
      '119jr13g6mDTfysaI1z_vwFRw',
      'ab',
      'ünïcödé-💬',
      'a:b',
      'a b',
      'a%2Fb',
      "'--",
      '..',
      '%00',
    ]) {
      it(`may be ${JSON.stringify(id)}, which is only not found`, async () => {
        await refused(getConversation(wire, `projects/${newProject()}/conversations/${id}`), notFound);
      });
    }

    it('differ in case', async () => {
      const parent = `projects/${newProject()}`;
      await createConversation(wire, parent, {}, 'Alpha');
      await refused(getConversation(wire, `${parent}/conversations/alpha`), notFound);
      const small = await createConversation(wire, parent, {}, 'alpha');
      assert.equal(small.name, `${parent}/conversations/alpha`);
    });
  });
}

/** Reads everything of a conversation under one form of its parent and asserts that every name comes in that form. */
async function readInForm(
  wire: Wire,
  parent: string,
  id: string,
  speaker: string,
  conversations: number,
): Promise<void> {
  const name = `${parent}/conversations/${id}`;
  const participant = `${name}/participants/${speaker.slice(speaker.lastIndexOf('/') + 1)}`;
  assert.equal((await getConversation(wire, name)).name, name);
  assert.equal((await wire.call(getParticipant, { name: participant })).name, participant);
  const { participants } = await wire.call(listParticipants, { parent: name });
  assert.deepEqual(namesOf(participants), [participant]);
  const [stored, ...others] = await listMessages(wire, name);
  assert.deepEqual(others, []);
  assert.ok(stored);
  assert.ok(stored.name.startsWith(`${name}/messages/`), stored.name);
  assert.equal(stored.participant, participant);
  const listed = namesOf((await wire.call(listConversations, { parent })).conversations);
  assert.equal(listed.length, conversations);
  for (const each of listed) assert.ok(each.startsWith(`${parent}/conversations/`), each);
}
