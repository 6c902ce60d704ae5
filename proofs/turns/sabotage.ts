/** Loaded before the server, this breaks it as the environment says. The proof must notice. */
import { isMainThread } from 'node:worker_threads';
import { type TurnResult, Turns } from '../../packages/server/src/services/turns.ts';
import { ChangeWriter } from '../../packages/server/src/storage/change-writer.ts';
import { SABOTAGE_VARIABLE, type Sabotage } from './sabotages.ts';

type Applied = ReturnType<ChangeWriter['apply']>;
type Change = Parameters<ChangeWriter['apply']>[0];

/** Of changes that it may happen to, one in so many is broken. */
const EVERY = 3;

const halfDone = new Set<string>();
let turns = 0;

function fileNoAnswer({ reply: _reply, ...rest }: Change, apply: (change: Change) => Applied): Applied {
  return apply(rest);
}

/** What is written instead of a change. */
const brokenChanges: Readonly<
  Record<Sabotage, (change: Change, apply: (change: Change) => Applied) => Applied>
> = {
  'forgotten-answers': fileNoAnswer,
  'answers-in-memory': fileNoAnswer,
  'doubled-turns': (change, apply) => {
    const applied = apply(change);
    const { partition, append, filed } = change;
    if (change.reply !== undefined && ++turns % EVERY === 0) apply({ partition, append, filed });
    return applied;
  },
  'torn-turns': (change, apply) => {
    const isTorn = change.reply !== undefined && change.append.length > 1 && ++turns % EVERY === 0;
    if (!isTorn) return apply(change);
    const applied = apply({ ...change, append: change.append.slice(0, 1) });
    // As if both were there.
    return { ...applied, appended: [...applied.appended, ...applied.appended] };
  },
  'lost-hand-offs': (change, apply) => {
    const isTurn = change.append.length > 1;
    return apply(
      isTurn
        ? { ...change, put: (change.put ?? []).filter(({ name }) => name !== change.partition) }
        : change,
    );
  },
  'repeated-timers': (change, apply) => {
    const { partition, emit, filed } = change;
    const isEnd = change.unschedule?.some((key) => key.startsWith('complete ')) === true;
    if (!isEnd || emit === undefined || halfDone.has(partition)) return apply(change);
    halfDone.add(partition);
    return apply({ partition, append: [], emit, filed });
  },
};

/** What was answered is known for as long as the process lives. */
function keepAnswersInMemory(): void {
  const { take } = Turns.prototype;
  const known = new Map<string, Promise<TurnResult>>();
  Turns.prototype.take = function (this: Turns, turn, call) {
    if (!turn.requestId) return take.call(this, turn, call);
    const key = `${turn.speaker.key} ${turn.requestId}`;
    const taken = known.get(key) ?? take.call(this, turn, call);
    known.set(key, taken);
    taken.catch(() => known.delete(key));
    return taken;
  };
}

const sabotage = process.env[SABOTAGE_VARIABLE] as Sabotage | undefined;
const breakChange = sabotage && brokenChanges[sabotage];
if (isMainThread && sabotage === 'answers-in-memory') keepAnswersInMemory();
if (!isMainThread && breakChange !== undefined) {
  const { apply } = ChangeWriter.prototype;
  ChangeWriter.prototype.apply = function (this: ChangeWriter, change, now) {
    return breakChange(change, (other) => apply.call(this, other, now));
  };
}
