/** The parts of the proof that what was acknowledged outlasts a power cut. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Sabotage } from '../crash/server-process.ts';
import { type CutsReport, checkCuts } from './cuts.ts';
import { LOG_NAME } from './log-file.ts';
import { checkOrder, type OrderReport } from './order.ts';
import { runTraced, type TracedRun } from './traced-run.ts';
import { writeForCuts, writeSingly, writeTogether } from './workloads.ts';

/** Every reply of a write comes after the sync of what it wrote. */
export async function proveOrder(
  root: string,
  sabotage?: Sabotage,
): Promise<{ singly: OrderReport; together: OrderReport }> {
  mkdirSync(root, { recursive: true });
  const singly = await runTraced(join(root, 'singly'), { sabotage, work: writeSingly });
  const together = await runTraced(join(root, 'together'), { sabotage, work: writeTogether });
  return { singly: orderOf(singly), together: orderOf(together) };
}

function orderOf({ trace, calls, failure }: TracedRun): OrderReport {
  const report = checkOrder(trace, calls);
  if (failure !== undefined) report.problems.push(`a call failed: ${failure}`);
  if (calls.length === 0) report.problems.push('no call was made');
  return report;
}

/** Whatever a power cut leaves of the log, a prefix of what was acknowledged is there. */
export async function proveCuts(
  root: string,
  { seconds, lastBatch }: { seconds: number; lastBatch: number },
): Promise<CutsReport> {
  mkdirSync(root, { recursive: true });
  const folder = join(root, 'cuts');
  const { trace, calls, failure } = await runTraced(folder, { work: writeForCuts(lastBatch) });
  if (failure !== undefined) throw new Error(`a call failed: ${failure}`);
  let written = 0;
  let syncedBytes = 0;
  for (const { name, target, offset, data } of trace) {
    if (!target.endsWith(`/${LOG_NAME}`)) continue;
    if (name.startsWith('pwrite')) written = Math.max(written, offset + data.length);
    else if (name === 'fsync' || name === 'fdatasync') syncedBytes = written;
  }
  return checkCuts({ folder, calls, syncedBytes, seconds });
}
