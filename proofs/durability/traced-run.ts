import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Sabotage, ServerProcess } from '../crash/server-process.ts';
import { type MarkedCall, Marks } from './marked-writes.ts';
import { readTrace, type SystemCall, straceCommand, tracerOf } from './trace.ts';

/** A server that ran on a folder under strace until it was killed, and what it had acknowledged by then. */
export interface TracedRun {
  readonly calls: readonly MarkedCall[];
  readonly trace: readonly SystemCall[];
  /** The call that failed, if one did; the others were made before it. */
  readonly failure: string | undefined;
}

export interface TracedRunOptions {
  readonly sabotage?: Sabotage | undefined;
  readonly demo?: boolean;
  /** Makes calls, which it files in the order of their replies. */
  readonly work: (server: ServerProcess, marks: Marks, calls: MarkedCall[]) => Promise<void>;
}

/** Whether the system calls of a process can be seen here. */
export function hasStrace(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
}

/** The folder must be in one that is there; the trace is put beside it. */
export async function runTraced(
  folder: string,
  { sabotage, demo = true, work }: TracedRunOptions,
  marks = new Marks(),
): Promise<TracedRun> {
  const file = `${folder}.trace`;
  const calls: MarkedCall[] = [];
  await using server = await ServerProcess.start(folder, {
    preloads: sabotage === undefined ? [] : [sabotage],
    demo,
    under: straceCommand(file),
  });
  const tracer = tracerOf(server.pid);
  let failure: string | undefined;
  try {
    await work(server, marks, calls);
    // Once this is answered, the call that sent the reply before it has returned, and is in the trace.
    await fetch(`http://127.0.0.1:${server.port}/healthz`);
  } catch (error) {
    failure = (error as Error).message;
    // What was acknowledged before may still be on its way to the disk, where it comes late.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  server.kill();
  await server.ends(10_000);
  return { calls, trace: await readTrace(file, tracer), failure };
}

/** The file whose bytes all of this is about. */
export function logOf(folder: string): string {
  return join(folder, 'parley.sqlite-wal');
}
