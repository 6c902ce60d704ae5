import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FINISHED, STARTED } from '../events/check.ts';
import type { DatedTold } from '../events/receiver.ts';
import { check, HANDED_OFF } from './check.ts';
import type { Answer, Line, Offer, Sighting, Turn } from './model.ts';

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const START = 1_000 * DAY;
const END = START + DAY;
const GONE = END + 30 * DAY;

/** A talk whose parts a case may change. */
interface Scene {
  readonly name: string;
  readonly start: number;
  readonly turns: Turn[];
  readonly sightings: Sighting[];
  calls: { least: number; most: number };
  readonly transcript: Line[];
  readonly told: DatedTold[];
}

/**
 * The agent answers once, hands over in the second turn, and says nothing more; the third turn has no answer, the fourth
 * is the human agent's. It ends by timer, and is purged.
 */
function makeScene(): Scene {
  const user = (text: string, sent: number, offers: Offer[], answered?: Answer): Turn => ({
    text,
    role: 'END_USER',
    sent,
    ...(answered && { answered: sent + 1 }),
    answers: answered === undefined ? [] : [answered],
    offers,
    refused: false,
  });
  const answer = (said: string, reply: string, handsOff = false): Answer => ({
    whole: `all of ${said}`,
    said,
    reply,
    byAgent: reply !== '',
    handsOff,
  });
  const turns: Turn[] = [
    // A first attempt came to nothing.
    user('one', 10, [offer('one?'), offer('one!')], answer('m1', 'one!')),
    user('two', 20, [offer('bye', true)], answer('m2', 'bye', true)),
    user('three', 30, []),
    { ...user('four', 40, [], answer('m4', '')), role: 'HUMAN_AGENT' },
  ];
  const lines: [string, string, string][] = [
    ['m1', 'END_USER', 'one'],
    ['r1', 'AUTOMATED_AGENT', 'one!'],
    ['m2', 'END_USER', 'two'],
    ['r2', 'AUTOMATED_AGENT', 'bye'],
    ['m3', 'END_USER', 'three'],
    ['m4', 'HUMAN_AGENT', 'four'],
  ];
  return {
    name: 'c',
    start: START,
    turns,
    sightings: [
      seen(15, { state: 'IN_PROGRESS', handedOff: false }),
      seen(25, { state: 'IN_PROGRESS', handedOff: true }),
      seen(50, { state: 'COMPLETED', handedOff: true, end: END, reached: END, clock: END }),
      seen(60, { state: 'GONE', reached: GONE, clock: GONE }),
    ],
    calls: { least: 0, most: 0 },
    transcript: lines.map(([name, role, text], index) => ({
      name,
      role,
      text,
      participant: role,
      at: START + index,
    })),
    told: [STARTED, 'one', 'one!', 'two', 'bye', HANDED_OFF, 'three', 'four', FINISHED].map(
      (what, index) => ({
        id: `e${index}`,
        conversation: 'c',
        what,
        publishTime: what === FINISHED ? END : START + index,
      }),
    ),
  };
}

function offer(text: string, handsOff = false): Offer {
  return { text, handsOff };
}

function seen(at: number, how: Partial<Sighting> & Pick<Sighting, 'state'>): Sighting {
  return { from: at, until: at, reached: START, clock: START, ...how };
}

/** Replaces fields of an entry of a list. */
function change<T extends object>(list: T[], index: number, fields: Partial<T>): void {
  list[index] = { ...(list[index] as T), ...fields };
}

const kept: readonly [string, (scene: Scene) => void][] = [
  ['all of it', () => {}],
  [
    'without the turn that was never answered',
    ({ transcript, told }) => {
      transcript.splice(4, 1);
      told.splice(6, 1);
    },
  ],
  [
    'an answer that came again',
    ({ turns }) => turns[0]?.answers.push({ ...(turns[0].answers[0] as Answer) }),
  ],
  ['an event that was told again', ({ told }) => told.push(told.at(-1) as DatedTold)],
  [
    'an end by call',
    (scene) => {
      scene.calls = { least: 0, most: 1 };
      change(scene.sightings, 2, { end: START + HOUR });
      change(scene.told, 8, { publishTime: START + HOUR });
    },
  ],
  [
    'a call that ended it once more',
    (scene) => {
      scene.calls = { least: 1, most: 1 };
      scene.told.push({ id: 'e9', conversation: 'c', what: FINISHED, publishTime: END + HOUR });
    },
  ],
  [
    'an agent that had nothing to say',
    ({ turns, transcript, told }) => {
      change(turns, 0, {
        offers: [offer('')],
        answers: [{ whole: '', said: 'm1', reply: '', byAgent: true, handsOff: false }],
      });
      transcript.splice(1, 1);
      told.splice(2, 1);
    },
  ],
];

const faults: readonly [string, (scene: Scene) => void, RegExp][] = [
  ['a lost turn', ({ transcript }) => transcript.splice(5, 1), /"four" was answered, and is lost/u],
  ['a lost reply', ({ transcript }) => transcript.splice(1, 1), /"one" has no reply/u],
  [
    'a lost reply to a turn without an answer',
    ({ turns, transcript }) => {
      change(turns, 0, { answers: [] });
      delete turns[0]?.answered;
      transcript.splice(1, 1);
    },
    /"one" has no reply/u,
  ],
  [
    'a doubled turn',
    ({ transcript }) => transcript.push({ ...(transcript[5] as Line), name: 'm5', at: START + 9 }),
    /"four" was said twice/u,
  ],
  [
    'a doubled reply',
    ({ transcript }) => {
      transcript.splice(2, 0, { ...(transcript[1] as Line), name: 'r3', at: START + 1.5 });
    },
    /"one!" answers nobody/u,
  ],
  [
    'a reply of an attempt that was not stored',
    ({ transcript }) => change(transcript, 1, { text: 'one?' }),
    /"one" was answered "one!", and "one\?" is stored/u,
  ],
  [
    'a reply to another turn',
    ({ transcript }) => change(transcript, 1, { text: 'bye' }),
    /"bye" answers nobody/u,
  ],
  [
    'a reply that is not later',
    ({ transcript }) => change(transcript, 1, { at: START }),
    /"one!" is not later than "one"/u,
  ],
  [
    'another answer',
    ({ turns }) => turns[0]?.answers.push({ ...(turns[0].answers[0] as Answer), whole: 'another' }),
    /"one" was answered another after all of m1/u,
  ],
  [
    'an answer about another message',
    ({ transcript }) => change(transcript, 5, { name: 'm9' }),
    /"four" is m9, and was m4/u,
  ],
  ['a stranger', ({ transcript }) => change(transcript, 4, { text: 'five' }), /nobody said "five"/u],
  [
    'a refused turn',
    ({ turns }) => change(turns, 2, { refused: true }),
    /"three" was refused, and is there/u,
  ],
  [
    'turns out of order',
    ({ turns }) => change(turns, 2, { sent: 45 }),
    /"three" stands before "four", which was answered before/u,
  ],
  [
    'two participants as whom the agent speaks',
    ({ transcript }) => change(transcript, 3, { participant: 'another' }),
    /the agent speaks as 2 participants/u,
  ],
  [
    'a reply after the hand-off',
    ({ turns, transcript }) => {
      change(turns, 2, { offers: [offer('three!')] });
      transcript.splice(5, 0, {
        name: 'r3',
        role: 'AUTOMATED_AGENT',
        text: 'three!',
        participant: 'AUTOMATED_AGENT',
        at: START + 4.5,
      });
    },
    /"three" has a reply of an agent that had handed over/u,
  ],
  [
    'a stage that goes back',
    ({ sightings }) => sightings.splice(2, 0, seen(26, { state: 'IN_PROGRESS', handedOff: false })),
    /its stage went back from 1 to 0/u,
  ],
  [
    'an agent that answers after the hand-off was seen',
    ({ sightings }) => change(sightings, 0, { from: 9, until: 9, handedOff: true }),
    /its stage went back from 1 to 0/u,
  ],
  [
    'a state that goes back',
    ({ sightings }) => sightings.push(seen(70, { state: 'IN_PROGRESS', handedOff: true })),
    /its state went back from 2 to 0/u,
  ],
  [
    'a turn that was taken after the end',
    ({ sightings }) =>
      sightings.unshift(seen(39, { state: 'COMPLETED', handedOff: true, end: END, clock: END })),
    /its state went back from 1 to 0/u,
  ],
  [
    'a hand-off that is lost',
    ({ sightings }) => {
      change(sightings, 1, { handedOff: false });
      change(sightings, 2, { handedOff: false });
    },
    /it was handed over, and its stage says otherwise/u,
  ],
  [
    'a hand-off that is not told',
    ({ told }) => told.splice(5, 1),
    /events: event 5 is three, not HUMAN_INTERV/u,
  ],
  [
    'a hand-off that is told twice',
    ({ told }) => told.splice(6, 0, { ...(told[5] as DatedTold), id: 'e55' }),
    /events: event 6 is HUMAN_INTERVENTION_NEEDED, not three/u,
  ],
  [
    'an end that is early',
    ({ sightings }) => change(sightings, 2, { end: END - 1 }),
    /it ended -1 us from 24 hours/u,
  ],
  [
    'an end that moves',
    ({ sightings }) =>
      sightings.splice(3, 0, seen(55, { state: 'COMPLETED', handedOff: true, end: END + 1, clock: END })),
    /its end moved by 1 us/u,
  ],
  [
    'an end that is seen early',
    ({ sightings }) => change(sightings, 2, { clock: END - 5 }),
    /completed 5 us early/u,
  ],
  [
    'an end that is late',
    ({ sightings }) => change(sightings, 1, { reached: END }),
    /not completed after 24 hours/u,
  ],
  ['an early purge', ({ sightings }) => change(sightings, 3, { clock: GONE - 5 }), /purged 5 us early/u],
  ['a late purge', ({ sightings }) => change(sightings, 2, { reached: GONE }), /not purged after 30 days/u],
  [
    'an end that is not told',
    ({ told }) => told.splice(8, 1),
    /its end by timer was told as 0 events, not 1/u,
  ],
  [
    'an end that is two events',
    ({ told }) => told.push({ ...(told[8] as DatedTold), id: 'e9' }),
    /its end by timer was told as 2 events, not 1/u,
  ],
  [
    'an id that changes',
    ({ told }) => told.push({ ...(told[7] as DatedTold), id: 'e77' }, told[8] as DatedTold),
    /events: event 9 is four/u,
  ],
  [
    'a message that is not told',
    ({ told }) => told.splice(4, 1),
    /events: event 4 is HUMAN_INTERVENTION_NEEDED, not bye/u,
  ],
];

describe('check()', () => {
  for (const [what, alter] of kept) {
    it(`takes ${what}`, () => {
      const scene = makeScene();
      alter(scene);
      assert.deepEqual(check(scene, scene.told), []);
    });
  }

  for (const [what, plant, want] of faults) {
    it(`finds ${what}`, () => {
      const scene = makeScene();
      plant(scene);
      assert.match(check(scene, scene.told).join('\n'), want);
    });
  }
});
