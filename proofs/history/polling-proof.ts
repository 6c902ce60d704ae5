import {
  ConversationProfiles,
  Conversations,
  Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { Random } from '../../conformance/fuzz/random.ts';
import type { Target } from '../../conformance/target.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { findDifference, MessageRuns } from './message-runs.ts';
import { openGrpcReader, openRestReader, readAll } from './page-readers.ts';
import { Poller } from './poller.ts';
import { Breaches, PollingLedger } from './polling-ledger.ts';
import { Numbers, PollingWriter } from './polling-writer.ts';

export interface PollingOptions {
  readonly messages: number;
  readonly writers: number;
  readonly pollers: number;
  readonly conversations: number;
  readonly seed: number;
  readonly onProgress?: (progress: { written: number; seen: readonly number[]; stage: string }) => void;
}

/** How one reader's sequences differ from what was acknowledged, summed over the conversations. */
export interface Comparison {
  readonly reader: string;
  readonly polls: number;
  readonly found: number;
  readonly pages: number;
  readonly messages: number;
  readonly missed: number;
  readonly repeated: number;
  readonly disordered: number;
  /** With another create_time, or never written. */
  readonly wrong: number;
}

export interface PollingReport {
  readonly batches: number;
  readonly repeats: number;
  readonly acknowledged: number;
  readonly pollers: readonly Comparison[];
  readonly readBack: readonly Comparison[];
  readonly breaches: Breaches;
  readonly writeSeconds: number;
  readonly seconds: number;
}

/**
 * Writers wait where the slowest poller is so many messages behind them: pollers are to be where the news is, and one
 * that has fallen behind would only read old pages.
 */
const LAG_MAX = 10_000;

/** Streams of random numbers, apart for each that draws from them. */
const WRITER_STREAM = 1;
const POLLER_STREAM = 1_000;
const READER_STREAM = 2_000;

/** Writes, polls and reads back, all against one server; throws only where that cannot be done at all. */
export async function provePolling(target: Target, options: PollingOptions): Promise<PollingReport> {
  const { seed, onProgress } = options;
  await using stack = new AsyncDisposableStack();
  const openChannel = async (): Promise<GrpcChannel> => stack.use(await GrpcChannel.open(target.url));
  const start = performance.now();
  const breaches = new Breaches();
  const ledgers = await openConversations(await openChannel(), options);
  const numbers = new Numbers(options.messages);

  const pollers: Poller[] = [];
  const isAhead = (): boolean => pollers.some(({ messages }) => numbers.taken - messages > LAG_MAX);
  const writers: PollingWriter[] = [];
  for (let index = 0; index < options.writers; index++) {
    const random = new Random(seed, WRITER_STREAM + index);
    const channel = await openChannel();
    writers.push(new PollingWriter({ channel, random, numbers, ledgers, breaches, isAhead }));
  }
  for (let index = 0; index < options.pollers; index++) {
    // One in four over REST: the fourth, the eighth.
    const reader = stack.use(index % 4 === 3 ? openRestReader(target) : await openGrpcReader(target));
    const random = new Random(seed, POLLER_STREAM + index);
    pollers.push(new Poller(`poller ${index + 1}, ${reader.wire}`, { reader, random, ledgers, breaches }));
  }
  const timer = setInterval(() => {
    onProgress?.({
      written: numbers.taken,
      seen: pollers.map(({ messages }) => messages),
      stage: finished.signal.aborted ? 'the last polls' : 'writing and polling',
    });
  }, 5000);
  stack.defer(() => clearInterval(timer));

  const finished = new AbortController();
  const polling = Promise.all(pollers.map((poller) => poller.run(finished.signal)));
  await Promise.race([Promise.all(writers.map((writer) => writer.run())), polling]);
  const writeSeconds = (performance.now() - start) / 1000;
  finished.abort();
  await polling;
  clearInterval(timer);

  const wanted = new Map(ledgers.map((ledger) => [ledger, ledger.messages()]));
  for (const ledger of ledgers) ledger.check(breaches);
  const compared = pollers.map((poller) =>
    compare(poller.name, { ...poller, messages: poller.messages }, poller.seen, wanted, breaches),
  );
  onProgress?.({ written: numbers.taken, seen: [], stage: 'reading everything back' });
  const readBack = await readEverythingBack(target, seed, wanted, breaches);
  return {
    batches: writers.reduce((sum, { batches }) => sum + batches, 0),
    repeats: writers.reduce((sum, { repeats }) => sum + repeats, 0),
    acknowledged: [...wanted.values()].reduce((sum, { count }) => sum + count, 0),
    pollers: compared,
    readBack,
    breaches,
    writeSeconds,
    seconds: (performance.now() - start) / 1000,
  };
}

async function openConversations(
  channel: GrpcChannel,
  { seed, conversations }: PollingOptions,
): Promise<PollingLedger[]> {
  const parent = `projects/polling-${seed}`;
  const { name: conversationProfile } = await channel.call(
    ConversationProfiles.method.createConversationProfile,
    { parent, conversationProfile: { displayName: 'polling' } },
  );
  const ledgers: PollingLedger[] = [];
  for (let index = 0; index < conversations; index++) {
    const { name } = await channel.call(Conversations.method.createConversation, {
      parent,
      conversation: { conversationProfile },
      conversationId: `talk-${index}`,
    });
    const participants: string[] = [];
    for (const role of [Role.END_USER, Role.HUMAN_AGENT]) {
      const participant = await channel.call(Participants.method.createParticipant, {
        parent: name,
        participant: { role },
      });
      participants.push(participant.name);
    }
    ledgers.push(new PollingLedger(name, participants));
  }
  return ledgers;
}

/** Every conversation as a whole, by pages of several kinds; what they show must be the same. */
async function readEverythingBack(
  target: Target,
  seed: number,
  wanted: ReadonlyMap<PollingLedger, MessageRuns>,
  breaches: Breaches,
): Promise<Comparison[]> {
  const random = new Random(seed, READER_STREAM);
  await using stack = new AsyncDisposableStack();
  const grpc = stack.use(await openGrpcReader(target));
  const rest = stack.use(openRestReader(target));
  const [first] = wanted.keys();
  const all = [...wanted.keys()];
  const kinds = [
    { name: 'gRPC, pages of 1000', reader: grpc, ledgers: all, sizeOfPage: () => 1000 },
    {
      name: 'gRPC, pages of 1 to 1000',
      reader: grpc,
      ledgers: all,
      sizeOfPage: () => random.between(1, 1000),
    },
    {
      name: 'REST, pages of 100 to 1000',
      reader: rest,
      ledgers: all,
      sizeOfPage: () => random.between(100, 1000),
    },
    {
      name: 'gRPC, pages of 1 to 60, one conversation',
      reader: grpc,
      ledgers: first === undefined ? [] : [first],
      sizeOfPage: () => random.between(1, 60),
    },
  ];
  const comparisons: Comparison[] = [];
  for (const { name, reader, ledgers, sizeOfPage } of kinds) {
    const seen = new Map<PollingLedger, MessageRuns>();
    const tally = { polls: 0, found: 0, pages: 0, messages: 0 };
    for (const ledger of ledgers) {
      const came = await readAll(reader, { parent: ledger.conversation, filter: '' }, sizeOfPage);
      const runs = new MessageRuns();
      runs.pushReversed(came.numbers, came.createTimes);
      seen.set(ledger, runs);
      tally.polls++;
      tally.pages += came.pages;
      tally.messages += runs.count;
    }
    comparisons.push(compare(name, tally, seen, wanted, breaches));
  }
  return comparisons;
}

function compare(
  reader: string,
  { polls, found, pages, messages }: Pick<Comparison, 'polls' | 'found' | 'pages' | 'messages'>,
  seen: ReadonlyMap<PollingLedger, MessageRuns>,
  wanted: ReadonlyMap<PollingLedger, MessageRuns>,
  breaches: Breaches,
): Comparison {
  const sum = { missed: 0, repeated: 0, disordered: 0, wrong: 0 };
  for (const [ledger, runs] of seen) {
    const difference = findDifference(wanted.get(ledger) ?? new MessageRuns(), runs);
    if (difference === undefined) continue;
    sum.missed += difference.missed;
    sum.repeated += difference.repeated;
    sum.disordered += difference.disordered;
    sum.wrong += difference.changed + difference.foreign;
    for (const example of difference.examples) {
      breaches.add(`${reader}, ${ledger.conversation}: ${example}`);
    }
  }
  return { reader, polls, found, pages, messages, ...sum };
}
