import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTarget, type Target } from './target.ts';

const FOLDER = fileURLToPath(new URL('./python/', import.meta.url));
const REQUIREMENTS = join(FOLDER, 'requirements.txt');
const ENVIRONMENT = join(FOLDER, '.venv');
const PYTHON = join(ENVIRONMENT, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

const GROUPS = {
  setup: 'profiles and participants',
  conversations: 'conversations',
  messages: 'messages',
  paging: 'pages',
  polling: 'polling for news',
  errors: 'errors',
  mixins: 'the methods of other services',
};

describe("Google's asynchronous Python client over grpc", () => {
  let target: Target;
  let unavailable: string | undefined;
  before(async () => {
    unavailable = await preparePython();
    target = await openTarget();
  });
  after(() => target[Symbol.asyncDispose]());

  for (const [group, title] of Object.entries(GROUPS)) {
    it(`agrees on ${title}`, async (test) => {
      if (unavailable !== undefined) return giveUp(test, unavailable);
      const run = await ended(PYTHON, ['conversations_async_client.py', target.address, group]);
      assert.equal(run.code, 0, run.output);
      assert.match(run.output, /^ok {3}/mu, 'it ran a check');
    });
  }
});

/** Makes the environment unless it is there already; answers why it cannot be had. */
async function preparePython(): Promise<string | undefined> {
  const stamp = join(ENVIRONMENT, 'requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined;
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', '--clear', ENVIRONMENT]],
    [PYTHON, ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--requirement', REQUIREMENTS]],
    [PYTHON, ['-c', 'from google.cloud import dialogflow_v2beta1']],
  ];
  for (const [command, parameters] of steps) {
    const step = await ended(command, parameters);
    if (step.code !== 0) return `${command} ${parameters.join(' ')}: ${step.output}`;
  }
  // Last, so that an interrupted installation is made anew.
  writeFileSync(stamp, wanted);
  return undefined;
}

/** A machine without the client is fine on a desk, but a build that never ran it must not be green. */
function giveUp(test: TestContext, reason: string): void {
  const ci = process.env['CI'];
  if (ci !== undefined && !['', '0', 'false'].includes(ci)) assert.fail(reason);
  test.skip(reason);
}

/** Runs a program to its end. A program that cannot be started has the code -1. */
function ended(command: string, parameters: readonly string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PYTHONWARNINGS: 'ignore' };
  return new Promise((resolve) => {
    execFile(command, parameters, { cwd: FOLDER, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: code === -1 ? String(error) : `${stdout}${stderr}` });
    });
  });
}
