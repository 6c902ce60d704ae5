/** SQLite's write-ahead log: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */

export const LOG_NAME = 'parley.sqlite-wal';
export const LOG_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
/** Where the fields of a frame's header begin: page number, pages after the commit, two salts, two checksums. */
export const FRAME_FIELDS = [0, 4, 8, 12, 16, 20] as const;

/** Frames that became part of the database together; where in the log they begin and end. */
export interface Transaction {
  readonly start: number;
  readonly end: number;
  /** Where each frame begins. */
  readonly frames: readonly number[];
}

export function frameBytes(pageSize: number): number {
  return FRAME_HEADER_BYTES + pageSize;
}

export function pageSizeOf(log: Buffer): number {
  return log.readUInt32BE(8);
}

/** The transactions that a log holds: those that it holds wholly, up to where its frames are not of its own salts. */
export function readTransactions(log: Buffer): Transaction[] {
  if (log.length < LOG_HEADER_BYTES) return [];
  const size = frameBytes(pageSizeOf(log));
  const salts = log.subarray(16, 24);
  const transactions: Transaction[] = [];
  let frames: number[] = [];
  for (let at = LOG_HEADER_BYTES; at + size <= log.length; at += size) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    frames.push(at);
    if (!isCommit(log.subarray(at))) continue;
    transactions.push({ start: frames[0] ?? at, end: at + size, frames });
    frames = [];
  }
  return transactions;
}

/** The last frame of a transaction says how many pages the database has from then on. */
export function isCommit(frameHeader: Buffer): boolean {
  return frameHeader.readUInt32BE(4) !== 0;
}
