import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { registry } from '@parleykit/proto';
import { type OutboxEvent, OutboxEventSchema } from '@parleykit/proto/stored';
import {
  ConversationEventSchema,
  NotificationConfig_MessageFormat as Format,
  HumanAgentAssistantEventSchema,
} from '@parleykit/proto/v2beta1';
import { writeMessages } from '../conversation/transcript.ts';
import { readResourceName } from '../resource-names.ts';
import type { StoredMessage } from '../storage/store.ts';
import { WireWriter } from '../wire-writer.ts';

/** An event as it is told. */
export interface OutgoingEvent {
  /** The same however often it is told. */
  readonly id: string;
  /** As the profile names it. */
  readonly topic: string;
  /** The conversation, as events name it. Events with the same key are told in their order. */
  readonly orderingKey: string;
  /** A ConversationEvent or a HumanAgentAssistantEvent in the format that the profile asks for. */
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** When it happened, in microseconds. */
  readonly publishTime: number;
}

/** An event as it is filed, about messages or not. */
export interface FiledEvent {
  readonly partition: string;
  readonly data: Uint8Array;
}

/** An event that is about no message. */
export function toOutgoing({ data }: FiledEvent): OutgoingEvent {
  const outbox = fromBinary(OutboxEventSchema, data);
  const { id, publishTime, assistantEvent, event = create(ConversationEventSchema) } = outbox;
  const told =
    assistantEvent === undefined
      ? encode(ConversationEventSchema, event, outbox)
      : encode(HumanAgentAssistantEventSchema, assistantEvent, outbox);
  return outgoing(outbox, { id, publishTime: microsecondsOf(publishTime), data: told });
}

/** What an event says of each of the messages that it is about. */
export function toOutgoingMessages(
  filed: FiledEvent,
  messages: readonly StoredMessage[],
): readonly OutgoingEvent[] {
  const outbox = fromBinary(OutboxEventSchema, filed.data);
  return messages.map((message) => {
    const data = encodeMessageEvent(outbox, filed.partition, message);
    return outgoing(outbox, {
      id: idOf(outbox, message),
      publishTime: message.createTime,
      data:
        outbox.format === Format.JSON
          ? toJson(ConversationEventSchema, fromBinary(ConversationEventSchema, data))
          : data,
    });
  });
}

/** The event itself, whole, with the id that is told and its time. */
export function decodeFiled(
  filed: FiledEvent,
  message: StoredMessage | undefined,
): Pick<OutboxEvent, 'id' | 'topic' | 'event' | 'assistantEvent'> & { publishTime: number } {
  const outbox = fromBinary(OutboxEventSchema, filed.data);
  const { id, topic, event, assistantEvent } = outbox;
  if (message === undefined) {
    const about =
      assistantEvent === undefined ? { event: event ?? create(ConversationEventSchema) } : { assistantEvent };
    return { id, topic, publishTime: microsecondsOf(outbox.publishTime), ...about };
  }
  const whole = fromBinary(ConversationEventSchema, encodeMessageEvent(outbox, filed.partition, message));
  return { id: idOf(outbox, message), topic, publishTime: message.createTime, event: whole };
}

function outgoing(
  { topic, event, assistantEvent, attributes }: OutboxEvent,
  parts: Pick<OutgoingEvent, 'id' | 'publishTime' | 'data'>,
): OutgoingEvent {
  return { ...parts, topic, orderingKey: (assistantEvent ?? event)?.conversation ?? '', attributes };
}

/** One event tells of a list; each of its messages needs an id that no other event has. */
function idOf({ id }: OutboxEvent, { position }: StoredMessage): string {
  return `${id}-${position}`;
}

const { conversation: CONVERSATION, type: TYPE, newMessagePayload: MESSAGE } = ConversationEventSchema.field;

/** The message is named as the API names it: with its location, where that is not the default. */
function encodeMessageEvent({ event }: OutboxEvent, partition: string, message: StoredMessage): Uint8Array {
  const conversation = readResourceName(partition);
  if (conversation === undefined || event === undefined) throw new Error(`${partition} has no messages`);
  const writer = new WireWriter();
  writer.string(CONVERSATION.number, event.conversation);
  writer.number(TYPE.number, event.type);
  writeMessages(writer, MESSAGE.number, conversation, [message]);
  return writer.finish();
}

function encode<Desc extends DescMessage>(
  schema: Desc,
  event: MessageShape<Desc>,
  { format }: OutboxEvent,
): Uint8Array {
  return format === Format.JSON ? toJson(schema, event) : toBinary(schema, event);
}

function toJson<Desc extends DescMessage>(schema: Desc, event: MessageShape<Desc>): Uint8Array {
  return Buffer.from(toJsonString(schema, event, { registry }));
}

function microsecondsOf({ seconds = 0n, nanos = 0 }: Partial<Timestamp> = {}): number {
  return Number(seconds) * 1_000_000 + Math.floor(nanos / 1000);
}
