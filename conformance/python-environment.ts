import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { takeLock } from './lock.ts';

/** Where the programs in Python are. */
export const PYTHON_FOLDER = fileURLToPath(new URL('./python/', import.meta.url));
const REQUIREMENTS = join(PYTHON_FOLDER, 'requirements.txt');
const ENVIRONMENT = join(PYTHON_FOLDER, '.venv');

/** The interpreter that has what they need. */
export const PYTHON = join(ENVIRONMENT, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** Makes the environment unless it is there already; answers why it cannot be had. */
export async function preparePython(): Promise<string | undefined> {
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  // Files of tests run side by side: one makes it while the others wait.
  using _ = takeLock('python');
  if (isPrepared(wanted)) return undefined;
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', '--clear', ENVIRONMENT]],
    [PYTHON, ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--requirement', REQUIREMENTS]],
    [PYTHON, ['-c', 'from google.cloud import dialogflow_v2beta1']],
  ];
  for (const [command, parameters] of steps) {
    const step = await ended(command, parameters);
    if (step.code !== 0) return `${command} ${parameters.join(' ')}: ${step.output}`;
  }
  writeFileSync(join(ENVIRONMENT, STAMP), wanted);
  return undefined;
}

/** Written last, so that an interrupted installation is made anew. */
const STAMP = 'requirements.sha256';

function isPrepared(wanted: string): boolean {
  const stamp = join(ENVIRONMENT, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

/** A machine without the client is fine on a desk, but a build that never ran it must not be green. */
export function giveUp(test: TestContext, reason: string): void {
  const ci = process.env['CI'];
  if (ci !== undefined && !['', '0', 'false'].includes(ci)) assert.fail(reason);
  test.skip(reason);
}

/** Runs a program to its end. A program that cannot be started has the code -1. */
export function ended(
  command: string,
  parameters: readonly string[],
): Promise<{ code: number; output: string }> {
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PYTHONWARNINGS: 'ignore' };
  return new Promise((resolve) => {
    execFile(command, parameters, { cwd: PYTHON_FOLDER, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: code === -1 ? String(error) : `${stdout}${stderr}` });
    });
  });
}
