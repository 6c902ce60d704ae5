/**
 * Whether each acknowledged write was on the disk before its reply left: its marks were written into the log, the
 * log was synced after the last frame of their transaction, and only then the first byte of the reply was sent.
 */
import { basename } from 'node:path';
import { FRAME_HEADER_BYTES, isCommit, LOG_NAME } from './log-file.ts';
import type { MarkedCall } from './marked-writes.ts';
import type { SystemCall } from './trace.ts';

/** Of one acknowledged call: the lines of the trace, in the order in which they must be. */
export interface OrderedCall {
  readonly what: string;
  /** Its last mark came into the log. */
  readonly written: number;
  /** The last frame of that transaction had been written. */
  readonly committed: number;
  readonly syncBegun: number;
  readonly synced: number;
  readonly sent: number;
}

export interface OrderReport {
  readonly calls: OrderedCall[];
  readonly transactions: number;
  readonly syncs: number;
  readonly problems: string[];
}

/** A transaction as it was written: what its frames hold, and the lines of its first and last write. */
interface WrittenTransaction {
  readonly writes: readonly SystemCall[];
  readonly end: number;
}

export function checkOrder(trace: readonly SystemCall[], calls: readonly MarkedCall[]): OrderReport {
  const log = trace.filter(({ target }) => basename(target) === LOG_NAME);
  const transactions = writtenTransactions(log);
  const syncs = log.filter(({ name, result }) => (name === 'fsync' || name === 'fdatasync') && result === 0);
  const replies = repliesOf(trace);
  const report: OrderReport = {
    calls: [],
    transactions: transactions.length,
    syncs: syncs.length,
    problems: [],
  };
  for (const call of calls) {
    const { what, marks } = call;
    const where = marks.map((mark) => transactions.findIndex(({ writes }) => holds(writes, mark)));
    const [first = -1] = where;
    const transaction = transactions[first];
    const sent = replies.get(placeOf(call));
    if (transaction === undefined || where.includes(-1)) {
      report.problems.push(
        `${what} was acknowledged, and ${count(where, -1)} of its marks are not in the log`,
      );
    } else if (new Set(where).size > 1) {
      report.problems.push(`${what} was written in ${new Set(where).size} transactions`);
    } else if (sent === undefined) {
      report.problems.push(`the trace does not show the reply to ${what}`);
    } else {
      const sync = syncs.find(({ begin }) => begin > transaction.end);
      const written = transaction.writes.find((write) => holds([write], marks[0] ?? Buffer.alloc(0)));
      const ordered: OrderedCall = {
        what,
        written: written?.begin ?? Number.NaN,
        committed: transaction.end,
        syncBegun: sync?.begin ?? Number.POSITIVE_INFINITY,
        synced: sync?.end ?? Number.POSITIVE_INFINITY,
        sent,
      };
      report.calls.push(ordered);
      if (ordered.synced >= sent) report.problems.push(`${what}: ${describeOrder(ordered)}`);
    }
  }
  return report;
}

export function describeOrder({ written, committed, syncBegun, synced, sent }: OrderedCall): string {
  const sync = synced === Number.POSITIVE_INFINITY ? 'never synced' : `sync ${syncBegun}-${synced}`;
  return `log written ${written}-${committed}, ${sync}, reply sent ${sent}`;
}

/** Splits what was written into the log at the frames that commit. */
function writtenTransactions(log: readonly SystemCall[]): WrittenTransaction[] {
  const transactions: WrittenTransaction[] = [];
  let writes: SystemCall[] = [];
  let commits = false;
  for (const call of log) {
    if (!call.name.startsWith('pwrite')) continue;
    writes.push(call);
    // SQLite writes a frame in two calls: its header, then the page.
    if (call.data.length === FRAME_HEADER_BYTES) commits = isCommit(call.data);
    else if (commits) {
      transactions.push({ writes, end: call.end });
      writes = [];
      commits = false;
    }
  }
  return transactions;
}

function holds(writes: readonly SystemCall[], mark: Buffer): boolean {
  return writes.some(({ data }) => data.includes(mark));
}

function placeOf({ port, stream }: { port: number; stream: number | undefined }): string {
  return stream === undefined ? `${port}` : `${port} stream ${stream}`;
}

/** The line at which the first byte of each reply began to be sent, by the client's port and the stream. */
function repliesOf(trace: readonly SystemCall[]): Map<string, number> {
  const replies = new Map<string, number>();
  const sends = Map.groupBy(
    trace.filter(({ target, result }) => target.includes('->') && result > 0),
    ({ target }) => Number(/:(\d+)$/u.exec(target)?.[1]),
  );
  for (const [port, calls] of sends) {
    const bytes = Buffer.concat(calls.map(({ data }) => data));
    if (bytes.subarray(0, 5).toString('latin1') === 'HTTP/') {
      replies.set(placeOf({ port, stream: undefined }), calls[0]?.begin ?? 0);
      continue;
    }
    for (const { stream, at } of headerFrames(bytes)) {
      const place = placeOf({ port, stream });
      if (!replies.has(place)) replies.set(place, lineAt(calls, at));
    }
  }
  return replies;
}

/** Where each HEADERS frame of HTTP/2 begins: https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
function* headerFrames(bytes: Buffer): Generator<{ stream: number; at: number }> {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === 1) yield { stream: bytes.readUInt32BE(at + 5), at };
  }
}

/** Which call sent a byte of what all of them sent. */
function lineAt(calls: readonly SystemCall[], at: number): number {
  let sent = 0;
  for (const { data, begin } of calls) {
    sent += data.length;
    if (at < sent) return begin;
  }
  return Number.NaN;
}

function count(numbers: readonly number[], wanted: number): number {
  return numbers.filter((number) => number === wanted).length;
}
