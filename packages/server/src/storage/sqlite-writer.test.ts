import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ChangeWriter, type EncodedChange } from './change-writer.ts';
import { encodeEntries } from './message-entries.ts';
import { migrate } from './migrations.ts';
import { type Row, SqliteConnection, type Statement } from './sqlite-connection.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { SqliteWriter, type WriterReply } from './sqlite-writer.ts';

const CONVERSATION = 'projects/p/conversations/c';

/** SQLite's words and numbers for what goes wrong outside of it. */
const faults = {
  'an I/O error': { errcode: 10, message: 'disk I/O error' },
  'a full disk': { errcode: 13, message: 'database or disk is full' },
} as const;

/** Counts the calls of everything that is opened through it, and has one of them fail. */
class Faults {
  /** Which call fails, counted from 1; none where it is never reached. */
  readonly #at: number;
  readonly #error: { readonly errcode: number; readonly message: string };
  /** Whether the call was carried out nevertheless. */
  readonly #done: boolean;
  /** Until then, calls are not counted. */
  armed = false;
  calls = 0;
  hit = false;

  constructor(at: number, error: { readonly errcode: number; readonly message: string }, done: boolean) {
    this.#at = at;
    this.#error = error;
    this.#done = done;
  }

  around<T>(call: () => T): T {
    if (!this.armed) return call();
    this.calls++;
    const fails = this.calls === this.#at;
    if (fails) this.hit = true;
    if (fails && !this.#done) throw this.#fault();
    const result = call();
    if (fails) throw this.#fault();
    return result;
  }

  #fault(): Error {
    return Object.assign(new Error(this.#error.message), {
      code: 'ERR_SQLITE_ERROR',
      errcode: this.#error.errcode,
    });
  }

  /** The connection, as whoever uses it sees it. */
  wrap(connection: SqliteConnection): SqliteConnection {
    const wrapStatement = (statement: Statement): Statement =>
      ({
        run: (...values: never[]) => this.around(() => statement.run(...values)),
        get: (...values: never[]): Row | undefined => this.around(() => statement.get(...values)),
        iterate: (...values: never[]) => this.around(() => statement.iterate(...values)),
      }) as Statement;
    return {
      prepare: (sql: string) => this.around(() => wrapStatement(connection.prepare(sql))),
      exec: (sql: string) => this.around(() => connection.exec(sql)),
      close: () => this.around(() => connection.close()),
      get inTransaction() {
        return connection.inTransaction;
      },
    } as SqliteConnection;
  }
}

function change(more: Partial<EncodedChange>): EncodedChange {
  return { partition: CONVERSATION, append: [], filed: 1, ...more };
}

function say(...texts: string[]): EncodedChange {
  const entries = encodeEntries(texts.map((text) => ({ participant: 'x', body: Buffer.from(text) })));
  return change({ append: [{ entries, sendTimes: new Float64Array(texts.length * 2).fill(Number.NaN) }] });
}

/** Groups of changes, each with what it does if it is carried out. */
const script: readonly (readonly EncodedChange[])[] = [
  [
    change({
      expect: [{ name: CONVERSATION, absent: true }],
      put: [{ name: CONVERSATION, state: 1, ordering: 1, holdsMessages: true, body: Buffer.from('c') }],
    }),
  ],
  [say('a1', 'a2'), change({ expect: [{ name: CONVERSATION, state: 9 }] }), say('b')],
  [
    change({
      put: [{ name: `${CONVERSATION}/participants/p`, body: Buffer.from('p') }],
      emit: [{ data: Buffer.from('e') }],
    }),
    say('c'),
  ],
  [say('d1', 'd2', 'd3')],
];

describe('SqliteWriter', () => {
  let file: string;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-writer-'));
    file = join(folder, 'parley.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function open(plan: Faults) {
    const connection = new SqliteConnection(file);
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    migrate(connection);
    const seen = plan.wrap(connection);
    return { connection: seen, changes: new ChangeWriter(seen) };
  }

  /** Runs the script, a group at a time, and answers what each change was answered. */
  async function run(plan: Faults): Promise<string[]> {
    const answers = new Map<number, string>();
    let waiting: (() => void) | undefined;
    const hear = (message: WriterReply): void => {
      if ('id' in message) answers.set(message.id, message.kind);
      if (message.kind === 'suspend') setImmediate(() => writer.receive({ kind: 'suspended' }));
      if (message.kind === 'closed' || 'id' in message) waiting?.();
    };
    const writer = new SqliteWriter({
      open: () => open(plan),
      reply: (replies) => replies.forEach(hear),
      retryMs: 1,
    });
    plan.armed = true;
    const wait = async (isOver: () => boolean): Promise<void> => {
      while (!isOver()) {
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
    };
    let id = 0;
    for (const group of script) {
      const first = id;
      for (const each of group) writer.receive({ kind: 'commit', id: id++, change: each, now: 1000 });
      await wait(() => answers.size === first + group.length);
    }
    const closed = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    writer.receive({ kind: 'close' });
    await closed;
    return Array.from({ length: id }, (_, each) => answers.get(each) ?? 'nothing');
  }

  /** What is there after a sound opening. */
  function look(): string[] {
    const connection = new SqliteConnection(file);
    assert.deepEqual(connection.prepare('PRAGMA integrity_check').get(), ['ok']);
    connection.close();
    const reader = new SqliteReader(file);
    try {
      const page = reader.listMessages(CONVERSATION, { limit: 1000, bytes: 1 << 20 });
      const texts = page?.items.map(({ body }) => Buffer.from(body).toString()).toReversed() ?? [];
      const rest = [
        ...(reader.get(CONVERSATION) === undefined ? [] : ['conversation']),
        ...(reader.get(`${CONVERSATION}/participants/p`) === undefined ? [] : ['participant']),
        ...reader.listEvents(0, 10).map(() => 'event'),
      ];
      return [...rest, ...texts];
    } finally {
      reader.close();
    }
  }

  /** What must be there, given what was answered. */
  function expected(answers: readonly string[]): string[] {
    const done = (id: number, ...effects: string[]) => (answers[id] === 'committed' ? effects : []);
    return [
      ...done(0, 'conversation'),
      ...done(4, 'participant', 'event'),
      ...done(1, 'a1', 'a2'),
      ...done(3, 'b'),
      ...done(5, 'c'),
      ...done(6, 'd1', 'd2', 'd3'),
    ];
  }

  it('answers what it did', async () => {
    const answers = await run(new Faults(0, faults['an I/O error'], false));
    assert.deepEqual(answers, [
      'committed',
      'committed',
      'conflict',
      'committed',
      'committed',
      'committed',
      'committed',
    ]);
    assert.deepEqual(look(), expected(answers));
  });

  for (const [title, fault] of Object.entries(faults)) {
    for (const done of [false, true]) {
      it(`has exactly what it acknowledged, whichever call reports ${title}${done ? ' but is carried out' : ''}`, async () => {
        let failures = 0;
        for (let at = 1; ; at++) {
          const plan = new Faults(at, fault, done);
          const answers = await run(plan);
          assert.ok(!answers.includes('nothing'), `call ${at}: ${answers}`);
          assert.deepEqual(look(), expected(answers), `call ${at}: ${answers}`);
          if (answers.includes('failed')) failures++;
          if (!plan.hit) break;
          rmSync(folder, { recursive: true, force: true });
          folder = mkdtempSync(join(tmpdir(), 'parley-writer-'));
          file = join(folder, 'parley.sqlite');
        }
        assert.ok(failures > 10, `${failures} failures`);
      });
    }
  }
});
