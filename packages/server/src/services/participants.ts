import { create } from '@bufbuild/protobuf';
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import {
  type CreateParticipantRequest,
  type GetParticipantRequest,
  type ListParticipantsRequest,
  type Participant,
  ParticipantSchema,
  type Participants,
  Participant_Role as Role,
  type UpdateParticipantRequest,
} from '@parleykit/proto/v2beta1';
import type { Clock } from '../clock.ts';
import { fieldInvalid } from '../errors.ts';
import { applyFieldMask, checkFieldMask } from '../field-mask.ts';
import { createId } from '../ids.ts';
import { EXTERNAL_USER_ID_LENGTH_MAX, RESOURCE_BYTES_MAX } from '../limits.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { CONVERSATIONS, PARTICIPANTS } from './collections.ts';
import { decide } from './decide.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';
import { WritableConversations } from './writable-conversations.ts';

/** google.cloud.dialogflow.v2beta1.Participants */
export class ParticipantsService implements ServiceHandlers<typeof Participants> {
  readonly #clock: Clock;
  readonly #conversations: ResourceCollection;
  readonly #participants: ResourceCollection;
  readonly #writable: WritableConversations;

  constructor(store: Store, clock: Clock) {
    this.#clock = clock;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#participants = new ResourceCollection(store, PARTICIPANTS);
    this.#writable = new WritableConversations(store);
  }

  /** Adds a participant to a conversation that is in progress; there may be several of a role. */
  async createParticipant(request: CreateParticipantRequest, call: CallContext) {
    const { resource: conversation } = call;
    const participant = request.participant ?? create(ParticipantSchema);
    const { role } = participant;
    if (Role[role] === undefined) throw fieldInvalid('participant.role', 'is not a known role');
    const body = encode(participant);
    return decide(call, async () => {
      const name = conversation.child('participants', createId(this.#clock.now(conversation.project)));
      await this.#writable.commit(conversation, {
        expect: [{ name: name.key, absent: true }],
        put: [{ name: name.key, state: role, body }],
      });
      return namedReply(name, body);
    });
  }

  async getParticipant(_request: GetParticipantRequest, { resource: name }: CallContext) {
    return this.#participants.get(name);
  }

  /** The participants of a conversation, in the order in which they joined. */
  async listParticipants(request: ListParticipantsRequest, { resource: conversation }: CallContext) {
    await this.#conversations.loadState(conversation);
    return this.#participants.list(conversation, request);
  }

  /** Changes what the mask names; the role is what it was made with. */
  async updateParticipant(request: UpdateParticipantRequest, call: CallContext) {
    const { resource: name } = call;
    const { participant: from = create(ParticipantSchema), updateMask: mask = create(FieldMaskSchema) } =
      request;
    checkFieldMask(ParticipantSchema, mask);
    return decide(call, async () => {
      const { body, version, state: role } = await this.#participants.load(name);
      const conversation = name.ancestor('conversations');
      await this.#writable.require(conversation);
      const participant = decodeNamed(ParticipantSchema, '', body);
      applyFieldMask(ParticipantSchema, mask, from, participant);
      if (participant.role !== role) throw fieldInvalid('participant.role', 'cannot be changed');
      const changed = encode(participant);
      await this.#writable.commit(conversation, {
        expect: [{ name: name.key, version }],
        put: [{ name: name.key, state: role, body: changed }],
      });
      return namedReply(name, changed);
    });
  }
}

/** What is stored of a participant. Throws INVALID_ARGUMENT where it is too large. */
function encode(participant: Participant): Uint8Array {
  if ([...participant.obfuscatedExternalUserId].length > EXTERNAL_USER_ID_LENGTH_MAX) {
    throw fieldInvalid(
      'participant.obfuscated_external_user_id',
      `is longer than ${EXTERNAL_USER_ID_LENGTH_MAX} characters`,
    );
  }
  const body = withoutName(ParticipantSchema, participant);
  if (body.byteLength > RESOURCE_BYTES_MAX) {
    throw fieldInvalid('participant', `is larger than ${RESOURCE_BYTES_MAX} bytes`);
  }
  return body;
}
