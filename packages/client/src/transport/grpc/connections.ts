import { Backoff } from './backoff.ts';
import { Connection, type ConnectionOptions, type ConnectionOwner } from './connection.ts';
import { Deadlines } from './deadlines.ts';
import type { Failure } from './failure.ts';

/** How many connections are opened at most where a server allows few calls over each. */
const MOST_CONNECTIONS = 10;

/** Who waits for a connection. One of the two is called, once, and not before `wait` has returned. */
export interface Waiter {
  ready(connection: Connection): void;
  failed(failure: Failure): void;
}

/**
 * The connections to one server: one, and another when the server allows no more calls over those that there are. It is
 * opened for the first call that needs it. Where connecting fails, all who wait are told at once, and so is everybody
 * who comes before it is time to try again.
 */
export class Connections implements ConnectionOwner {
  /** Of the calls that are made over them. */
  readonly deadlines = new Deadlines();
  readonly #options: ConnectionOptions;
  readonly #backoff = new Backoff();
  #keepaliveMs: number;
  /** Those that calls may be made over. */
  readonly #open = new Set<Connection>();
  /** All that are not gone. */
  readonly #all = new Set<Connection>();
  #opening: Connection | undefined;
  readonly #waiting = new Set<Waiter>();
  #lastFailure: Failure | undefined;
  #closed: Failure | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#keepaliveMs = options.keepaliveMs;
  }

  /** A connection that has room for a call; undefined where it is necessary to wait. */
  find(): Connection | undefined {
    if (this.#waiting.size > 0) return undefined;
    return this.#roomy();
  }

  wait(waiter: Waiter): void {
    this.#waiting.add(waiter);
    this.#opening?.want(true);
    queueMicrotask(() => this.#serve());
  }

  /** Waits no longer. */
  forget(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size === 0) this.#opening?.want(false);
  }

  /** Ends all that is under way, with this failure, and whoever comes later; resolves when all connections are gone. */
  async close(failure: Failure): Promise<void> {
    this.#closed ??= failure;
    this.#rejectAll(failure);
    await Promise.all([...this.#all].map((connection) => connection.close(failure)));
  }

  opened(connection: Connection): void {
    this.#backoff.succeeded();
    this.#opening = undefined;
    this.#open.add(connection);
    this.#serve();
  }

  failed(_connection: Connection, failure: Failure): void {
    this.#backoff.failed(performance.now());
    this.#opening = undefined;
    this.#lastFailure = failure;
    if (this.#open.size === 0) this.#rejectAll(failure);
  }

  eased(): void {
    if (this.#waiting.size > 0) this.#serve();
  }

  retired(connection: Connection): void {
    this.#open.delete(connection);
    this.#serve();
  }

  gone(connection: Connection): void {
    this.#all.delete(connection);
  }

  pingedTooOften(): void {
    this.#keepaliveMs *= 2;
  }

  #roomy(): Connection | undefined {
    for (const connection of this.#open) if (connection.hasRoom) return connection;
    return undefined;
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      const connection = this.#roomy();
      if (connection === undefined) {
        this.#openAnother();
        return;
      }
      this.#waiting.delete(waiter);
      waiter.ready(connection);
    }
  }

  #openAnother(): void {
    if (this.#closed !== undefined) {
      this.#rejectAll(this.#closed);
      return;
    }
    if (this.#opening !== undefined || this.#open.size >= MOST_CONNECTIONS) return;
    if (this.#backoff.isOn(performance.now())) {
      // With a connection that is merely full there is something to wait for.
      if (this.#open.size === 0 && this.#lastFailure !== undefined) this.#rejectAll(this.#lastFailure);
      return;
    }
    this.#opening = new Connection({ ...this.#options, keepaliveMs: this.#keepaliveMs }, this);
    this.#all.add(this.#opening);
  }

  #rejectAll(failure: Failure): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.failed(failure);
  }
}
