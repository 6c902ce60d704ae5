/** The writes of the proof, each as a call together with what the model learns of its answer. */
import { Code } from '@parleykit/proto/rpc';
import { Conversations, Participants, Participant_Role as Role } from '@parleykit/proto/v2beta1';
import type { Random } from '../../conformance/fuzz/random.ts';
import { type Client, RefusedError } from './client.ts';
import { type Finding, finding } from './findings.ts';
import { Batch, type Conversation, type Line, type Participant } from './model.ts';
import { timeText, toSeenMessage } from './reading.ts';

export const PARENT = 'projects/demo';
const PROFILE = `${PARENT}/locations/global/conversationProfiles/demo`;
export const ROLES = [Role.END_USER, Role.HUMAN_AGENT] as const;

/** Whether the model allows that a call was refused so. */
type MayRefuse = (code: number, reason: string) => boolean;

const never: MayRefuse = () => false;

/** A refusal that is right leaves nothing but the write undone; any other is a finding. LostError goes on up. */
async function judge(
  call: () => Promise<Finding[]>,
  { what, mayRefuse, refuse }: { what: string; mayRefuse: MayRefuse; refuse: () => void },
): Promise<Finding[]> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    refuse();
    if (mayRefuse(error.code, error.reason)) return [];
    return [finding('refused', `${what} was refused: ${error.message}`)];
  }
}

/** Makes a conversation under its id, or tries again to. */
export async function createConversation(client: Client, conversation: Conversation): Promise<Finding[]> {
  const { creation, name } = conversation;
  const before = creation.fate;
  creation.send();
  return judge(
    async () => {
      const reply = await client.call(Conversations.method.createConversation, {
        parent: PARENT,
        conversationId: name.slice(name.lastIndexOf('/') + 1),
        conversation: { conversationProfile: PROFILE },
      });
      creation.acknowledge();
      const startTime = timeText(reply.startTime);
      if (before === 'kept') return [finding('doubled', `${name} was made a second time`)];
      conversation.startTime = startTime;
      return reply.name === name ? [] : [finding('changed', `${name} was made as ${reply.name}`)];
    },
    {
      what: `making ${name}`,
      refuse: () => creation.refuse(),
      mayRefuse: (code) => code === Code.ALREADY_EXISTS && before !== 'unsent' && before !== 'absent',
    },
  );
}

export async function createParticipant(
  client: Client,
  conversation: Conversation,
  participant: Participant,
): Promise<Finding[]> {
  const { userId, role, write } = participant;
  conversation.participants.push(participant);
  write.send();
  return judge(
    async () => {
      const reply = await client.call(Participants.method.createParticipant, {
        parent: conversation.name,
        participant: { role, obfuscatedExternalUserId: userId },
      });
      write.acknowledge();
      participant.name = reply.name;
      return [];
    },
    { what: `making ${userId}`, refuse: () => write.refuse(), mayRefuse: whenEnding(conversation) },
  );
}

export async function completeConversation(client: Client, conversation: Conversation): Promise<Finding[]> {
  const { completion, name } = conversation;
  completion.send();
  return judge(
    async () => {
      const reply = await client.call(Conversations.method.completeConversation, { name });
      completion.acknowledge();
      const endTime = timeText(reply.endTime);
      conversation.endTime ??= endTime;
      if (conversation.endTime === endTime) return [];
      return [finding('changed', `${name} ended at ${endTime}, before ${conversation.endTime}`)];
    },
    { what: `completing ${name}`, refuse: () => completion.refuse(), mayRefuse: never },
  );
}

/** Sends a batch, or sends it again. */
export async function sendBatch(
  client: Client,
  batch: Batch,
  mayRefuse: MayRefuse = never,
): Promise<Finding[]> {
  const { conversation, write, repeats, lines } = batch;
  const { name } = conversation;
  const mayEnd = whenEnding(conversation);
  batch.send();
  return judge(
    async () => {
      const reply = await client.call(Conversations.method.batchCreateMessages, {
        parent: name,
        requests: [...repeats, ...lines].map((line) => ({ parent: name, message: toMessage(line, name) })),
      });
      return batch.acknowledge(reply.messages.map(toSeenMessage));
    },
    {
      what: `${batch}`,
      refuse: () => write.refuse(),
      mayRefuse: (code, reason) => mayEnd(code, reason) || mayRefuse(code, reason),
    },
  );
}

function toMessage({ id, participant, content, sendTime }: Line, conversation: string) {
  const [seconds = '', nanos] = sendTime.split('.');
  return {
    name: id === '' ? '' : `${conversation}/messages/${id}`,
    participant,
    content,
    sendTime: { seconds: BigInt(seconds), nanos: Number(nanos) },
  };
}

function whenEnding({ completion }: Conversation): MayRefuse {
  return (code) => code === Code.FAILED_PRECONDITION && completion.fate !== 'unsent';
}

/** A batch of new messages of all its participants, some with ids of their own, and now and then some old ones. */
export function makeBatch(random: Random, conversation: Conversation, label: string, size: number): Batch {
  const speakers = conversation.participants.filter(({ name }) => name !== undefined);
  const repeats = random.chance(0.15) ? pickKept(random, conversation) : [];
  const batch = new Batch(conversation, label, repeats);
  const hasIds = random.chance(0.1);
  for (let index = 0; index < Math.max(1, size - repeats.length); index++) {
    const { name = '', role } = random.pick(speakers);
    batch.lines.push({
      batch,
      participant: name,
      role,
      // No two batches have a label in common, and therefore no send time.
      sendTime: `${1_700_000_000 + conversation.batches.length}.${String(index).padStart(9, '0')}`,
      content: `${label}/${index} ${filler(random)}`,
      id: hasIds ? `m-${label.replaceAll('/', '-')}-${index}` : '',
    });
  }
  conversation.add(batch);
  return batch;
}

function pickKept(random: Random, { batches }: Conversation): Line[] {
  const kept = batches.filter(({ write }) => write.fate === 'kept');
  return kept.length === 0 ? [] : random.pick(kept).lines.slice(0, random.between(1, 3));
}

/** Mostly short, as what people say is; some of it takes pages of the database for itself. */
function filler(random: Random): string {
  const length = random.chance(0.02) ? random.between(1000, 9000) : random.below(60);
  return 'abcdefghij klmnopqrstu vwxyz äöü '.repeat(Math.ceil(length / 32)).slice(0, length);
}
