/**
 * Opens copies of a log that end at some byte. Each must show a prefix of what was acknowledged: everything whose
 * transaction is whole, and nothing else. The server's own store opens as many as there is time for; SQLite alone
 * opens the rest, which must hold the very rows that the store has shown to be that prefix.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SystemClock } from '../../packages/server/src/clock.ts';
import { openSqliteStore } from '../../packages/server/src/storage/sqlite-store.ts';
import {
  type Cut,
  cutsAtBorders,
  cutsAtFields,
  cutsBetween,
  describeCut,
  strideFor,
  writeCut,
} from './cut-copies.ts';
import { stateAfter, stateOf } from './effects.ts';
import { readTransactions, type Transaction } from './log-file.ts';
import type { MarkedCall } from './marked-writes.ts';
import { logOf } from './traced-run.ts';

/** Copies that the store has open at the same time: opening waits for threads to start. */
const IN_FLIGHT = 3;
/** How the time is divided; SQLite alone has the rest. */
const BORDERS_SHARE = 0.35;
const FIELDS_SHARE = 0.2;
const BYTES_SHARE = 0.15;
/** Opened first, to know how long one takes. */
const SAMPLE = 20;

export interface CutsOptions {
  /** The data of a server that was killed. */
  readonly folder: string;
  /** What it had acknowledged, one after the other. */
  readonly calls: readonly MarkedCall[];
  /** Up to where the log had been synced. */
  readonly syncedBytes: number;
  /** About so long it may take. */
  readonly seconds: number;
}

export interface CutsReport {
  readonly logBytes: number;
  readonly transactions: number;
  /** The last record: from where to where, and in how many frames. */
  readonly last: Transaction;
  readonly syncedBytes: number;
  /** How many copies were opened, by who opened them and where they were cut. */
  readonly opened: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
  readonly seconds: number;
}

export async function checkCuts({ folder, calls, syncedBytes, seconds }: CutsOptions): Promise<CutsReport> {
  const bench = new CutBench(folder, calls);
  const { last, transactions } = bench;
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const lastFrame = last.frames.at(-1) ?? last.start;

  const fields = cutsAtFields(last);
  const ofLastFrame = fields.filter(({ at }) => at >= lastFrame);
  await bench.openWithStore('at the last sync', [{ at: syncedBytes, tail: 'nothing' }]);
  await bench.openWithStore('at borders and fields of the last frame', [
    ...ofLastFrame,
    ...cutsAtBorders([{ ...last, frames: [lastFrame] }]),
  ]);
  const spread = async (why: string, cuts: readonly Cut[], share: number): Promise<void> => {
    const stride = strideFor(cuts.length, (seconds * share) / (elapsed() / bench.count));
    await bench.openWithStore(`${why}${strideText(stride)}`, everyNth(cuts, stride));
  };
  const borders = cutsAtBorders(transactions);
  await spread('at borders in all of the log', borders, BORDERS_SHARE);
  await spread('at fields of the last record', fields, FIELDS_SHARE);
  await spread('at bytes of the last record', cutsBetween(last.start, last.end), BYTES_SHARE);

  const left = seconds - elapsed();
  const inLastFrame = cutsBetween(lastFrame, last.end);
  bench.openWithSqlite('at bytes of the last frame', inLastFrame, left);
  bench.openWithSqlite(
    'at bytes of the frames before it, and with zeros or noise behind',
    [
      ...cutsBetween(last.start, lastFrame),
      ...cutsBetween(last.start, last.end, 'zeros'),
      ...cutsBetween(last.start, last.end, 'noise'),
    ],
    seconds - elapsed(),
  );
  bench.clean();
  return {
    logBytes: bench.log.length,
    transactions: transactions.length,
    last,
    syncedBytes,
    opened: bench.opened,
    problems: bench.problems,
    seconds: elapsed(),
  };
}

class CutBench {
  readonly log: Buffer;
  readonly transactions: readonly Transaction[];
  readonly last: Transaction;
  readonly opened = new Map<string, number>();
  readonly problems: string[] = [];
  count = 0;
  readonly #folder: string;
  /** What must be there once so many transactions are. */
  readonly #states: readonly string[];
  readonly #digests = new Map<number, string>();

  constructor(folder: string, calls: readonly MarkedCall[]) {
    this.#folder = folder;
    this.log = readFileSync(logOf(folder));
    this.transactions = readTransactions(this.log);
    const last = this.transactions.at(-1);
    if (last === undefined) throw new Error('the log holds no transaction');
    this.last = last;
    this.#states = statesOf(this.log, this.transactions, calls);
  }

  async openWithStore(why: string, cuts: readonly Cut[]): Promise<void> {
    const queue = cuts.values();
    const work = async (): Promise<void> => {
      for (const cut of queue) await this.#try(cut, (copy, whole) => this.#openWithStore(copy, whole));
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
    this.opened.set(`the store, ${why}`, cuts.length);
  }

  /** As many of the cuts as the time allows; a few of them in any case. */
  openWithSqlite(why: string, cuts: readonly Cut[], seconds: number): void {
    const began = performance.now();
    const elapsed = (): number => (performance.now() - began) / 1000;
    const first = strideFor(cuts.length, SAMPLE);
    const sample = everyNth(cuts, first);
    for (const cut of sample) this.#tryWithSqlite(cut);
    const stride = strideFor(cuts.length, (seconds - elapsed()) / (elapsed() / sample.length));
    const others = stride < first ? everyNth(cuts, stride) : [];
    for (const cut of others) this.#tryWithSqlite(cut);
    const count = Math.max(sample.length, others.length);
    this.opened.set(`SQLite, ${why}${strideText(Math.min(stride, first))}`, count);
  }

  clean(): void {
    rmSync(`${this.#folder}-cuts`, { recursive: true, force: true });
  }

  #copyOf(number: number): string {
    return join(`${this.#folder}-cuts`, String(number));
  }

  #wholeAt({ at }: Cut): number {
    return this.transactions.filter(({ end }) => end <= at).length;
  }

  #tryWithSqlite(cut: Cut): void {
    const copy = this.#copyOf(this.count++);
    const problem = this.#openWithSqlite(writeCut(this.#folder, copy, this.log, cut), this.#wholeAt(cut));
    if (problem !== undefined) this.problems.push(`${describeCut(cut)}: ${problem}`);
    rmSync(copy, { recursive: true });
  }

  async #try(cut: Cut, open: (copy: string, whole: number) => Promise<string | undefined>): Promise<void> {
    const copy = this.#copyOf(this.count++);
    writeCut(this.#folder, copy, this.log, cut);
    let problem: string | undefined;
    try {
      problem = await open(copy, this.#wholeAt(cut));
    } catch (error) {
      problem = `it does not open: ${(error as Error).message}`;
    }
    if (problem !== undefined) this.problems.push(`${describeCut(cut)}: ${problem}`);
    rmSync(copy, { recursive: true });
  }

  /** Answers what is wrong with what the store shows where so many transactions are whole. */
  async #openWithStore(copy: string, whole: number): Promise<string | undefined> {
    const store = await openSqliteStore(copy, new SystemClock());
    const state = await stateOf(store);
    await store.close();
    if (state === this.#states[whole]) return undefined;
    const other = this.#states.indexOf(state);
    if (other >= 0) return `${whole} transactions are whole, and it shows what ${other} made`;
    return `it shows what was never there: ${state.slice(0, 300)}`;
  }

  #openWithSqlite(file: string, whole: number): string | undefined {
    const digest = digestOf(file);
    if (digest === this.#digestAfter(whole)) return undefined;
    return `it does not hold what ${whole} transactions made (${digest})`;
  }

  #digestAfter(whole: number): string {
    const known = this.#digests.get(whole);
    if (known !== undefined) return known;
    const copy = this.#copyOf(this.count++);
    const at = this.transactions[whole - 1]?.end ?? 0;
    const digest = digestOf(writeCut(this.#folder, copy, this.log, { at, tail: 'nothing' }));
    rmSync(copy, { recursive: true });
    this.#digests.set(whole, digest);
    return digest;
  }
}

function everyNth<T>(items: readonly T[], stride: number): T[] {
  return items.filter((_, index) => index % stride === 0);
}

function strideText(stride: number): string {
  return stride === 1 ? ', all' : `, one in ${stride}`;
}

/** By transactions: the calls whose marks these hold. */
function statesOf(log: Buffer, transactions: readonly Transaction[], calls: readonly MarkedCall[]): string[] {
  const homes = calls.map(({ marks }) =>
    transactions.findIndex(({ start, end }) => marks.some((mark) => log.subarray(start, end).includes(mark))),
  );
  const lost = homes.indexOf(-1);
  if (lost >= 0) throw new Error(`${calls[lost]?.what} was acknowledged and is not in the log`);
  return Array.from({ length: transactions.length + 1 }, (_, count) =>
    stateAfter(calls.filter((_, index) => (homes[index] ?? 0) < count).map(({ effect }) => effect)),
  );
}

/** All rows of all tables as one number, or what SQLite says is wrong. */
function digestOf(file: string): string {
  try {
    const database = new DatabaseSync(file);
    database.exec('PRAGMA synchronous = OFF');
    const problem = database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
    const hash = createHash('sha256');
    const tables = database.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name`);
    for (const { name, sql } of tables.all()) {
      hash.update(`${name} ${sql}\n`);
      const rows = database.prepare(`SELECT * FROM "${name}"`);
      rows.setReturnArrays(true);
      for (const row of rows.iterate() as unknown as Iterable<unknown[]>) {
        for (const value of row) hash.update(value instanceof Uint8Array ? value : `${value}|`);
      }
    }
    database.close();
    return problem === 'ok' ? hash.digest('hex') : String(problem);
  } catch (error) {
    return String(error);
  }
}
