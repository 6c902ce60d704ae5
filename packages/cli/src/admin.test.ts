import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { type RunningServer, readConfig, startServer } from '@parleykit/server';
import { clock } from './clock.ts';
import { snapshot } from './snapshot.ts';

const commands = { clock, snapshot };

/** Runs a command as the command line does. */
async function run(name: keyof typeof commands, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, env, signal: new AbortController().signal };
  const code = await commands[name]([...args], io as never);
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

describe('commands that ask a server', () => {
  let folder: string;
  let server: RunningServer;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-admin-'));
    const log = { info: () => {}, error: () => {} };
    server = await startServer(readConfig({ port: '0', data: folder, dev: true }, {}), { log });
    env = { DIALOGFLOW_EMULATOR_HOST: `127.0.0.1:${server.port}` };
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /;

  it('show a clock and move it', async () => {
    const project = ['--project', 'clocks'];
    const shown = await run('clock', ['show', ...project], env);
    assert.deepEqual([shown.code, shown.err], [0, '']);
    assert.match(shown.out, time);
    assert.match(shown.out, /\(as the system\)\n$/);
    for (const [duration, want] of [
      ['24h', '1d'],
      ['90m', '1d 1h 30m'],
      ['5s', '1d 1h 30m 5s'],
      ['30d', '31d 1h 30m 5s'],
    ] as const) {
      const moved = await run('clock', ['advance', duration, ...project], env);
      assert.equal(moved.out.slice(moved.out.indexOf('(')), `(${want} ahead of the system)\n`);
    }
    assert.match((await run('clock', ['show', '--project', 'other'], env)).out, /as the system/);
  });

  it('save, list, restore and delete snapshots', async () => {
    const project = ['--project', 'snapshots'];
    await run('clock', ['advance', '1h', ...project], env);
    const saved = await run('snapshot', ['save', 'base', ...project], env);
    assert.match(saved.out, /^base {2}\d{4}-\S+Z {2}0 messages\n$/);
    const unnamed = await run('snapshot', ['save', ...project], env);
    assert.match(unnamed.out, /^\w{22} {2}/);
    const listed = await run('snapshot', ['list', ...project], env);
    assert.deepEqual(
      listed.out.split('\n').toSorted(),
      ['', ...`${saved.out}${unnamed.out}`.trimEnd().split('\n')].toSorted(),
    );
    await run('clock', ['advance', '1d', ...project], env);
    const restored = await run('snapshot', ['restore', 'base', ...project], env);
    assert.deepEqual([restored.code, restored.out], [0, saved.out]);
    assert.match((await run('clock', ['show', ...project], env)).out, /\((1h|59m 5\ds) ahead/);
    assert.deepEqual(await run('snapshot', ['delete', 'base', ...project], env), {
      code: 0,
      out: '',
      err: '',
    });
    const gone = await run('snapshot', ['restore', 'base', ...project], env);
    assert.deepEqual([gone.code, gone.out], [1, '']);
    assert.equal(
      gone.err,
      'parley snapshot: Snapshot "projects/snapshots/snapshots/base" does not exist (NOT_FOUND)\n',
    );
  });

  const wrong: readonly { name: keyof typeof commands; args: readonly string[]; message: string }[] = [
    { name: 'clock', args: ['show'], message: '--project is missing' },
    { name: 'clock', args: ['--project', 'p'], message: 'what is it to do: show, or advance DURATION?' },
    {
      name: 'clock',
      args: ['advance', '--project', 'p'],
      message: 'what is it to do: show, or advance DURATION?',
    },
    {
      name: 'clock',
      args: ['advance', '1w', '--project', 'p'],
      message: '"1w" is not a duration, such as 90s, 30m, 24h or 30d',
    },
    {
      name: 'clock',
      args: ['advance', '-1h', '--project', 'p'],
      message: 'clocks go forward, and "-1h" leads back',
    },
    { name: 'clock', args: ['show', '--project', 'a/b'], message: '--project "a/b" is not a project id' },
    {
      name: 'clock',
      args: ['show', '--project', 'p', '--server', 'x'],
      message: '--server "x" is not HOST:PORT and no URL of a server',
    },
    {
      name: 'snapshot',
      args: ['restore', '--project', 'p'],
      message: 'what is it to do: save [ID], restore ID, list, or delete ID?',
    },
    {
      name: 'snapshot',
      args: ['delete', 'a/b', '--project', 'p'],
      message: '"a/b" is not the id of a snapshot',
    },
    { name: 'snapshot', args: ['list', '--nonsense'], message: "Unknown option '--nonsense'" },
  ];
  for (const { name, args, message } of wrong) {
    it(`refuse ${name} ${args.join(' ')}`, async () => {
      assert.deepEqual(await run(name, args), {
        code: 2,
        out: '',
        err: `parley ${name}: ${message} (see parley ${name} --help)\n`,
      });
    });
  }

  it('say so where nobody answers, or somebody else', async () => {
    const args = ['show', '--project', 'p', '--server'];
    const nobody = await run('clock', [...args, '127.0.0.1:1']);
    assert.equal(
      nobody.err,
      'parley clock: cannot reach a server at 127.0.0.1:1: start one with `parley serve`\n',
    );
    const other: Server = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const stranger = await run('clock', [...args, address]);
    other.close();
    assert.deepEqual(stranger, {
      code: 1,
      out: '',
      err: `parley clock: ${address} is not a server of this API: it answered HTTP 200\n`,
    });
  });

  it('pass on that a server is not for development', async () => {
    const plain = mkdtempSync(join(tmpdir(), 'parley-plain-'));
    const log = { info: () => {}, error: () => {} };
    const started = await startServer(readConfig({ port: '0', data: plain }, {}), { log });
    const { code, err } = await run('clock', [
      'show',
      '--project',
      'p',
      '--server',
      `127.0.0.1:${started.port}`,
    ]);
    await started.close();
    rmSync(plain, { recursive: true, force: true });
    assert.equal(code, 1);
    assert.match(err, /start the server with --dev \(FAILED_PRECONDITION\)\n$/);
  });

  for (const name of ['clock', 'snapshot'] as const) {
    it(`explain parley ${name}`, async () => {
      const { code, out } = await run(name, ['--help']);
      assert.equal(code, 0);
      assert.match(out, new RegExp(`^Usage: parley ${name} `));
    });
  }
});
