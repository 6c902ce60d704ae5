import { decodeEntries } from './message-entries.ts';
import { type Row, SqliteConnection, type Statement } from './sqlite-connection.ts';
import {
  asBuffer,
  DEAD_EVENT_COLUMNS,
  EVENT_COLUMNS,
  keyOf,
  namesBelow,
  projectOf,
  REPLY_COLUMNS,
  RESOURCE_COLUMNS,
  TIMER_COLUMNS,
  toDeadEvent,
  toEvent,
  toReply,
  toResource,
  toTimer,
} from './sqlite-rows.ts';
import type {
  DeadEvent,
  EventCount,
  KeptReply,
  MessageRange,
  NamedResource,
  Page,
  PageRange,
  ProjectClock,
  ResourceRange,
  StoredEvent,
  StoredMessage,
  StoredResource,
  StoredSnapshot,
  StoredTimer,
  TimerRange,
} from './store.ts';

/** How many messages are read at first; how many more, their size tells. */
const FIRST_ENTRIES = 128;

/**
 * Everything that is read, on a connection that cannot write. Each method sees what is committed when it is called,
 * and leaves no statement open behind it.
 */
export class SqliteReader {
  readonly #connection: SqliteConnection;
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(file: string) {
    this.#connection = new SqliteConnection(file, { readOnly: true });
    this.#connection.exec('PRAGMA cache_size = -16384');
    this.#statements = prepareStatements(this.#connection);
  }

  get secret(): Uint8Array {
    return this.#statements.secret.get()?.[0] as Uint8Array;
  }

  get(name: string): StoredResource | undefined {
    const row = this.#statements.get.get(...keyOf(name));
    return row === undefined ? undefined : toResource(row);
  }

  getState(name: string): number | undefined {
    return this.#statements.state.get(...keyOf(name))?.[0] as number | undefined;
  }

  list(collection: string, order: 'id' | 'ordering', range: ResourceRange): Page<StoredResource> {
    const rows = order === 'id' ? this.#listById(collection, range) : this.#listInOrder(collection, range);
    const items: StoredResource[] = [];
    let bytes = 0;
    for (const row of rows) {
      if (isFull(items.length, bytes, range)) return { items, more: true };
      const item = toResource(row);
      bytes += item.body.byteLength;
      items.push(item);
    }
    return { items, more: false };
  }

  /** Newest first: the last range first, each from its end. */
  listMessages(conversation: string, range: MessageRange): Page<StoredMessage> | undefined {
    const items: StoredMessage[] = [];
    let bytes = 0;
    for (const [first, last] of (range.createTimes ?? [[0, Number.MAX_SAFE_INTEGER]]).toReversed()) {
      let after = { createTime: last, position: Number.MAX_SAFE_INTEGER };
      if (range.after !== undefined && range.after.createTime <= last) after = range.after;
      if (after.createTime < first) continue;
      for (;;) {
        const wanted = this.#entriesToRead(range, items.length, bytes);
        const read = this.#readEntries(conversation, first, after, wanted);
        for (const message of read) {
          if (isFull(items.length, bytes, range)) return { items, more: true };
          bytes += message.bodyEnd - message.bodyAt;
          items.push(message);
        }
        const next = read.at(-1);
        if (read.length < wanted || next === undefined) break;
        after = next;
      }
    }
    // Where there are messages there is a conversation.
    if (items.length === 0 && this.#numberOf(conversation) === undefined) return undefined;
    return { items, more: false };
  }

  getReply(conversation: string, participant: string, requestId: string): KeptReply | undefined {
    const number = this.#numberOf(conversation);
    const row =
      number === undefined
        ? undefined
        : this.#statements.getReply.get(number, participant, requestId, projectOf(conversation));
    return row === undefined ? undefined : toReply(row);
  }

  listEvents(after: number, limit: number): StoredEvent[] {
    return Array.from(this.#statements.listEvents.iterate(after, limit), toEvent);
  }

  listEventsOf(partition: string, after: number, until: number, limit: number): StoredEvent[] {
    return Array.from(this.#statements.listEventsOf.iterate(partition, after, until, limit), toEvent);
  }

  listEventMessages(
    event: number,
    range: { readonly from: number; readonly limit: number; readonly bytes: number },
  ): Page<StoredMessage> {
    const items: StoredMessage[] = [];
    let bytes = 0;
    for (const [entry] of this.#statements.listEventMessages.iterate(event, range.from, range.limit + 1)) {
      if (isFull(items.length, bytes, range)) return { items, more: true };
      items.push(...decodeEntries(asBuffer(entry as Uint8Array)));
      bytes += (entry as Uint8Array).byteLength;
    }
    return { items, more: false };
  }

  countEvents(): EventCount {
    const [count = 0, bytes = 0] = this.#statements.countEvents.get() ?? [];
    return { count: count as number, bytes: bytes as number };
  }

  listDeadEvents(project: string, range: PageRange<{ readonly id: number }>): Page<DeadEvent> {
    const items: DeadEvent[] = [];
    let bytes = 0;
    const rows = this.#statements.listDeadEvents.iterate(project, range.after?.id ?? 0, range.limit + 1);
    for (const row of rows) {
      if (isFull(items.length, bytes, range)) return { items, more: true };
      const item = toDeadEvent(row);
      bytes += item.data.byteLength + (item.message?.body.byteLength ?? 0);
      items.push(item);
    }
    return { items, more: false };
  }

  getTimer(key: string): StoredTimer | undefined {
    const row = this.#statements.getTimer.get(key);
    return row === undefined ? undefined : toTimer(row);
  }

  dueTimers(until: number, { limit, after, within }: TimerRange): StoredTimer[] {
    const from = [after?.at ?? Number.MIN_SAFE_INTEGER, after?.key ?? ''] as const;
    const { dueTimers, dueTimersWithin } = this.#statements;
    const rows =
      within === undefined
        ? dueTimers.iterate(until, limit, ...from)
        : dueTimersWithin.iterate(until, limit, ...from, within, ...namesBelow(within));
    return Array.from(rows, toTimer);
  }

  nextDue(): number | undefined {
    return this.#statements.nextDue.get()?.[0] as number | undefined;
  }

  listClocks(): ProjectClock[] {
    return Array.from(this.#statements.listClocks.iterate(), ([project, ahead]) => ({
      project: project as string,
      ahead: ahead as number,
    }));
  }

  listSnapshots(project: string, after: string | undefined, limit: number): StoredSnapshot[] {
    const rows = this.#statements.listSnapshots.iterate(project, after ?? '', limit);
    return Array.from(rows, ([id, createTime, messageCount]) => ({
      id: id as string,
      createTime: createTime as number,
      messageCount: messageCount as number,
    }));
  }

  walk(after: string | undefined, limit: number): NamedResource[] {
    const from = after === undefined ? (['', ''] as const) : keyOf(after);
    return Array.from(this.#statements.walk.iterate(...from, limit), ([collection, ...row]) => {
      const resource = toResource(row);
      return { ...resource, name: `${collection}/${resource.id}` };
    });
  }

  close(): void {
    this.#connection.close();
  }

  #listById(collection: string, { after, limit, states }: ResourceRange): Iterable<Row> {
    return this.#statements.listById.iterate(collection, after?.id ?? '', toJson(states), limit + 1);
  }

  /** One state has an index of its own: it may be rare. Of several, one is not. */
  #listInOrder(collection: string, { after, limit, states }: ResourceRange): Iterable<Row> {
    const from = [after?.ordering ?? Number.MAX_SAFE_INTEGER, after?.id ?? ''] as const;
    const [state] = states ?? [];
    return states?.length === 1 && state !== undefined
      ? this.#statements.listOfState.iterate(collection, ...from, state, limit + 1)
      : this.#statements.listInOrder.iterate(collection, ...from, toJson(states), limit + 1);
  }

  #numberOf(conversation: string): number | undefined {
    return this.#statements.number.get(...keyOf(conversation))?.[0] as number | undefined;
  }

  /** One more than fit, so that the last one tells that there is more; but never much more than a page may hold. */
  #entriesToRead({ limit, bytes: bytesMax }: MessageRange, count: number, bytes: number): number {
    const left = limit + 1 - count;
    if (count === 0) return Math.min(left, FIRST_ENTRIES);
    return Math.min(left, 1 + Math.ceil(Math.max(0, bytesMax - bytes) / (bytes / count + 1)));
  }

  #readEntries(
    conversation: string,
    first: number,
    { createTime, position }: { readonly createTime: number; readonly position: number },
    limit: number,
  ): StoredMessage[] {
    const bytes = this.#statements.readEntries.get(
      ...keyOf(conversation),
      first,
      createTime,
      position,
      limit,
    )?.[0];
    if (!(bytes instanceof Uint8Array)) return [];
    return decodeEntries(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}

function isFull(
  count: number,
  bytes: number,
  range: { readonly limit: number; readonly bytes: number },
): boolean {
  return count === range.limit || (count > 0 && bytes > range.bytes);
}

/** A list of states as JSON, so that one statement serves every list; null lets all through. */
function toJson(states: readonly number[] | undefined): string | null {
  return states === undefined ? null : JSON.stringify(states);
}

const IN_STATES = (parameter: string): string =>
  `(${parameter} IS NULL OR state IN (SELECT value FROM json_each(${parameter})))`;

function prepareStatements(connection: SqliteConnection) {
  const prepare = (sql: string): Statement => connection.prepare(sql);
  return {
    secret: prepare(`SELECT value FROM settings WHERE key = 'secret'`),
    state: prepare('SELECT state FROM resources WHERE collection = $1 AND id = $2'),
    get: prepare(`SELECT ${RESOURCE_COLUMNS} FROM resources WHERE collection = $1 AND id = $2`),
    number: prepare('SELECT number FROM resources WHERE collection = $1 AND id = $2 AND number IS NOT NULL'),
    listById: prepare(
      `SELECT ${RESOURCE_COLUMNS} FROM resources
       WHERE collection = $1 AND id > $2 AND ${IN_STATES('$3')} ORDER BY id LIMIT +$4`,
    ),
    listInOrder: prepare(
      `SELECT ${RESOURCE_COLUMNS} FROM resources
       WHERE collection = $1 AND ordering IS NOT NULL AND ordering <= $2 AND (ordering < $2 OR id > $3)
         AND ${IN_STATES('$4')}
       ORDER BY ordering DESC, id LIMIT +$5`,
    ),
    listOfState: prepare(
      `SELECT ${RESOURCE_COLUMNS} FROM resources INDEXED BY resources_by_state
       WHERE collection = $1 AND ordering IS NOT NULL AND ordering <= $2 AND (ordering < $2 OR id > $3)
         AND state = $4
       ORDER BY ordering DESC, id LIMIT +$5`,
    ),
    // Entries may hold any bytes: as texts they are put together without being looked at.
    readEntries: prepare(
      `SELECT CAST(group_concat(CAST(entry AS TEXT), '') AS BLOB) FROM (
         SELECT entry FROM messages
         WHERE conversation = (SELECT number FROM resources WHERE collection = $1 AND id = $2)
           AND create_time >= $3 AND (create_time, position) < ($4, $5)
         ORDER BY create_time DESC, position DESC LIMIT +$6)`,
    ),
    getReply: prepare(
      `SELECT ${REPLY_COLUMNS} FROM replies WHERE conversation = $1 AND participant = $2 AND request_id = $3`,
    ),
    listEvents: prepare(`SELECT ${EVENT_COLUMNS} FROM events WHERE number > $1 ORDER BY number LIMIT +$2`),
    listEventsOf: prepare(
      `SELECT ${EVENT_COLUMNS} FROM events INDEXED BY events_by_partition
       WHERE partition = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT +$4`,
    ),
    listEventMessages: prepare(
      `SELECT m.entry FROM events e JOIN messages m ON m.conversation = e.conversation
         AND m.create_time = e.create_time AND m.position = coalesce(e.position, m.position)
       WHERE e.number = $1 AND m.position >= $2 ORDER BY m.position LIMIT +$3`,
    ),
    countEvents: prepare('SELECT count(*), coalesce(sum(length(data)), 0) FROM events'),
    listDeadEvents: prepare(
      `SELECT ${DEAD_EVENT_COLUMNS} FROM dead_events d LEFT JOIN messages m ON m.conversation = d.conversation
         AND m.create_time = d.create_time AND m.position = d.position
       WHERE d.project = $1 AND d.id > $2 ORDER BY d.id LIMIT +$3`,
    ),
    getTimer: prepare(`SELECT ${TIMER_COLUMNS} FROM timers WHERE key = $1`),
    dueTimers: prepare(
      `SELECT ${TIMER_COLUMNS} FROM timers WHERE due <= $1 AND (due, key) > ($3, $4) ORDER BY due, key LIMIT +$2`,
    ),
    // By due, although there is an index by partition: of those that are due most are asked for.
    dueTimersWithin: prepare(
      `SELECT ${TIMER_COLUMNS} FROM timers INDEXED BY timers_by_due
       WHERE due <= $1 AND (due, key) > ($3, $4) AND (partition = $5 OR (partition > $6 AND partition < $7))
       ORDER BY due, key LIMIT +$2`,
    ),
    nextDue: prepare('SELECT due FROM timers ORDER BY due LIMIT 1'),
    listClocks: prepare('SELECT project, ahead FROM clocks'),
    listSnapshots: prepare(
      `SELECT id, create_time, message_count FROM snapshots WHERE project = $1 AND id > $2
       ORDER BY id LIMIT +$3`,
    ),
    walk: prepare(
      `SELECT collection, ${RESOURCE_COLUMNS} FROM resources WHERE (collection, id) > ($1, $2)
       ORDER BY collection, id LIMIT +$3`,
    ),
  } satisfies Record<string, Statement>;
}
