import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf, type OpenedClients, onEveryWire, present } from './google-node-clients.ts';
import {
  type Conversation,
  createConversation,
  createConversations,
  createProfile,
  FIRST_SEND_SECONDS,
  lines,
  type Message,
  messagePages,
  namesOf,
  nanosecondsOf,
  setScene,
  writeBatch,
} from './google-node-scene.ts';
import { newProject } from './target.ts';

onEveryWire("Google's Node client", (clients) => {
  describe('conversation profiles', () => profileCases(clients));
  describe('creating and getting conversations', () => conversationCases(clients));
  describe('listing conversations', () => conversationListCases(clients));
  describe('completing conversations', () => completionCases(clients));
  describe('participants', () => participantCases(clients));
  describe('updating participants', () => participantUpdateCases(clients));
  describe('writing messages', () => batchCases(clients));
  describe('messages written twice', () => duplicateCases(clients));
  describe('listing messages', () => messageListCases(clients));
});

function profileCases(clients: OpenedClients): void {
  it('creates a profile whose times only Get shows', async () => {
    const { profiles } = clients();
    const project = `projects/${newProject()}`;
    const [created] = await profiles.createConversationProfile({
      parent: project,
      conversationProfile: { displayName: 'desk', languageCode: 'de', timeZone: 'Europe/Vienna' },
    });
    const name = present(created.name);
    assert.ok(name.startsWith(`${project}/conversationProfiles/`), name);
    assert.equal(created.displayName, 'desk');
    assert.equal(created.languageCode, 'de');
    assert.equal(created.timeZone, 'Europe/Vienna');
    assert.equal(created.createTime, null);
    assert.equal(created.updateTime, null);

    const [{ createTime, updateTime, ...read }] = await profiles.getConversationProfile({ name });
    assert.ok(nanosecondsOf(createTime) > 0n);
    assert.equal(nanosecondsOf(updateTime), nanosecondsOf(createTime));
    assert.deepEqual({ ...read, createTime: null, updateTime: null }, { ...created });
  });

  it('updates what a mask names of a profile', async () => {
    const { profiles } = clients();
    const name = await createProfile(clients(), `projects/${newProject()}`);
    const [before] = await profiles.getConversationProfile({ name });
    const [updated] = await profiles.updateConversationProfile({
      conversationProfile: {
        name,
        displayName: 'not in the mask',
        languageCode: 'fr',
        humanAgentAssistantConfig: { messageAnalysisConfig: { enableEntityExtraction: true } },
      },
      updateMask: {
        paths: [
          'language_code',
          'human_agent_assistant_config.message_analysis_config.enable_entity_extraction',
        ],
      },
    });
    assert.deepEqual([updated.createTime, updated.updateTime], [null, null]);
    assert.deepEqual([updated.displayName, updated.languageCode], ['desk', 'fr']);
    assert.equal(updated.humanAgentAssistantConfig?.messageAnalysisConfig?.enableEntityExtraction, true);
    const [{ createTime, updateTime, ...read }] = await profiles.getConversationProfile({ name });
    assert.deepEqual({ ...read, createTime: null, updateTime: null }, { ...updated });
    assert.equal(nanosecondsOf(createTime), nanosecondsOf(before.createTime));
    assert.ok(nanosecondsOf(updateTime) > nanosecondsOf(before.updateTime));
  });

  it('deletes a profile and leaves its conversations', async () => {
    const { profiles, conversations } = clients();
    const { profile: name, conversation } = await setScene(clients());
    const [before] = await conversations.getConversation({ name: conversation });
    await profiles.deleteConversationProfile({ name });
    for (const call of [
      profiles.getConversationProfile({ name }),
      profiles.deleteConversationProfile({ name }),
    ]) {
      assert.equal((await failureOf(clients(), call)).status, 'NOT_FOUND');
    }
    const [after] = await conversations.getConversation({ name: conversation });
    assert.deepEqual(after, before);
    assert.equal(after.initialConversationProfile?.displayName, 'desk');
  });
}

function conversationCases(clients: OpenedClients): void {
  it('creates a conversation under the id of the caller', async () => {
    const { conversations } = clients();
    const project = `projects/${newProject()}`;
    const conversationProfile = await createProfile(clients(), project);
    const [created] = await conversations.createConversation({
      parent: project,
      conversation: { conversationProfile },
      conversationId: 'case-17',
    });
    assert.equal(created.name, `${project}/conversations/case-17`);
    assert.equal(created.lifecycleState, 'IN_PROGRESS');
    assert.equal(created.conversationStage, 'HUMAN_ASSIST_STAGE');
    assert.equal(created.conversationProfile, conversationProfile);
    assert.equal(created.endTime, null);
    assert.equal(nanosecondsOf(created.startTime) % 1000n, 0n, 'start_time counts microseconds');
  });

  it('creates conversations under ids of the server', async () => {
    const project = `projects/${newProject()}`;
    const profile = await createProfile(clients(), project);
    const names = [
      present((await createConversation(clients(), project, profile)).name),
      present((await createConversation(clients(), project, profile)).name),
    ];
    for (const name of names) assert.match(name, new RegExp(`^${project}/conversations/[\\w-]{1,64}$`, 'u'));
    assert.notEqual(names[0], names[1]);
  });

  it('ignores the fields of a new conversation that only the server sets', async () => {
    const { conversations } = clients();
    const project = `projects/${newProject()}`;
    const conversationProfile = await createProfile(clients(), project);
    const [created] = await conversations.createConversation({
      parent: project,
      conversation: {
        name: `${project}/conversations/other`,
        conversationProfile,
        lifecycleState: 'COMPLETED',
        startTime: { seconds: 1 },
        endTime: { seconds: 2 },
        phoneNumber: { phoneNumber: '+431234567' },
      },
      conversationId: 'mine',
    });
    assert.equal(created.name, `${project}/conversations/mine`);
    assert.equal(created.lifecycleState, 'IN_PROGRESS');
    assert.equal(created.endTime, null);
    assert.equal(created.phoneNumber, null);
    assert.ok(nanosecondsOf(created.startTime) > 1_000_000_000n);
  });

  it('answers a name in the form in which it was asked for', async () => {
    const { conversations } = clients();
    const project = `projects/${newProject()}`;
    const profile = await createProfile(clients(), project);
    for (const parent of [project, `${project}/locations/global`]) {
      const created = await createConversation(clients(), parent, profile);
      const name = present(created.name);
      assert.ok(name.startsWith(`${parent}/conversations/`), name);
      const id = name.slice(name.lastIndexOf('/') + 1);
      for (const asked of [
        `${project}/conversations/${id}`,
        `${project}/locations/global/conversations/${id}`,
      ]) {
        const [read] = await conversations.getConversation({ name: asked });
        assert.deepEqual({ ...read }, { ...created, name: asked });
      }
    }
  });
}

function conversationListCases(clients: OpenedClients): void {
  it('lists the newest start first', async () => {
    const { conversations } = clients();
    const { project, created } = await createConversations(clients(), 5);
    const [listed] = await conversations.listConversations({ parent: project });
    assert.deepEqual(namesOf(listed), namesOf(created).reverse());
    const starts = listed.map(({ startTime }) => nanosecondsOf(startTime));
    assert.deepEqual(starts, [...starts].sort(descending));
  });

  it('lists one page at a time', async () => {
    const { conversations } = clients();
    const { project, created } = await createConversations(clients(), 5);
    const pages: string[][] = [];
    let pageToken = '';
    do {
      const request = { parent: project, pageSize: 2, pageToken };
      const [items, , reply] = await conversations.listConversations(request, { autoPaginate: false });
      pages.push(namesOf(items));
      pageToken = reply.nextPageToken ?? '';
    } while (pageToken !== '');
    assert.deepEqual(pages.flat(), namesOf(created).reverse());
    assert.ok(
      pages.every((page) => page.length <= 2),
      'no page is larger than asked for',
    );
  });

  it('collects all pages by itself', async () => {
    const { conversations } = clients();
    const { project, created } = await createConversations(clients(), 5);
    const listed: Conversation[] = [];
    for await (const item of conversations.listConversationsAsync({ parent: project, pageSize: 2 })) {
      listed.push(item);
    }
    assert.deepEqual(namesOf(listed), namesOf(created).reverse());
  });

  it('lists nothing for a project without conversations', async () => {
    const [listed] = await clients().conversations.listConversations({ parent: `projects/${newProject()}` });
    assert.deepEqual(listed, []);
  });
}

function completionCases(clients: OpenedClients): void {
  it('completes a conversation once and for all', async () => {
    const { conversations } = clients();
    const { conversation: name, profile } = await setScene(clients());
    const [first] = await conversations.completeConversation({ name });
    assert.equal(first.name, name);
    assert.equal(first.lifecycleState, 'COMPLETED');
    assert.equal(first.conversationStage, 'HUMAN_ASSIST_STAGE');
    assert.equal(first.conversationProfile, profile);
    assert.ok(nanosecondsOf(first.endTime) >= nanosecondsOf(first.startTime));

    const [again] = await conversations.completeConversation({ name });
    assert.deepEqual(again, first);
    const [read] = await conversations.getConversation({ name });
    assert.deepEqual(read, first);
  });

  it('keeps the messages of a completed conversation readable', async () => {
    const { conversations } = clients();
    const scene = await setScene(clients());
    const written = await writeBatch(clients(), scene.conversation, lines(scene, 0, 2));
    await conversations.completeConversation({ name: scene.conversation });
    const [listed] = await conversations.listMessages({ parent: scene.conversation });
    assert.deepEqual(listed, written.reverse());
  });
}

function participantCases(clients: OpenedClients): void {
  it('creates, gets and lists participants', async () => {
    const { participants } = clients();
    const { conversation, endUser, humanAgent } = await setScene(clients());
    for (const [name, role] of [
      [endUser, 'END_USER'],
      [humanAgent, 'HUMAN_AGENT'],
    ] as const) {
      assert.ok(name.startsWith(`${conversation}/participants/`), name);
      const [read] = await participants.getParticipant({ name });
      assert.equal(read.name, name);
      assert.equal(read.role, role);
    }
    const [listed] = await participants.listParticipants({ parent: conversation });
    assert.deepEqual(namesOf(listed).sort(), [endUser, humanAgent].sort());
  });

  it('keeps what the caller says about a participant', async () => {
    const { participants } = clients();
    const { conversation } = await setScene(clients());
    const [created] = await participants.createParticipant({
      parent: conversation,
      participant: {
        role: 'HUMAN_AGENT',
        obfuscatedExternalUserId: 'Nº 7 – Ω',
        documentsMetadataFilters: { language: 'de,en' },
      },
    });
    assert.equal(created.obfuscatedExternalUserId, 'Nº 7 – Ω');
    assert.deepEqual({ ...created.documentsMetadataFilters }, { language: 'de,en' });
    const [read] = await participants.getParticipant({ name: present(created.name) });
    assert.deepEqual(read, created);
  });
}

function participantUpdateCases(clients: OpenedClients): void {
  it('updates what a mask names of a participant', async () => {
    const { participants } = clients();
    const { endUser: name } = await setScene(clients());
    const [updated] = await participants.updateParticipant({
      participant: { name, obfuscatedExternalUserId: 'user 7', documentsMetadataFilters: { a: 'b' } },
      updateMask: { paths: ['obfuscated_external_user_id'] },
    });
    assert.deepEqual([updated.name, updated.role], [name, 'END_USER']);
    assert.equal(updated.obfuscatedExternalUserId, 'user 7');
    assert.deepEqual({ ...updated.documentsMetadataFilters }, {});
    const [read] = await participants.getParticipant({ name });
    assert.deepEqual(read, updated);
  });

  it('cannot update a role', async () => {
    const { participants } = clients();
    const { endUser: name } = await setScene(clients());
    const update = participants.updateParticipant({
      participant: { name, role: 'HUMAN_AGENT' },
      updateMask: { paths: ['role'] },
    });
    const failure = await failureOf(clients(), update);
    assert.deepEqual([failure.status, failure.fields], ['INVALID_ARGUMENT', ['participant.role']]);
  });
}

function batchCases(clients: OpenedClients): void {
  it('answers a batch in the order of its requests, under one create_time', async () => {
    const scene = await setScene(clients());
    const written = await writeBatch(clients(), scene.conversation, lines(scene, 0, 4));
    assert.deepEqual(
      written.map(({ content, participant, participantRole, sendTime }) => ({
        content,
        participant,
        participantRole,
        sendTime: { ...sendTime },
      })),
      [0, 1, 2, 3].map((line) => ({
        content: `line ${line}`,
        participant: line % 2 === 0 ? scene.endUser : scene.humanAgent,
        participantRole: line % 2 === 0 ? 'END_USER' : 'HUMAN_AGENT',
        sendTime: { seconds: String(FIRST_SEND_SECONDS + line), nanos: 123_456_789 },
      })),
    );
    assert.equal(new Set(written.map(({ createTime }) => nanosecondsOf(createTime))).size, 1);
    assert.equal(new Set(namesOf(written)).size, 4);
    for (const name of namesOf(written)) assert.ok(name.startsWith(`${scene.conversation}/messages/`), name);
  });

  it('gives a later batch a later microsecond', async () => {
    const scene = await setScene(clients());
    const times: bigint[] = [];
    for (const first of [0, 1, 2, 3]) {
      const [message] = await writeBatch(clients(), scene.conversation, lines(scene, first, 1));
      times.push(nanosecondsOf(message?.createTime) / 1000n);
    }
    assert.deepEqual(times, [...new Set(times)].sort(descending).reverse());
  });

  it('derives the role from the participant, whatever the request says', async () => {
    const scene = await setScene(clients());
    const [message] = await writeBatch(clients(), scene.conversation, [
      {
        message: {
          content: 'hello',
          languageCode: 'de-AT',
          participant: scene.endUser,
          participantRole: 'HUMAN_AGENT',
          createTime: { seconds: 1 },
          sendTime: { seconds: FIRST_SEND_SECONDS, nanos: 1 },
        },
      },
    ]);
    assert.equal(message?.participantRole, 'END_USER');
    assert.equal(message?.languageCode, 'de-AT');
    assert.deepEqual({ ...message?.sendTime }, { seconds: String(FIRST_SEND_SECONDS), nanos: 1 });
    assert.ok(nanosecondsOf(message?.createTime) > 1_000_000_000n);
  });

  it('stores nothing of a batch that it refuses', async () => {
    const { conversations } = clients();
    const scene = await setScene(clients());
    const requests = [...lines(scene, 0, 2), { message: { content: 'nobody said this' } }];
    const refused = await failureOf(clients(), writeBatch(clients(), scene.conversation, requests));
    assert.equal(refused.status, 'INVALID_ARGUMENT');
    const [listed] = await conversations.listMessages({ parent: scene.conversation });
    assert.deepEqual(listed, []);
  });
}

function duplicateCases(clients: OpenedClients): void {
  const said = (participant: string, content: string, nanos = 5) => ({
    message: { content, participant, sendTime: { seconds: FIRST_SEND_SECONDS, nanos } },
  });

  it('answers a message of the same participant and send_time as stored', async () => {
    const { conversations } = clients();
    const scene = await setScene(clients());
    const stored = await writeBatch(clients(), scene.conversation, [said(scene.endUser, 'first')]);
    const [again, fresh] = await writeBatch(clients(), scene.conversation, [
      said(scene.endUser, 'second'),
      said(scene.endUser, 'third', 6),
    ]);
    assert.deepEqual([again], stored);
    assert.equal(fresh?.content, 'third');
    const [listed] = await conversations.listMessages({ parent: scene.conversation });
    assert.deepEqual(listed, [fresh, again]);
  });

  it('takes the first of two duplicates in one batch', async () => {
    const { conversations } = clients();
    const scene = await setScene(clients());
    const [first, second] = await writeBatch(clients(), scene.conversation, [
      said(scene.endUser, 'first'),
      said(scene.endUser, 'second'),
    ]);
    assert.equal(first?.content, 'first');
    assert.deepEqual(second, first);
    const [listed] = await conversations.listMessages({ parent: scene.conversation });
    assert.deepEqual(listed, [first]);
  });

  it('tells two participants at the same time apart', async () => {
    const scene = await setScene(clients());
    const written = await writeBatch(clients(), scene.conversation, [
      said(scene.endUser, 'same'),
      said(scene.humanAgent, 'same'),
    ]);
    assert.equal(new Set(namesOf(written)).size, 2);
  });
}

function messageListCases(clients: OpenedClients): void {
  const fiveLines = async (): Promise<{ conversation: string; newestFirst: Message[] }> => {
    const scene = await setScene(clients());
    const written = [
      ...(await writeBatch(clients(), scene.conversation, lines(scene, 0, 3))),
      ...(await writeBatch(clients(), scene.conversation, lines(scene, 3, 2))),
    ];
    return { conversation: scene.conversation, newestFirst: written.reverse() };
  };

  it('lists the newest message first', async () => {
    const { conversation, newestFirst } = await fiveLines();
    const [listed] = await clients().conversations.listMessages({ parent: conversation });
    assert.deepEqual(listed, newestFirst);
  });

  it('lists pages until the token is empty', async () => {
    const { conversation, newestFirst } = await fiveLines();
    const pages = await messagePages(clients(), conversation, 2);
    assert.deepEqual(pages.flat(), newestFirst);
    assert.ok(
      pages.every((page) => page.length <= 2),
      'no page is larger than asked for',
    );
  });

  it('iterates over all pages', async () => {
    const { conversation, newestFirst } = await fiveLines();
    const listed: Message[] = [];
    const request = { parent: conversation, pageSize: 2 };
    for await (const message of clients().conversations.listMessagesAsync(request)) listed.push(message);
    assert.deepEqual(listed, newestFirst);
  });
}

function descending(a: bigint, b: bigint): number {
  return a < b ? 1 : a > b ? -1 : 0;
}
