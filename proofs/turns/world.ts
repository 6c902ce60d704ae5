import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { Line, Moment, Sighting, Talk, Turn } from './model.ts';
import type { Happening } from './plan.ts';

/** The clock of the proof and that of the server are the same but for this. In microseconds. */
const SLACK = 1_000_000;

/** A turn as its caller knows it. */
export interface OwnTurn extends Turn {
  readonly talk: OwnTalk;
  readonly participant: string;
  /** Empty for what is streamed, which cannot be sent again. */
  readonly requestId: string;
  /** By the project's clock: when it was first sent, or before. */
  readonly sentAt: number;
  sends: number;
}

/** A conversation as its callers know it. */
export class OwnTalk implements Talk {
  readonly name: string;
  readonly start: number;
  readonly turns: OwnTurn[] = [];
  readonly sightings: Sighting[] = [];
  readonly calls = { least: 0, most: 0 };
  transcript: readonly Line[] = [];
  /** The participants that are known to have been made. */
  readonly participants = new Map<Turn['role'], string>();
  /** What has no answer yet. */
  readonly open = new Map<Turn['role'], OwnTurn>();
  isHandedOff = false;
  isOver = false;

  constructor(name: string, start: number) {
    this.name = name;
    this.start = start;
  }

  get isGone(): boolean {
    return this.sightings.at(-1)?.state === 'GONE';
  }
}

/** What lasts from one start of the server to the next. */
export class World {
  readonly talks: OwnTalk[] = [];
  readonly answered: OwnTurn[] = [];
  readonly gate = new Gate();
  readonly findings: string[] = [];
  readonly tally = { lost: 0, repeated: 0, repeatedAfterAnswer: 0, kept: 0, advances: 0 };
  readonly happened: Record<Happening, number> = { asked: 0, pushed: 0, answered: 0 };
  profile = '';
  /** By the project's clock: what is due by then has happened. */
  reached = 0;
  /** How far the project's clock is ahead of the system's: at least, and at most. */
  ahead = { least: 0, most: 0 };
  #moment = 0;
  #named = 0;
  readonly #waiting = new Set<() => void>();

  moment(): Moment {
    return ++this.#moment;
  }

  newId(): string {
    return `talk-${++this.#named}`;
  }

  /** It is not earlier, by the project's clock. */
  get earliest(): number {
    return Date.now() * 1000 + this.ahead.least - SLACK;
  }

  /** It is not later, by the project's clock. */
  get latest(): number {
    return Date.now() * 1000 + this.ahead.most + SLACK;
  }

  note(what: Happening): void {
    this.happened[what]++;
    for (const look of this.#waiting) look();
  }

  /** Resolves in the very moment in which so many more have happened. */
  more(what: Happening, count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const at = this.happened[what] + count;
    const look = (): void => {
      if (this.happened[what] < at) return;
      this.#waiting.delete(look);
      resolve();
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  find(finding: string): void {
    this.findings.push(finding);
  }
}

/** Lets work through while it is open. */
export class Gate {
  #closed: PromiseWithResolvers<void> | undefined;
  readonly #inside = new Set<Promise<unknown>>();

  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed.promise;
    const inside = work();
    this.#inside.add(inside);
    try {
      return await inside;
    } finally {
      this.#inside.delete(inside);
    }
  }

  /** Resolves once nothing is inside. */
  async close(): Promise<void> {
    this.#closed = Promise.withResolvers();
    await Promise.allSettled(this.#inside);
  }

  open(): void {
    this.#closed?.resolve();
    this.#closed = undefined;
  }
}

export function micros(time: Timestamp | undefined): number {
  if (time === undefined) throw new Error('a time is missing');
  return Number(time.seconds) * 1_000_000 + time.nanos / 1000;
}
