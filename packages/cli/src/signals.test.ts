import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FaultProxy, openFolder, startTestServer } from './server.test.fixture.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const isPosix = process.platform !== 'win32';

const stack = new AsyncDisposableStack();
let folder: string;
let proxy: FaultProxy;
before(async () => {
  folder = await openFolder(stack);
  const server = await startTestServer(join(folder, 'data'));
  stack.defer(() => server.close());
  proxy = stack.use(new FaultProxy(server.url));
  await proxy.start();
});
after(() => stack.disposeAsync());
beforeEach(() => proxy.reset());

const running: ChildProcess[] = [];
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

function start(args: string[]) {
  const retain = args[0] === 'import' ? ['--retain', '30d'] : [];
  const flags = ['--server', proxy.address, ...retain];
  const child = spawn(process.execPath, ['--conditions=source', MAIN, ...args, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, exited, stderr: text(child.stderr).catch(() => '') };
}

async function writeTranscripts(name: string, count: number): Promise<string> {
  const entries = Array.from({ length: 30 }, (_, index) => ({
    role: 'AGENT',
    text: `line ${index} `.repeat(20),
  }));
  const file = join(folder, name);
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ conversation_id: `t-${index}`, entries }),
  );
  await writeFile(file, lines.join('\n'));
  return file;
}

describe('parley on SIGINT', { skip: !isPosix && 'signals are of POSIX' }, () => {
  it('stops an import cleanly at the first, and says how to go on', async () => {
    const file = await writeTranscripts('many.jsonl', 2_000);
    const { child, exited, stderr } = start(['import', file, '--project', 'stopped']);
    child.stdout.resume();
    // Once: other calls come while it is the hundredth that was last, and a second signal ends it at once.
    proxy.onCall = (method) => {
      if (method === 'BatchCreateMessages' && proxy.count(method) === 100) child.kill('SIGINT');
    };
    assert.deepEqual(await exited, [1, null]);
    assert.match(
      await stderr,
      /^parley import: stopped; the same command, run again, continues where this one ended$/m,
    );
  });

  it('ends at once at the second', async () => {
    // Nobody writes into this pipe, and nothing but the second signal ends who waits for it.
    const pipe = join(folder, 'pipe.jsonl');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const { child, exited, stderr } = start(['import', pipe, '--project', 'waiting']);
    child.stdout.resume();
    // Opens once the other side reads.
    await using _silence = await open(pipe, 'w');
    while (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGINT');
      await Promise.race([exited, setTimeout(50)]);
    }
    assert.deepEqual(await exited, [null, 'SIGINT'], 'which shells show as 130');
    assert.doesNotMatch(await stderr, /^ +at /m);
  });
});

describe('parley with a reader that goes away', { skip: !isPosix && 'pipes are of POSIX' }, () => {
  it('ends an export with one line and without a stray file', async () => {
    const file = await writeTranscripts('read.jsonl', 300);
    const loaded = start(['import', file, '--project', 'read']);
    loaded.child.stdout.resume();
    assert.deepEqual(await loaded.exited, [0, null]);
    const { child, exited, stderr } = start(['export', '--project', 'read', '-o', '-']);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    assert.deepEqual(await exited, [1, null]);
    const said = (await stderr).split('\n').filter((line) => !/^(?:\d+%|$)/.test(line));
    assert.deepEqual(said, ['parley export: standard output was closed before all was written']);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.part')),
      [],
    );
  });

  it('stores all of an import that nobody watches', async () => {
    const file = await writeTranscripts('unwatched.jsonl', 50);
    const { child, exited } = start(['import', file, '--project', 'unwatched']);
    child.stdout.destroy();
    child.stderr.destroy();
    assert.deepEqual(await exited, [0, null]);
    assert.equal(proxy.count('BatchCreateMessages'), 50);
  });
});
