import { crc32 } from 'node:zlib';

/** What is wrong with the bytes of a model. */
export type ModelFileFault =
  /** Something else than a model of this kind. */
  | 'foreign'
  /** Written by another version. */
  | 'version'
  /** Shorter than it was written. */
  | 'truncated'
  /** Altered since it was written. */
  | 'damaged';

/** Bytes that are no model that can be used. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
  readonly fault: ModelFileFault;

  constructor(fault: ModelFileFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

type Numbers = Float32Array | Int32Array | Uint32Array | Int8Array;

/** What a model is made of: a value of JSON, and arrays of numbers by their names. */
export interface ModelParts {
  readonly header: unknown;
  readonly arrays: Readonly<Record<string, Numbers>>;
}

const ARRAYS = { Float32Array, Int32Array, Uint32Array, Int8Array } as const;
type ArrayKind = keyof typeof ARRAYS;

interface ArrayEntry {
  readonly name: string;
  readonly kind: ArrayKind;
  readonly length: number;
}

/**
 * Magic (4 bytes), version, checksum of what follows it, length of the JSON, length of the arrays; JSON; arrays, each
 * from a multiple of 4 bytes on. Numbers are little-endian, as is every machine that Node runs on today.
 */
const PREFIX_BYTES = 20;

/** The bytes of a model of a kind (four letters) and a version. */
export function writeModelFile(kind: string, version: number, { header, arrays }: ModelParts): Uint8Array {
  const entries: ArrayEntry[] = Object.entries(arrays).map(([name, array]) => ({
    name,
    kind: array.constructor.name as ArrayKind,
    length: array.length,
  }));
  const json = Buffer.from(JSON.stringify({ header, arrays: entries }));
  const start = PREFIX_BYTES + aligned(json.byteLength);
  const size = Object.values(arrays).reduce((sum, { byteLength }) => sum + aligned(byteLength), 0);
  const bytes = Buffer.alloc(start + size);
  bytes.write(kind, 0, 4, 'latin1');
  bytes.writeUInt32LE(version, 4);
  bytes.writeUInt32LE(json.byteLength, 12);
  bytes.writeUInt32LE(size, 16);
  json.copy(bytes, PREFIX_BYTES);
  let offset = start;
  for (const array of Object.values(arrays)) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
    offset += aligned(array.byteLength);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
  return bytes;
}

/** The parts of a model of this kind and version; the arrays are copies. Throws ModelFileError. */
export function readModelFile(kind: string, version: number, bytes: Uint8Array): ModelParts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = buffer.toString('latin1', 0, 4);
  if (magic !== kind.slice(0, magic.length))
    throw new ModelFileError('foreign', `this is no model of kind ${kind}`);
  if (buffer.length >= 8 && buffer.readUInt32LE(4) !== version) {
    const found = buffer.readUInt32LE(4);
    throw new ModelFileError('version', `the model has version ${found}, and version ${version} is read`);
  }
  if (buffer.length < PREFIX_BYTES)
    throw new ModelFileError('truncated', 'the model ends within its first bytes');
  const jsonBytes = buffer.readUInt32LE(12);
  const start = PREFIX_BYTES + aligned(jsonBytes);
  const expected = start + buffer.readUInt32LE(16);
  if (buffer.length < expected) {
    throw new ModelFileError('truncated', `the model has ${buffer.length} of ${expected} bytes`);
  }
  if (buffer.length > expected || crc32(buffer.subarray(12)) !== buffer.readUInt32LE(8)) {
    throw new ModelFileError('damaged', 'the model is not as it was written');
  }
  const { header, arrays: entries } = JSON.parse(
    buffer.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + jsonBytes),
  ) as {
    header: unknown;
    arrays: readonly ArrayEntry[];
  };
  const arrays: Record<string, Numbers> = {};
  let offset = start;
  for (const { name, kind: arrayKind, length } of entries) {
    const array = new ARRAYS[arrayKind](length);
    new Uint8Array(array.buffer).set(buffer.subarray(offset, offset + array.byteLength));
    arrays[name] = array;
    offset += aligned(array.byteLength);
  }
  return { header, arrays };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
