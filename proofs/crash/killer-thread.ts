/**
 * A thread of the server that kills it while another one is inside a commit. A commit is over in less than a
 * millisecond, and whoever shares the processors may keep this thread from running for longer: a kill that would
 * come too late is left out, and the next commit is tried a little earlier.
 */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { at, type ControlData, PHASES } from './kill-control.ts';

const { control, mark } = workerData as ControlData;
parentPort?.postMessage('ready');
for (let share = (control[at.share] ?? 0) / 1000; ; share *= 0.9) {
  Atomics.wait(control, at.phase, PHASES.idle);
  const duration = control[at.commitMicroseconds] ?? 0;
  Atomics.store(control, at.phase, PHASES.looking);
  Atomics.notify(control, at.phase);
  // Without sleeping: to be woken takes longer than a commit.
  while (Atomics.load(control, at.phase) === PHASES.looking);
  const end = performance.now() + (duration * share) / 1000;
  while (performance.now() < end);
  if (Atomics.load(control, at.phase) !== PHASES.began) continue;
  writeSync(mark, 'reached');
  process.kill(process.pid, 'SIGKILL');
}
