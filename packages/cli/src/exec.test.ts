import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const PARLEY = [process.execPath, '--conditions=source', MAIN];

/** Ends with the exit code 0 where the project is there, with its profile. */
const ASK = `
const { DIALOGFLOW_EMULATOR_HOST, PARLEY_PORT, GOOGLE_CLOUD_PROJECT } = process.env;
const path = 'projects/' + GOOGLE_CLOUD_PROJECT + '/locations/global/conversationProfiles/demo';
const reply = await fetch('http://' + DIALOGFLOW_EMULATOR_HOST + '/v2beta1/' + path);
console.log((await reply.json()).name, DIALOGFLOW_EMULATOR_HOST === '127.0.0.1:' + PARLEY_PORT);
`;

/** Says that it waits, and counts the signals that it is sent; the first ends it unless it is told to stay. */
const COUNT = (stays: boolean): string => `
const server = 'http://' + process.env.DIALOGFLOW_EMULATOR_HOST + '/healthz';
let count = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, async () => {
  console.log('heard', signal);
  if (${stays} || ++count > 1) return;
  // Whatever else this signal has the server's process do is done by the time of the second answer.
  await fetch(server);
  await fetch(server);
  process.exit(40 + count);
});
setInterval(() => {}, 1000);
console.log('waits', process.pid);
`;

/** Puts what follows in a terminal of its own, to which it passes its input. */
const IN_TERMINAL = `
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
`;

describe('parley exec', { timeout: 60_000 }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-exec-test-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const start = (program: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams => {
    const [file = '', ...args] = program;
    return spawn(file, args, { env: { PATH: process.env['PATH'], TMPDIR: folder, ...env } });
  };
  const finish = async (child: ChildProcessWithoutNullStreams) => {
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    assert.deepEqual(readdirSync(folder), [], 'nothing is left');
    return { code: code as number | null, stdout, stderr };
  };
  const exec = (args: readonly string[], env?: NodeJS.ProcessEnv) =>
    finish(start([...PARLEY, 'exec', ...args], env));
  const node = (program: string): string[] => [process.execPath, '--input-type=module', '--eval', program];

  it('gives the command a server of its own, and says nothing itself', async () => {
    assert.deepEqual(await exec(['--', ...node(ASK)]), {
      code: 0,
      stdout: 'projects/demo/locations/global/conversationProfiles/demo true\n',
      stderr: '',
    });
  });

  it('takes settings of the server by flags and by the environment, but none that are about its place', async () => {
    const elsewhere = {
      PARLEY_PORT: '1',
      PARLEY_HOST: '192.0.2.1',
      PARLEY_DATA: '/nowhere',
      PARLEY_STORE: 'x',
    };
    const env = { ...elsewhere, PARLEY_PROJECT: 'unheard', PARLEY_VERBOSE: 'true' };
    const { code, stdout, stderr } = await exec(['--project', 'mine', '--', ...node(ASK)], env);
    assert.equal(stdout, 'projects/mine/locations/global/conversationProfiles/demo true\n');
    assert.match(
      stderr,
      /^parley exec: server on http:\S+, data in \S+\n\{.*\}\nparley exec: \S+ ended with 0\n$/u,
    );
    assert.equal(code, 0);
  });

  it('hands through what the command reads, writes and ends with', async () => {
    const child = start([...PARLEY, 'exec', '--', 'sh', '-c', 'cat; echo complaint >&2; exit 7']);
    child.stdin.end('question\n');
    assert.deepEqual(await finish(child), { code: 7, stdout: 'question\n', stderr: 'complaint\n' });
  });

  it('answers 128 and its number where a signal ends the command', async () => {
    const { code, stderr } = await exec(['--', 'sh', '-c', 'kill -9 $$']);
    assert.deepEqual([code, stderr], [137, '']);
  });

  it('says which command is not there or cannot be run, as shells do', async () => {
    const plain = join(folder, 'plain');
    assert.deepEqual(await exec(['--', plain]), {
      code: 127,
      stdout: '',
      stderr: `parley exec: ${plain} is not found\n`,
    });
    const elsewhere = mkdtempSync(join(tmpdir(), 'parley-exec-plain-'));
    try {
      const file = join(elsewhere, 'plain');
      writeFileSync(file, 'plain');
      chmodSync(file, 0o644);
      const { code, stderr } = await exec(['--', file]);
      assert.deepEqual([code, stderr], [126, `parley exec: ${file} cannot be run: spawn ${file} EACCES\n`]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  for (const [args, message] of [
    [[], 'there is no command after --: parley exec [flags] -- COMMAND [ARGS]'],
    [['npm', 'test'], 'there is no command after --: parley exec [flags] -- COMMAND [ARGS]'],
    [['--port', '1', '--', 'true'], "Unknown option '--port'; see parley exec --help"],
    [['--project', 'a/b', '--', 'true'], '--project "a/b" is not the id of a project'],
  ] as const) {
    it(`refuses ${JSON.stringify(args)}`, async () => {
      assert.deepEqual(await exec(args), { code: 2, stdout: '', stderr: `parley exec: ${message}\n` });
    });
  }

  it('says in one line why no server can be started, and runs nothing', async () => {
    const { code, stdout, stderr } = await exec(['--', 'echo', 'runs'], { TMPDIR: join(folder, 'nowhere') });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^parley exec: no server can be started: [^\n]*ENOENT[^\n]*\n$/u);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`passes ${signal} on, once, and waits for what the command makes of it`, async () => {
      const child = start([...PARLEY, 'exec', '--', ...node(COUNT(false))]);
      await once(child.stdout, 'data');
      child.kill(signal);
      assert.deepEqual(await finish(child), { code: 41, stdout: `heard ${signal}\n`, stderr: '' });
    });
  }

  it('kills a command that goes on, with what it has started, when asked a second time', async () => {
    const shell = ['sh', '-c', 'trap "echo heard" TERM; "$@" & wait; wait', 'sh'];
    const child = start([...PARLEY, 'exec', '--', ...shell, ...node(COUNT(true))]);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.equal(String((await once(child.stdout, 'data'))[0]), 'heard\n');
    child.kill('SIGTERM');
    // Its output ends only when nobody is left who could write to it.
    assert.equal((await finish(child)).code, 137);
  });

  it('leaves a terminal to the command, whose Ctrl-C it hears once', async () => {
    const child = start([
      'python3',
      '-c',
      IN_TERMINAL,
      ...PARLEY,
      'exec',
      '--',
      ...node(`
      console.log(process.stdin.isTTY, process.stdout.isTTY);
      ${COUNT(false)}`),
    ]);
    let output = '';
    for await (const chunk of child.stdout) {
      output += chunk;
      if (/waits \d+\r\n$/u.test(output)) child.stdin.write('\x03');
    }
    assert.match(output, /^true true\r\nwaits \d+\r\n\^Cheard SIGINT\r\n$/u);
    assert.deepEqual(await finish(child), { code: 41, stdout: '', stderr: '' });
  });
});
