/**
 * A server whose disk becomes full: it says so, keeps what it had and goes on to be read; once there is room again,
 * it goes on to write.
 */
import { Code } from '@parleykit/proto/rpc';
import { Participant_Role as Role } from '@parleykit/proto/v2beta1';
import { Random } from '../../conformance/fuzz/random.ts';
import { checkConversation, newTally } from '../crash/check.ts';
import { type Client, openClient } from '../crash/client.ts';
import { type Finding, finding } from '../crash/findings.ts';
import { copyData, IntegrityChecker } from '../crash/integrity.ts';
import { type Batch, Conversation, Participant } from '../crash/model.ts';
import { readConversation } from '../crash/reading.ts';
import { type LaunchOptions, ServerProcess } from '../crash/server-process.ts';
import { createConversation, createParticipant, makeBatch, PARENT, sendBatch } from '../crash/writes.ts';
import { PAGES_LEFT_VARIABLE } from './page-limit-variable.ts';

/** By so many pages the database may grow. */
const PAGES_LEFT = 60;
const WRITERS = 4;
/** Each writer goes on for so long after its first refusal. */
const REFUSALS = 10;
const BATCHES_MAX = 500;

export interface FullDiskReport {
  acknowledgedBefore: number;
  acknowledgedUntilFull: number;
  refused: number;
  readonly reasons: Map<string, number>;
  readsWhileFull: number;
  acknowledgedAfter: number;
  readonly findings: Finding[];
}

/** Without room a write may be refused so, and in no other way. */
function isNoRoom(code: number): boolean {
  return code === Code.UNAVAILABLE || code === Code.RESOURCE_EXHAUSTED;
}

export async function checkFullDisk(folder: string, seed: number): Promise<FullDiskReport> {
  const proof = new FullDiskProof(folder, new Random(seed, 0));
  await proof.withServer({}, async (client) => {
    await proof.begin(client);
    await proof.write(client, 'before', 20);
    proof.report.acknowledgedBefore = proof.acknowledged;
  });
  const limit: LaunchOptions = {
    preloads: ['pageLimit'],
    environment: { [PAGES_LEFT_VARIABLE]: String(PAGES_LEFT) },
  };
  await proof.withServer(limit, async (client) => {
    const before = proof.acknowledged;
    const writers = Array.from({ length: WRITERS }, (_, index) =>
      proof.write(client, `full-${index}`, BATCHES_MAX),
    );
    await Promise.all(writers);
    proof.report.acknowledgedUntilFull = proof.acknowledged - before;
    if (proof.report.refused === 0) proof.find('unkilled', 'the disk never became full');
    await proof.check(client);
    proof.report.readsWhileFull++;
  });
  await proof.withServer({}, async (client) => {
    await proof.check(client);
    const before = proof.acknowledged;
    await proof.sendRefusedAgain(client);
    await proof.write(client, 'after', 20);
    proof.report.acknowledgedAfter = proof.acknowledged - before;
    await proof.check(client);
  });
  return proof.report;
}

class FullDiskProof {
  readonly report: FullDiskReport = {
    acknowledgedBefore: 0,
    acknowledgedUntilFull: 0,
    refused: 0,
    reasons: new Map(),
    readsWhileFull: 0,
    acknowledgedAfter: 0,
    findings: [],
  };
  readonly #folder: string;
  readonly #random: Random;
  readonly #conversation = new Conversation(`${PARENT}/conversations/full-disk`);
  readonly #refused: Batch[] = [];

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#random = random;
  }

  get acknowledged(): number {
    return this.#conversation.batches.filter(({ write }) => write.acknowledged).length;
  }

  find(kind: Finding['kind'], text: string): void {
    this.report.findings.push(finding(kind, text));
  }

  /** Starts a server, has it used, stops it as one does and looks at the data. */
  async withServer(options: LaunchOptions, use: (client: Client) => Promise<void>): Promise<void> {
    await using server = await ServerProcess.start(this.#folder, options);
    const client = await openClient('gRPC', server);
    await use(client);
    client.close();
    const code = await server.stop();
    if (code !== 0) this.find('down', `asked to stop it ended with ${code}: ${server.stderr}`);
    await using integrity = new IntegrityChecker();
    copyData(this.#folder, `${this.#folder}-copy`);
    for (const problem of await integrity.check(`${this.#folder}-copy`)) this.find('corrupt', problem);
  }

  async begin(client: Client): Promise<void> {
    const participant = new Participant('somebody', Role.END_USER);
    this.report.findings.push(
      ...(await createConversation(client, this.#conversation)),
      ...(await createParticipant(client, this.#conversation, participant)),
    );
  }

  /** Sends batches until they are all sent, or enough of them were refused for want of room. */
  async write(client: Client, label: string, count: number): Promise<void> {
    let refusals = 0;
    for (let index = 0; index < count && refusals < REFUSALS; index++) {
      const size = this.#random.between(1, 30);
      const batch = makeBatch(this.#random, this.#conversation, `${label}/${index}`, size);
      await this.#send(client, batch);
      if (batch.write.acknowledged) continue;
      refusals++;
      this.#refused.push(batch);
    }
  }

  /** What was refused was not kept, and can be sent again. */
  async sendRefusedAgain(client: Client): Promise<void> {
    for (const batch of this.#refused) {
      await this.#send(client, batch);
      if (!batch.write.acknowledged) this.find('refused', `${batch} was refused though there is room`);
    }
  }

  async #send(client: Client, batch: Batch): Promise<void> {
    const findings = await sendBatch(client, batch, (code, reason) => {
      if (!isNoRoom(code)) return false;
      this.report.refused++;
      this.report.reasons.set(reason, (this.report.reasons.get(reason) ?? 0) + 1);
      return true;
    });
    this.report.findings.push(...findings);
  }

  /** All that was acknowledged is there, nothing that was refused is. */
  async check(client: Client): Promise<void> {
    const seen = await readConversation(client, this.#conversation.name);
    this.report.findings.push(...checkConversation(this.#conversation, seen, newTally()));
  }
}
