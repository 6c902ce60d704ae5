import type { BreachList } from './breach.ts';
import type { Operation } from './history.ts';

/**
 * What happens to a conversation is one line of steps: it is created, batches come one after the other, it is
 * completed. Whatever else is asked of it shows how far along that line it is. A history is right if every operation
 * can be given a moment between its invocation and its completion so that all of them together tell one story.
 *
 * The order of the steps is known, as create_time says it. Then it is enough to look at pairs: no step may have been
 * acknowledged before one that stands before it began, and each observation must find a place that is not before what
 * was over when it began, and not behind what began when it was over. Taking the earliest such place each time leaves
 * the most room for what comes later, so that a place is found where there is one.
 */

/** A place is the number of steps that have happened: 0 is before the first. */
export type Place = number;
export type Span = readonly [first: Place, last: Place];

export interface Step {
  readonly kind: 'create' | 'batch' | 'complete';
  readonly what: string;
  readonly operation: Operation;
  readonly invoked: number;
  /** Infinite where nobody was told that it happened. */
  readonly completed: number;
}

export interface Observation {
  readonly operation: Operation;
  readonly what: string;
  /** The places of which it can be told. None: of nothing that ever was. */
  readonly spans: readonly Span[];
}

/** Says which steps and observations cannot be one story. */
export function checkPlacement(
  steps: readonly Step[],
  observations: readonly Observation[],
  list: BreachList,
): void {
  checkSteps(steps, list);
  const reach = reachOf(steps);
  let acknowledged: { readonly place: Place; readonly step?: Step } = { place: 0 };
  let seen: { readonly place: Place; readonly observation?: Observation } = { place: 0 };
  const places = new Map<Observation, Place>();
  for (const event of eventsOf(steps, observations)) {
    if (event.kind === 'acknowledged') {
      if (event.place > acknowledged.place) acknowledged = event;
    } else if (event.kind === 'ended') {
      const place = places.get(event.observation) ?? 0;
      if (place > seen.place) seen = { place, observation: event.observation };
    } else {
      const { observation } = event;
      const last = reach(observation.operation.completed);
      const place = earliest(observation.spans, Math.max(acknowledged.place, seen.place), last);
      if (place !== undefined) places.set(observation, place);
      else blame(observation, { steps, last, acknowledged, seen }, list);
    }
  }
}

/** Says where one step was over before one that stands before it began. */
function checkSteps(steps: readonly Step[], list: BreachList): void {
  let firstOver: Step | undefined;
  for (const step of steps.toReversed()) {
    if (firstOver !== undefined && firstOver.completed < step.invoked) {
      list.add(
        firstOver.kind === 'complete' ? 'after-completion' : 'reordered',
        `${step.what} began after ${firstOver.what} was over, and stands before it`,
        step.operation,
        firstOver.operation,
      );
    }
    if (firstOver === undefined || step.completed < firstOver.completed) firstOver = step;
  }
}

type Event =
  | { readonly kind: 'began'; readonly at: number; readonly observation: Observation }
  | { readonly kind: 'ended'; readonly at: number; readonly observation: Observation }
  | { readonly kind: 'acknowledged'; readonly at: number; readonly place: Place; readonly step: Step };

/** In order of time. What begins at the very moment at which something ends has not begun after it. */
function eventsOf(steps: readonly Step[], observations: readonly Observation[]): Event[] {
  const events: Event[] = steps.map((step, index) => ({
    kind: 'acknowledged',
    at: step.completed,
    place: index + 1,
    step,
  }));
  for (const observation of observations) {
    const { invoked, completed } = observation.operation;
    events.push({ kind: 'began', at: invoked, observation }, { kind: 'ended', at: completed, observation });
  }
  const rank = ({ kind }: Event): number => (kind === 'began' ? 0 : 1);
  return events.sort((a, b) => a.at - b.at || rank(a) - rank(b));
}

/** How far along the line it can be at a time: up to the first step that began only after it. */
function reachOf(steps: readonly Step[]): (time: number) => Place {
  const latest: number[] = [];
  for (const { invoked } of steps) latest.push(Math.max(invoked, latest.at(-1) ?? 0));
  return (time) => {
    let low = 0;
    let high = latest.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((latest[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function earliest(spans: readonly Span[], from: Place, to: Place): Place | undefined {
  const places = spans
    .map(([first, last]): Span => [Math.max(first, from), Math.min(last, to)])
    .filter(([first, last]) => first <= last)
    .map(([first]) => first);
  return places.length === 0 ? undefined : Math.min(...places);
}

function blame(
  { operation, what, spans }: Observation,
  bounds: {
    readonly steps: readonly Step[];
    readonly last: Place;
    readonly acknowledged: { readonly place: Place; readonly step?: Step };
    readonly seen: { readonly place: Place; readonly observation?: Observation };
  },
  list: BreachList,
): void {
  const { steps, last, acknowledged, seen } = bounds;
  if (spans.length === 0) {
    list.add('unexpected-answer', `${what}, which was never so`, operation);
  } else if (spans.every(([first]) => first > last)) {
    const step = steps[Math.min(...spans.map(([first]) => first)) - 1];
    const cause = step === undefined ? 'which never happened' : `though ${step.what} began only later`;
    list.add('read-from-the-future', `${what}, ${cause}`, operation, ...(step ? [step.operation] : []));
  } else if (spans.every(([, final]) => final < acknowledged.place)) {
    const kind = isWrite(operation) ? 'after-completion' : 'stale-read';
    const { step } = acknowledged;
    const cause = step === undefined ? '' : `, though ${step.what} was acknowledged before`;
    list.add(kind, `${what}${cause}`, operation, ...(step ? [step.operation] : []));
  } else if (spans.every(([, final]) => final < seen.place)) {
    const { observation } = seen;
    const cause = observation === undefined ? '' : `, though before ${observation.what}`;
    list.add('read-went-back', `${what}${cause}`, operation, ...(observation ? [observation.operation] : []));
  } else {
    list.add('unexpected-answer', `${what}, which was not so at any time between`, operation);
  }
}

/** Such an operation was accepted: so it tells of a conversation that still went on. */
function isWrite({ request, answer }: Operation): boolean {
  return (
    (request.kind === 'batch' && answer.kind === 'messages') ||
    (request.kind === 'createParticipant' && answer.kind === 'participant')
  );
}
