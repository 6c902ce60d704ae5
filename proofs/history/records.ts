import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Code } from '@parleykit/proto/rpc';
import {
  type Conversation,
  type Message,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { CallError } from '../../conformance/wires.ts';
import { OutcomeUnknown } from './grpc-channel.ts';
import type { Answer, ConversationRecord, MessageRecord } from './history.ts';

/** How answers become records: names lose what they must begin with, times become numbers. */

/** Throws where a name is not one of those below `parent`: an answer is in the words of its request. */
export function idBelow(parent: string, name: string): string {
  const id = name.slice(name.lastIndexOf('/') + 1);
  if (id === '' || name !== `${parent}/${id}`) throw new Error(`${name} is not below ${parent}`);
  return id;
}

export function toConversationRecord(parent: string, conversation: Conversation): ConversationRecord {
  const { name, lifecycleState, startTime, endTime } = conversation;
  if (lifecycleState !== State.IN_PROGRESS && lifecycleState !== State.COMPLETED) {
    throw new Error(`${name} is in the state ${lifecycleState}`);
  }
  return {
    id: idBelow(`${parent}/conversations`, name),
    state: lifecycleState === State.COMPLETED ? 'COMPLETED' : 'IN_PROGRESS',
    startTime: microsecondsOf(startTime),
    ...(endTime === undefined ? {} : { endTime: microsecondsOf(endTime) }),
  };
}

export function toMessageRecord(conversation: string, message: Message): MessageRecord {
  const { name, participant, content, sendTime, createTime } = message;
  return {
    id: idBelow(`${conversation}/messages`, name),
    participant: idBelow(`${conversation}/participants`, participant),
    sendTime: writeSendTime(sendTime),
    createTime: microsecondsOf(createTime),
    content,
  };
}

/** What became of a call that was not answered with a reply. */
export function toFailure(error: unknown): Answer {
  if (error instanceof CallError) {
    return { kind: 'refused', code: Code[error.code] ?? String(error.code), message: error.message };
  }
  if (error instanceof OutcomeUnknown) return { kind: 'unknown', why: error.message };
  return { kind: 'refused', code: 'UNREADABLE', message: String(error) };
}

function microsecondsOf(time: Timestamp | undefined): number {
  if (time === undefined || time.nanos % 1000 !== 0) {
    throw new Error(`${time?.seconds}.${time?.nanos} is not a time in microseconds`);
  }
  return Number(time.seconds) * 1_000_000 + time.nanos / 1000;
}

/** As `12.000000034`. */
function writeSendTime(time: Timestamp | undefined): string {
  if (time === undefined) throw new Error('a message lacks its send_time');
  return `${time.seconds}.${String(time.nanos).padStart(9, '0')}`;
}

export function readSendTime(text: string): { seconds: bigint; nanos: number } {
  const [seconds = '', nanos = ''] = text.split('.');
  return { seconds: BigInt(seconds), nanos: Number(nanos) };
}

/** The first few are at the ends of what a Timestamp can say; of the others, four lie in each second. */
const ODD_SEND_TIMES = [
  '-62135596800.000000000',
  '253402300799.999999999',
  '0.000000000',
  '-1.500000000',
] as const;
const NANOS = ['000000000', '000000001', '500000000', '999999999'] as const;

export function numberedSendTime(number: number): string {
  return (
    ODD_SEND_TIMES[number] ?? `${1_700_000_000 + Math.floor(number / 4)}.${NANOS[number % 4] ?? NANOS[0]}`
  );
}

/** No other message has it: not even one of the same position in another operation. */
export function freshSendTime(client: number, operation: number, position: number): string {
  return `${1_800_000_000 + client * 100_000 + operation}.${String(position).padStart(9, '0')}`;
}
