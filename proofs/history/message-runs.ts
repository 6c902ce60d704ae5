/**
 * A sequence of numbered messages in little memory: messages of one create_time whose numbers follow each other are
 * one run. A batch as its writer made it is one run, however large it is.
 */
export interface MessageRun {
  readonly createTime: number;
  /** The number of its first message. */
  readonly first: number;
  readonly count: number;
}

/** How a sequence differs from the one that it should be. */
export interface Difference {
  /** In the one, not in the other. */
  readonly missed: number;
  /** Times that a message came once more. */
  readonly repeated: number;
  /** Messages that came before one that they should come after. */
  readonly disordered: number;
  /** Messages with another create_time. */
  readonly changed: number;
  /** Messages that should not be there at all. */
  readonly foreign: number;
  /** The first few, in words. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 10;

/** Grows at its end, message by message. */
export class MessageRuns {
  readonly #runs: { createTime: number; first: number; count: number }[] = [];
  #count = 0;

  /** Of messages. */
  get count(): number {
    return this.#count;
  }

  get runs(): readonly MessageRun[] {
    return this.#runs;
  }

  /** Of the last message; 0 where there is none. */
  get lastCreateTime(): number {
    return this.#runs.at(-1)?.createTime ?? 0;
  }

  push(number: number, createTime: number): void {
    const last = this.#runs.at(-1);
    this.#count++;
    if (last !== undefined && last.createTime === createTime && last.first + last.count === number) {
      last.count++;
    } else {
      this.#runs.push({ createTime, first: number, count: 1 });
    }
  }

  /** Adds what came newest first, as pages bring it. */
  pushReversed(numbers: readonly number[], createTimes: readonly number[]): void {
    for (let index = numbers.length - 1; index >= 0; index--) {
      this.push(numbers[index] ?? -1, createTimes[index] ?? -1);
    }
  }

  equals(other: MessageRuns): boolean {
    if (this.#count !== other.#count || this.#runs.length !== other.#runs.length) return false;
    return this.#runs.every(({ createTime, first, count }, index) => {
      const run = other.#runs[index];
      return run?.createTime === createTime && run.first === first && run.count === count;
    });
  }
}

/** Undefined where both are the same, which costs little; else what is wrong with `seen`. */
export function findDifference(wanted: MessageRuns, seen: MessageRuns): Difference | undefined {
  if (wanted.equals(seen)) return undefined;
  const places = new Map<number, { readonly index: number; readonly createTime: number }>();
  for (const [number, createTime] of messagesOf(wanted)) {
    places.set(number, { index: places.size, createTime });
  }
  const tally = { missed: 0, repeated: 0, disordered: 0, changed: 0, foreign: 0 };
  const examples: string[] = [];
  const note = (kind: keyof typeof tally, text: string): void => {
    tally[kind]++;
    if (examples.length < EXAMPLES_MAX) examples.push(text);
  };
  const met = new Set<number>();
  let latest = -1;
  for (const [number, createTime] of messagesOf(seen)) {
    const place = places.get(number);
    if (place === undefined) {
      note('foreign', `message ${number} at ${createTime} was never acknowledged`);
      continue;
    }
    if (met.has(number)) {
      note('repeated', `message ${number} came again at ${createTime}`);
      continue;
    }
    met.add(number);
    if (place.createTime !== createTime) {
      note('changed', `message ${number} has create_time ${createTime} and not ${place.createTime}`);
    }
    if (place.index < latest) note('disordered', `message ${number} at ${createTime} came too late`);
    latest = Math.max(latest, place.index);
  }
  for (const [number, { createTime }] of places) {
    if (!met.has(number)) note('missed', `message ${number} at ${createTime} did not come`);
  }
  return { ...tally, examples };
}

function* messagesOf(sequence: MessageRuns): Iterable<[number: number, createTime: number]> {
  for (const { createTime, first, count } of sequence.runs) {
    for (let offset = 0; offset < count; offset++) yield [first + offset, createTime];
  }
}
