import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { StoredSessionSchema } from '@parleykit/proto/stored';
import {
  type Context,
  ContextSchema,
  type SessionEntityType,
  SessionEntityTypeSchema,
} from '@parleykit/proto/v2beta1';
import { type Clock, toTimestamp } from '../../clock.ts';
import { sessionTooLarge } from '../../errors.ts';
import { RESOURCE_BYTES_MAX, SESSION_LIFE } from '../../limits.ts';
import { readResourceName } from '../../resource-names.ts';
import {
  type Change,
  ConflictError,
  type Store,
  type StoredResource,
  type Timer,
} from '../../storage/store.ts';
import type { SessionName } from './session-names.ts';

/** The kind of the timer that every session has as long as it holds something. */
export const SESSION_EXPIRY = 'session';

interface Lasting<Held> {
  readonly held: Held;
  /** Microseconds since the epoch. */
  readonly expires: number;
}

/**
 * What a session holds at a time, while it is read or edited. What is put lasts for `SESSION_LIFE` from that time; what had
 * expired is not there. Names are ids alone: of a context in small letters, of a session entity type the display name.
 */
export class SessionDraft {
  /** Of what is stored; undefined where there is nothing. */
  readonly version: number | undefined;
  readonly #now: number;
  readonly #contexts = new Map<string, Lasting<Context>>();
  readonly #entityTypes = new Map<string, Lasting<SessionEntityType>>();

  constructor(stored: StoredResource | undefined, now: number) {
    this.version = stored?.version;
    this.#now = now;
    if (stored === undefined) return;
    const { contexts, entityTypes } = fromBinary(StoredSessionSchema, stored.body);
    for (const { context, expireTime } of contexts) {
      const expires = toMicroseconds(expireTime);
      if (context !== undefined && expires > now)
        this.#contexts.set(context.name, { held: context, expires });
    }
    for (const { entityType, expireTime } of entityTypes) {
      const expires = toMicroseconds(expireTime);
      if (entityType !== undefined && expires > now) {
        this.#entityTypes.set(entityType.name, { held: entityType, expires });
      }
    }
  }

  get contexts(): ReadonlyMap<string, Context> {
    return heldIn(this.#contexts);
  }

  get entityTypes(): ReadonlyMap<string, SessionEntityType> {
    return heldIn(this.#entityTypes);
  }

  /** Sets a context. One with nothing left of its lifespan expires at once: it takes away what is there. */
  putContext(context: Context): void {
    if (context.lifespanCount <= 0) this.#contexts.delete(context.name);
    else this.#contexts.set(context.name, { held: clone(ContextSchema, context), expires: this.#expires });
  }

  removeContext(id: string): void {
    this.#contexts.delete(id);
  }

  removeContexts(): void {
    this.#contexts.clear();
  }

  putEntityType(entityType: SessionEntityType): void {
    const held = clone(SessionEntityTypeSchema, entityType);
    this.#entityTypes.set(entityType.name, { held, expires: this.#expires });
  }

  removeEntityType(name: string): void {
    this.#entityTypes.delete(name);
  }

  /** When the last of it expires; undefined where it holds nothing. */
  get lastExpiry(): number | undefined {
    const times = [...this.#contexts.values(), ...this.#entityTypes.values()].map(({ expires }) => expires);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** As it is stored. */
  encode(): Uint8Array {
    return toBinary(
      StoredSessionSchema,
      create(StoredSessionSchema, {
        contexts: inOrder(this.#contexts).map(({ held, expires }) => ({
          context: held,
          expireTime: toTimestamp(expires),
        })),
        entityTypes: inOrder(this.#entityTypes).map(({ held, expires }) => ({
          entityType: held,
          expireTime: toTimestamp(expires),
        })),
      }),
    );
  }

  get #expires(): number {
    return this.#now + SESSION_LIFE;
  }
}

/** Sessions with agents in the store, each of them one row: a query reads and writes all that it holds. */
export class AgentSessions {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** What a session holds by its project's clock. Every session is there, and most of them are empty. */
  async open({ key, name }: SessionName): Promise<SessionDraft> {
    return new SessionDraft(await this.#store.get(key), this.#clock.now(name.project));
  }

  /** What stores a session as it was drafted, on the condition that nobody else was faster. Throws where it is too much. */
  changeOf({ key }: SessionName, draft: SessionDraft): Omit<Change, 'partition'> {
    const { version, lastExpiry } = draft;
    const timer = timerKey(key);
    if (lastExpiry === undefined) {
      return version === undefined
        ? { expect: [{ name: key, absent: true }] }
        : { expect: [{ name: key, version }], remove: [key], unschedule: [timer] };
    }
    const body = draft.encode();
    if (body.byteLength > RESOURCE_BYTES_MAX) throw sessionTooLarge(RESOURCE_BYTES_MAX);
    return {
      expect: [version === undefined ? { name: key, absent: true } : { name: key, version }],
      put: [{ name: key, body }],
      schedule: [{ key: timer, due: lastExpiry, kind: SESSION_EXPIRY, data: new Uint8Array() }],
    };
  }

  /** Stores a session as it was drafted. Throws ConflictError where somebody else was faster. */
  async commit(session: SessionName, draft: SessionDraft): Promise<void> {
    if (draft.version === undefined && draft.lastExpiry === undefined) return;
    await this.#store.commit({ partition: session.name.scope, ...this.changeOf(session, draft) });
  }

  /** What a timer of the kind `SESSION_EXPIRY` is for: nothing that has expired is kept for long. */
  async expire({ key: timer }: Timer): Promise<void> {
    const key = timer.slice(SESSION_EXPIRY.length + 1);
    const name = readResourceName(key);
    if (name === undefined) throw new Error(`${timer} names no session`);
    const session: SessionName = { name, key, id: name.id };
    try {
      const draft = await this.open(session);
      if (draft.version === undefined)
        await this.#store.commit({ partition: name.scope, unschedule: [timer] });
      else await this.commit(session, draft);
    } catch (error) {
      // Either it was used meanwhile, and the timer moved, or it is still due: then it is tried again.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function timerKey(session: string): string {
  return `${SESSION_EXPIRY} ${session}`;
}

function heldIn<Held>(lasting: ReadonlyMap<string, Lasting<Held>>): Map<string, Held> {
  return new Map([...lasting].map(([name, { held }]) => [name, held]));
}

function inOrder<Held>(lasting: ReadonlyMap<string, Lasting<Held>>): Lasting<Held>[] {
  return [...lasting.keys()].sort().flatMap((name) => lasting.get(name) ?? []);
}

function toMicroseconds(time: Timestamp | undefined): number {
  return time === undefined ? 0 : Number(time.seconds) * 1_000_000 + time.nanos / 1000;
}
