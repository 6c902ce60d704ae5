import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Random } from '../../conformance/fuzz/random.ts';

/** Who said what and when: what an import has to keep of an entry. */
export interface Said {
  /** Microseconds since the epoch, as digits. */
  readonly usec: string;
  readonly role: string;
  readonly user: string | undefined;
  readonly text: string;
}

/** A conversation as a file has it, and what has to be there once it is imported. */
export interface Sample {
  readonly id: string;
  readonly line: string;
  readonly said: readonly Said[];
}

interface Entry {
  readonly start_timestamp_usec: number | string;
  readonly role: string;
  readonly user_id?: number | string;
  readonly text: string;
}

/** Reads a conversation in the transcript format in which each entry has a time. */
export function readLine(line: string): Sample {
  const { conversation_id: id, entries } = JSON.parse(line) as { conversation_id: string; entries: Entry[] };
  const said = entries.map(({ start_timestamp_usec, role, user_id, text }) => ({
    usec: String(start_timestamp_usec),
    role: role === 'END_USER' ? 'CUSTOMER' : role,
    user: user_id === undefined ? undefined : String(user_id),
    text,
  }));
  return { id, line, said };
}

/** STAR, from a folder that has it. */
export function readStar(folder: string): Sample[] {
  const packed = readFileSync(join(folder, 'star', 'star.jsonl.gz'));
  return gunzipSync(packed).toString('utf8').trimEnd().split('\n').map(readLine);
}

/** Conversations in all forms that the format has: times that collide, are missing or are strings, users of all kinds. */
export function makeSamples(random: Random, count: number): Sample[] {
  return Array.from({ length: count }, (_, index) => makeSample(random, `made-${index}`));
}

function makeSample(random: Random, id: string): Sample {
  const said: Said[] = [];
  const entries: Partial<Entry>[] = [];
  // Some are longer than a batch.
  const length = random.chance(0.05) ? random.between(301, 700) : random.between(1, 30);
  let usec = 1_600_000_000_000_000 + random.below(1_000_000_000);
  for (let index = 0; index < length; index++) {
    const isTimed = index === 0 || random.chance(0.8);
    // Most stand still: many then share a microsecond.
    usec += isTimed ? random.pick([0, 0, 0, 1, 1_000_000]) : 1;
    const user = random.pick([undefined, '1', '2', 'somebody']);
    const [role, written] = random.pick([
      ['AGENT', 'AGENT'],
      ['AGENT', 'HUMAN_AGENT'],
      ['AUTOMATED_AGENT', 'AUTOMATED_AGENT'],
      ['CUSTOMER', 'CUSTOMER'],
      ['CUSTOMER', 'END_USER'],
    ] as const);
    const text = `${random.pick(['Hello', 'Grüße \u{1f600}', 'two\nlines', '"'])} ${index}`;
    said.push({ usec: String(usec), role, user, text });
    entries.push({
      ...(isTimed ? { start_timestamp_usec: random.chance(0.5) ? usec : String(usec) } : {}),
      text,
      role: written,
      ...(user === undefined
        ? {}
        : { user_id: /^\d/.test(user) && random.chance(0.5) ? Number(user) : user }),
    });
  }
  return { id, line: JSON.stringify({ conversation_id: id, entries }), said };
}
