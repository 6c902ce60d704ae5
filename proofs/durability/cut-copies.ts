/** What a power cut can leave of the log: copies of it that end, or turn into something else, at some byte. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../conformance/fuzz/random.ts';
import {
  FRAME_FIELDS,
  FRAME_HEADER_BYTES,
  LOG_HEADER_BYTES,
  LOG_NAME,
  type Transaction,
} from './log-file.ts';

export const DATABASE_NAME = 'parley.sqlite';

export interface Cut {
  /** Bytes of the log that are left. */
  readonly at: number;
  /** What stands behind: nothing, or what a file system shows that had kept the length of a file but not its bytes. */
  readonly tail: 'nothing' | 'zeros' | 'noise';
}

export function describeCut({ at, tail }: Cut): string {
  return tail === 'nothing' ? `cut at byte ${at}` : `cut at byte ${at} with ${tail} behind`;
}

/** Copies the database with what is left of its log; answers the database's file. */
export function writeCut(folder: string, copy: string, log: Buffer, cut: Cut): string {
  mkdirSync(copy, { recursive: true });
  copyFileSync(join(folder, DATABASE_NAME), join(copy, DATABASE_NAME));
  writeFileSync(join(copy, LOG_NAME), cutLog(log, cut));
  return join(copy, DATABASE_NAME);
}

function cutLog(log: Buffer, { at, tail }: Cut): Buffer {
  if (tail === 'nothing') return log.subarray(0, at);
  const bytes = Buffer.from(log);
  if (tail === 'zeros') return bytes.fill(0, at);
  bytes.set(new Random(at, 0).bytes(log.length - at), at);
  return bytes;
}

/** Where each frame's header and page begin, in all of a log, and an empty and an unfinished log. */
export function cutsAtBorders(transactions: readonly Transaction[]): Cut[] {
  const frames = transactions.flatMap((transaction) => transaction.frames);
  const inside = frames.flatMap((at) => [at, at + FRAME_HEADER_BYTES]);
  const end = transactions.at(-1)?.end ?? LOG_HEADER_BYTES;
  return [0, LOG_HEADER_BYTES / 2, ...inside, end].map((at) => ({ at, tail: 'nothing' }));
}

/** Before and inside of every field of the headers of a record's frames. */
export function cutsAtFields({ frames }: Transaction): Cut[] {
  return frames.flatMap((frame) =>
    FRAME_FIELDS.flatMap((field) => [frame + field, frame + field + 2]).map(
      (at): Cut => ({ at, tail: 'nothing' }),
    ),
  );
}

/** At every byte from one to before another. */
export function cutsBetween(start: number, end: number, tail: Cut['tail'] = 'nothing'): Cut[] {
  return Array.from({ length: end - start }, (_, index) => ({ at: start + index, tail }));
}

/** The least stride at which so many cuts suffice. */
export function strideFor(bytes: number, cuts: number): number {
  return Math.max(1, Math.ceil(bytes / Math.max(1, cuts)));
}
