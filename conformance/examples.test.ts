import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installAll, installOther } from './installation.ts';
import { LocalDocker } from './local-docker.ts';
import { type Ended, runToEnd } from './programs.ts';
import { giveUp, PYTHON, preparePython } from './python-environment.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const EXAMPLES = join(root, 'examples');

const TRANSCRIPT = `END_USER: Where is my order?
HUMAN_AGENT: It left our house this morning.
END_USER: Thank you!
COMPLETED
`;

interface Manifest {
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

describe('the examples', { timeout: 300_000 }, () => {
  let folder: string;
  let installed: string;
  let unavailable: string | undefined;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-examples-'));
    try {
      installed = join(installAll(), 'node_modules');
    } catch (error) {
      unavailable = `npm cannot install the packages: ${(error as Error).message}`;
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const modulesWith = (needed: string, version: string): string => {
    if (needed === 'testcontainers') return join(installOther(needed, version), 'node_modules');
    return needed.startsWith('@parleykit/') ? installed : join(root, 'node_modules');
  };

  /** Copies an example to where nothing of this repository is, and gives it what it says that it needs. */
  const copy = (name: string): string => {
    const target = join(folder, name);
    cpSync(join(EXAMPLES, name), target, { recursive: true });
    const manifest = existsSync(join(target, 'package.json')) ? readManifest(target) : {};
    for (const [needed, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
    })) {
      const modules = modulesWith(needed, version);
      assert.equal(version, readManifest(join(modules, needed)).version, `${name}: ${needed}`);
      mkdirSync(dirname(join(target, 'node_modules', needed)), { recursive: true });
      symlinkSync(join(modules, needed), join(target, 'node_modules', needed));
    }
    return target;
  };

  /** Runs a command as npm runs scripts: by a shell, with the installed commands on PATH. */
  const run = (cwd: string, command: string, extra: NodeJS.ProcessEnv = {}): Promise<Ended> => {
    const PATH = [join(installed, '.bin'), process.env['PATH']].join(delimiter);
    const env = { PATH, HOME: folder, PYTHONWARNINGS: 'ignore', ...extra };
    return runToEnd('/bin/sh', ['-c', command], { cwd, env });
  };

  it('stand all on their page', () => {
    const page = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
    const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const linked = [...page.matchAll(/^\| \[([a-z-]+)\]\(([^)]+)\)/gmu)];
    assert.deepEqual(linked.map(([, name]) => name).sort(), folders.map(({ name }) => name).sort());
    for (const [, , file = ''] of linked) assert.ok(existsSync(join(EXAMPLES, file)), file);
  });

  for (const name of ['node-google-client', 'parley-client']) {
    it(`${name} holds a conversation`, async (test) => {
      if (unavailable !== undefined) return giveUp(test, unavailable);
      const target = copy(name);
      const command = readManifest(target).scripts?.['start'] ?? assert.fail('it has no start');
      assert.deepEqual(await run(target, command), { code: 0, stdout: TRANSCRIPT, stderr: '' });
    });
  }

  it('python-google-client holds a conversation', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const pythonUnavailable = await preparePython();
    if (pythonUnavailable !== undefined) return giveUp(test, pythonUnavailable);
    const { code, stdout, stderr } = await run(
      copy('python-google-client'),
      `parley exec -- ${PYTHON} conversation.py`,
    );
    assert.deepEqual([code, stdout], [0, TRANSCRIPT], stderr);
  });

  it('curl holds a conversation', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const command = 'parley exec --project shop -- sh conversation.sh';
    assert.deepEqual(await run(copy('curl'), command), { code: 0, stdout: TRANSCRIPT, stderr: '' });
  });

  it('assist suggests answers, and replies once they are learned', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const target = copy('assist');
    const answer = 'FAQ: The link in your mail shows where your order is.\n';
    assert.deepEqual(await run(target, 'parley exec -- sh assist.sh'), {
      code: 0,
      stdout: `${answer}SMART_REPLY: the project has no reply model: train one\n`,
      stderr: '',
    });
    const learned = [
      'parley import talks.jsonl --project demo --complete',
      'parley suggestions train --project demo',
      'sh assist.sh',
    ].join(' && ');
    const { code, stdout, stderr } = await run(target, `parley exec -- sh -c '${learned}'`);
    assert.equal(code, 0, stderr);
    const reply = 'SMART_REPLY: I am sorry to hear that. May I have the order number?\n';
    assert.ok(stdout.endsWith(`${answer}${reply}`), stdout);
  });

  it('tests-with-exec passes its tests, and fails where the program is wrong', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const target = copy('tests-with-exec');
    const command = readManifest(target).scripts?.['test'] ?? assert.fail('it has no test');
    const passed = await run(target, command);
    assert.equal(passed.code, 0, passed.stdout);
    assert.match(passed.stdout, /pass 2\b/u);
    const wrong = await run(
      target,
      `sed 's/IN_PROGRESS/COMPLETED/' orders.js > wrong && mv wrong orders.js && ${command}`,
    );
    assert.equal(wrong.code, 1, wrong.stdout);
    assert.match(wrong.stdout, /fail 1\b/u);
  });

  it('testcontainers holds a conversation with a container, and takes it away', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const target = copy('testcontainers');
    // What the image runs, with the volume and the port where this machine has room for them.
    const main = join(installed, '@parleykit/cli/dist/main.js');
    const settings = (port: number): string[] => ['--port', String(port), '--data', join(target, 'data')];
    await using docker = await LocalDocker.open({
      name: 'parley',
      port: '8470/tcp',
      command: (args, port) => ({ program: process.execPath, args: [main, ...args, ...settings(port)] }),
    });
    // Its helper is a container of its own, which has to be a container.
    const env = { DOCKER_HOST: docker.host, TESTCONTAINERS_RYUK_DISABLED: 'true' };
    const command = readManifest(target).scripts?.['start'] ?? assert.fail('it has no start');
    assert.deepEqual(await run(target, command, env), { code: 0, stdout: TRANSCRIPT, stderr: '' });
    assert.ok(existsSync(join(target, 'data/parley.sqlite')), 'the server ran');
    assert.equal(docker.count, 0);
  });
});
