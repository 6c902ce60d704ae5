import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { type DescMessage, fromJson, type MessageShape, toJson } from '@bufbuild/protobuf';
import { type Any, anyUnpack, StructSchema, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Operation, Operations } from '@parleykit/proto/longrunning';
import { Participant_Role as Role } from '@parleykit/proto/v2beta1';
import type { Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  ingest,
} from './scene.ts';

const TOPICS = [
  [
    'my parcel has not arrived',
    'Which address was the parcel sent to?',
    'to the office',
    'It comes tomorrow.',
  ],
  ['I forgot my password', 'Shall I send you a link?', 'yes please send it', 'You find it in your mailbox.'],
  [
    'I want my money back',
    'Do you still have the receipt?',
    'the receipt is here',
    'It is on its way to your bank.',
  ],
] as const;

/** Completed conversations about one topic after another, in each of which each is spoken of so often. */
export async function holdTalks(
  wire: Wire,
  parent: string,
  count: number,
  { times = 1, isCompleted = true }: { times?: number; isCompleted?: boolean } = {},
): Promise<void> {
  const { name: conversationProfile } = await createProfile(wire, parent);
  for (let talk = 0; talk < count; talk++) {
    const { name } = await createConversation(wire, parent, { conversationProfile });
    const speakers = [
      (await createParticipant(wire, name, Role.END_USER)).name,
      (await createParticipant(wire, name, Role.HUMAN_AGENT)).name,
    ];
    const said = Array.from(
      { length: times },
      (_, time) => TOPICS[(talk + time) % TOPICS.length] ?? [],
    ).flat();
    const batch = said.map((content, index) => ({
      participant: speakers[index % 2] ?? '',
      content,
      sendTime: timestampFromMs(1_700_000_000_000 + index),
    }));
    for (let start = 0; start < batch.length; start += 300)
      await ingest(wire, name, batch.slice(start, start + 300));
    if (isCompleted) await completeConversation(wire, name);
  }
}

/** Asks for an operation now and then, until it is as it is to be. */
export async function reached(
  wire: Wire,
  name: string,
  isReached: (operation: Operation) => boolean,
): Promise<Operation> {
  for (let asked = 0; asked < 1200; asked++) {
    const operation = await wire.call(Operations.method.getOperation, { name });
    if (isReached(operation)) return operation;
    await setTimeout(50);
  }
  return assert.fail(`${name} is not as it is to be after a minute`);
}

/** A message that stands in an operation as a Struct. */
export function unpackStruct<Desc extends DescMessage>(
  schema: Desc,
  any: Any,
): MessageShape<Desc> | undefined {
  const struct = anyUnpack(any, StructSchema);
  return struct && fromJson(schema, toJson(StructSchema, struct));
}
