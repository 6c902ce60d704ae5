import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type Operation, OperationSchema } from '@parleykit/proto/longrunning';
import { Code, StatusSchema } from '@parleykit/proto/rpc';
import type { Clock } from '../clock.ts';
import { notFound, operationInProgress, ServiceError } from '../errors.ts';
import { createId } from '../ids.ts';
import { OPERATION_LIFE_MAX } from '../limits.ts';
import { type ResourceName, readResourceName } from '../resource-names.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import {
  type Change,
  ConflictError,
  type Expectation,
  type Store,
  type StoredResource,
  type StoredTimer,
  type Timer,
} from '../storage/store.ts';

/** `StoredResource.state` of an operation. */
export const OperationState = { RUNNING: 1, DONE: 2 } as const;

const TIMER_KIND = 'operation';

/** The kind of the timer that every operation has which is done. */
const FORGET = 'forget operation';

/** What happens together with a step of an operation. */
export type Effects = Pick<Change, 'expect' | 'put' | 'remove'>;

/** What an operation comes to: its effects and its response, which are stored together. */
export interface Outcome {
  readonly change: Effects;
  readonly response: Any;
  /** In place of the operation's metadata, where there is more to tell at its end. */
  readonly metadata?: Any;
  /** Called when all of it is on disk, and waited for. A restart in between leaves it out. */
  readonly committed?: () => unknown;
}

/** That an operation came to nothing, and what that changes all the same. An error that is thrown changes nothing. */
export interface Failure extends Omit<Outcome, 'response'> {
  readonly error: ServiceError;
}

/** That something else has to be over first: it is looked at again after so many milliseconds. */
export interface NotYet {
  readonly again: number;
  /** In place of the operation's metadata from then on. */
  readonly metadata?: Any;
}

/** What is done for a kind of operation. It may be tried more than once; only what it returns takes effect. */
export interface Work<Request> {
  readonly run: (request: Request, operation: string) => Promise<Outcome | Failure | NotYet>;
  /** What has to happen where the operation is cancelled. Both are told its canonical name. */
  readonly undo?: (request: Request, operation: string) => Promise<Omit<Outcome, 'response'>>;
}

interface RegisteredWork extends Work<never> {
  readonly request: DescMessage;
}

/** What an operation ends with. */
type Done = Omit<Outcome, 'response'> & { readonly result: Operation['result'] };

/** What lies beside an operation until it is done. */
interface Task {
  readonly kind: string;
  readonly lock: string;
  readonly request: string;
}

/**
 * Long-running operations: rows in the store whose work is done by the schedule, and so continues after a restart.
 * https://google.aip.dev/151
 */
export class OperationRunner {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #works = new Map<string, RegisteredWork>();

  constructor(store: Store, clock: Clock, scheduler: Scheduler) {
    this.#store = store;
    this.#clock = clock;
    this.#scheduler = scheduler;
    scheduler.handle(TIMER_KIND, (timer) => this.#work(timer));
    scheduler.handle(FORGET, (timer) => this.#forget(timer), Number.POSITIVE_INFINITY);
  }

  /**
   * Says what is done for a kind of operation. The kind is stored: it must keep its meaning. `cancelled` is called when
   * one has been cancelled, for work that goes on between two looks. Both are told the operation's canonical name.
   */
  register<Desc extends DescMessage>(
    kind: string,
    request: Desc,
    work: Work<MessageShape<Desc>>['run'] | Work<MessageShape<Desc>>,
  ): void {
    this.#works.set(kind, { request, ...(typeof work === 'function' ? { run: work } : work) });
  }

  /**
   * Stores an operation that is about to be done, and what begins with it. `subject` says what it is about: while one
   * runs, another about the same is ABORTED.
   */
  async start(
    parent: ResourceName,
    kind: string,
    parts: {
      readonly request: MessageShape<DescMessage>;
      readonly metadata: Any;
      readonly subject: string;
      readonly change?: Effects;
    },
  ): Promise<Operation> {
    const work = this.#workOf(kind);
    const { change = {} } = parts;
    const now = this.#clock.now(parent.project);
    const name = parent.child('operations', createId(now));
    const lock = lockKey(parent, parts.subject);
    const request = Buffer.from(toBinary(work.request, parts.request)).toString('base64');
    const operation = create(OperationSchema, { metadata: parts.metadata });
    try {
      await this.#store.commit({
        partition: parent.key,
        expect: [{ name: name.key, absent: true }, { name: lock, absent: true }, ...(change.expect ?? [])],
        put: [
          {
            name: name.key,
            state: OperationState.RUNNING,
            ordering: now,
            body: toBinary(OperationSchema, operation),
          },
          { name: lock, body: Buffer.from(name.key) },
          ...(change.put ?? []),
        ],
        remove: change.remove ?? [],
        schedule: [
          { key: timerKey(name.key), due: now, kind: TIMER_KIND, data: encodeTask({ kind, lock, request }) },
        ],
      });
    } catch (error) {
      if (error instanceof ConflictError && error.resource === lock) throw operationInProgress(parts.subject);
      throw error;
    }
    this.#scheduler.wake();
    operation.name = name.toString();
    return operation;
  }

  /** The canonical name of the operation about a subject that is running; undefined where none is. */
  async findRunning(parent: ResourceName, subject: string): Promise<string | undefined> {
    const lock = await this.#store.get(lockKey(parent, subject));
    return lock && Buffer.from(lock.body).toString();
  }

  /** What a change expects that is not to come while an operation about a subject is running. */
  expectNone(parent: ResourceName, subject: string): Expectation {
    return { name: lockKey(parent, subject), absent: true };
  }

  /** Ends an operation with CANCELLED, unless it is done already: then it stays as it is. */
  async cancel(name: ResourceName): Promise<void> {
    const stored = await this.#store.get(name.key);
    if (stored === undefined) throw notFound('Operation', name.toString());
    const timer = await this.#store.getTimer(timerKey(name.key));
    if (stored.state === OperationState.DONE || timer === undefined) return;
    const error = create(StatusSchema, { code: Code.CANCELLED, message: 'the operation was cancelled' });
    const task = decodeTask(timer.data);
    const work = this.#workOf(task.kind);
    const { committed, ...undone } = (await work.undo?.(requestOf(work, task), name.key)) ?? { change: {} };
    await this.#finish(timer, { result: { case: 'error', value: error }, ...undone });
    await committed?.();
  }

  /** Gives an operation that was done before operations went the timer by which it goes. By its canonical name. */
  async retain(name: string, { state, ordering }: StoredResource): Promise<void> {
    if (state !== OperationState.DONE || (await this.#store.getTimer(forgetKey(name))) !== undefined) return;
    await this.#store.commit({ partition: scopeOf(name), schedule: [forgetTimer(name, ordering ?? 0)] });
  }

  /** Where it was taken away with its project, there is nothing left to do. */
  async #forget({ key, partition }: StoredTimer): Promise<void> {
    const name = key.slice(FORGET.length + 1);
    try {
      await this.#store.commit({ partition, unschedule: [key], remove: [name] });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  async #work(timer: Timer): Promise<void> {
    try {
      const done = await this.#doWork(decodeTask(timer.data), operationKey(timer.key));
      if ('again' in done) {
        await this.#putOff(timer, done);
        return;
      }
      await this.#finish(timer, done);
      await done.committed?.();
    } catch (error) {
      // The timer is either gone, because the operation was ended meanwhile, or still due: it is tried again.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  /** What the work comes to: its outcome, or the error that it ends with. */
  async #doWork(task: Task, operation: string): Promise<Done | NotYet> {
    const work = this.#workOf(task.kind);
    try {
      const outcome = await work.run(requestOf(work, task), operation);
      if ('again' in outcome) return outcome;
      if ('error' in outcome) {
        const { error, ...rest } = outcome;
        return { result: { case: 'error', value: error.toStatus() }, ...rest };
      }
      const { response, ...rest } = outcome;
      return { result: { case: 'response', value: response }, ...rest };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return { result: { case: 'error', value: error.toStatus() }, change: {} };
    }
  }

  #workOf(kind: string): RegisteredWork {
    const work = this.#works.get(kind);
    if (work === undefined) throw new Error(`nobody does operations of kind ${kind}`);
    return work;
  }

  async #putOff(timer: Timer, { again, metadata }: NotYet): Promise<void> {
    const key = operationKey(timer.key);
    const { project = '' } = readResourceName(key) ?? {};
    const operation = create(OperationSchema, metadata && { metadata });
    const told = { name: key, state: OperationState.RUNNING, body: toBinary(OperationSchema, operation) };
    await this.#store.commit({
      partition: scopeOf(key),
      expect: [{ name: key, state: OperationState.RUNNING }],
      put: metadata === undefined ? [] : [told],
      schedule: [{ ...timer, due: this.#clock.now(project) + again * 1000 }],
    });
  }

  async #finish(timer: Timer, { result, change, metadata }: Done): Promise<void> {
    const { lock } = decodeTask(timer.data);
    const key = operationKey(timer.key);
    const stored = await this.#store.get(key);
    if (stored === undefined) throw new ConflictError(key);
    const operation = decodeNamed(OperationSchema, '', stored.body);
    operation.done = true;
    operation.result = result;
    if (metadata !== undefined) operation.metadata = metadata;
    const partition = scopeOf(key);
    const end = this.#clock.now(readResourceName(key)?.project);
    await this.#store.commit({
      partition,
      expect: [{ name: key, state: OperationState.RUNNING }, ...(change.expect ?? [])],
      put: [
        { name: key, state: OperationState.DONE, body: withoutName(OperationSchema, operation) },
        ...(change.put ?? []),
      ],
      remove: [lock, ...(change.remove ?? [])],
      unschedule: [timer.key],
      schedule: [forgetTimer(key, end)],
    });
  }
}

function requestOf({ request }: RegisteredWork, task: Task): never {
  return fromBinary(request, Buffer.from(task.request, 'base64')) as never;
}

function forgetKey(operation: string): string {
  return `${FORGET} ${operation}`;
}

/** `end` in microseconds. */
function forgetTimer(operation: string, end: number): Timer {
  return { key: forgetKey(operation), due: end + OPERATION_LIFE_MAX, kind: FORGET, data: new Uint8Array() };
}

/** Where the operation about a subject is noted for as long as it is running. */
function lockKey(parent: ResourceName, subject: string): string {
  return `${parent.key}/operationSubjects/${subject.replaceAll('/', '~')}`;
}

function timerKey(operation: string): string {
  return `${TIMER_KIND} ${operation}`;
}

/** The project and location of an operation, by its canonical name. */
function scopeOf(operation: string): string {
  return operation.slice(0, operation.lastIndexOf('/operations/'));
}

function operationKey(timer: string): string {
  return timer.slice(TIMER_KIND.length + 1);
}

function encodeTask(task: Task): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(task));
}

function decodeTask(data: Uint8Array): Task {
  return JSON.parse(new TextDecoder().decode(data)) as Task;
}
