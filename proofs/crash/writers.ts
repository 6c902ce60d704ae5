import type { Random } from '../../conformance/fuzz/random.ts';
import { type Address, type Client, LostError, openClient, type WireName } from './client.ts';
import type { Finding } from './findings.ts';
import type { Follower } from './follower.ts';
import { type Batch, Conversation, Participant } from './model.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  makeBatch,
  PARENT,
  ROLES,
  sendBatch,
} from './writes.ts';

/** Conversations in which writers write at the same time; further ones are made as these end. */
const OPEN_MAX = 6;
/** Most batches are small, some are as large as they may be. */
const BATCH_SIZES = [1, 2, 3, 5, 10, 20, 60, 300] as const;

/** What the writers and followers of a run have in common. */
export interface Scene {
  readonly run: number;
  readonly server: Address;
  readonly conversations: Conversation[];
  /** In what came out of order; whoever finds something puts it here. */
  readonly findings: Finding[];
}

/** Writes one thing after the other until the server is gone. */
export async function writeUntilLost(scene: Scene, index: number, random: Random): Promise<void> {
  const wire: WireName = random.chance(0.75) ? 'gRPC' : 'REST';
  await untilLost(scene, wire, async (client) => {
    const writer = new Writer(scene, client, `${scene.run}/${index}`, random);
    for (;;) scene.findings.push(...(await writer.writeOnce()));
  });
}

/** Polls until the server is gone. */
export async function followUntilLost(scene: Scene, follower: Follower, random: Random): Promise<void> {
  await untilLost(scene, 'gRPC', async (client) => {
    for (;;) {
      scene.findings.push(...(await follower.poll(client)));
      await new Promise((resolve) => setTimeout(resolve, random.below(10)));
    }
  });
}

async function untilLost({ server }: Scene, wire: WireName, work: (client: Client) => Promise<void>) {
  let client: Client | undefined;
  try {
    client = await openClient(wire, server);
    await work(client);
  } catch (error) {
    if (!(error instanceof LostError)) throw error;
  } finally {
    client?.close();
  }
}

class Writer {
  readonly #scene: Scene;
  readonly #client: Client;
  readonly #label: string;
  readonly #random: Random;
  #count = 0;

  constructor(scene: Scene, client: Client, label: string, random: Random) {
    this.#scene = scene;
    this.#client = client;
    this.#label = label;
    this.#random = random;
  }

  async writeOnce(): Promise<Finding[]> {
    const random = this.#random;
    const open = this.#scene.conversations.filter(isOpen);
    const choice = random.below(100);
    if (open.length === 0 || (choice < 12 && open.length < OPEN_MAX)) return this.#begin();
    const ended = this.#scene.conversations.filter(({ completion }) => completion.fate === 'kept');
    // What has ended takes nothing more, and must say so.
    const conversation = random.pick(choice >= 98 && ended.length > 0 ? ended : open);
    if (choice < 16) return completeConversation(this.#client, conversation);
    if (choice < 24) return this.#join(conversation);
    if (choice < 32) return this.#repeat(conversation);
    const size = random.between(1, random.pick(BATCH_SIZES));
    const batch = makeBatch(random, conversation, this.#nextLabel(), size);
    // Now and then as a client that did not wait: the same once more while the first is under way.
    const times = random.chance(0.1) ? 2 : 1;
    return (await Promise.all(Array.from({ length: times }, () => sendBatch(this.#client, batch)))).flat();
  }

  /** A conversation with somebody on either side. */
  async #begin(): Promise<Finding[]> {
    const conversation = new Conversation(
      `${PARENT}/conversations/c-${this.#nextLabel().replaceAll('/', '-')}`,
    );
    this.#scene.conversations.push(conversation);
    const findings = await createConversation(this.#client, conversation);
    for (const role of ROLES) {
      const participant = new Participant(this.#nextLabel(), role);
      findings.push(...(await createParticipant(this.#client, conversation, participant)));
    }
    return findings;
  }

  #join(conversation: Conversation): Promise<Finding[]> {
    const participant = new Participant(this.#nextLabel(), this.#random.pick(ROLES));
    return createParticipant(this.#client, conversation, participant);
  }

  /** Sends something again that was acknowledged. */
  async #repeat(conversation: Conversation): Promise<Finding[]> {
    const kept = conversation.batches.filter(({ write }: Batch) => write.fate === 'kept');
    return kept.length === 0 ? [] : sendBatch(this.#client, this.#random.pick(kept));
  }

  #nextLabel(): string {
    return `${this.#label}/${this.#count++}`;
  }
}

/** There is somebody to speak, and nobody has ended it. */
export function isOpen({ creation, completion, participants }: Conversation): boolean {
  return (
    creation.fate === 'kept' &&
    completion.fate !== 'kept' &&
    completion.fate !== 'unknown' &&
    participants.some(({ name }) => name !== undefined)
  );
}
