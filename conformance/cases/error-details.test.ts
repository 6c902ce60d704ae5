import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DescMessage, DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  ConversationProfiles,
  Conversations,
  EncryptionSpecService,
  Participants,
  PhoneNumbers,
  Participant_Role as Role,
  Conversation_ConversationStage as Stage,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  batchOf,
  completeConversation,
  createConversation,
  createTalk,
  failure,
  message,
  messages,
  openScene,
  type Refusal,
  refused,
} from './scene.ts';

const scene = openScene();
const {
  createConversation: create,
  getConversation,
  batchCreateMessages,
  listMessages,
} = Conversations.method;

/** What the cases of this file find in their project. */
interface Place {
  readonly parent: string;
  readonly profile: string;
  readonly conversation: string;
  readonly participant: string;
  /** A conversation that is completed, and one of its participants. */
  readonly done: { readonly conversation: string; readonly participant: string };
}

interface Case extends Refusal {
  readonly name: string;
  call(wire: Wire, place: Place): Promise<unknown>;
}

/** A case that calls a method; the request is checked against the method's input. */
function calling<I extends DescMessage>(
  name: string,
  method: DescMethodUnary<I, DescMessage>,
  request: (place: Place) => MessageInitShape<I>,
  refusal: Refusal,
): Case {
  return { name, call: (wire, place) => wire.call(method, request(place)), ...refusal };
}

const argument = (reason: string, ...fields: string[]): Refusal => ({
  code: Code.INVALID_ARGUMENT,
  reason,
  fields,
});
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const completed = { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_COMPLETED' };

/** One of each refusal that a caller can tell apart. */
const refusals: readonly Case[] = [
  calling(
    'a required field that is missing',
    create,
    ({ parent }) => ({ parent, conversation: { conversationStage: Stage.HUMAN_ASSIST_STAGE } }),
    argument('FIELD_REQUIRED', 'conversation.conversation_profile'),
  ),
  calling(
    'a number that no enum value has',
    Participants.method.createParticipant,
    ({ conversation }) => ({ parent: conversation, participant: { role: 77 as Role } }),
    argument('FIELD_INVALID', 'participant.role'),
  ),
  calling(
    'a name with a control character',
    getConversation,
    ({ conversation }) => ({ name: `${conversation}\u0007` }),
    argument('RESOURCE_NAME_INVALID', 'name'),
  ),
  calling(
    'a custom id that is too short',
    create,
    ({ parent, profile }) => ({
      parent,
      conversationId: 'ab',
      conversation: { conversationProfile: profile },
    }),
    argument('RESOURCE_ID_INVALID', 'conversation_id'),
  ),
  calling(
    'a page token of nobody',
    listMessages,
    ({ conversation }) => ({ parent: conversation, pageToken: 'AAAA' }),
    argument('PAGE_TOKEN_INVALID', 'page_token'),
  ),
  calling(
    'a page of negative size',
    listMessages,
    ({ conversation }) => ({ parent: conversation, pageSize: -1 }),
    argument('PAGE_SIZE_NEGATIVE', 'page_size'),
  ),
  calling(
    'a batch over the limit',
    batchCreateMessages,
    ({ conversation, participant }) => batchOf(conversation, messages(participant, 301)),
    argument('BATCH_TOO_LARGE', 'requests'),
  ),
  calling(
    'a batch item with another parent',
    batchCreateMessages,
    ({ conversation, participant, done }) => ({
      parent: conversation,
      requests: [{ parent: done.conversation, message: message(participant, 0) }],
    }),
    argument('BATCH_PARENT_MISMATCH', 'requests[0].parent'),
  ),
  calling(
    'a participant of another conversation',
    batchCreateMessages,
    ({ conversation, done }) => batchOf(conversation, [message(done.participant, 0)]),
    argument('PARTICIPANT_OF_OTHER_CONVERSATION', 'requests[0].message.participant'),
  ),
  calling(
    'a stage without an agent for it',
    create,
    ({ parent, profile }) => ({
      parent,
      conversation: { conversationProfile: profile, conversationStage: Stage.VIRTUAL_AGENT_STAGE },
    }),
    argument('AUTOMATED_AGENT_ABSENT', 'conversation.conversation_stage'),
  ),
  calling(
    'a conversation that is not there',
    getConversation,
    ({ parent }) => ({ name: `${parent}/conversations/absent` }),
    notFound,
  ),
  calling(
    'a profile that is not there',
    ConversationProfiles.method.getConversationProfile,
    ({ parent }) => ({ name: `${parent}/conversationProfiles/absent` }),
    notFound,
  ),
  calling(
    'a participant that is not there',
    batchCreateMessages,
    ({ conversation }) => batchOf(conversation, [message(`${conversation}/participants/absent`, 0)]),
    notFound,
  ),
  calling(
    'a custom id that is taken',
    create,
    ({ parent, profile }) => ({
      parent,
      conversationId: 'taken',
      conversation: { conversationProfile: profile },
    }),
    { code: Code.ALREADY_EXISTS, reason: 'RESOURCE_ALREADY_EXISTS' },
  ),
  calling(
    'a message for a completed conversation',
    batchCreateMessages,
    ({ done }) => batchOf(done.conversation, [message(done.participant, 0)]),
    completed,
  ),
  calling(
    'a participant for a completed conversation',
    Participants.method.createParticipant,
    ({ done }) => ({ parent: done.conversation, participant: { role: Role.END_USER } }),
    completed,
  ),
  calling('a method that is not built', PhoneNumbers.method.listPhoneNumbers, ({ parent }) => ({ parent }), {
    code: Code.UNIMPLEMENTED,
    reason: 'METHOD_UNIMPLEMENTED',
  }),
];

describe('a refusal', () => {
  for (const { name, call, ...want } of refusals) {
    it(`of ${name} is the same on both wires`, async () => {
      const place = await openPlace();
      const overGrpc = await refused(call(scene.grpc, place), want);
      const overRest = await refused(call(scene.rest, place), want);
      assert.deepEqual(overRest.message, overGrpc.message);
      assert.deepEqual(overRest.metadata, overGrpc.metadata);
      assert.deepEqual(overRest.violations, overGrpc.violations);
      assert.match(overGrpc.reason, /^[A-Z][A-Z0-9_]{0,61}[A-Z0-9]$/u);
      for (const { description } of overGrpc.violations) assert.notEqual(description, '');
    });
  }
});

for (const wire of scene.wires) {
  describe(`order of checks over ${wire.name}`, () => {
    const absent = ({ parent }: Place): string => `${parent}/conversations/absent`;
    const cases: readonly Case[] = [
      calling(
        'the name called before required fields',
        batchCreateMessages,
        ({ conversation }) => ({ parent: `${conversation}\u0001`, requests: [] }),
        argument('RESOURCE_NAME_INVALID', 'parent'),
      ),
      calling(
        'the name called before the batch limit',
        batchCreateMessages,
        ({ conversation, participant }) => batchOf(`${conversation}\u0001`, messages(participant, 301)),
        argument('RESOURCE_NAME_INVALID', 'parent'),
      ),
      calling(
        'the name called before the page size',
        listMessages,
        ({ conversation }) => ({ parent: `${conversation}\u0001`, pageSize: -1 }),
        argument('RESOURCE_NAME_INVALID', 'parent'),
      ),
      calling(
        'the name called before a custom id',
        create,
        ({ parent, profile }) => ({
          parent: `${parent}\u0001`,
          conversationId: 'x',
          conversation: { conversationProfile: profile },
        }),
        argument('RESOURCE_NAME_INVALID', 'parent'),
      ),
      calling(
        'required fields before the conversation',
        batchCreateMessages,
        (place) => ({ parent: absent(place), requests: [] }),
        argument('FIELD_REQUIRED', 'requests'),
      ),
      calling(
        'the batch limit before the conversation',
        batchCreateMessages,
        (place) => batchOf(absent(place), messages(place.participant, 301)),
        argument('BATCH_TOO_LARGE', 'requests'),
      ),
      calling(
        'the parents of items before the conversation',
        batchCreateMessages,
        (place) => ({
          parent: absent(place),
          requests: [{ parent: place.conversation, message: message(place.participant, 0) }],
        }),
        argument('BATCH_PARENT_MISMATCH', 'requests[0].parent'),
      ),
      calling(
        'the page size before the conversation',
        listMessages,
        (place) => ({ parent: absent(place), pageSize: -1 }),
        argument('PAGE_SIZE_NEGATIVE', 'page_size'),
      ),
      calling(
        'a role before the conversation',
        Participants.method.createParticipant,
        (place) => ({ parent: absent(place), participant: { role: 77 as Role } }),
        argument('FIELD_INVALID', 'participant.role'),
      ),
      calling(
        'a custom id before the profile',
        create,
        ({ parent }) => ({
          parent,
          conversationId: 'x',
          conversation: { conversationProfile: `${parent}/conversationProfiles/absent` },
        }),
        argument('RESOURCE_ID_INVALID', 'conversation_id'),
      ),
      calling(
        'required fields before the state',
        batchCreateMessages,
        ({ done }) => batchOf(done.conversation, [message(done.participant, 0, '')]),
        argument('FIELD_REQUIRED', 'requests[0].message.content'),
      ),
      calling(
        'the conversation before a participant of another',
        batchCreateMessages,
        (place) => batchOf(absent(place), [message(place.participant, 0)]),
        notFound,
      ),
      calling(
        'the state before a participant that is not there',
        batchCreateMessages,
        ({ done }) => batchOf(done.conversation, [message(`${done.conversation}/participants/absent`, 0)]),
        completed,
      ),
      calling(
        'the state before a participant of another conversation',
        batchCreateMessages,
        ({ done, participant }) => batchOf(done.conversation, [message(participant, 0)]),
        completed,
      ),
    ];
    for (const { name, call, ...want } of cases) {
      it(`looks at ${name}`, async () => {
        await refused(call(wire, await openPlace()), want);
      });
    }
  });

  describe(`methods that are not built over ${wire.name}`, () => {
    const cases: readonly Case[] = [
      calling('ListPhoneNumbers', PhoneNumbers.method.listPhoneNumbers, ({ parent }) => ({ parent }), {
        code: Code.UNIMPLEMENTED,
        reason: 'METHOD_UNIMPLEMENTED',
      }),
      calling(
        'GetEncryptionSpec',
        EncryptionSpecService.method.getEncryptionSpec,
        ({ parent }) => ({ name: `${parent}/locations/global/encryptionSpec` }),
        { code: Code.UNIMPLEMENTED, reason: 'METHOD_UNIMPLEMENTED' },
      ),
    ];
    for (const { name, call, ...want } of cases) {
      it(`answer UNIMPLEMENTED: ${name}`, async () => {
        const error = await refused(call(wire, await openPlace()), want);
        assert.ok(error.message.includes(name), error.message);
      });
    }
  });
}

describe('methods that no proto has over gRPC', () => {
  for (const path of [
    '/google.cloud.dialogflow.v2beta1.Conversations/DeleteConversation',
    '/google.cloud.dialogflow.v9.Conversations/GetConversation',
    '/x',
  ]) {
    it(`answer UNIMPLEMENTED: ${path}`, async () => {
      const { code } = await failure(scene.grpc.send(path, new Uint8Array()));
      assert.equal(code, Code.UNIMPLEMENTED);
    });
  }
});

async function openPlace(): Promise<Place> {
  const wire = scene.grpc;
  const parent = `projects/${newProject()}`;
  const { conversationProfile: profile } = await createConversation(wire, parent, {}, 'taken');
  const talk = await createTalk(wire, parent);
  const done = await createTalk(wire, parent);
  await completeConversation(wire, done.conversation);
  return { parent, profile, ...talk, done };
}
