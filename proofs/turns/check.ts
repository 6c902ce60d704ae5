import { check as checkEvents, FINISHED } from '../events/check.ts';
import type { DatedTold } from '../events/receiver.ts';
import type { Answer, Line, Offer, Sighting, Talk, Turn } from './model.ts';

export const HANDED_OFF = 'HUMAN_INTERVENTION_NEEDED';

const SECOND = 1_000_000;
const LIFE = 24 * 3600 * SECOND;
const KEPT = 30 * LIFE;

/** Holds a conversation, once it is gone, against what was promised of it. Answers what is wrong, a line each. */
export function check(talk: Talk, told: readonly DatedTold[]): string[] {
  const exchanges = readExchanges(talk);
  return [
    ...exchanges.findings,
    ...checkTurns(talk, exchanges.taken),
    ...checkAnswers(talk, exchanges.taken),
    ...checkStages(talk, exchanges.taken),
    ...checkTimes(talk),
    ...checkTold(talk, exchanges.taken, told),
  ].map((finding) => `${talk.name}: ${finding}`);
}

/** When a conversation ended: as it was seen, else as it must have, since nobody ended it by call. */
export function endOf({ start, sightings }: Talk): { readonly at: number; readonly byTimer: boolean } {
  const at = sightings.find(({ end }) => end !== undefined)?.end ?? start + LIFE;
  return { at, byTimer: at === start + LIFE };
}

/** A turn as it stands in a transcript, with the reply that follows it. */
interface Taken {
  readonly turn: Turn;
  readonly line: Line;
  reply?: Line;
  offer?: Offer;
}

/** Each message is a turn, or follows the turn that it answers: they were stored at once. */
function readExchanges({ turns, transcript }: Talk): { taken: Taken[]; findings: string[] } {
  const findings: string[] = [];
  const taken: Taken[] = [];
  const byText = new Map(turns.map((turn) => [turn.text, turn]));
  let before: Line | undefined;
  for (const line of transcript) {
    if (before !== undefined && line.at <= before.at) {
      findings.push(`"${line.text}" is not later than "${before.text}", which it follows`);
    }
    if (line.role === 'AUTOMATED_AGENT') {
      const asked = before?.role === 'AUTOMATED_AGENT' ? undefined : taken.at(-1);
      const offer = asked?.turn.offers.find(({ text }) => text === line.text);
      if (asked === undefined || offer === undefined) findings.push(`"${line.text}" answers nobody`);
      else Object.assign(asked, { reply: line, offer });
    } else {
      const turn = byText.get(line.text);
      if (turn?.role === line.role) taken.push({ turn, line });
      else findings.push(`nobody said "${line.text}" as ${line.role}`);
    }
    before = line;
  }
  const speakers = new Set(taken.flatMap(({ reply }) => reply?.participant ?? []));
  if (speakers.size > 1) findings.push(`the agent speaks as ${speakers.size} participants`);
  return { taken, findings };
}

/** Each turn is there once and as a whole, or not at all; what was acknowledged is there, what was refused is not. */
function checkTurns({ turns }: Talk, taken: readonly Taken[]): string[] {
  const findings: string[] = [];
  const places = new Map<Turn, number>();
  for (const [place, { turn }] of taken.entries()) {
    if (places.has(turn)) findings.push(`"${turn.text}" was said twice`);
    else places.set(turn, place);
  }
  for (const turn of turns) {
    const isThere = places.has(turn);
    if (turn.answered !== undefined && !isThere) findings.push(`"${turn.text}" was answered, and is lost`);
    if (turn.refused && isThere) findings.push(`"${turn.text}" was refused, and is there`);
  }
  // In the order in which they are stored, none may have been answered before one that stands earlier was sent.
  let answeredFirst: Turn | undefined;
  for (const { turn } of taken.toReversed()) {
    if (answeredFirst?.answered !== undefined && answeredFirst.answered < turn.sent) {
      findings.push(`"${turn.text}" stands before "${answeredFirst.text}", which was answered before`);
    }
    if ((turn.answered ?? Number.POSITIVE_INFINITY) < (answeredFirst?.answered ?? Number.POSITIVE_INFINITY)) {
      answeredFirst = turn;
    }
  }
  return findings;
}

/** An answer that comes again is the same, and each is what is stored. */
function checkAnswers({ turns }: Talk, taken: readonly Taken[]): string[] {
  const findings: string[] = [];
  const byTurn = new Map(taken.map((each) => [each.turn, each]));
  for (const turn of turns) {
    const [first, ...others] = turn.answers;
    const other = others.find(({ whole }) => whole !== first?.whole);
    if (other !== undefined) {
      findings.push(`"${turn.text}" was answered ${other.whole} after ${first?.whole}`);
    }
    const stored = byTurn.get(turn);
    if (first !== undefined && stored !== undefined) findings.push(...compare(first, stored));
  }
  return findings;
}

function compare(answer: Answer, { turn, line, reply }: Taken): string[] {
  const findings: string[] = [];
  if (answer.said !== line.name) findings.push(`"${turn.text}" is ${line.name}, and was ${answer.said}`);
  if (answer.reply !== (reply?.text ?? '')) {
    findings.push(`"${turn.text}" was answered "${answer.reply}", and "${reply?.text ?? ''}" is stored`);
  }
  return findings;
}

/**
 * The agent answers all that is said to it until it hands over, and nothing from then on. What anybody saw of state and
 * stage goes forward alone.
 */
function checkStages({ turns, sightings }: Talk, taken: readonly Taken[]): string[] {
  const findings: string[] = [];
  let isHandedOff = false;
  for (const { turn, reply, offer } of taken) {
    if (turn.role === 'HUMAN_AGENT') {
      if (!isHandedOff) findings.push(`"${turn.text}" was said to be after the hand-off, and is not`);
    } else if (isHandedOff) {
      if (reply !== undefined) findings.push(`"${turn.text}" has a reply of an agent that had handed over`);
    } else if (reply === undefined && !turn.offers.some(({ text }) => text === '')) {
      findings.push(`"${turn.text}" has no reply`);
    }
    if (offer?.handsOff === true) isHandedOff = true;
  }
  const last = sightings.findLast(({ handedOff }) => handedOff !== undefined);
  if (last !== undefined && last.handedOff !== isHandedOff) {
    findings.push(`it was ${isHandedOff ? '' : 'not '}handed over, and its stage says otherwise`);
  }
  const seen = [...sightings, ...turns.flatMap(seenByTurn)];
  findings.push(
    ...findSteps(seen, 'its state', ({ state }) => ['IN_PROGRESS', 'COMPLETED', 'GONE'].indexOf(state)),
    ...findSteps(seen, 'its stage', ({ handedOff }) =>
      handedOff === undefined ? undefined : Number(handedOff),
    ),
  );
  return findings;
}

type Seen = Pick<Sighting, 'from' | 'until' | 'state' | 'handedOff'>;

/** Who is answered for the first time learns how the conversation was meanwhile. */
function seenByTurn({ sent, answered, answers: [first], role }: Turn): Seen[] {
  if (answered === undefined || first === undefined) return [];
  const seen = { state: 'IN_PROGRESS', from: sent, until: answered } as const;
  if (role === 'END_USER' && !first.byAgent) return [{ ...seen, handedOff: true }];
  return [first.byAgent ? { ...seen, handedOff: first.handsOff } : seen];
}

/** Finds steps back: something that was seen after something further on had been. */
function findSteps(
  seen: readonly Seen[],
  what: string,
  rankOf: (seen: Seen) => number | undefined,
): string[] {
  const ends = seen.toSorted((left, right) => left.until - right.until);
  let highest = 0;
  let next = 0;
  for (const each of seen.toSorted((left, right) => left.from - right.from)) {
    for (let end = ends[next]; end !== undefined && end.until < each.from; end = ends[++next]) {
      highest = Math.max(highest, rankOf(end) ?? 0);
    }
    const rank = rankOf(each);
    if (rank !== undefined && rank < highest) return [`${what} went back from ${highest} to ${rank}`];
  }
  return [];
}

/** It ended when it was ended, else after 24 hours to the microsecond; it was purged 30 days later; neither early. */
function checkTimes(talk: Talk): string[] {
  const { start, sightings, calls } = talk;
  const findings = new Set<string>();
  const { at: end, byTimer } = endOf(talk);
  if (calls.most === 0 && !byTimer) findings.add(`it ended ${end - start - LIFE} us from 24 hours`);
  for (const seen of sightings) {
    const { state, reached, clock } = seen;
    if (seen.end !== undefined && seen.end !== end) findings.add(`its end moved by ${seen.end - end} us`);
    if (state === 'IN_PROGRESS' && start + LIFE <= reached)
      findings.add('it was not completed after 24 hours');
    if (state === 'COMPLETED' && byTimer && calls.most === 0 && clock < end) {
      findings.add(`it was completed ${end - clock} us early`);
    }
    if (state === 'GONE' && clock < end + KEPT) findings.add(`it was purged ${end + KEPT - clock} us early`);
    if (state !== 'GONE' && end + KEPT <= reached) findings.add('it was not purged after 30 days');
  }
  return [...findings];
}

/** All that happened was told, in order and each event under one id; the hand-off and the end by timer once. */
function checkTold(talk: Talk, taken: readonly Taken[], told: readonly DatedTold[]): string[] {
  const { start, transcript, calls } = talk;
  const { byTimer } = endOf(talk);
  // That a human is needed is told after what led to it.
  const handOffs = new Set(taken.flatMap(({ offer, reply }) => (offer?.handsOff && reply) || []));
  const happened = transcript.flatMap((line) => (handOffs.has(line) ? [line.text, HANDED_OFF] : [line.text]));
  const byCall = { least: Math.max(calls.least, byTimer ? 0 : 1), most: calls.most };
  const more = byTimer ? 1 : 0;
  const ended = { least: byCall.least + more, most: byCall.most + more };
  const findings = checkEvents({ name: 'events', transcript: happened, ended }, told);
  const ends = told.filter(({ what, publishTime }) => what === FINISHED && publishTime === start + LIFE);
  const ids = new Set(ends.map(({ id }) => id)).size;
  if (ids !== more) findings.push(`its end by timer was told as ${ids} events, not ${more}`);
  return findings;
}
