import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Operation, Operations } from '@parleykit/proto/longrunning';
import {
  type AnalyzeContentRequest,
  type AnalyzeContentRequestSchema,
  type AnalyzeContentResponse,
  type BatchCreateMessagesRequestSchema,
  type Conversation,
  type ConversationProfile,
  type ConversationProfileSchema,
  ConversationProfiles,
  type ConversationSchema,
  Conversations,
  SuggestionFeature_Type as Feature,
  type Message,
  type MessageSchema,
  type Participant,
  Participant_Role,
  Participants,
} from '@parleykit/proto/v2beta1';
import { openTarget, type Target } from '../target.ts';
import { CallError, GrpcWire, RestWire, type Wire } from '../wires.ts';

/** One server, started with the flags, and both ways to call it, from the first case of a file to its last. */
export interface Scene {
  readonly grpc: GrpcWire;
  readonly rest: RestWire;
  readonly wires: readonly [GrpcWire, RestWire];
  /** A gRPC connection of a case's own, for what may break it. */
  connect(): GrpcWire;
}

export function openScene(...flags: readonly string[]): Scene {
  let target: Target | undefined;
  const locate = (): Target => {
    if (target === undefined) throw new Error('the server is not up yet');
    return target;
  };
  const grpc = new GrpcWire(locate);
  const rest = new RestWire(locate);
  before(async () => {
    target = await openTarget(...flags);
  });
  after(async () => {
    grpc[Symbol.dispose]();
    rest[Symbol.dispose]();
    await target?.[Symbol.asyncDispose]();
  });
  return { grpc, rest, wires: [grpc, rest], connect: () => new GrpcWire(locate) };
}

export function createProfile(
  wire: Wire,
  parent: string,
  conversationProfile: MessageInitShape<typeof ConversationProfileSchema> = {},
): Promise<ConversationProfile> {
  return wire.call(ConversationProfiles.method.createConversationProfile, {
    parent,
    conversationProfile: { displayName: 'a profile', ...conversationProfile },
  });
}

/** A profile whose conversations begin with an automated agent; nothing asks the agent here. */
export function createAgentProfile(wire: Wire, project: string): Promise<ConversationProfile> {
  return createProfile(wire, `projects/${project}`, {
    automatedAgentConfig: { agent: `projects/${project}/locations/global/agent/environments/-` },
  });
}

/** Starts to set a suggestion feature for the human agents of a profile, or for whom the role says. */
export function setFeature(
  wire: Wire,
  conversationProfile: string,
  maxResults: number,
  type = Feature.FAQ,
  participantRole = Participant_Role.HUMAN_AGENT,
): Promise<Operation> {
  return wire.call(ConversationProfiles.method.setSuggestionFeatureConfig, {
    conversationProfile,
    participantRole,
    suggestionFeatureConfig: { suggestionFeature: { type }, queryConfig: { maxResults } },
  });
}

/** Asks for an operation until it is done. */
export async function finished(wire: Wire, name: string): Promise<Operation> {
  for (let asked = 0; asked < 5000; asked += 1) {
    const operation = await wire.call(Operations.method.getOperation, { name });
    if (operation.done) return operation;
  }
  return assert.fail(`${name} is not done after it was asked for 5000 times`);
}

/** A conversation, with a profile of its own unless one is given. */
export async function createConversation(
  wire: Wire,
  parent: string,
  conversation: MessageInitShape<typeof ConversationSchema> = {},
  conversationId = '',
): Promise<Conversation> {
  const conversationProfile = conversation.conversationProfile ?? (await createProfile(wire, parent)).name;
  return wire.call(Conversations.method.createConversation, {
    parent,
    conversationId,
    conversation: { ...conversation, conversationProfile },
  });
}

export function createParticipant(
  wire: Wire,
  conversation: string,
  role = Participant_Role.END_USER,
): Promise<Participant> {
  return wire.call(Participants.method.createParticipant, { parent: conversation, participant: { role } });
}

/** A conversation in progress and one participant in it. */
export interface Talk {
  readonly conversation: string;
  readonly participant: string;
}

export async function createTalk(wire: Wire, parent: string): Promise<Talk> {
  const { name: conversation } = await createConversation(wire, parent);
  const { name: participant } = await createParticipant(wire, conversation);
  return { conversation, participant };
}

/** A message as its fields, so that a case can spread one and change some. */
export type MessageInit = Exclude<MessageInitShape<typeof MessageSchema>, Message>;

/** A message that a batch accepts; sent `offset` milliseconds into a fixed minute. */
export function message(participant: string, offset: number, content = `at ${offset}`): MessageInit {
  return { participant, content, sendTime: timestampFromMs(1_700_000_000_000 + offset) };
}

/** As many distinct messages as asked for. */
export function messages(participant: string, count: number, from = 0): MessageInit[] {
  return Array.from({ length: count }, (_, index) => message(participant, from + index));
}

export async function ingest(
  wire: Wire,
  parent: string,
  batch: readonly MessageInit[],
): Promise<readonly Message[]> {
  const reply = await wire.call(Conversations.method.batchCreateMessages, batchOf(parent, batch));
  return reply.messages;
}

export function batchOf(
  parent: string,
  batch: readonly MessageInit[],
): MessageInitShape<typeof BatchCreateMessagesRequestSchema> {
  return { parent, requests: batch.map((each) => ({ message: each })) };
}

/** A turn as its fields, so that a case can spread one and change some. */
export type TurnInit = Exclude<MessageInitShape<typeof AnalyzeContentRequestSchema>, AnalyzeContentRequest>;

/** A text, in English. */
export function saying(text: string): TurnInit {
  return { input: { case: 'textInput', value: { text, languageCode: 'en-US' } } };
}

/** Has a participant say a text. */
export function say(
  wire: Wire,
  participant: string,
  text: string,
  more: TurnInit = {},
): Promise<AnalyzeContentResponse> {
  return wire.call(Participants.method.analyzeContent, { participant, ...saying(text), ...more });
}

/** A name with a location, of one without. */
export function located(name: string): string {
  return name.replace(/^(projects\/[^/]+)\//u, '$1/locations/global/');
}

/** All messages of a conversation, newest first. */
export async function listMessages(wire: Wire, parent: string, pageSize = 1000): Promise<readonly Message[]> {
  const found: Message[] = [];
  let pageToken = '';
  do {
    const page = await wire.call(Conversations.method.listMessages, { parent, pageSize, pageToken });
    found.push(...page.messages);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found;
}

export async function completeConversation(wire: Wire, name: string): Promise<Conversation> {
  return wire.call(Conversations.method.completeConversation, { name });
}

export function getConversation(wire: Wire, name: string): Promise<Conversation> {
  return wire.call(Conversations.method.getConversation, { name });
}

/** A time as one number that can be compared. */
export function nanos(time: Timestamp | undefined): bigint {
  assert.ok(time, 'the time is set');
  return time.seconds * 1_000_000_000n + BigInt(time.nanos);
}

/** What a refusal must say; texts are the server's own. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  /** Paths of the violated fields, in proto spelling; none for a refusal that is not about an argument. */
  readonly fields?: readonly string[];
}

/** Asserts that a call is refused as said, and answers the refusal. */
export async function refused(call: Promise<unknown>, want: Refusal): Promise<CallError> {
  const error = await failure(call);
  const got = { code: error.code, reason: error.reason, fields: error.violations.map(({ field }) => field) };
  assert.deepEqual(got, { fields: [], ...want }, error.message);
  assert.equal(error.domain, 'parley');
  assert.notEqual(error.message, '');
  return error;
}

/** The refusal of a call that must not succeed. */
export async function failure(call: Promise<unknown>): Promise<CallError> {
  const outcome = await call.then(
    () => 'success',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof CallError, `expected a refusal, got ${String(outcome)}`);
  return outcome;
}

export function namesOf(resources: readonly { readonly name: string }[]): string[] {
  return resources.map(({ name }) => name);
}
