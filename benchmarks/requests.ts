import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  ConversationProfiles,
  Conversations,
  type Participant_Role,
  Participants,
} from '@parleykit/proto/v2beta1';
import type { GrpcLoad } from './load.ts';

const PROFILE = 'projects/demo/locations/global/conversationProfiles/demo';
/** Its conversations begin with the demo agent. */
export const AGENT_PROFILE = `${PROFILE}-agent`;
const PARENT = 'projects/demo';

/** What is said in one conversation, in order; two speak in turns. */
export type Script = readonly string[];

/** The conversations of STAR, where a folder with them is named; else as many of the same sizes, by chance. */
export function readScripts(folder: string | undefined): Script[] {
  if (folder === undefined) return makeScripts(1000);
  const lines = gunzipSync(readFileSync(`${folder}/star/star.jsonl.gz`))
    .toString('utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const { entries } = JSON.parse(line) as { entries: { text: string }[] };
    return entries.map(({ text }) => text);
  });
}

/** Lengths as in STAR: 17.5 messages on the average, of 70 characters. The same on every run. */
function makeScripts(count: number): Script[] {
  let state = 1;
  const next = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 6 + next(24) }, () =>
      'some words that somebody says to somebody, '.repeat(4).slice(0, 10 + next(120)),
    ),
  );
}

async function send<I extends DescMessage, O extends DescMessage>(
  load: GrpcLoad,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
): Promise<MessageShape<O>> {
  const bytes = toBinary(method.input, create(method.input, request));
  return fromBinary(method.output, await load.call(`/${method.parent.typeName}/${method.name}`, bytes));
}

/** A profile that names a topic for all that there is to tell. */
export async function createTellingProfile(load: GrpcLoad): Promise<string> {
  const config = { topic: `${PARENT}/topics/t` };
  const conversationProfile = {
    displayName: 'telling',
    notificationConfig: config,
    newMessageEventNotificationConfig: config,
  };
  const request = { parent: PARENT, conversationProfile };
  return (await send(load, ConversationProfiles.method.createConversationProfile, request)).name;
}

/** One with the demo profile; `AGENT_PROFILE` has the demo agent begin. */
export async function createConversation(
  load: GrpcLoad,
  conversationProfile: string = PROFILE,
): Promise<string> {
  const request = { parent: PARENT, conversation: { conversationProfile } };
  return (await send(load, Conversations.method.createConversation, request)).name;
}

export async function createParticipant(
  load: GrpcLoad,
  parent: string,
  role: Participant_Role,
): Promise<string> {
  return (await send(load, Participants.method.createParticipant, { parent, participant: { role } })).name;
}

/** Makes batches whose messages are all new. */
export class Batches {
  #sent = 0;

  encode(parent: string, participants: readonly string[], script: Script): Uint8Array {
    const { input } = Conversations.method.batchCreateMessages;
    const requests = script.map((content, index) => {
      this.#sent++;
      const sendTime = {
        seconds: BigInt(1_700_000_000 + Math.floor(this.#sent / 1000)),
        nanos: (this.#sent % 1000) * 1_000_000,
      };
      const participant = participants[index % participants.length] ?? '';
      return { parent, message: { participant, content, languageCode: 'en', sendTime } };
    });
    return toBinary(input, create(input, { parent, requests }));
  }
}

export const BATCH_PATH = `/${Conversations.typeName}/${Conversations.method.batchCreateMessages.name}`;
export const TURN_PATH = `/${Participants.typeName}/${Participants.method.analyzeContent.name}`;
export const LIST_PATH = `/${Conversations.typeName}/${Conversations.method.listMessages.name}`;

export function encodeList(parent: string, pageSize: number): Uint8Array {
  const { input } = Conversations.method.listMessages;
  return toBinary(input, create(input, { parent, pageSize }));
}

export function encodeTurn(participant: string, text: string): Uint8Array {
  const { input } = Participants.method.analyzeContent;
  const textInput = { case: 'textInput' as const, value: { text, languageCode: 'en' } };
  return toBinary(input, create(input, { participant, input: textInput }));
}
