/**
 * Loaded before the server (`node --import`), this kills the server's process at a named point of its n-th commit
 * from when it is armed. It is armed by a message from the process that started the server, because what is checked
 * after a restart writes too and must not be counted.
 */
import { openSync, writeSync } from 'node:fs';
import {
  getEnvironmentData,
  isMainThread,
  setEnvironmentData,
  Worker,
  workerData,
} from 'node:worker_threads';
import { type Aim, at, type ControlData, MARK_VARIABLE, PHASES, POINTS } from './kill-control.ts';
import { afterEachReceipt, wrapExec } from './writer-thread.ts';

const ENVIRONMENT_KEY = 'parley.proofs.kill-points';
const KILLER = new URL('./killer-thread.ts', import.meta.url);

if (isMainThread) watchMainThread();
// In every other thread of the server; those that only read never commit.
else if (!(workerData as Partial<ControlData> | null)?.isKiller) watchCommits();

function watchMainThread(): void {
  const control = new Int32Array(new SharedArrayBuffer(at.length * Int32Array.BYTES_PER_ELEMENT));
  const mark = openMark();
  const data: ControlData = { isKiller: true, control, mark };
  setEnvironmentData(ENVIRONMENT_KEY, data);
  process.on('message', (aim: Aim) => void arm(aim, data));
  // A server whose starter is gone has nobody who would stop it.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
  afterEachReceipt(() => {
    if (control[at.point] !== POINTS.indexOf('before-reply') || Atomics.sub(control, at.left, 1) !== 1)
      return;
    strike(mark, 'reached');
  });
}

async function arm({ point, n, share }: Aim, data: ControlData): Promise<void> {
  const { control } = data;
  control[at.share] = Math.round(share * 1000);
  if (point === 'inside-commit') {
    const killer = new Worker(KILLER, { workerData: data });
    killer.unref();
    await new Promise((resolve) => killer.once('message', resolve));
  }
  Atomics.store(control, at.left, n);
  Atomics.store(control, at.point, POINTS.indexOf(point));
  process.send?.('armed');
}

function watchCommits(): void {
  const { control, mark } = getEnvironmentData(ENVIRONMENT_KEY) as unknown as ControlData;
  const isAt = (point: Aim['point']): boolean => control[at.point] === POINTS.indexOf(point);
  wrapExec((sql, execute) => {
    if (sql !== 'COMMIT') return execute(sql);
    const left = isAt('before-reply') ? Number.NaN : Atomics.sub(control, at.left, 1);
    if (left === 1 && isAt('before-commit')) strike(mark, 'reached');
    if (left <= 1 && isAt('inside-commit')) return executeWatched(() => execute(sql), control, mark);
    const began = performance.now();
    execute(sql);
    if (left === 1 && isAt('after-commit')) strike(mark, 'reached');
    learn(control, (performance.now() - began) * 1000);
  });
}

/** Commits once the killer is looking: to wake it takes longer than a commit. */
function executeWatched(commit: () => void, control: Int32Array, mark: number): void {
  Atomics.store(control, at.phase, PHASES.called);
  Atomics.notify(control, at.phase);
  Atomics.wait(control, at.phase, PHASES.called);
  Atomics.store(control, at.phase, PHASES.began);
  commit();
  Atomics.store(control, at.phase, PHASES.idle);
  writeSync(mark, 'returned ');
}

/** Keeps what a short commit has lately taken, in microseconds; a longer one says little of the next. */
function learn(control: Int32Array, microseconds: number): void {
  const known = control[at.commitMicroseconds] || microseconds;
  control[at.commitMicroseconds] = Math.min(microseconds, known * 1.25);
}

/** Leaves word that the process was ended here and by nothing else, and ends it. */
function strike(mark: number, word: string): void {
  writeSync(mark, word);
  process.kill(process.pid, 'SIGKILL');
}

function openMark(): number {
  const file = process.env[MARK_VARIABLE];
  if (file === undefined) throw new Error(`${MARK_VARIABLE} does not say where to leave word`);
  return openSync(file, 'w');
}
