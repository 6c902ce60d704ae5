import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { ArchiveError } from './findings.ts';
import { toPlainText } from './plain-text.ts';

/** A file of an export. */
export interface ArchiveFile {
  /** Below the archive or folder, with slashes. */
  readonly path: string;
  /** Throws an ArchiveError where it cannot be read. */
  read(): Promise<Uint8Array>;
}

/** How much of an export is read. Dialogflow's own limits for agents fit in several times over. */
export interface ArchiveLimits {
  /** The zip itself. */
  readonly zipBytes: number;
  readonly files: number;
  /** One JSON file, unpacked. */
  readonly fileBytes: number;
  /** All JSON files, unpacked. */
  readonly totalBytes: number;
  /** In all JSON files: texts, numbers, lists and objects, each some hundred bytes in memory. */
  readonly values: number;
  /** How many times larger than packed a file may be. */
  readonly ratio: number;
}

export const LIMITS: ArchiveLimits = {
  zipBytes: 64 * 2 ** 20,
  files: 50_000,
  fileBytes: 32 * 2 ** 20,
  totalBytes: 128 * 2 ** 20,
  values: 4_000_000,
  ratio: 200,
};

/** Small files may shrink by any ratio: what is all alike is not large either. */
const RATIO_MATTERS_FROM = 2 ** 20;

/** How deep a folder is looked into: an agent lies at its top, or in one within. */
const FOLDER_DEPTH = 3;

const UNIX = 3;
const MACOS = 19;
const FILE_TYPE = 0o170000;
const SYMBOLIC_LINK = 0o120000;
const STORED = 0;
const DEFLATED = 8;

/** The files of an export: of a zip, or of a folder or a zip on the disk. Throws an ArchiveError for what is neither. */
export async function listFiles(source: Uint8Array | string, limits: ArchiveLimits): Promise<ArchiveFile[]> {
  if (typeof source !== 'string') return listZip(source, limits);
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(source);
  } catch (cause) {
    throw new ArchiveError([`${source}: ${explain(cause)}`], { cause });
  }
  if (found.isDirectory()) return listFolder(source, limits);
  if (!found.isFile()) throw new ArchiveError([`${source}: is neither a file nor a folder`]);
  if (found.size > limits.zipBytes) throw new ArchiveError([`${source}: ${tooLarge('it', limits.zipBytes)}`]);
  try {
    return await listZip(await readFile(source), limits);
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError([`${source}: ${explain(error)}`], { cause: error });
  }
}

async function listZip(bytes: Uint8Array, limits: ArchiveLimits): Promise<ArchiveFile[]> {
  if (bytes.length > limits.zipBytes) throw new ArchiveError([`the zip: ${tooLarge('it', limits.zipBytes)}`]);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 0) throw new ArchiveError(['the zip is empty']);
  if (buffer.toString('latin1', 0, 2) !== 'PK') throw new ArchiveError(['this is no zip, nor a folder']);
  const entries = new Map<string, Entry>();
  let total = 0;
  let zip: ZipFile;
  try {
    zip = await fromBufferPromise(buffer, { decodeStrings: false });
    if (zip.entryCount > limits.files) {
      throw new ArchiveError([`the zip has more than ${limits.files.toLocaleString('en')} files`]);
    }
    for await (const entry of zip.eachEntry()) {
      const path = nameOf(entry);
      const shown = toPlainText(path);
      const flaw = flawOf(path, entry) ?? (entries.has(path) ? 'is in the zip twice' : undefined);
      if (flaw !== undefined) throw new ArchiveError([`${shown}: ${flaw}`]);
      if (path.endsWith('/')) continue;
      entries.set(path, entry);
      // Nothing else is ever unpacked.
      if (!path.endsWith('.json')) continue;
      const { uncompressedSize: size, compressedSize: packed } = entry;
      if (size > limits.fileBytes) throw new ArchiveError([`${shown}: ${tooLarge('it', limits.fileBytes)}`]);
      if (size > RATIO_MATTERS_FROM && size > packed * limits.ratio) {
        throw new ArchiveError([`${shown}: is more than ${limits.ratio} times larger than it is packed`]);
      }
      total += size;
      if (total > limits.totalBytes) {
        throw new ArchiveError([`the zip: ${tooLarge('what is in it', limits.totalBytes)}`]);
      }
    }
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    throw new ArchiveError([`the zip is broken: ${explain(cause)}`], { cause });
  }
  return [...entries].map(([path, entry]) => ({ path, read: () => unpack(zip, buffer, path, entry) }));
}

/** Names are UTF-8, whether or not that is said. */
function nameOf({ fileNameRaw }: Entry): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fileNameRaw);
  } catch {
    return fileNameRaw.toString('latin1');
  }
}

/** What is wrong with an entry of a zip. Nothing is ever written by the names in it; but what has such names is no export. */
function flawOf(path: string, entry: Entry): string | undefined {
  if (path === '' || path.includes('\0')) return 'a file without a name is in the zip';
  if (path.includes('\\')) return 'has a backslash in its name, where zips have slashes';
  if (path.startsWith('/') || /^[A-Za-z]:/u.test(path)) return 'has an absolute path';
  if (path.split('/').includes('..')) return 'has a path that leads out of the zip';
  const system = entry.versionMadeBy >>> 8;
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  if ((system === UNIX || system === MACOS) && type === SYMBOLIC_LINK) return 'is a symbolic link';
  if (entry.isEncrypted()) return 'is encrypted: export the agent without a password';
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    return `is packed by method ${entry.compressionMethod}, which is not known here`;
  }
  return undefined;
}

async function unpack(zip: ZipFile, buffer: Buffer, path: string, entry: Entry): Promise<Uint8Array> {
  const { uncompressedSize: size, compressedSize: packed } = entry;
  let bytes: Buffer;
  try {
    const { fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const raw = buffer.subarray(start, start + packed);
    bytes =
      entry.compressionMethod === STORED ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw new ArchiveError([`${toPlainText(path)}: is broken in the zip: ${explain(cause)}`], { cause });
  }
  if (bytes.length !== size || crc32(bytes) !== entry.crc32) {
    throw new ArchiveError([`${toPlainText(path)}: is broken in the zip: it is not what was packed`]);
  }
  return bytes;
}

async function listFolder(root: string, limits: ArchiveLimits): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  let total = 0;
  const list = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory()) {
        if (depth < FOLDER_DEPTH) await list(path, depth + 1);
        continue;
      }
      if (files.length >= limits.files) {
        throw new ArchiveError([`${root}: has more than ${limits.files.toLocaleString('en')} files`]);
      }
      const json = path.endsWith('.json');
      if (json && entry.isSymbolicLink()) throw new ArchiveError([`${path}: is a symbolic link`]);
      if (json && entry.isFile()) {
        const { size } = await lstat(join(root, path));
        if (size > limits.fileBytes) throw new ArchiveError([`${path}: ${tooLarge('it', limits.fileBytes)}`]);
        total += size;
        if (total > limits.totalBytes) {
          throw new ArchiveError([`${root}: ${tooLarge('what is in it', limits.totalBytes)}`]);
        }
      }
      files.push({ path, read: () => readFile(join(root, path)) });
    }
  };
  try {
    await list('', 1);
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    throw new ArchiveError([`${root}: ${explain(cause)}`], { cause });
  }
  return files.map(({ path, read }) => ({
    path,
    read: () =>
      read().catch((cause: unknown) => {
        throw new ArchiveError([`${path}: ${explain(cause)}`], { cause });
      }),
  }));
}

function tooLarge(what: string, bytes: number): string {
  return `${what} is larger than ${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 3 })} MiB`;
}

function explain(cause: unknown): string {
  const { message, code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'is not there';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read';
  const [line = ''] = message.split('\n');
  return toPlainText(line, 120);
}
