/**
 * What a power cut can take although each reply waited for its sync: what the replies rest on was not synced itself.
 */
import { basename, dirname } from 'node:path';
import { LOG_NAME } from './log-file.ts';
import { type MarkedCall, MarkedWriter, Marks } from './marked-writes.ts';
import type { SystemCall } from './trace.ts';
import { runTraced } from './traced-run.ts';

/** The folder must not be there yet, and the one that it is in must. Answers what is missing. */
export async function findGaps(folder: string): Promise<string[]> {
  const marks = new Marks();
  let conversation = '';
  const first = await runTraced(
    folder,
    {
      work: async (server, marks, calls: MarkedCall[]) => {
        const writer = await MarkedWriter.open('gRPC', server, marks, calls);
        conversation = await writer.createConversation();
        await writer.completeConversation(conversation);
      },
    },
    marks,
  );
  // Without --demo, which writes when it starts and so has the log synced.
  const second = await runTraced(
    folder,
    {
      demo: false,
      work: async (server, marks, calls) => {
        const writer = await MarkedWriter.open('gRPC', server, marks, calls);
        await writer.completeConversation(conversation);
      },
    },
    marks,
  );
  return [...gapsInFolders(folder, first.trace), ...gapsInStart(second.trace)];
}

/** A file that was synced is lost all the same with the folder that it is in. */
function gapsInFolders(folder: string, trace: readonly SystemCall[]): string[] {
  const reply = firstReply(trace);
  const made = trace.find(({ name, target }) => name.startsWith('mkdir') && target === folder);
  const log = trace.find(({ name, target }) => name === 'pwrite64' && basename(target) === LOG_NAME);
  const isSynced = (path: string, from: number): boolean =>
    trace.some(
      ({ name, target, begin, end }) => isSync(name) && target === path && begin > from && end < reply,
    );
  const gaps: string[] = [];
  if (made !== undefined && !isSynced(dirname(folder), made.end)) {
    gaps.push('the folder that the server makes for its data is not synced into the folder that it is in');
  }
  if (log !== undefined && !isSynced(folder, log.begin)) {
    gaps.push('the log is not synced into the data folder before the first reply');
  }
  return gaps;
}

/**
 * A kill leaves writes in the log that were never synced. The next start finds them, answers by them, and a write
 * that has been done already is acknowledged without writing anything.
 */
function gapsInStart(trace: readonly SystemCall[]): string[] {
  const reply = firstReply(trace);
  const synced = trace.some(
    ({ name, target, end }) => isSync(name) && basename(target) === LOG_NAME && end < reply,
  );
  if (synced) return [];
  return [
    'a start does not sync the log that it finds: CompleteConversation of a completed conversation is acknowledged, and what it rests on may never have been synced',
  ];
}

function isSync(name: string): boolean {
  return name === 'fsync' || name === 'fdatasync';
}

/** The line at which the first answer with more than the frames of a handshake begins to be sent. */
function firstReply(trace: readonly SystemCall[]): number {
  const reply = trace.find(({ target, data }) => target.includes('->') && data.length > HANDSHAKE_BYTES);
  return reply?.begin ?? Number.NaN;
}

const HANDSHAKE_BYTES = 100;
