import type { SqliteConnection, Statement } from './sqlite-connection.ts';
import { namesBelow } from './sqlite-rows.ts';
import {
  ConflictError,
  type EventCount,
  type ProjectChange,
  type ProjectState,
  type StoredSnapshot,
} from './store.ts';

interface ClockRow {
  readonly ahead: number;
  readonly floor: number;
  readonly high: number;
}

/**
 * Carries out what is done with a project as a whole. Rows hold times of the system, and are moved when a project's clock
 * is; snapshots hold times of the project, and so are good whenever they are restored.
 */
export class ProjectWriter {
  readonly #statements: ReturnType<typeof prepareStatements>;
  /** Answers the first of so many numbers for conversations that nobody else gets. */
  readonly #takeNumbers: (count: number) => number;
  /** Projects whose create_times may have to be above something: few, so that nobody else has to look. */
  readonly #restored = new Set<string>();

  constructor(connection: SqliteConnection, takeNumbers: (count: number) => number) {
    this.#statements = prepareStatements(connection);
    this.#takeNumbers = takeNumbers;
    for (const [project] of this.#statements.restored.iterate()) this.#restored.add(project as string);
  }

  /** How far a project's clock is ahead of the system's. */
  aheadOf(project: string): number {
    return (this.#statements.clock.get(project)?.[0] as number | undefined) ?? 0;
  }

  /** What the create_times of a project's new messages are above. */
  floorOf(project: string): number {
    return this.#restored.has(project) ? this.#readClock(project).floor : 0;
  }

  /** The events that a project has filed. */
  countEvents(project: string): EventCount {
    const [count, bytes] = this.#statements.countEvents.get(...scopeOf(project)) ?? [];
    return { count: Number(count), bytes: Number(bytes) };
  }

  /** Throws ConflictError where a snapshot is not there. */
  apply(project: string, change: ProjectChange): ProjectState {
    const clock = this.#readClock(project);
    switch (change.kind) {
      case 'advance':
        this.#shift(project, change.by);
        this.#writeClock(project, { ...clock, ahead: clock.ahead + change.by });
        return { ahead: clock.ahead + change.by };
      case 'reset': {
        const high = this.#highest(project, clock, change.at);
        this.#clear(project);
        this.#writeClock(project, { ahead: 0, floor: 0, high });
        return { ahead: 0 };
      }
      case 'save':
        return { ahead: clock.ahead, snapshot: this.#save(project, change.snapshot, clock, change.at) };
      case 'restore': {
        const { number, ...snapshot } = this.#find(project, change.snapshot);
        const high = this.#highest(project, clock, change.at);
        const ahead = snapshot.createTime - change.at;
        this.#clear(project);
        this.#copyBack(number, ahead, change.at);
        this.#writeClock(project, { ahead, floor: high, high });
        return { ahead, snapshot };
      }
      case 'forget':
        this.#forget(this.#find(project, change.snapshot).number);
        return { ahead: clock.ahead };
    }
  }

  #readClock(project: string): ClockRow {
    const [ahead = 0, floor = 0, high = 0] = this.#statements.clock.get(project) ?? [];
    return { ahead: ahead as number, floor: floor as number, high: high as number };
  }

  #writeClock(project: string, { ahead, floor, high }: ClockRow): void {
    this.#statements.setClock.run(project, ahead, floor, high);
    if (floor > 0) this.#restored.add(project);
  }

  #shift(project: string, by: number): void {
    const scope = scopeOf(project);
    this.#statements.shiftTimers.run(...scope, by);
    this.#statements.shiftReplies.run(...scope.slice(1), by);
  }

  /** No create_time of the project was ever later: they follow its clock, or else the one before in a conversation. */
  #highest(project: string, { ahead, high }: ClockRow, at: number): number {
    const last = this.#statements.lastCreateTime.get(...scopeOf(project).slice(1))?.[0];
    return Math.max(high, at + ahead, typeof last === 'number' ? last : 0);
  }

  /** Messages may be many: they are filed to be erased. */
  #clear(project: string): void {
    const statements = this.#statements;
    const scope = scopeOf(project);
    statements.filePurges.run(...scope);
    statements.removeResources.run(...scope);
    statements.removeTimers.run(...scope);
    statements.removeEvents.run(...scope);
    statements.removeDeadEvents.run(project);
  }

  #save(project: string, id: string, { ahead }: ClockRow, at: number): StoredSnapshot {
    const statements = this.#statements;
    const old = statements.find.get(project, id);
    if (old !== undefined) this.#forget(old[0] as number);
    const createTime = at + ahead;
    statements.begin.run(project, id, createTime);
    const number = statements.find.get(project, id)?.[0] as number;
    const scope = scopeOf(project);
    statements.saveResources.run(...scope, number);
    const messageCount = statements.saveMessages.run(number);
    statements.saveSendTimes.run(number);
    statements.saveReplies.run(number, ahead);
    statements.saveTimers.run(...scope, number);
    statements.count.run(number, messageCount);
    return { id, createTime, messageCount };
  }

  /**
   * Conversations get new numbers: what is left of them under the old ones is still being erased. The version is a time
   * in microseconds, and greater than those that were counted up to then: what expects one of those does not meet it.
   */
  #copyBack(snapshot: number, ahead: number, version: number): void {
    const statements = this.#statements;
    const [least, most] = (statements.numbers.get(snapshot) ?? []) as readonly (number | null)[];
    const isEmpty = typeof least !== 'number' || typeof most !== 'number';
    const shift = isEmpty ? 0 : this.#takeNumbers(most - least + 1) - least;
    statements.restoreResources.run(snapshot, shift, version);
    statements.restoreMessages.run(snapshot, shift);
    statements.restoreSendTimes.run(snapshot, shift);
    statements.restoreReplies.run(snapshot, shift, ahead);
    statements.restoreTimers.run(snapshot, ahead);
  }

  #forget(snapshot: number): void {
    for (const forget of this.#statements.forget) forget.run(snapshot);
  }

  #find(project: string, id: string): StoredSnapshot & { readonly number: number } {
    const row = this.#statements.find.get(project, id);
    if (row === undefined) throw new ConflictError(`projects/${project}/snapshots/${id}`);
    const [number, createTime, messageCount] = row as readonly number[];
    return { id, number: number ?? 0, createTime: createTime ?? 0, messageCount: messageCount ?? 0 };
  }
}

/** The name of a project, and what all names below it lie between. */
function scopeOf(project: string): [name: string, after: string, before: string] {
  const name = `projects/${project}`;
  return [name, ...namesBelow(name)];
}

/** For the parameters of `scopeOf`. */
const IN_SCOPE = (column: string): string => `(${column} = $1 OR (${column} > $2 AND ${column} < $3))`;

function prepareStatements(connection: SqliteConnection) {
  const prepare = (sql: string): Statement => connection.prepare(sql);
  const conversationsOf = (snapshot: string): string =>
    `SELECT number FROM snapshot_resources WHERE snapshot = ${snapshot} AND number IS NOT NULL`;
  return {
    clock: prepare('SELECT ahead, floor, high FROM clocks WHERE project = $1'),
    restored: prepare('SELECT project FROM clocks WHERE floor > 0'),
    setClock: prepare(
      `INSERT INTO clocks (project, ahead, floor, high) VALUES ($1, $2, $3, $4)
       ON CONFLICT (project) DO UPDATE SET ahead = excluded.ahead, floor = excluded.floor, high = excluded.high`,
    ),
    shiftTimers: prepare(
      `UPDATE timers SET due = due - $4, ahead = ahead + $4 WHERE ahead IS NOT NULL AND ${IN_SCOPE('partition')}`,
    ),
    shiftReplies: prepare(
      `UPDATE replies SET expires = expires - $3 WHERE conversation IN
         (SELECT number FROM resources WHERE number IS NOT NULL AND collection > $1 AND collection < $2)`,
    ),
    lastCreateTime: prepare(
      `SELECT max((SELECT max(create_time) FROM messages WHERE conversation = number)) FROM resources
       WHERE number IS NOT NULL AND collection > $1 AND collection < $2`,
    ),
    filePurges: prepare(
      `INSERT INTO purges (conversation, number)
       SELECT $1, number FROM resources WHERE number IS NOT NULL AND collection > $2 AND collection < $3`,
    ),
    // An agent lies in the project itself, all else below it.
    removeResources: prepare(`DELETE FROM resources WHERE ${IN_SCOPE('collection')}`),
    removeTimers: prepare(`DELETE FROM timers WHERE ${IN_SCOPE('partition')}`),
    removeDeadEvents: prepare('DELETE FROM dead_events WHERE project = $1'),
    countEvents: prepare(
      `SELECT count(*), coalesce(sum(length(data)), 0) FROM events WHERE ${IN_SCOPE('partition')}`,
    ),
    removeEvents: prepare(`DELETE FROM events WHERE ${IN_SCOPE('partition')}`),

    find: prepare('SELECT number, create_time, message_count FROM snapshots WHERE project = $1 AND id = $2'),
    begin: prepare('INSERT INTO snapshots (project, id, create_time, message_count) VALUES ($1, $2, $3, 0)'),
    count: prepare('UPDATE snapshots SET message_count = $2 WHERE number = $1'),
    saveResources: prepare(
      `INSERT INTO snapshot_resources (snapshot, collection, id, version, state, ordering, number, body)
       SELECT $4, collection, id, version, state, ordering, number, body FROM resources
       WHERE ${IN_SCOPE('collection')}`,
    ),
    saveMessages: prepare(
      `INSERT INTO snapshot_messages (snapshot, conversation, create_time, position, id, entry)
       SELECT $1, conversation, create_time, position, id, entry FROM messages
       WHERE conversation IN (${conversationsOf('$1')})`,
    ),
    saveSendTimes: prepare(
      `INSERT INTO snapshot_send_times
         (snapshot, conversation, participant, send_seconds, send_nanos, create_time, position)
       SELECT $1, conversation, participant, send_seconds, send_nanos, create_time, position FROM send_times
       WHERE conversation IN (${conversationsOf('$1')})`,
    ),
    saveReplies: prepare(
      `INSERT INTO snapshot_replies
         (snapshot, conversation, participant, request_id, expires, response, create_time)
       SELECT $1, conversation, participant, request_id, expires + $2, response, create_time FROM replies
       WHERE conversation IN (${conversationsOf('$1')})`,
    ),
    saveTimers: prepare(
      `INSERT INTO snapshot_timers (snapshot, key, due, kind, partition, data)
       SELECT $4, key, due + ahead, kind, partition, data FROM timers
       WHERE ahead IS NOT NULL AND ${IN_SCOPE('partition')}`,
    ),

    numbers: prepare('SELECT min(number), max(number) FROM snapshot_resources WHERE snapshot = $1'),
    restoreResources: prepare(
      `INSERT INTO resources (collection, id, version, state, ordering, number, body)
       SELECT collection, id, $3, state, ordering, number + $2, body FROM snapshot_resources
       WHERE snapshot = $1`,
    ),
    restoreMessages: prepare(
      `INSERT INTO messages (conversation, create_time, position, id, entry)
       SELECT conversation + $2, create_time, position, id, entry FROM snapshot_messages WHERE snapshot = $1`,
    ),
    restoreSendTimes: prepare(
      `INSERT INTO send_times (conversation, participant, send_seconds, send_nanos, create_time, position)
       SELECT conversation + $2, participant, send_seconds, send_nanos, create_time, position
       FROM snapshot_send_times WHERE snapshot = $1`,
    ),
    restoreReplies: prepare(
      `INSERT INTO replies (conversation, participant, request_id, expires, response, create_time)
       SELECT conversation + $2, participant, request_id, expires - $3, response, create_time FROM snapshot_replies
       WHERE snapshot = $1`,
    ),
    restoreTimers: prepare(
      `INSERT INTO timers (key, due, kind, partition, data, ahead)
       SELECT key, due - $2, kind, partition, data, $2 FROM snapshot_timers WHERE snapshot = $1`,
    ),
    forget: [
      prepare('DELETE FROM snapshots WHERE number = $1'),
      ...['resources', 'messages', 'send_times', 'replies', 'timers'].map((table) =>
        prepare(`DELETE FROM snapshot_${table} WHERE snapshot = $1`),
      ),
    ],
  };
}
