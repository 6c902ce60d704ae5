import { create } from '@bufbuild/protobuf';
import {
  Conversation_LifecycleState as ConversationState,
  type CreateParticipantRequest,
  type GetParticipantRequest,
  type ListParticipantsRequest,
  ParticipantSchema,
  type Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import type { Clock } from '../clock.ts';
import { conversationCompleted, fieldInvalid } from '../errors.ts';
import { createId } from '../ids.ts';
import { EXTERNAL_USER_ID_LENGTH_MAX } from '../limits.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { CONVERSATIONS, PARTICIPANTS } from './collections.ts';
import { decide } from './decide.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';

/** google.cloud.dialogflow.v2beta1.Participants */
export class ParticipantsService implements ServiceHandlers<typeof Participants> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #conversations: ResourceCollection;
  readonly #participants: ResourceCollection;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#participants = new ResourceCollection(store, PARTICIPANTS);
  }

  /** Adds a participant to a conversation that is in progress; there may be several of a role. */
  async createParticipant(request: CreateParticipantRequest, { resource: conversation }: CallContext) {
    const participant = request.participant ?? create(ParticipantSchema);
    const { role } = participant;
    if (Role[role] === undefined) throw fieldInvalid('participant.role', 'is not a known role');
    if ([...participant.obfuscatedExternalUserId].length > EXTERNAL_USER_ID_LENGTH_MAX) {
      throw fieldInvalid(
        'participant.obfuscated_external_user_id',
        `is longer than ${EXTERNAL_USER_ID_LENGTH_MAX} characters`,
      );
    }
    const body = withoutName(ParticipantSchema, participant);
    return decide(async () => {
      const { state } = await this.#conversations.load(conversation);
      if (state === ConversationState.COMPLETED) throw conversationCompleted(conversation.toString());
      const name = conversation.child('participants', createId(this.#clock.now()));
      await this.#store.commit({
        partition: conversation.key,
        expect: [
          { name: conversation.key, state },
          { name: name.key, absent: true },
        ],
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
    await this.#conversations.load(conversation);
    return this.#participants.list(conversation, request);
  }
}
