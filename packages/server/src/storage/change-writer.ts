import type { SqliteConnection, Statement } from './sqlite-connection.ts';
import { keyOf, MESSAGE_COLUMNS, toMessage } from './sqlite-rows.ts';
import type { Change, Expectation, NewMessage, ResourceWrite, StoredMessage } from './store.ts';
import { ConflictError } from './store.ts';

/** What the writer knows of an appended list, beyond what the caller sent. */
export interface AppendedList {
  /** Of the messages that were new; undefined where there were none. */
  readonly createTime: number | undefined;
  /** For each ignored message, by its index in the list, the stored one that it repeats. */
  readonly twins: ReadonlyMap<number, StoredMessage>;
}

/**
 * Carries out changes on the connection that owns the write lock. Knows nothing of transactions and threads:
 * whoever calls `apply` makes it atomic and durable.
 */
export class ChangeWriter {
  readonly #statements: ReturnType<typeof prepareStatements>;
  #nextNumber: number;

  constructor(connection: SqliteConnection) {
    this.#statements = prepareStatements(connection);
    const last = (sql: string): number => Number(connection.prepare(sql).get()?.[0] ?? 0);
    // Messages too: those of a purged conversation may still be there, and must not fall to a new one.
    this.#nextNumber =
      1 +
      Math.max(
        last('SELECT max(number) FROM resources WHERE number IS NOT NULL'),
        last('SELECT max(conversation) FROM messages'),
      );
  }

  /** `now` in microseconds. Throws ConflictError where an expectation does not hold. */
  apply(change: Change, now: number): AppendedList[] {
    for (const expectation of change.expect ?? []) this.#check(expectation);
    for (const name of change.remove ?? []) this.#statements.remove.run(...keyOf(name));
    for (const write of change.put ?? []) this.#put(write);
    for (const key of change.unschedule ?? []) {
      if (this.#statements.unschedule.run(key) === 0) throw new ConflictError(key);
    }
    for (const { key, due, kind, data } of change.schedule ?? []) {
      this.#statements.schedule.run(key, due, kind, change.partition, data);
    }
    if (change.append === undefined || change.append.length === 0) return [];
    const conversation = this.#numberOf(change.partition);
    return change.append.map((list) => this.#append(change.partition, conversation, list, now));
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
      write.holdsMessages ? this.#nextNumber++ : null,
      write.body,
    );
  }

  #numberOf(conversation: string): number {
    const row = this.#statements.number.get(...keyOf(conversation));
    if (typeof row?.[0] !== 'number') throw new ConflictError(conversation);
    return row[0];
  }

  /**
   * A create_time is spent only when there is something new: the newest message decides what is later, so
   * pollers never wait for one that was handed out and not used.
   */
  #append(name: string, conversation: number, list: readonly NewMessage[], now: number): AppendedList {
    const { lastCreateTime, claimSendTime, chosenId, append } = this.#statements;
    const last = lastCreateTime.get(conversation)?.[0];
    const createTime = typeof last === 'number' ? Math.max(now, last + 1) : now;
    const twins = new Map<number, StoredMessage>();
    for (const [position, message] of list.entries()) {
      const { sendTime } = message;
      if (sendTime !== undefined) {
        const key = [conversation, message.participant, sendTime.seconds, sendTime.nanos] as const;
        if (claimSendTime.run(...key, createTime, position) === 0) {
          twins.set(position, this.#twin(...key));
          continue;
        }
      }
      if (message.id !== undefined && chosenId.get(conversation, message.id) !== undefined) {
        throw new ConflictError(`${name}/messages/${message.id}`);
      }
      append.run(conversation, createTime, position, message.id ?? null, message.participant, message.body);
    }
    return { createTime: twins.size === list.length ? undefined : createTime, twins };
  }

  #twin(conversation: number, participant: string, seconds: number, nanos: number): StoredMessage {
    const row = this.#statements.twin.get(conversation, participant, seconds, nanos);
    if (row === undefined) throw new Error('a send time is filed whose message is not there');
    return toMessage(row);
  }
}

function prepareStatements(connection: SqliteConnection) {
  const prepare = (sql: string): Statement => connection.prepare(sql);
  return {
    state: prepare('SELECT version, state FROM resources WHERE collection = $1 AND id = $2'),
    number: prepare('SELECT number FROM resources WHERE collection = $1 AND id = $2'),
    remove: prepare('DELETE FROM resources WHERE collection = $1 AND id = $2'),
    // A resource keeps its number and what it is ordered by for as long as it exists.
    put: prepare(
      `INSERT INTO resources (collection, id, version, state, ordering, number, body)
       VALUES ($1, $2, 1, $3, $4, $5, $6)
       ON CONFLICT (collection, id) DO UPDATE
       SET version = resources.version + 1, state = excluded.state, body = excluded.body`,
    ),
    unschedule: prepare('DELETE FROM timers WHERE key = $1'),
    schedule: prepare(
      `INSERT INTO timers (key, due, kind, partition, data) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (key) DO UPDATE SET due = excluded.due, kind = excluded.kind, data = excluded.data`,
    ),
    lastCreateTime: prepare('SELECT max(create_time) FROM messages WHERE conversation = $1'),
    claimSendTime: prepare(
      `INSERT INTO send_times (conversation, participant, send_seconds, send_nanos, create_time, position)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    ),
    chosenId: prepare('SELECT 1 FROM messages WHERE conversation = $1 AND id = $2'),
    append: prepare(
      `INSERT INTO messages (conversation, create_time, position, id, participant, body)
       VALUES ($1, $2, $3, $4, $5, $6)`,
    ),
    twin: prepare(
      `SELECT ${MESSAGE_COLUMNS} FROM messages
       WHERE conversation = $1 AND (create_time, position) =
         (SELECT create_time, position FROM send_times
          WHERE conversation = $1 AND participant = $2 AND send_seconds = $3 AND send_nanos = $4)`,
    ),
  };
}
