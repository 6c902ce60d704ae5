import { ConversationProfiles } from '@parleykit/proto/v2beta1';
import { Random } from '../../conformance/fuzz/random.ts';
import type { Target } from '../../conformance/target.ts';
import { openGrpcCaller, openRestCaller } from './caller.ts';
import type { History, Operation } from './history.ts';
import { type ClientParts, HistoryClient } from './history-client.ts';
import { type PlanOptions, planClient } from './plan.ts';
import { Rendezvous, World } from './world.ts';

const READER_STREAM = 600_000;
/** A run in which nothing is answered for so long has come to a stop. */
const STALL_MS = 60_000;
/** As many pages as a list of conversations can have here. */
const PAGES_MAX = 10_000;

/**
 * Lets the clients of one seed loose on a server, in a project that is theirs alone. All that they do is added to
 * `records`, so that it is there even where the run does not come to its end.
 */
export async function runHistory(
  target: Target,
  options: PlanOptions,
  records: Operation[] = [],
): Promise<History> {
  const { seed, clients, operations } = options;
  await using stack = new AsyncDisposableStack();
  const project = `history-${seed}`;
  const own = stack.use(await openGrpcCaller(target));
  const { name: profile } = await own.call(ConversationProfiles.method.createConversationProfile, {
    parent: `projects/${project}`,
    conversationProfile: { displayName: 'history' },
  });
  const world = new World();
  const parts = { project, profile, world, records };
  const rendezvous = new Rendezvous(clients);
  const work: Promise<void>[] = [];
  for (let number = 0; number < clients; number++) {
    // One in four over REST.
    const caller = stack.use(number % 4 === 3 ? openRestCaller(target) : await openGrpcCaller(target));
    work.push(runClient(number, { ...parts, caller }, options, rendezvous));
  }
  await watched(Promise.all(work), records);
  await watched(readEverything(target, clients, parts, seed), records);
  return { seed, clients, operations, records };
}

async function runClient(
  number: number,
  parts: ClientParts,
  options: PlanOptions,
  rendezvous: Rendezvous,
): Promise<void> {
  const client = new HistoryClient(number, parts);
  for (const decision of planClient(options, number)) {
    if (decision.together) await rendezvous.meet();
    await client.perform(decision);
  }
}

/** At the end, all that there is, twice: by small pages over REST, then by large ones over gRPC. */
async function readEverything(
  target: Target,
  clients: number,
  parts: Omit<ClientParts, 'caller'>,
  seed: number,
): Promise<void> {
  const random = new Random(seed, READER_STREAM);
  await using rest = openRestCaller(target);
  await using grpc = await openGrpcCaller(target);
  const inSmall = new HistoryClient(clients, { ...parts, caller: rest, final: true });
  const inLarge = new HistoryClient(clients + 1, { ...parts, caller: grpc, final: true });
  await inSmall.listConversations(false, undefined, () => random.between(1, 20), PAGES_MAX);
  await inLarge.listConversations(true, undefined, () => 1000, PAGES_MAX);
  for (const conversation of parts.world.conversations) {
    const located = random.chance(0.5);
    await inSmall.conversation('getConversation', conversation, located);
    await inSmall.readThrough(conversation, located, undefined, () => random.between(20, 200));
    await inLarge.listParticipants(conversation, located);
    // The last of all: a batch that was given up may be stored up to here.
    await inLarge.readThrough(conversation, located, undefined, () => 1000);
  }
}

/** Rejects where the work stands still, so that a server that answers nothing ends the run. */
async function watched(work: Promise<unknown>, records: readonly Operation[]): Promise<void> {
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  let seen = records.length;
  const timer = setInterval(() => {
    if (records.length === seen) reject(new Error(`nothing was answered for ${STALL_MS / 1000} s`));
    seen = records.length;
  }, STALL_MS);
  try {
    await Promise.race([work, stalled]);
  } finally {
    clearInterval(timer);
  }
}
