import { Random } from '../../conformance/fuzz/random.ts';
import type { Comparator, StateFilter } from './list-filters.ts';

/**
 * What each client will do, decided before anything is done, by the seed alone. What only the server can say, such as
 * the id of a participant, a page token or the time of a message, is named by where to look for it.
 */

/** Rooms are conversations with ids of their own choice, so that all clients mean the same ones. */
export type Room = string;

export interface ItemPlan {
  /** One of the first participants of the room. */
  readonly participant: number;
  /** A number that others may use as well, or one that only this message has. */
  readonly sendTime: number | 'fresh';
  /** One of a few ids that messages of the room can have. */
  readonly id?: number;
}

/** Compares with the time of a message that was seen: `at` says which, from the oldest (0) to the newest (1). */
export interface ComparisonPlan {
  readonly kind: 'microseconds' | 'milliseconds';
  readonly comparator: Comparator;
  readonly at: number;
  /** Added to the time. */
  readonly offset: number;
  readonly quoted: boolean;
}

export type FilterPlan =
  | ComparisonPlan
  | { readonly kind: 'and' | 'or'; readonly operands: readonly FilterPlan[] }
  | { readonly kind: 'not'; readonly operand: FilterPlan };

export type Action =
  | { readonly kind: 'createConversation'; readonly room: Room | undefined }
  | { readonly kind: 'createParticipant'; readonly room: Room }
  | {
      readonly kind: 'batch';
      readonly room: Room;
      readonly items: readonly ItemPlan[];
      /** After so many milliseconds the call is given up. */
      readonly cancelAfter?: number;
      readonly stranger?: true;
    }
  | { readonly kind: 'complete' | 'getConversation' | 'listParticipants'; readonly room: Room }
  | {
      readonly kind: 'listMessages';
      readonly room: Room;
      readonly filter?: FilterPlan;
      readonly pageSize: number;
    }
  /** All pages of what is later than the newest message that this client has seen of the room. */
  | { readonly kind: 'poll'; readonly room: Room; readonly pageSize: number }
  /** Where a page token leads that somebody was given lately: `which` of them, from 0 to 1. */
  | { readonly kind: 'nextPage'; readonly which: number; readonly pageSize: number; readonly room: Room }
  | {
      readonly kind: 'listConversations';
      readonly filter?: StateFilter;
      readonly pageSize: number;
      /** How many further pages are read. */
      readonly further: number;
    };

export interface Decision {
  /** One, or a few that belong together, one after the other. */
  readonly actions: readonly Action[];
  /** Whether all clients wait for each other before it, so that they really race. */
  readonly together: boolean;
  /** Whether names are written with a location. */
  readonly located: boolean;
}

export interface PlanOptions {
  readonly seed: number;
  readonly clients: number;
  /** Of each client. */
  readonly operations: number;
}

/** After so many operations of each client they go on to other rooms, so that rooms are begun and ended all along. */
const ERA = 50;
const ROOMS_OF_ERA = 6;
/** The rooms of an era are partly those of the next. */
const NEW_ROOMS_OF_ERA = 4;
/** One operation in so many is a race of all clients. */
const RACE_EVERY = 12;

const RACE_STREAM = 500_000;
const SHARED_SEND_TIMES = 60;
const CHOSEN_IDS = 8;
const BATCH_MAX = 300;

export function planClient(options: PlanOptions, client: number): Decision[] {
  const random = new Random(options.seed, client);
  return Array.from({ length: options.operations }, (_, index): Decision => {
    const together = index % RACE_EVERY === RACE_EVERY - 1;
    const actions = together ? planRace(options, client, index, random) : planAlone(client, index, random);
    return { actions, together, located: random.chance(0.3) };
  });
}

function roomOf(index: number, random: Random): Room {
  return `room-${Math.floor(index / ERA) * NEW_ROOMS_OF_ERA + random.below(ROOMS_OF_ERA)}`;
}

/** A room that all have left who keep pace. */
function olderRoomOf(index: number, random: Random): Room {
  return `room-${(Math.floor(index / ERA) - 1) * NEW_ROOMS_OF_ERA + random.below(NEW_ROOMS_OF_ERA)}`;
}

function planAlone(client: number, index: number, random: Random): Action[] {
  // Each era begins with its rooms, for which several clients ask at a time.
  if (index % ERA === 0) {
    const number = Math.floor(index / ERA) * NEW_ROOMS_OF_ERA + (client % ROOMS_OF_ERA);
    return [{ kind: 'createConversation', room: `room-${number}` }];
  }
  const room = roomOf(index, random);
  const roll = random.below(1000);
  if (roll < 380) {
    const batch = planBatch(room, random);
    return random.chance(0.2) ? [batch, planLook(room, random)] : [batch];
  }
  if (roll < 550) return [planListing(room, random)];
  if (roll < 640) return [{ kind: 'poll', room, pageSize: planPageSize(random) }];
  if (roll < 740) {
    return [{ kind: 'nextPage', which: random.next() / 2 ** 32, pageSize: planPageSize(random), room }];
  }
  if (roll < 820) return [{ kind: 'getConversation', room }];
  if (roll < 870) return [planConversationList(random)];
  if (roll < 910) return [{ kind: 'createParticipant', room }];
  if (roll < 935) return [{ kind: 'listParticipants', room }];
  if (roll < 990) return [{ kind: 'createConversation', room: random.chance(0.2) ? undefined : room }];
  // Rooms that are ended early have nothing to show any more: most end when the clients have gone on.
  if (random.chance(0.1)) return [{ kind: 'complete', room }, planLook(room, random)];
  if (index < ERA) return [{ kind: 'getConversation', room }];
  const older = olderRoomOf(index, random);
  return [{ kind: 'complete', room: older }, planLook(older, random)];
}

/** Something that shows at once what has just happened to a room, or had better be refused after it. */
function planLook(room: Room, random: Random): Action {
  const roll = random.below(100);
  if (roll < 30) return { kind: 'getConversation', room };
  if (roll < 50) return { kind: 'poll', room, pageSize: planPageSize(random) };
  if (roll < 65) return { kind: 'listMessages', room, pageSize: planPageSize(random) };
  if (roll < 75) return { kind: 'createParticipant', room };
  return roll < 85 ? planConversationList(random) : planBatch(room, random);
}

/** What all clients do at the same time: what they share is drawn by all of them alike. */
function planRace({ seed }: PlanOptions, client: number, index: number, own: Random): Action[] {
  const shared = new Random(seed, RACE_STREAM + index);
  const room = roomOf(index, shared);
  const items = Array.from(
    { length: shared.between(1, 12) },
    (_, position): ItemPlan => ({
      participant: position % 2,
      // Beyond the numbers that batches outside of races share.
      sendTime: 100_000 + index * 100 + position,
    }),
  );
  const roll = shared.below(100);
  if (roll < 15) {
    const wanted = `race-${index}`;
    return [{ kind: 'createConversation', room: wanted }, planLook(wanted, own)];
  }
  if (roll < 35) return [{ kind: 'batch', room, items }];
  if (roll < 55) {
    const some = items.filter(() => own.chance(0.6)).sort(() => own.next() - 2 ** 31);
    return [{ kind: 'batch', room, items: some.length === 0 ? items : some }];
  }
  if (roll < 75) {
    // A room that its clients have left, as it is of little use to them afterwards.
    return planEnding(index < ERA ? roomOf(0, shared) : olderRoomOf(index, shared), client, own);
  }
  if (roll < 82) return [planConversationList(own)];
  return [client % 3 === 0 ? planBatch(room, own) : { kind: 'poll', room, pageSize: planPageSize(own) }];
}

/** Some clients end a room, while some write to it and others look whether both comes in the right order. */
function planEnding(room: Room, client: number, random: Random): Action[] {
  if (client % 3 === 1) {
    // Short looks, as the moment between two commits is short.
    const look: Action[] = [
      { kind: 'getConversation', room },
      { kind: 'listMessages', room, pageSize: 1 },
    ];
    return Array.from({ length: 4 }, () => look).flat();
  }
  const actions = Array.from(
    { length: random.between(2, 4) },
    (): Action => (random.chance(0.7) ? planBatch(room, random) : planLook(room, random)),
  );
  return client % 8 === 0 ? actions.toSpliced(1, 0, { kind: 'complete', room }) : actions;
}

function planBatch(room: Room, random: Random, size = planBatchSize(random)): Action {
  // Some batches are all new, some hardly.
  const repeated = random.pick([0, 0, 0.1, 0.5, 0.95]);
  const ids = new Set<number>();
  const items = Array.from({ length: size }, (): ItemPlan => {
    const item = {
      participant: random.below(3),
      sendTime: random.chance(repeated) ? random.below(SHARED_SEND_TIMES) : ('fresh' as const),
    };
    const id = random.below(CHOSEN_IDS);
    if (!random.chance(0.02) || ids.has(id)) return item;
    ids.add(id);
    return { ...item, id };
  });
  return {
    kind: 'batch',
    room,
    items,
    ...(random.chance(0.05) ? { cancelAfter: random.below(5) } : {}),
    ...(random.chance(0.02) ? { stranger: true } : {}),
  };
}

function planBatchSize(random: Random): number {
  const roll = random.below(100);
  if (roll < 50) return random.between(1, 3);
  if (roll < 85) return random.between(4, 12);
  if (roll < 98) return random.between(13, 40);
  return random.between(41, BATCH_MAX / 2);
}

function planPageSize(random: Random): number {
  const roll = random.below(100);
  if (roll < 10) return random.between(1, 3);
  if (roll < 50) return random.between(4, 20);
  if (roll < 85) return random.between(21, 100);
  return random.pick([0, 1000, 5000]);
}

function planListing(room: Room, random: Random): Action {
  const filter = random.chance(0.7) ? { filter: planFilter(random, 2) } : {};
  return { kind: 'listMessages', room, ...filter, pageSize: planPageSize(random) };
}

function planFilter(random: Random, depth: number): FilterPlan {
  const roll = random.below(100);
  if (depth > 0 && roll < 20) {
    const operands = Array.from({ length: random.between(2, 3) }, () => planFilter(random, depth - 1));
    return { kind: random.pick(['and', 'or']), operands };
  }
  if (depth > 0 && roll < 27) return { kind: 'not', operand: planFilter(random, depth - 1) };
  return {
    kind: random.chance(0.75) ? 'microseconds' : 'milliseconds',
    comparator: random.pick(['>', '>', '>', '>=', '<', '<=', '=', '!=']),
    // Mostly near the newest message, where there is still something going on.
    at: random.chance(0.5) ? 1 : random.next() / 2 ** 32,
    offset: random.pick([0, 0, 0, -1, 1]),
    quoted: random.chance(0.5),
  };
}

function planConversationList(random: Random): Action {
  const filter: { filter?: StateFilter } = random.chance(0.6)
    ? {
        filter: { comparator: random.pick(['=', '!=']), state: random.pick(['IN_PROGRESS', 'COMPLETED']) },
      }
    : {};
  const pageSize = random.chance(0.5) ? random.between(1, 6) : 0;
  return { kind: 'listConversations', ...filter, pageSize, further: random.below(4) };
}
