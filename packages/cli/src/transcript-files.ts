import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parseTranscript, type Transcript, TranscriptError } from './transcript.ts';

/** Where a transcript stands, and how much of the input is read once it has been reached. */
export interface TranscriptPlace {
  file: string;
  /** From 1. A `.json` file is one transcript, at line 1. */
  line: number;
  /** The size of its text, unpacked. */
  sizeBytes: number;
  /** Bytes of all files read so far, as they lie on the disk: packed bytes for `.gz`. */
  readBytes: number;
}

/** A transcript, or why the one at this place is refused. */
export type TranscriptReading = TranscriptPlace & ({ transcript: Transcript } | { refusal: TranscriptError });

/** How to read: `lineBytesMax` bounds the memory that one transcript may take. */
export interface ReadingOptions {
  signal?: AbortSignal | undefined;
  lineBytesMax?: number;
}

interface FoundFile {
  file: string;
  sizeBytes: number;
  /** Why it, or the folder of that name, cannot be read. */
  error?: unknown;
}

interface Line {
  line: number;
  sizeBytes: number;
  /** Undefined where the line is longer than the limit. */
  bytes: Buffer | undefined;
}

const transcriptName = /\.jsonl?(\.gz)?$/i;
const newline = 0x0a;

/** The most that one transcript may have, unpacked, where nothing else is said. */
export const transcriptBytesMax = 64 * 2 ** 20;

/** Says whether a file name is one that an import reads. */
export function isTranscriptName(name: string): boolean {
  return transcriptName.test(name);
}

/** How many files there are under some paths and how large they are together; throws where a path itself is not there. */
export async function measureTranscripts(
  paths: readonly string[],
): Promise<{ files: number; bytes: number }> {
  let files = 0;
  let bytes = 0;
  for (const path of paths) {
    for await (const found of walk(path)) {
      files++;
      bytes += found.sizeBytes;
    }
  }
  return { files, bytes };
}

/**
 * Every transcript of the files and, recursively, folders given, one after another in a stable order. Files are read as
 * a stream, and no further than the caller has come. What cannot be read is yielded as a refusal; the rest goes on.
 */
export async function* readTranscripts(
  paths: readonly string[],
  options: ReadingOptions = {},
): AsyncGenerator<TranscriptReading> {
  let earlierBytes = 0;
  for (const path of paths) {
    for await (const found of walk(path)) {
      for await (const reading of readFile(found, options)) {
        yield { ...reading, readBytes: earlierBytes + reading.readBytes };
      }
      if (options.signal?.aborted) return;
      earlierBytes += found.sizeBytes;
    }
  }
}

async function* walk(path: string): AsyncGenerator<FoundFile> {
  const { size, isFolder } = await stat(path).then((stats) => ({
    size: stats.size,
    isFolder: stats.isDirectory(),
  }));
  if (isFolder) yield* walkFolder(path);
  else yield { file: path, sizeBytes: size };
}

async function* walkFolder(folder: string): AsyncGenerator<FoundFile> {
  let children: { name: string; isFolder: boolean }[];
  try {
    const listed = await readdir(folder, { withFileTypes: true });
    // Folders that are reached by a link are left out: a link may lead back up.
    children = listed.map((child) => ({ name: child.name, isFolder: child.isDirectory() }));
  } catch (error) {
    yield { file: folder, sizeBytes: 0, error };
    return;
  }
  children.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isFolder } of children) {
    const path = join(folder, name);
    if (isFolder) {
      yield* walkFolder(path);
      continue;
    }
    if (!isTranscriptName(name)) continue;
    try {
      const stats = await stat(path);
      if (stats.isFile()) yield { file: path, sizeBytes: stats.size };
    } catch (error) {
      yield { file: path, sizeBytes: 0, error };
    }
  }
}

async function* readFile(
  { file, error }: FoundFile,
  { signal, lineBytesMax = transcriptBytesMax }: ReadingOptions,
): AsyncGenerator<TranscriptReading> {
  if (error !== undefined) {
    yield { file, line: 1, sizeBytes: 0, readBytes: 0, refusal: unreadable(error) };
    return;
  }
  const name = file.toLowerCase();
  const packed = createReadStream(file);
  // An error of either stream comes out of the loop below; the callback is only there because pipeline wants one.
  const unpacked = name.endsWith('.gz') ? pipeline(packed, createGunzip(), () => {}) : packed;
  const isWhole = /\.json(\.gz)?$/.test(name);
  let line = 1;
  try {
    for await (const found of splitLines(unpacked, { signal, isWhole, lineBytesMax })) {
      line = found.line;
      const place = { file, line, sizeBytes: found.sizeBytes, readBytes: packed.bytesRead };
      const reading = parseLine(found, { isWhole, lineBytesMax });
      if (reading !== undefined) yield { ...place, ...reading };
      line++;
    }
  } catch (cause) {
    yield { file, line, sizeBytes: 0, readBytes: packed.bytesRead, refusal: unreadable(cause) };
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

function parseLine(
  { bytes }: Line,
  { isWhole, lineBytesMax }: { isWhole: boolean; lineBytesMax: number },
): { transcript: Transcript } | { refusal: TranscriptError } | undefined {
  try {
    if (bytes === undefined) {
      const what = isWhole ? 'file' : 'line';
      throw new TranscriptError(
        'too-long',
        `the ${what} is longer than ${lineBytesMax.toLocaleString('en')} bytes`,
      );
    }
    const text = decode(bytes);
    if (text.trim() === '') {
      if (!isWhole) return undefined;
      throw new TranscriptError('not-json', 'the file is empty');
    }
    return { transcript: parseTranscript(text) };
  } catch (error) {
    if (error instanceof TranscriptError) return { refusal: error };
    throw error;
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TranscriptError('unreadable', 'not UTF-8', { cause });
  }
}

/** Cuts a stream at its newlines, or not at all. Of what is over the limit nothing is kept but its length. */
async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  {
    signal,
    isWhole,
    lineBytesMax,
  }: { signal: AbortSignal | undefined; isWhole: boolean; lineBytesMax: number },
): AsyncGenerator<Line> {
  let line = 1;
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  const gather = (part: Buffer) => {
    sizeBytes += part.length;
    if (sizeBytes > lineBytesMax) parts = [];
    else parts.push(part);
  };
  const finish = (): Line => {
    const bytes = sizeBytes > lineBytesMax ? undefined : Buffer.concat(parts);
    const finished = { line: line++, sizeBytes, bytes };
    parts = [];
    sizeBytes = 0;
    return finished;
  };
  for await (const chunk of chunks) {
    if (signal?.aborted) return;
    let start = 0;
    let end = isWhole ? -1 : chunk.indexOf(newline);
    for (; end !== -1; end = chunk.indexOf(newline, start)) {
      gather(chunk.subarray(start, end));
      start = end + 1;
      yield finish();
      if (signal?.aborted) return;
    }
    gather(chunk.subarray(start));
  }
  if (isWhole || sizeBytes > 0) yield finish();
}

function unreadable(cause: unknown): TranscriptError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new TranscriptError('unreadable', `cannot be read: ${detail}`, { cause });
}
