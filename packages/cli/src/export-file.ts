import { createWriteStream } from 'node:fs';
import { chmod, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { UsageError } from './command-line.ts';

/** Pieces of text or bytes, to be written one after the other. */
export type Pieces = AsyncIterable<string | Uint8Array>;

/** Says whether a name asks for gzip. */
function isPacked(file: string): boolean {
  return /\.gz$/i.test(file);
}

/** Throws a UsageError where a file can never be written: its folder is not there, or it is a folder itself. */
export async function checkExportFile(file: string): Promise<void> {
  const stats = await stat(file).catch(() => undefined);
  if (stats?.isDirectory()) throw new UsageError(`-o ${file}: is a folder`);
  const folder = await stat(dirname(file)).catch(() => undefined);
  if (folder?.isDirectory() !== true) throw new UsageError(`-o ${file}: there is no folder ${dirname(file)}`);
}

/**
 * Writes a file beside the one that is there, syncs it, and puts it in its place: whoever looks sees the old one or the
 * new one, whole. What goes wrong, an abort included, leaves the old one and nothing else. Gzip where the name ends in
 * .gz. A device or a pipe is written to directly.
 */
export async function writeExport(file: string, pieces: Pieces, signal: AbortSignal): Promise<void> {
  // A link stays one: what it leads to is replaced.
  const target = await realpath(file).catch(() => file);
  const old = await stat(target).catch(() => undefined);
  if (old !== undefined && !old.isFile()) {
    await write(createWriteStream(target, { flags: 'w' }), pieces, { signal, packed: isPacked(file) });
    return;
  }
  await removeLeftovers(target);
  const beside = join(dirname(target), `${leftoverStart(target)}${process.pid}.part`);
  try {
    const stream = createWriteStream(beside, { flags: 'wx', flush: true });
    await write(stream, pieces, { signal, packed: isPacked(file) });
    if (old !== undefined) await chmod(beside, old.mode);
    signal.throwIfAborted();
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Writes to a stream that stays open, such as stdout. */
export async function streamExport(stream: Writable, pieces: Pieces, signal: AbortSignal): Promise<void> {
  await pipeline(Readable.from(pieces, { highWaterMark: 1 }), stream, { signal, end: false });
}

async function write(
  stream: Writable,
  pieces: Pieces,
  { signal, packed }: { signal: AbortSignal; packed: boolean },
): Promise<void> {
  const source = Readable.from(pieces, { highWaterMark: 1 });
  if (packed) await pipeline(source, createGzip(), stream, { signal });
  else await pipeline(source, stream, { signal });
}

/** Machines may share a folder; processes are only known by their ids on one of them. */
function leftoverStart(target: string): string {
  return `.${basename(target)}.${hostname()}-`;
}

/** Takes away what exports left here that were killed: those of processes of this machine that are gone. */
async function removeLeftovers(target: string): Promise<void> {
  const start = leftoverStart(target);
  for (const name of await readdir(dirname(target))) {
    const pid = name.startsWith(start) ? /^(\d+)\.part$/.exec(name.slice(start.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dirname(target), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** So that the new name is there after a power cut. Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
