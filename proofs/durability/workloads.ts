/** What is written while the system calls are looked at. */
import type { Address, WireName } from '../crash/client.ts';
import { type MarkedCall, MarkedWriter, type Marks } from './marked-writes.ts';

type Workload = (server: Address, marks: Marks, calls: MarkedCall[]) => Promise<void>;

/** One call after the other, over either wire: each is a transaction of its own. */
export const writeSingly: Workload = async (server, marks, calls) => {
  for (const wire of ['gRPC', 'REST'] as const) {
    const writer = await MarkedWriter.open(wire, server, marks, calls);
    const conversation = await writer.createConversation();
    const participant = await writer.createParticipant(conversation);
    for (const size of [1, 5, 40]) {
      const sent = await writer.createBatch(conversation, participant, size);
      await writer.repeatBatch(conversation, participant, sent);
    }
    await writer.completeConversation(conversation);
    writer.close();
  }
};

const WRITERS = 8;
const ROUNDS = 5;

/** Several at once, so that calls share transactions and some wait for the sync of others. */
export const writeTogether: Workload = async (server, marks, calls) => {
  const write = async (wire: WireName, index: number): Promise<void> => {
    const writer = await MarkedWriter.open(wire, server, marks, calls);
    for (let round = 0; round < ROUNDS; round++) {
      const conversation = await writer.createConversation();
      const participant = await writer.createParticipant(conversation);
      await writer.createBatch(conversation, participant, 1 + ((index + round) % 7));
      await writer.completeConversation(conversation);
    }
    writer.close();
  };
  const wires = Array.from({ length: WRITERS }, (_, index): WireName => (index % 4 === 3 ? 'REST' : 'gRPC'));
  await Promise.all(wires.map(write));
};

/** One call after the other, the last of them a batch that takes several pages of the database. */
export function writeForCuts(lastBatch: number): Workload {
  return async (server, marks, calls) => {
    await writeSingly(server, marks, calls);
    const writer = await MarkedWriter.open('gRPC', server, marks, calls);
    const conversation = await writer.createConversation();
    const participant = await writer.createParticipant(conversation);
    await writer.createBatch(conversation, participant, lastBatch);
    writer.close();
  };
}
