import { create, fromBinary } from '@bufbuild/protobuf';
import {
  AgentSession_ActiveContextSchema as ActiveContextSchema,
  type AgentSession,
  AgentSessionSchema,
  AgentSession_SessionEntitiesSchema as SessionEntitiesSchema,
} from '@parleykit/proto/stored';
import {
  type Context,
  ContextSchema,
  SessionEntityType_EntityOverrideMode as Mode,
  type SessionEntityType,
  SessionEntityTypeSchema,
} from '@parleykit/proto/v2beta1';
import { sessionTooLarge } from '../../agent-errors.ts';
import type { Clock } from '../../clock.ts';
import { RESOURCE_BYTES_MAX, SESSION_LIFE } from '../../limits.ts';
import { encodeMessage } from '../../message-writer.ts';
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

/**
 * What a session holds at a time, while it is read or edited: what has expired by then is not there. A context lasts for
 * `SESSION_LIFE` after it was set or used, all else as long after the session was last written.
 */
export class SessionDraft {
  /** Of what is stored; undefined where there is nothing. */
  readonly version: number | undefined;
  /** As the agent takes it and leaves it. */
  session: AgentSession;
  readonly #nowMs: number;

  /** `now` in microseconds. */
  constructor(stored: StoredResource | undefined, now: number) {
    this.version = stored?.version;
    this.#nowMs = Math.floor(now / 1000);
    const session =
      stored === undefined ? create(AgentSessionSchema) : fromBinary(AgentSessionSchema, stored.body);
    this.session = isAlive(session.usedMs, this.#nowMs) ? session : create(AgentSessionSchema);
    this.session.contexts = this.session.contexts.filter(({ usedMs }) => isAlive(usedMs, this.#nowMs));
  }

  /** The contexts by their ids, which are their names here. */
  get contexts(): ReadonlyMap<string, Context> {
    return new Map(
      this.session.contexts.map(({ id, lifespanCount, parameters }) => [
        id,
        create(ContextSchema, { name: id, lifespanCount, ...(parameters && { parameters }) }),
      ]),
    );
  }

  /** Sets a context. One with nothing left of its lifespan expires at once: it takes away what is there. */
  putContext({ name: id, lifespanCount, parameters }: Context): void {
    this.removeContext(id);
    if (lifespanCount <= 0) return;
    const context = create(ActiveContextSchema, {
      id,
      lifespanCount,
      ...(parameters && { parameters }),
      // As if the latest query had set it: the next one is the first that it takes part in.
      setBy: this.session.queries,
      usedMs: BigInt(this.#nowMs),
    });
    this.session.contexts.push(context);
  }

  removeContext(id: string): void {
    this.session.contexts = this.session.contexts.filter((context) => context.id !== id);
  }

  removeContexts(): void {
    this.session.contexts = [];
  }

  /** The session entity types by the display names of their entity types, which are their names here. */
  get entityTypes(): ReadonlyMap<string, SessionEntityType> {
    return new Map(
      this.session.entityTypes.map(({ entityType: name, override, entities }) => [
        name,
        create(SessionEntityTypeSchema, {
          name,
          entityOverrideMode: override ? Mode.OVERRIDE : Mode.SUPPLEMENT,
          entities,
        }),
      ]),
    );
  }

  putEntityType({ name, entityOverrideMode: mode, entities }: SessionEntityType): void {
    this.removeEntityType(name);
    const own = { entityType: name, override: mode === Mode.OVERRIDE, entities };
    this.session.entityTypes.push(create(SessionEntitiesSchema, own));
  }

  removeEntityType(name: string): void {
    this.session.entityTypes = this.session.entityTypes.filter(({ entityType }) => entityType !== name);
  }

  /** Whether it is as if there never had been anything. */
  get isEmpty(): boolean {
    const { queries, contexts, entityTypes } = this.session;
    return queries === 0 && contexts.length === 0 && entityTypes.length === 0;
  }

  /** As it is stored, and when it expires, in microseconds. Throws where it is too much. */
  encode(): { readonly body: Uint8Array; readonly expires: number } {
    this.session.usedMs = BigInt(this.#nowMs);
    const body = encodeMessage(AgentSessionSchema, this.session);
    if (body.byteLength > RESOURCE_BYTES_MAX) throw sessionTooLarge(RESOURCE_BYTES_MAX);
    return { body, expires: expiryOf(this.session) };
  }
}

/** Sessions with agents in the store. */
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
    const { version } = draft;
    const timer = timerKey(key);
    if (draft.isEmpty) {
      return version === undefined
        ? { expect: [{ name: key, absent: true }] }
        : { expect: [{ name: key, version }], remove: [key], unschedule: [timer] };
    }
    const { body, expires } = draft.encode();
    const put = [{ name: key, body }];
    // A session that is used on and on has a timer already: when that is due, it finds out how long the session lasts.
    if (version !== undefined) return { expect: [{ name: key, version }], put };
    return {
      expect: [{ name: key, absent: true }],
      put,
      schedule: [{ key: timer, due: expires, kind: SESSION_EXPIRY, data: new Uint8Array() }],
    };
  }

  /** Stores a session as it was drafted. Throws ConflictError where somebody else was faster. */
  async commit(session: SessionName, draft: SessionDraft): Promise<void> {
    if (draft.version === undefined && draft.isEmpty) return;
    await this.#store.commit({ partition: session.name.scope, ...this.changeOf(session, draft) });
  }

  /** What a timer of the kind `SESSION_EXPIRY` is for: a session that nobody uses any more is gone. */
  async expire({ key: timer }: Timer): Promise<void> {
    const key = timer.slice(SESSION_EXPIRY.length + 1);
    const name = readResourceName(key);
    if (name === undefined) throw new Error(`${timer} names no session`);
    const { scope: partition, project } = name;
    const stored = await this.#store.get(key);
    const expires = stored === undefined ? 0 : expiryOf(fromBinary(AgentSessionSchema, stored.body));
    const expect = stored === undefined ? [] : [{ name: key, version: stored.version }];
    try {
      if (this.#clock.now(project) >= expires) {
        await this.#store.commit({ partition, expect, remove: [key], unschedule: [timer] });
      } else {
        const later = { key: timer, due: expires, kind: SESSION_EXPIRY, data: new Uint8Array() };
        await this.#store.commit({ partition, expect, schedule: [later] });
      }
    } catch (error) {
      // Either it was used meanwhile, and the timer moved, or it is still due: then it is tried again.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function timerKey(session: string): string {
  return `${SESSION_EXPIRY} ${session}`;
}

function isAlive(usedMs: bigint, nowMs: number): boolean {
  return nowMs - Number(usedMs) < SESSION_LIFE / 1000;
}

function expiryOf({ usedMs }: AgentSession): number {
  return Number(usedMs) * 1000 + SESSION_LIFE;
}
