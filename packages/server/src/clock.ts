import { create } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';

/** Where the server takes its time from. */
export interface Clock {
  /**
   * Microseconds since the epoch: what time it is in a project, or where none is named, at the system. May repeat and,
   * after a correction of the system's clock, go back.
   */
  now(project?: string): number;
}

/** Beyond this difference the wall clock was set, and the fine clock follows it. In microseconds. */
const SKEW_MAX = 2_000;

/** The system's wall clock, with microseconds filled in from the monotonic one. */
export class SystemClock implements Clock {
  #offset = performance.timeOrigin * 1000;

  now(): number {
    const monotonic = performance.now() * 1000;
    const wall = Date.now() * 1000;
    const fine = this.#offset + monotonic;
    if (Math.abs(fine - wall) <= SKEW_MAX) return Math.floor(fine);
    this.#offset = wall - monotonic;
    return wall;
  }
}

/** A time of its own for each project: the system's, and how far the project is ahead of it. */
export class ProjectClocks implements Clock {
  readonly #system: Clock;
  readonly #ahead = new Map<string, number>();

  constructor(system: Clock) {
    this.#system = system;
  }

  now(project?: string): number {
    const now = this.#system.now();
    return project === undefined ? now : now + this.aheadOf(project);
  }

  /** In microseconds; negative where the project is behind. */
  aheadOf(project: string): number {
    return this.#ahead.get(project) ?? 0;
  }

  /** What the store says of a project's clock: it is the store that moves it. */
  set(project: string, ahead: number): void {
    this.#ahead.set(project, ahead);
  }
}

/** A clock that stands still until it is told otherwise. */
export class FakeClock implements Clock {
  #now: number;

  constructor(now: number = Date.UTC(2026, 0, 1) * 1000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(microseconds: number): void {
    this.#now += microseconds;
  }
}

export function toTimestamp(microseconds: number): Timestamp {
  const seconds = Math.floor(microseconds / 1_000_000);
  return create(TimestampSchema, {
    seconds: BigInt(seconds),
    nanos: (microseconds - seconds * 1_000_000) * 1000,
  });
}

/** What is left over below a microsecond is passed over. */
export function toMicroseconds({
  seconds,
  nanos,
}: {
  readonly seconds: bigint;
  readonly nanos: number;
}): number {
  return Number(seconds) * 1_000_000 + Math.floor(nanos / 1000);
}
