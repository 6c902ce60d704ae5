import { create } from '@bufbuild/protobuf';
import {
  type Administration,
  type DeadLetter,
  DeadLetterSchema,
  type ListDeadLettersRequest,
  ListDeadLettersResponseSchema,
  type ReplayDeadLettersRequest,
  ReplayDeadLettersResponseSchema,
} from '@parleykit/proto/admin';
import { type Clock, toTimestamp } from '../clock.ts';
import { fieldInvalid, notFound } from '../errors.ts';
import { PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../limits.ts';
import { decodeFiled } from '../notification/outgoing-event.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { ConflictError, type DeadEvent, type Store } from '../storage/store.ts';
import { decide } from './decide.ts';
import { Pagination } from './pagination.ts';

/** How many are filed again in one go. */
const REPLAY_PAGE = { limit: PAGE_SIZE_MAX, bytes: PAGE_BYTES_MAX };

/** The part of parley.admin.v1.Administration that is about events which could not be delivered. */
export class DeadLettersService implements ServiceHandlers<typeof Administration> {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The dead letters of a project, in the order in which they died. */
  async listDeadLetters(request: ListDeadLettersRequest, { resource: parent }: CallContext) {
    const pagination = new Pagination<{ readonly id: number }>(
      this.#store.secret,
      `${parent.key}/deadLetters`,
    );
    const { items, more } = await this.#store.listDeadEvents(parent.project, pagination.read(request));
    const last = items.at(-1);
    return create(ListDeadLettersResponseSchema, {
      deadLetters: items.map((item) => toDeadLetter(parent, item)),
      nextPageToken: more && last !== undefined ? pagination.tokenAfter({ id: last.id }) : '',
    });
  }

  /** Files dead letters as events again, all of them or none; without names those that the project has by now. */
  async replayDeadLetters({ names }: ReplayDeadLettersRequest, call: CallContext) {
    const { resource: parent } = call;
    const ids = readIds(names, parent);
    const replayed =
      ids.length === 0
        ? await this.#replayAll(parent, call)
        : await decide(call, async () => this.#revive(await this.#find(ids, parent)));
    return create(ReplayDeadLettersResponseSchema, { replayed });
  }

  /** What dies while this goes on is left alone: it may be the same again. */
  async #replayAll({ project }: ResourceName, call: CallContext): Promise<number> {
    const started = this.#clock.now(project);
    let replayed = 0;
    for (;;) {
      call.signal.throwIfAborted();
      const { items } = await this.#store.listDeadEvents(project, REPLAY_PAGE);
      const old = items.filter(({ died }) => died <= started);
      if (old.length === 0) return replayed;
      try {
        replayed += await this.#revive(old);
      } catch (error) {
        // Somebody else has had one of them told again.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  async #find(ids: readonly number[], parent: ResourceName): Promise<DeadEvent[]> {
    return Promise.all(
      ids.map(async (id) => {
        const range = { after: { id: id - 1 }, limit: 1, bytes: 0 };
        const [found] = (await this.#store.listDeadEvents(parent.project, range)).items;
        if (found?.id !== id)
          throw notFound('DeadLetter', parent.child('deadLetters', String(id)).toString());
        return found;
      }),
    );
  }

  async #revive(events: readonly DeadEvent[]): Promise<number> {
    const [first] = events;
    if (first === undefined) return 0;
    const revive = events.map(({ id }) => id).toSorted((one, other) => one - other);
    await this.#store.commit({ partition: projectOf(first), revive });
    return events.length;
  }
}

function projectOf({ partition }: DeadEvent): string {
  return partition.split('/', 2).join('/');
}

function readIds(names: readonly string[], parent: ResourceName): number[] {
  if (names.length > PAGE_SIZE_MAX) throw fieldInvalid('names', `holds more than ${PAGE_SIZE_MAX} names`);
  const ids = names.map((text, index) => {
    const field = `names[${index}]`;
    const name = parseResourceName(field, text, 'deadLetters/*');
    if (name.parent.key !== parent.key) throw fieldInvalid(field, 'belongs to another project');
    if (!/^[1-9]\d{0,14}$/u.test(name.id)) throw notFound('DeadLetter', text);
    return Number(name.id);
  });
  return [...new Set(ids)];
}

function toDeadLetter(parent: ResourceName, dead: DeadEvent): DeadLetter {
  const { id, topic, publishTime, event, assistantEvent } = decodeFiled(dead, dead.message);
  return create(DeadLetterSchema, {
    name: parent.child('deadLetters', String(dead.id)).toString(),
    eventId: id,
    topic,
    ...(assistantEvent === undefined ? { event } : { humanAgentAssistantEvent: assistantEvent }),
    publishTime: toTimestamp(publishTime),
    deadTime: toTimestamp(dead.died),
    reason: dead.reason,
  });
}
