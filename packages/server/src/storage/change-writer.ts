import { DEAD_EVENTS_MAX } from '../limits.ts';
import { entryOffsets, readIds, setCreateTime } from './message-entries.ts';
import { ProjectWriter } from './project-writer.ts';
import type { SqliteConnection, Statement } from './sqlite-connection.ts';
import { keyOf, namesBelow, projectOf } from './sqlite-rows.ts';
import {
  type Burial,
  type Change,
  ConflictError,
  type Eraser,
  type EventCount,
  type Expectation,
  type NewEvent,
  type ProjectChange,
  type ProjectState,
  type ResourceWrite,
  SERVER_PARTITION,
  type StoredReply,
  type Timer,
} from './store.ts';

/** A change whose lists of messages are encoded, as it is handed from thread to thread. */
export interface EncodedChange extends Omit<Change, 'append'> {
  readonly append: readonly EncodedList[];
  /** When its events are filed: the time of the system, in microseconds. */
  readonly filed: number;
}

export interface EncodedList {
  readonly entries: Uint8Array;
  /** Seconds and nanos of each message; seconds are NaN where it has no send time. Undefined where none has one. */
  readonly sendTimes: Float64Array | undefined;
}

/** What became of a list. */
export interface AppendedList {
  /** Of those messages that were new, which carry it now; undefined where there were none. */
  readonly createTime: number | undefined;
  /** For each ignored message, by its index in the list, the entry of the stored one that it repeats. */
  readonly twins: ReadonlyMap<number, Uint8Array>;
}

export interface Applied {
  readonly appended: readonly AppendedList[];
  readonly left: boolean;
  readonly project?: ProjectState | undefined;
  readonly buried: number;
  /** How many events there are more by what was filed and taken away; undefined where there was nothing of either. */
  readonly events: EventCount | undefined;
}

/**
 * Carries out changes on the connection that owns the write lock. Knows nothing of transactions and threads:
 * whoever calls `apply` makes it atomic and durable.
 */
export class ChangeWriter {
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #projects: ProjectWriter;
  #nextNumber: number;

  constructor(connection: SqliteConnection) {
    this.#statements = prepareStatements(connection);
    this.#projects = new ProjectWriter(connection, (count) => this.#takeNumbers(count));
    this.#nextNumber = 1 + Number(this.#statements.lastNumber.get()?.[0] ?? 0);
  }

  /** `now` in microseconds, by the project's clock. Throws ConflictError where an expectation does not hold. */
  apply(change: EncodedChange, now: number): Applied {
    const { partition } = change;
    for (const expectation of change.expect ?? []) this.#check(expectation);
    const cleared = change.project && this.#eventsClearedBy(projectOf(partition), change.project);
    const project = change.project && this.#changeProject(projectOf(partition), change.project);
    for (const name of change.remove ?? []) this.#statements.remove.run(...keyOf(name));
    for (const write of change.put ?? []) this.#put(write);
    for (const key of change.unschedule ?? []) {
      if (this.#statements.unschedule.run(key) === 0) throw new ConflictError(key);
    }
    const purged = change.purge && this.#purge(partition, change.purge.eraser);
    for (const timer of change.schedule ?? []) this.#schedule(partition, timer);
    let buried = 0;
    for (const burial of change.bury ?? []) buried += this.#bury(partition, burial, now);
    for (const number of change.settle ?? []) {
      if (this.#statements.settle.run(number) === 0) throw new ConflictError(`${partition} event ${number}`);
    }
    const appended = change.append.length === 0 ? [] : this.#appendAll(partition, change.append, now);
    if (change.reply !== undefined) this.#keepReply(partition, change.reply, appended[0]?.createTime, now);
    const left =
      (change.erase !== undefined && this.#erase(change.erase)) ||
      (change.expire !== undefined && this.#expire(change.expire));
    const events = this.#fileEvents(change, appended) ?? purged ?? cleared;
    return { appended, left, buried, events, project };
  }

  #fileEvents(change: EncodedChange, appended: readonly AppendedList[]): EventCount | undefined {
    const { emit, revive, partition, filed } = change;
    if (emit === undefined && revive === undefined) return undefined;
    let count = 0;
    let bytes = 0;
    for (const event of emit ?? []) {
      if (!this.#emit(partition, event, appended, filed)) continue;
      count++;
      bytes += event.data.byteLength;
    }
    for (const id of revive ?? []) {
      const size = this.#statements.deadSize.get(id)?.[0];
      if (typeof size !== 'number') throw new ConflictError(`${partition} dead event ${id}`);
      this.#statements.revive.run(id, filed);
      this.#statements.removeDead.run(id);
      count++;
      bytes += size;
    }
    return count === 0 ? undefined : { count, bytes };
  }

  /** Answers whether there is something to tell. */
  #emit(
    partition: string,
    { data, list, quotes }: NewEvent,
    appended: readonly AppendedList[],
    filed: number,
  ): boolean {
    if (list === undefined) {
      const [conversation, position] = quotes === true ? [this.#numberOf(partition), 0] : [null, null];
      this.#statements.emit.run(partition, data, filed, conversation, null, position);
      return true;
    }
    const createTime = appended[list]?.createTime;
    if (createTime === undefined) return false;
    this.#statements.emit.run(partition, data, filed, this.#numberOf(partition), createTime, null);
    return true;
  }

  /** Answers how many dead events there are more. */
  #bury(partition: string, { number, reason, positions }: Burial, now: number): number {
    const { buryWhole, buryMessages, isFiled, forgetDead } = this.#statements;
    const project = projectOf(partition);
    if (isFiled.get(number) === undefined) throw new ConflictError(`${partition} event ${number}`);
    const buried =
      positions === undefined
        ? buryWhole.run(
            number,
            project,
            now,
            reason,
            this.#statements.number.get(...keyOf(partition))?.[0] ?? null,
          )
        : buryMessages.run(number, project, now, reason, ...positions);
    forgetDead.run(DEAD_EVENTS_MAX);
    return buried;
  }

  #check(expectation: Expectation): void {
    const row = this.#statements.state.get(...keyOf(expectation.name));
    const holds =
      'absent' in expectation
        ? row === undefined
        : row !== undefined &&
          ('version' in expectation ? row[0] === expectation.version : row[1] === expectation.state);
    if (!holds) throw new ConflictError(expectation.name);
  }

  #put(write: ResourceWrite): void {
    const [collection, id] = keyOf(write.name);
    this.#statements.put.run(
      collection,
      id,
      write.state ?? 0,
      write.ordering ?? null,
      write.holdsMessages ? this.#takeNumbers(1) : null,
      write.body,
    );
  }

  /** Rows hold times of the system: that of the project is so much later. */
  #schedule(partition: string, { key, due, bySystem, kind, data }: Timer): void {
    const ahead = bySystem === true ? null : this.#projects.aheadOf(projectOf(partition));
    this.#statements.schedule.run(key, due - (ahead ?? 0), kind, partition, data, ahead);
  }

  #takeNumbers(count: number): number {
    const first = this.#nextNumber;
    this.#nextNumber += count;
    return first;
  }

  #numberOf(conversation: string): number {
    const row = this.#statements.number.get(...keyOf(conversation));
    if (typeof row?.[0] !== 'number') throw new ConflictError(conversation);
    return row[0];
  }

  #keepReply(conversation: string, reply: StoredReply, createTime: number | undefined, now: number): void {
    const { participant, requestId, expires, response } = reply;
    const key = [this.#numberOf(conversation), participant, requestId] as const;
    const ahead = this.#projects.aheadOf(projectOf(conversation));
    if (
      this.#statements.keepReply.run(...key, expires - ahead, response, createTime ?? null, now - ahead) === 0
    ) {
      throw new ConflictError(`${participant} request ${requestId}`);
    }
  }

  #appendAll(partition: string, lists: readonly EncodedList[], now: number): AppendedList[] {
    const conversation = this.#numberOf(partition);
    const earliest = Math.max(now, this.#projects.floorOf(projectOf(partition)) + 1);
    return lists.map((list) => this.#append(partition, conversation, list, earliest));
  }

  /**
   * A create_time is spent only when there is something new: the newest message decides what is later, so
   * pollers never wait for one that was handed out and not used.
   */
  #append(
    name: string,
    conversation: number,
    { entries: bytes, sendTimes }: EncodedList,
    now: number,
  ): AppendedList {
    const { lastCreateTime, claimSendTime, chosenId, append } = this.#statements;
    const last = lastCreateTime.get(conversation)?.[0];
    const createTime = typeof last === 'number' ? Math.max(now, last + 1) : now;
    const twins = new Map<number, Uint8Array>();
    const entries = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const offsets = entryOffsets(entries);
    const count = offsets.length - 1;
    for (let position = 0; position < count; position++) {
      const [start = 0, end = 0] = [offsets[position], offsets[position + 1]];
      const { id, participant } = readIds(entries, start);
      const [seconds = Number.NaN, nanos = 0] = [sendTimes?.[position * 2], sendTimes?.[position * 2 + 1]];
      if (!Number.isNaN(seconds)) {
        const key = [conversation, participant, seconds, nanos] as const;
        if (claimSendTime.run(...key, createTime, position) === 0) {
          twins.set(position, this.#twin(...key));
          continue;
        }
      }
      if (id !== '' && chosenId.get(conversation, id) !== undefined) {
        throw new ConflictError(`${name}/messages/${id}`);
      }
      setCreateTime(entries, start, createTime);
      append.run(conversation, createTime, position, id === '' ? null : id, entries.subarray(start, end));
    }
    return { createTime: twins.size === count ? undefined : createTime, twins };
  }

  #twin(conversation: number, participant: string, seconds: number, nanos: number): Uint8Array {
    const entry = this.#statements.twin.get(conversation, participant, seconds, nanos)?.[0];
    if (!(entry instanceof Uint8Array)) throw new Error('a send time is filed whose message is not there');
    return entry;
  }

  #eventsClearedBy(project: string, change: ProjectChange): EventCount | undefined {
    return 'eraser' in change ? less(this.#projects.countEvents(project)) : undefined;
  }

  #changeProject(project: string, change: ProjectChange): ProjectState {
    const state = this.#projects.apply(project, change);
    if ('eraser' in change) this.#callEraser(change.eraser);
    return state;
  }

  /** Answers how many events there are more, less than none that is. */
  #purge(conversation: string, eraser: Eraser): EventCount | undefined {
    const statements = this.#statements;
    const number = this.#numberOf(conversation);
    statements.filePurge.run(conversation, number);
    statements.removeDeadOf.run(number);
    const [bytes] = statements.bytesQuoting.get(conversation, number) ?? [];
    const count = statements.removeQuoting.run(conversation, number);
    statements.remove.run(...keyOf(conversation));
    // What is named directly below it, and what is below that.
    statements.removeCollection.run(conversation);
    statements.removeBelow.run(...namesBelow(conversation));
    statements.unscheduleAll.run(conversation);
    this.#callEraser(eraser);
    return less({ count, bytes: Number(bytes) });
  }

  #callEraser({ key, kind }: Eraser, due = 0): void {
    this.#statements.schedule.run(key, due, kind, SERVER_PARTITION, new Uint8Array(), null);
  }

  /** Answers whether something is left. */
  #erase({ eraser, limit, next }: NonNullable<Change['erase']>): boolean {
    const statements = this.#statements;
    for (let left = limit; ; ) {
      const filed = statements.nextPurge.get();
      if (filed === undefined) {
        statements.unschedule.run(eraser.key);
        return false;
      }
      if (left <= 0) {
        this.#callEraser(eraser, next);
        return true;
      }
      const [conversation = '', number = 0] = filed;
      for (const erase of [statements.eraseMessages, statements.eraseSendTimes, statements.eraseReplies]) {
        if (left > 0) left -= erase.run(number, left);
      }
      // With something left to spend, nothing of this one is left to erase but that it was filed.
      if (left > 0) left -= statements.endPurge.run(conversation, number);
    }
  }

  #expire({ at, limit }: NonNullable<Change['expire']>): boolean {
    return this.#statements.expireReplies.run(at, limit) === limit;
  }
}

/** What is taken away, as how much more there is. */
function less({ count, bytes }: EventCount): EventCount | undefined {
  return count === 0 ? undefined : { count: -count, bytes: -bytes };
}

function prepareStatements(connection: SqliteConnection) {
  const prepare = (sql: string): Statement => connection.prepare(sql);
  const erase = (table: string, key: string): Statement =>
    prepare(
      `DELETE FROM ${table} WHERE conversation = $1 AND (${key}) IN
         (SELECT ${key} FROM ${table} WHERE conversation = $1 ORDER BY ${key} LIMIT +$2)`,
    );
  return {
    // Those of purged conversations too: what is left of them must not fall to a new one.
    lastNumber: prepare(
      `SELECT max(coalesce((SELECT max(number) FROM resources WHERE number IS NOT NULL), 0),
                  coalesce((SELECT max(conversation) FROM messages), 0),
                  coalesce((SELECT max(number) FROM purges), 0))`,
    ),
    state: prepare('SELECT version, state FROM resources WHERE collection = $1 AND id = $2'),
    number: prepare('SELECT number FROM resources WHERE collection = $1 AND id = $2'),
    remove: prepare('DELETE FROM resources WHERE collection = $1 AND id = $2'),
    removeCollection: prepare('DELETE FROM resources WHERE collection = $1'),
    removeBelow: prepare('DELETE FROM resources WHERE collection > $1 AND collection < $2'),
    // A resource keeps its number and what it is ordered by for as long as it exists.
    put: prepare(
      `INSERT INTO resources (collection, id, version, state, ordering, number, body)
       VALUES ($1, $2, 1, $3, $4, $5, $6)
       ON CONFLICT (collection, id) DO UPDATE
       SET version = resources.version + 1, state = excluded.state, body = excluded.body`,
    ),
    unschedule: prepare('DELETE FROM timers WHERE key = $1'),
    unscheduleAll: prepare('DELETE FROM timers WHERE partition = $1'),
    schedule: prepare(
      `INSERT INTO timers (key, due, kind, partition, data, ahead) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (key) DO UPDATE
       SET due = excluded.due, kind = excluded.kind, data = excluded.data, ahead = excluded.ahead`,
    ),
    // An event of messages has their conversation and time; one that quotes has its conversation, and position 0 and no time;
    // any other has none of these.
    emit: prepare(
      `INSERT INTO events (partition, data, filed, conversation, create_time, position)
       VALUES ($1, $2, $3, $4, $5, $6)`,
    ),
    settle: prepare('DELETE FROM events WHERE number = $1'),
    isFiled: prepare('SELECT 1 FROM events WHERE number = $1'),
    // With the number of its conversation, so that it goes with that; it has none where that is gone already.
    buryWhole: prepare(
      `INSERT INTO dead_events (project, partition, died, reason, number, conversation, position, data)
       SELECT $2, partition, $3, $4, number, $5, position, data FROM events WHERE number = $1`,
    ),
    // An event that was told in part before a crash is told again: what died of it then is dead already.
    buryMessages: prepare(
      `INSERT INTO dead_events (project, partition, died, reason, number, conversation, create_time, position, data)
       SELECT $2, e.partition, $3, $4, e.number, m.conversation, m.create_time, m.position, e.data
       FROM events e JOIN messages m ON m.conversation = e.conversation AND m.create_time = e.create_time
         AND m.position = coalesce(e.position, m.position)
       WHERE e.number = $1 AND m.position BETWEEN $5 AND $6
       ORDER BY m.position
       ON CONFLICT DO NOTHING`,
    ),
    forgetDead: prepare('DELETE FROM dead_events WHERE id <= (SELECT max(id) FROM dead_events) - $1'),
    deadSize: prepare('SELECT length(data) FROM dead_events WHERE id = $1'),
    revive: prepare(
      `INSERT INTO events (partition, data, filed, conversation, create_time, position)
       SELECT partition, data, $2, CASE WHEN position IS NULL THEN NULL ELSE conversation END, create_time, position
       FROM dead_events WHERE id = $1`,
    ),
    removeDead: prepare('DELETE FROM dead_events WHERE id = $1'),
    removeDeadOf: prepare('DELETE FROM dead_events WHERE conversation = $1'),
    // Those of messages hold nothing of them.
    bytesQuoting: prepare(
      `SELECT coalesce(sum(length(data)), 0) FROM events
       WHERE partition = $1 AND conversation = $2 AND create_time IS NULL`,
    ),
    removeQuoting: prepare(
      'DELETE FROM events WHERE partition = $1 AND conversation = $2 AND create_time IS NULL',
    ),
    // One that has expired makes room for the new one.
    keepReply: prepare(
      `INSERT INTO replies (conversation, participant, request_id, expires, response, create_time)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (conversation, participant, request_id) DO UPDATE
       SET expires = excluded.expires, response = excluded.response, create_time = excluded.create_time
       WHERE replies.expires <= $7`,
    ),
    expireReplies: prepare(
      `DELETE FROM replies WHERE (conversation, participant, request_id) IN
         (SELECT conversation, participant, request_id FROM replies WHERE expires <= $1 ORDER BY expires LIMIT +$2)`,
    ),
    lastCreateTime: prepare('SELECT max(create_time) FROM messages WHERE conversation = $1'),
    claimSendTime: prepare(
      `INSERT INTO send_times (conversation, participant, send_seconds, send_nanos, create_time, position)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    ),
    chosenId: prepare('SELECT 1 FROM messages WHERE conversation = $1 AND id = $2'),
    append: prepare(
      'INSERT INTO messages (conversation, create_time, position, id, entry) VALUES ($1, $2, $3, $4, $5)',
    ),
    twin: prepare(
      `SELECT entry FROM messages
       WHERE conversation = $1 AND (create_time, position) =
         (SELECT create_time, position FROM send_times
          WHERE conversation = $1 AND participant = $2 AND send_seconds = $3 AND send_nanos = $4)`,
    ),
    filePurge: prepare('INSERT INTO purges (conversation, number) VALUES ($1, $2)'),
    nextPurge: prepare('SELECT conversation, number FROM purges LIMIT 1'),
    endPurge: prepare('DELETE FROM purges WHERE conversation = $1 AND number = $2'),
    eraseMessages: erase('messages', 'create_time, position'),
    eraseSendTimes: erase('send_times', 'participant, send_seconds, send_nanos'),
    eraseReplies: erase('replies', 'participant, request_id'),
  };
}
