import { createHash } from 'node:crypto';

/** Who speaks, in the words of the API. */
export type SpeakerRole = 'HUMAN_AGENT' | 'AUTOMATED_AGENT' | 'END_USER';

/** Whoever spoke. */
export interface Speaker {
  role: SpeakerRole;
  /** As the transcript names them; undefined where it names nobody. */
  userId: string | undefined;
}

/** One utterance, ready to be stored. */
export interface TranscriptEntry extends Speaker {
  text: string;
  /** Nanoseconds since the epoch; no two entries of one speaker in a transcript share one. */
  sendTimeNs: bigint;
}

/** One conversation of an import file. The same text gives the same value on every machine, on every run. */
export interface Transcript {
  /** Legal as a conversation_id. */
  id: string;
  /** The id that the file gave, where it was not legal and `id` stands for it. */
  replacedId: string | undefined;
  entries: readonly TranscriptEntry[];
  /** How many entries came without a time and got one here. */
  derivedTimes: number;
  /** How many entries are stored under a later microsecond, as a thousand others of their speaker fill their own. */
  movedTimes: number;
  /** The keys that have no place in the API, with how often each was met; those of entries start with `entries[].`. */
  notKept: ReadonlyMap<string, number>;
}

/** What can be wrong with a transcript; `unreadable` is about the bytes, the others about what they say. */
export type TranscriptFault =
  | 'unreadable'
  | 'too-long'
  | 'not-json'
  | 'not-an-object'
  | 'bad-id'
  | 'no-entries'
  | 'bad-entry'
  | 'bad-time';

/** A transcript that is refused as a whole. The message is one line for the person who runs the import. */
export class TranscriptError extends Error {
  override readonly name = 'TranscriptError';
  readonly fault: TranscriptFault;

  constructor(fault: TranscriptFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

interface RawEntry extends Speaker {
  text: string;
  timeUs: bigint | undefined;
}

interface TimedEntry extends RawEntry {
  timeUs: bigint;
}

const roles: ReadonlyMap<string, SpeakerRole> = new Map([
  ['AGENT', 'HUMAN_AGENT'],
  ['HUMAN_AGENT', 'HUMAN_AGENT'],
  ['AUTOMATED_AGENT', 'AUTOMATED_AGENT'],
  ['CUSTOMER', 'END_USER'],
  ['END_USER', 'END_USER'],
]);

const legalId = /^[a-zA-Z][a-zA-Z0-9_-]{2,63}$/;
const conversationKeys: ReadonlySet<string> = new Set(['conversation_id', 'entries']);
const entryKeys: ReadonlySet<string> = new Set(['role', 'user_id', 'text', 'start_timestamp_usec']);
const wholeNumberKeys: ReadonlySet<string> = new Set(['conversation_id', 'user_id', 'start_timestamp_usec']);

/** The limit of Participant.obfuscated_external_user_id. */
const userIdLengthMax = 256;

// The years 1 to 9999, which is what a google.protobuf.Timestamp can hold.
const earliestUs = -62_135_596_800_000_000n;
const latestUs = 253_402_300_799_999_999n;

const year2000Us = 946_684_800_000_000n;
const yearSeconds = 31_536_000n;

/** Reads one conversation in the CCAI transcript format; throws a TranscriptError for one that cannot be taken whole. */
export function parseTranscript(json: string): Transcript {
  const conversation = parseJson(json);
  if (!isObject(conversation)) throw new TranscriptError('not-an-object', 'not a JSON object');
  const notKept = new Map<string, number>();
  countForeignKeys(conversation, { known: conversationKeys, prefix: '', counts: notKept });
  const given = readId(conversation['conversation_id']);
  const list = conversation['entries'];
  if (!Array.isArray(list) || list.length === 0) throw new TranscriptError('no-entries', 'no entries');
  const raw = list.map((entry: unknown, index) => readEntry(entry, index + 1, notKept));
  const isLegal = given !== undefined && legalId.test(given);
  const timed = deriveTimes(raw);
  const entries = separateTimes(timed);
  return {
    id: isLegal ? given : hashId(given, raw),
    replacedId: isLegal ? undefined : given,
    entries,
    derivedTimes: raw.filter((entry) => entry.timeUs === undefined).length,
    movedTimes: entries.filter(
      ({ sendTimeNs }, index) => sendTimeNs >= ((timed[index]?.timeUs ?? 0n) + 1n) * 1_000n,
    ).length,
    notKept,
  };
}

/** Tells two speakers apart: one user_id in two roles is two participants, as the API gives each one role. */
export function speakerKey({ role, userId }: { role: string | number; userId: string | undefined }): string {
  return `${role} ${userId ?? ''}`;
}

type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

function parseJson(json: string): unknown {
  try {
    // The declared type of JSON.parse does not know the source text, which Node hands to the reviver.
    return (JSON.parse as ParseWithSource)(json, (key, value, { source }) =>
      typeof value === 'number' && wholeNumberKeys.has(key) ? exactNumber(value, source) : value,
    );
  } catch (cause) {
    if (cause instanceof RangeError) throw new TranscriptError('not-json', 'nested too deeply', { cause });
    const detail = cause instanceof Error ? cause.message.replace(/ \(line \d+ column \d+\)$/, '') : '';
    throw new TranscriptError('not-json', `not JSON: ${detail}`, { cause });
  }
}

/** An int64 as its digits: the number that JSON.parse made of them is only exact up to 2^53. */
function exactNumber(value: number, source: string | undefined): string {
  return source !== undefined && /^-?\d+$/.test(source) ? source : String(value);
}

function readId(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new TranscriptError('bad-id', 'conversation_id is not a string');
  return value.toWellFormed();
}

function readEntry(entry: unknown, position: number, notKept: Map<string, number>): RawEntry {
  const at = `entry ${position}`;
  if (!isObject(entry)) throw new TranscriptError('bad-entry', `${at}: not a JSON object`);
  countForeignKeys(entry, { known: entryKeys, prefix: 'entries[].', counts: notKept });
  const { role: roleName, text } = entry;
  if (roleName === undefined || roleName === null) throw new TranscriptError('bad-entry', `${at}: no role`);
  const role = typeof roleName === 'string' ? roles.get(roleName.toUpperCase()) : undefined;
  if (role === undefined) throw new TranscriptError('bad-entry', `${at}: unknown role ${quote(roleName)}`);
  if (text === undefined || text === null) throw new TranscriptError('bad-entry', `${at}: no text`);
  if (typeof text !== 'string') throw new TranscriptError('bad-entry', `${at}: text is not a string`);
  if (text === '') throw new TranscriptError('bad-entry', `${at}: empty text`);
  return {
    role,
    userId: readUserId(entry['user_id'], at),
    // A lone surrogate has no UTF-8 form. Replaced here, what is sent is what comes back.
    text: text.toWellFormed(),
    timeUs: readTime(entry['start_timestamp_usec'], at),
  };
}

function readUserId(value: unknown, at: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') {
    throw new TranscriptError('bad-entry', `${at}: user_id is neither a string nor a number`);
  }
  if (value.length > userIdLengthMax && [...value].length > userIdLengthMax) {
    throw new TranscriptError('bad-entry', `${at}: user_id is longer than ${userIdLengthMax} characters`);
  }
  return value.toWellFormed();
}

function readTime(value: unknown, at: string): bigint | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) {
    throw new TranscriptError(
      'bad-time',
      `${at}: start_timestamp_usec ${quote(value)} is not a whole number`,
    );
  }
  const timeUs = BigInt(value);
  if (timeUs < earliestUs || timeUs > latestUs) {
    throw new TranscriptError(
      'bad-time',
      `${at}: start_timestamp_usec ${value} is not in the years 1 to 9999`,
    );
  }
  return timeUs;
}

/** An entry without a time is one microsecond after the entry before; those at the start lead up to the first time. */
function deriveTimes(entries: readonly RawEntry[]): TimedEntry[] {
  const firstTimed = entries.findIndex((entry) => entry.timeUs !== undefined);
  const firstUs = entries[firstTimed]?.timeUs;
  let lastUs = firstUs === undefined ? inventTime(entries[0]) : firstUs - BigInt(firstTimed) - 1n;
  return entries.map((entry) => {
    lastUs = entry.timeUs ?? lastUs + 1n;
    return { ...entry, timeUs: lastUs };
  });
}

/**
 * A time for a transcript that has none: some second of the year 2000, so that nobody takes it for the real one.
 * Only the first entry decides it, so that a transcript that has grown since still meets what is stored.
 */
function inventTime(first: RawEntry | undefined): bigint {
  const digest = hash('time', [first?.role, first?.userId, first?.text]);
  return year2000Us + (BigInt(`0x${digest.slice(0, 12)}`) % yearSeconds) * 1_000_000n;
}

/**
 * The server takes two messages of one participant at one time for one. Entries of one speaker that share a
 * microsecond are therefore a nanosecond apart, counted in file order, which is the same on every run.
 */
function separateTimes(entries: readonly TimedEntry[]): TranscriptEntry[] {
  const takenBySpeaker = new Map<string, { times: Set<bigint>; nextOf: Map<bigint, bigint> }>();
  return entries.map(({ role, userId, text, timeUs }) => {
    const speaker = speakerKey({ role, userId });
    const taken = takenBySpeaker.get(speaker) ?? {
      times: new Set<bigint>(),
      nextOf: new Map<bigint, bigint>(),
    };
    takenBySpeaker.set(speaker, taken);
    let sendTimeNs = taken.nextOf.get(timeUs) ?? timeUs * 1_000n;
    // Only a thousand fit into a microsecond: what comes after them runs on into the next, where others may be.
    while (taken.times.has(sendTimeNs)) sendTimeNs++;
    taken.times.add(sendTimeNs);
    taken.nextOf.set(timeUs, sendTimeNs + 1n);
    return { role, userId, text, sendTimeNs };
  });
}

function hashId(given: string | undefined, entries: readonly RawEntry[]): string {
  const digest =
    given === undefined
      ? hash(
          'entries',
          ...entries.map(({ role, userId, text, timeUs }) => [role, userId, text, timeUs?.toString()]),
        )
      : hash('id', given);
  return `t-${digest.slice(0, 32)}`;
}

function hash(...parts: readonly unknown[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(`${JSON.stringify(part)}\n`);
  return sum.digest('hex');
}

function countForeignKeys(
  object: Record<string, unknown>,
  { known, prefix, counts }: { known: ReadonlySet<string>; prefix: string; counts: Map<string, number> },
): void {
  for (const key of Object.keys(object)) {
    if (!known.has(key)) counts.set(prefix + key, (counts.get(prefix + key) ?? 0) + 1);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A foreign value inside a message: in JSON, and no longer than a line can bear. */
function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
