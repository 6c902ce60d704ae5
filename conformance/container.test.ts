import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FolderImage, parseDockerfile } from './dockerfile.ts';
import { freePort } from './programs.ts';
import { giveUp } from './python-environment.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const APP_BYTES_MAX = 30_000_000;

const exitOf = async (child: ChildProcess): Promise<unknown> => (await once(child, 'exit'))[0];

describe('the container', { timeout: 300_000 }, () => {
  const instructions = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  const textsOf = (name: string): string[] =>
    instructions.filter((each) => each.name === name).map(({ text }) => text);
  let image: FolderImage | undefined;
  let unavailable: string | undefined;

  before(() => {
    try {
      image = FolderImage.build(root);
    } catch (error) {
      unavailable = `the image cannot be built: ${(error as Error).message}`;
    }
  });
  after(() => image?.[Symbol.dispose]());

  const start = async (built: FolderImage, port: number): Promise<ChildProcess> => {
    const child = built.start(undefined, { PARLEY_PORT: String(port) });
    const lines = createInterface({ input: child.stdout ?? assert.fail() });
    const [first] = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
    assert.equal(first, `parley ready on http://0.0.0.0:${port}`);
    return child;
  };

  it('stands on the Node that the project runs on, and says which version it is', () => {
    const node = readFileSync(join(root, '.node-version'), 'utf8').trim();
    const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'));
    for (const from of textsOf('FROM'))
      assert.match(from, new RegExp(`^node:${node}-bookworm-slim(?: AS |$)`, 'u'));
    assert.match(textsOf('LABEL').join(), new RegExp(`image\\.version="${version}"`, 'u'));
  });

  it('is not run by root, listens where it says, and is asked to stop as the server expects', () => {
    assert.deepEqual(textsOf('USER'), ['node']);
    assert.deepEqual(textsOf('EXPOSE'), ['8470']);
    assert.deepEqual(textsOf('VOLUME'), ['/data']);
    assert.deepEqual(textsOf('STOPSIGNAL'), ['SIGTERM']);
  });

  it('holds what is needed to run and nothing else', (test) => {
    if (image === undefined) return giveUp(test, unavailable ?? '');
    const app = image.stage.at('/app');
    const files = readdirSync(app, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(readdirSync(app).sort(), ['LICENSE', 'node_modules', 'package.json', 'packages']);
    assert.deepEqual(
      files.filter((file) => file.startsWith('packages/') && /\.test\.|\.map$|\/src\/|\.tgz$/u.test(file)),
      [],
    );
    assert.ok(!files.some((file) => /node_modules\/(?:typescript|esbuild|@biomejs)$/u.test(file)));
    const bytes = files.map((file) => statSync(join(app, file))).filter((stat) => stat.isFile());
    assert.ok(bytes.reduce((sum, { size }) => sum + size, 0) < APP_BYTES_MAX);
  });

  it('serves as another user than the one who owns it, writes to its volume alone, and drains', async (test) => {
    if (image === undefined) return giveUp(test, unavailable ?? '');
    const everything = () =>
      readdirSync(image?.stage.root ?? '', { recursive: true, encoding: 'utf8' }).filter(
        (path) => !path.startsWith('data/'),
      );
    const before = everything();
    const port = await freePort();
    const environment = { PARLEY_PORT: String(port) };
    const server = await start(image, port);
    assert.equal(await exitOf(image.checkHealth(environment)), 0);
    const profiles = `http://127.0.0.1:${port}/v2beta1/projects/p/conversationProfiles`;
    const headers = { 'content-type': 'application/json' };
    const made = await fetch(profiles, { method: 'POST', headers, body: '{"displayName":"kept"}' });
    assert.equal(made.status, 200);
    server.kill(textsOf('STOPSIGNAL')[0] as NodeJS.Signals);
    assert.equal(await exitOf(server), 0);
    assert.equal(await exitOf(image.checkHealth(environment)), 1);

    const again = await start(image, port);
    assert.match(await (await fetch(profiles)).text(), /"displayName":"kept"/u);
    again.kill('SIGTERM');
    assert.equal(await exitOf(again), 0);
    assert.deepEqual(everything(), before);
    assert.ok(readdirSync(image.stage.at('/data')).includes('parley.sqlite'));
  });

  it('says in one line that it may not write where its data are to be', async (test) => {
    if (image === undefined) return giveUp(test, unavailable ?? '');
    if (process.getuid?.() !== 0) return test.skip('who runs this test owns the files');
    const refusals = [
      {
        data: 'packages',
        said: /^parley serve: \S+ cannot be used: this user may not write there \([^\n]*\)\n$/u,
      },
      { data: 'new/folder', said: /^parley serve: \S+ cannot be made: EACCES: permission denied[^\n]*\n$/u },
    ];
    for (const { data, said } of refusals) {
      const child: ChildProcess = image.start(['serve', '--data', data], { PARLEY_PORT: '0' });
      const stderr = text(child.stderr ?? assert.fail());
      assert.equal(await exitOf(child), 1);
      assert.match(await stderr, said);
    }
  });

  it('runs any other command of parley', async (test) => {
    if (image === undefined) return giveUp(test, unavailable ?? '');
    assert.equal(await exitOf(image.start(['--help'], {})), 0);
  });
});
