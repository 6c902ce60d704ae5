import assert from 'node:assert/strict';
import { it } from 'node:test';
import { status } from '@grpc/grpc-js';
import {
  failureOf,
  type GoogleClients,
  type OpenedClients,
  onEveryWire,
  present,
} from './google-node-clients.ts';
import {
  createConversation,
  createParticipant,
  lines,
  type Scene,
  setScene,
  writeBatch,
} from './google-node-scene.ts';

interface ErrorCase {
  readonly name: string;
  readonly call: (clients: GoogleClients, scene: Scene) => Promise<unknown>;
  readonly want: { readonly status: keyof typeof HTTP; readonly reason?: string; readonly fields?: string[] };
}

/** https://cloud.google.com/apis/design/errors#handling_errors */
const HTTP = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  UNIMPLEMENTED: 501,
} as const;

const ERROR_CASES: readonly ErrorCase[] = [
  {
    name: 'an unknown conversation',
    call: ({ conversations }, { project }) =>
      conversations.getConversation({ name: `${project}/conversations/nobody` }),
    want: { status: 'NOT_FOUND', reason: 'RESOURCE_NOT_FOUND' },
  },
  {
    name: 'messages of an unknown conversation',
    call: ({ conversations }, { project }) =>
      conversations.listMessages({ parent: `${project}/conversations/nobody` }),
    want: { status: 'NOT_FOUND', reason: 'RESOURCE_NOT_FOUND' },
  },
  {
    name: 'an unknown participant',
    call: ({ participants }, { conversation }) =>
      participants.getParticipant({ name: `${conversation}/participants/nobody` }),
    want: { status: 'NOT_FOUND', reason: 'RESOURCE_NOT_FOUND' },
  },
  {
    name: 'an id that is taken, in either form of its name',
    call: async ({ conversations }, { project, profile }) => {
      const request = { conversation: { conversationProfile: profile }, conversationId: 'taken' };
      await conversations.createConversation({ ...request, parent: project });
      return conversations.createConversation({ ...request, parent: `${project}/locations/global` });
    },
    want: { status: 'ALREADY_EXISTS', reason: 'RESOURCE_ALREADY_EXISTS' },
  },
  {
    name: 'an id that begins with a digit',
    call: ({ conversations }, { project, profile }) =>
      conversations.createConversation({
        parent: project,
        conversation: { conversationProfile: profile },
        conversationId: '17-case',
      }),
    want: { status: 'INVALID_ARGUMENT' },
  },
  {
    name: 'a batch for a completed conversation',
    call: async (clients, scene) => {
      await clients.conversations.completeConversation({ name: scene.conversation });
      return writeBatch(clients, scene.conversation, lines(scene, 0, 1));
    },
    want: { status: 'FAILED_PRECONDITION', reason: 'CONVERSATION_COMPLETED' },
  },
  {
    name: 'a conversation without a profile',
    call: ({ conversations }, { project }) =>
      conversations.createConversation({ parent: project, conversation: {} }),
    want: {
      status: 'INVALID_ARGUMENT',
      reason: 'FIELD_REQUIRED',
      fields: ['conversation.conversation_profile'],
    },
  },
  {
    name: 'a conversation with an unknown profile',
    call: (clients, { project }) =>
      createConversation(clients, project, `${project}/conversationProfiles/nobody`),
    want: { status: 'NOT_FOUND', reason: 'RESOURCE_NOT_FOUND' },
  },
  {
    name: 'a message by a participant of another conversation',
    call: async (clients, scene) => {
      const other = present((await createConversation(clients, scene.project, scene.profile)).name);
      const stranger = await createParticipant(clients, other, 'END_USER');
      return writeBatch(clients, scene.conversation, lines({ ...scene, endUser: stranger }, 0, 1));
    },
    want: { status: 'INVALID_ARGUMENT', reason: 'PARTICIPANT_OF_OTHER_CONVERSATION' },
  },
  {
    name: 'an empty batch',
    call: (clients, { conversation }) => writeBatch(clients, conversation, []),
    want: { status: 'INVALID_ARGUMENT', reason: 'FIELD_REQUIRED', fields: ['requests'] },
  },
  {
    name: 'a page token that was never given',
    call: ({ conversations }, { conversation }) =>
      conversations.listMessages({ parent: conversation, pageToken: 'made-up' }, { autoPaginate: false }),
    want: { status: 'INVALID_ARGUMENT' },
  },
  {
    name: 'a method that is not built',
    call: ({ sipTrunks }, { project }) =>
      sipTrunks.listSipTrunks({ parent: `${project}/locations/global` }, { autoPaginate: false }),
    want: { status: 'UNIMPLEMENTED', reason: 'METHOD_UNIMPLEMENTED' },
  },
];

onEveryWire("The errors of Google's Node client", errorCases);

function errorCases(clients: OpenedClients): void {
  for (const { name, call, want } of ERROR_CASES) {
    it(`answers ${want.status} for ${name}`, async () => {
      const failure = await failureOf(clients(), call(clients(), await setScene(clients())));
      assert.equal(failure.status, want.status);
      assert.equal(failure.code, clients().wire === 'grpc' ? status[want.status] : HTTP[want.status]);
      assert.equal(failure.domain, 'parley');
      assert.match(failure.reason ?? '', /^[A-Z][A-Z0-9_]{1,61}[A-Z0-9]$/u);
      if (want.reason !== undefined) assert.equal(failure.reason, want.reason);
      if (want.fields !== undefined) assert.deepEqual(failure.fields, want.fields);
    });
  }
}
