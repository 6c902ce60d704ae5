import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import {
  type AnalyzeContentRequest,
  AnalyzeContentResponseSchema,
  type CreateParticipantRequest,
  type GetParticipantRequest,
  type ListParticipantsRequest,
  type Participant,
  ParticipantSchema,
  type Participants,
  Participant_Role as Role,
  type StreamingAnalyzeContentRequest,
  StreamingAnalyzeContentResponseSchema,
  type UpdateParticipantRequest,
} from '@parleykit/proto/v2beta1';
import type { Clock } from '../clock.ts';
import { writeMessages } from '../conversation/transcript.ts';
import { fieldInvalid } from '../errors.ts';
import { applyFieldMask, checkFieldMask } from '../field-mask.ts';
import { createId } from '../ids.ts';
import { EXTERNAL_USER_ID_LENGTH_MAX, RESOURCE_BYTES_MAX } from '../limits.ts';
import { writeMessage } from '../message-writer.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { ROOM_BEFORE, WireWriter } from '../wire-writer.ts';
import { CONVERSATIONS, PARTICIPANTS } from './collections.ts';
import { decide } from './decide.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';
import { readStreamedTurn, readTurn } from './turn-requests.ts';
import type { TurnResult, Turns } from './turns.ts';
import { WritableConversations } from './writable-conversations.ts';

/** google.cloud.dialogflow.v2beta1.Participants */
export class ParticipantsService implements ServiceHandlers<typeof Participants> {
  readonly #clock: Clock;
  readonly #conversations: ResourceCollection;
  readonly #participants: ResourceCollection;
  readonly #writable: WritableConversations;
  readonly #turns: Turns;

  constructor(store: Store, clock: Clock, turns: Turns) {
    this.#clock = clock;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#participants = new ResourceCollection(store, PARTICIPANTS);
    this.#writable = new WritableConversations(store, 'PARTICIPANT_CHANGES');
    this.#turns = turns;
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
    const conversation = name.ancestor('conversations');
    return decide(call, async () => {
      await this.#writable.require(conversation);
      const { body, version, state: role } = await this.#participants.load(name);
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

  /** Takes a participant's turn: what is said is stored, and answered as the conversation's stage has it. */
  async analyzeContent(request: AnalyzeContentRequest, call: CallContext) {
    const result = await this.#turns.take(readTurn(request, call.resource), call);
    return toReply(AnalyzeContentResponseSchema, result, result.response);
  }

  /** The same for a stream in text mode. It is answered once, when the caller has said all. */
  async *streamingAnalyzeContent(
    first: StreamingAnalyzeContentRequest,
    call: CallContext,
    rest: AsyncIterable<StreamingAnalyzeContentRequest>,
  ) {
    const turn = await readStreamedTurn(first, rest, call.resource);
    const result = await this.#turns.take(turn, call);
    const { replyText, automatedAgentReply, humanAgentSuggestionResults, endUserSuggestionResults } =
      result.response;
    const answer = create(StreamingAnalyzeContentResponseSchema, {
      replyText,
      ...(automatedAgentReply && { automatedAgentReply }),
      humanAgentSuggestionResults,
      endUserSuggestionResults,
    });
    yield toReply(StreamingAnalyzeContentResponseSchema, result, answer);
  }
}

/** The answer of a turn: what was said in front, as it is stored, and then all else. */
function toReply<Desc extends DescMessage>(
  response: Desc,
  { message, conversation }: TurnResult,
  rest: MessageShape<Desc>,
): EncodedReply {
  const writer = new WireWriter();
  const field = response.field['message'];
  if (message !== undefined && field !== undefined) {
    writeMessages(writer, field.number, conversation, [message]);
  }
  writeMessage(writer, response, rest);
  return new EncodedReply(writer.finish(), ROOM_BEFORE);
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
