import { Participant_Role } from '@parleykit/proto/v2beta1';
import { GrpcLoad, inFlight } from './load.ts';
import { median, precise } from './measure.ts';
import {
  BATCH_PATH,
  Batches,
  createConversation,
  createParticipant,
  encodeList,
  LIST_PATH,
} from './requests.ts';
import type { Subject } from './subject.ts';

const PAGE = 100;
/** A page of each, and as much again that it does not show. */
const CONVERSATION = 200;
const PAGES = 2000;
const ROUNDS = 5;
const FILL_IN_FLIGHT = 8;

/** What a page costs and what the server holds, as ten times as much is stored, and ten times that. */
export async function measureGrowth(parley: Subject, most: number): Promise<string> {
  using load = await GrpcLoad.open(parley.port);
  const conversations: string[] = [];
  const lines = [
    '| messages stored | us a page of 100 | to the first | MiB, its own | MiB, of files |',
    '|---|---|---|---|---|',
  ];
  let first: number | undefined;
  for (let stored = 10_000; stored <= most; stored *= 10) {
    await fill(load, conversations, stored / CONVERSATION);
    await readPages(load, conversations);
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = parley.cpuSeconds();
      await readPages(load, conversations);
      rounds.push(((parley.cpuSeconds() - before) / PAGES) * 1e6);
    }
    const cost = median(rounds);
    first ??= cost;
    const { own, files } = parley.residentKinds();
    const cells = [
      stored.toLocaleString('en'),
      precise(cost),
      (cost / first).toFixed(2),
      own.toFixed(0),
      files.toFixed(0),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
    process.stderr.write(`${lines.at(-1)}\n`);
  }
  return lines.join('\n');
}

async function fill(load: GrpcLoad, conversations: string[], count: number): Promise<void> {
  const batches = new Batches();
  const script = Array.from(
    { length: CONVERSATION },
    (_, index) => `some words that somebody says, number ${index}`,
  );
  const add = async (): Promise<void> => {
    const name = await createConversation(load);
    const speaker = await createParticipant(load, name, Participant_Role.END_USER);
    await load.check({ path: BATCH_PATH, message: batches.encode(name, [speaker], script), status: 0 });
    conversations.push(name);
  };
  await inFlight(count - conversations.length, add, FILL_IN_FLIGHT);
}

/** Of conversations all over the file: the step has no common factor with their number. */
async function readPages(load: GrpcLoad, conversations: readonly string[]): Promise<void> {
  const step = 7919;
  await inFlight(
    PAGES,
    (index) => {
      const name = conversations[(index * step) % conversations.length] ?? '';
      return load.check({ path: LIST_PATH, message: encodeList(name, PAGE), status: 0 });
    },
    32,
  );
}
