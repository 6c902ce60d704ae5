import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installAll, PACKAGE_NAMES, type PackedPackage, packAll } from './installation.ts';
import { type Ended, runToEnd } from './programs.ts';
import { giveUp } from './python-environment.ts';
import { SIZE_LIMITS } from './sizes.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const OLD_NODE = join(root, 'conformance/runtimes/node_modules/node-20/bin/node');

/** All that a package may hold. `page/` is what the server shows to browsers, `dist/demo-agent/` what `--demo` loads. */
const ALWAYS = ['package\\.json', 'README\\.md', 'LICENSE'];
const CONTENTS: Readonly<Record<string, readonly string[]>> = {
  proto: [
    'dist/[a-z-]+\\.(js|d\\.ts)',
    'gen/[a-z0-9-]+\\.(js|d\\.ts)',
    'gen/(google|grpc|parley)/[a-z0-9_/]+_pb\\.(js|d\\.ts)',
  ],
  transcoding: ['dist/[a-z-]+\\.(js|d\\.ts)'],
  nlu: ['dist/([a-z-]+/)*[a-z0-9-]+\\.(js|d\\.ts)'],
  server: ['dist/([a-z-]+/)*[a-z0-9-]+\\.(js|d\\.ts)', 'page/.+', 'dist/demo-agent/.+\\.json'],
  client: [
    'dist/(index|rest|browser)\\.js',
    'dist/index\\.cjs',
    'dist/types/(src|gen)/([a-z-]+/)*[a-z0-9.-]+\\.d\\.c?ts',
  ],
  cli: ['dist/[a-z-]+\\.(js|d\\.ts)'],
};

/** A whole conversation by the client, the lists of the server's other thread included. */
const CONVERSE = `
import { ConversationsClient, ParticipantsClient } from '@parleykit/client';
const conversations = new ConversationsClient();
const participants = new ParticipantsClient();
const parent = 'projects/' + process.env.GOOGLE_CLOUD_PROJECT + '/locations/global';
const conversationProfile = parent + '/conversationProfiles/demo';
const { name } = await conversations.createConversation({ parent, conversation: { conversationProfile } });
const { name: participant } = await participants.createParticipant({ parent: name, participant: { role: 'END_USER' } });
const message = { participant, content: 'Where is my order?', sendTime: new Date() };
await conversations.batchCreateMessages({ parent: name, requests: [{ parent: name, message }] });
for await (const message of conversations.listMessages({ parent: name })) console.log(message.content);
for await (const each of conversations.listConversations({ parent })) console.log(each.name === name, each.lifecycleState);
await conversations.close();
await participants.close();
`;

/** Held against the declarations of what has no types test of its own; each expected error has to be found. */
const TYPED_PROGRAM = `
import { toBinary } from '@bufbuild/protobuf';
import { IntentModelError, loadIntentModel, trainIntentModel, type IntentModel } from '@parleykit/nlu';
import { services } from '@parleykit/proto';
import { ConversationSchema, type Conversation } from '@parleykit/proto/v2beta1';
import { type Config, createLog, readConfig, type RunningServer, startServer } from '@parleykit/server';
import { openSqliteStore, type Store } from '@parleykit/server/storage';
import { createRouter, type Router } from '@parleykit/transcoding';

export const config: Config = readConfig({ port: '0' }, process.env);
export const server: Promise<RunningServer> = startServer(config, { log: createLog(process.stderr) });
export const url: Promise<string> = server.then(({ url }) => url);
export const model: Promise<IntentModel> = trainIntentModel({ intents: [{ name: 'a', phrases: ['b'] }] });
export const confidence = (model: IntentModel): number | undefined => model.classify('x').intents[0]?.confidence;
export const bytes = (conversation: Conversation): Uint8Array => toBinary(ConversationSchema, conversation);
export const router: Router = createRouter(services.flatMap(({ methods }) => methods), () => []);
export { loadIntentModel, IntentModelError, openSqliteStore, type Store };
// @ts-expect-error
startServer(config);
// @ts-expect-error
readConfig({ port: 0 }, {});
// @ts-expect-error
trainIntentModel({ intents: [{ name: 'a', phrases: 'b' }] });
`;

const manifestOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));

const ended = (program: string, args: readonly string[], cwd: string): Promise<Ended> =>
  runToEnd(program, args, { cwd, env: { PATH: process.env['PATH'], HOME: cwd } });

describe('what is published', { timeout: 300_000 }, () => {
  let packages: ReadonlyMap<string, PackedPackage>;
  let folder: string;
  let unavailable: string | undefined;

  before(() => {
    packages = new Map(packAll().packages.map((each) => [each.name, each]));
    folder = mkdtempSync(join(tmpdir(), 'parley-published-'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    try {
      symlinkSync(join(installAll(), 'node_modules'), join(folder, 'node_modules'));
    } catch (error) {
      unavailable = `npm cannot install the packages: ${(error as Error).message}`;
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };

  for (const name of PACKAGE_NAMES) {
    describe(`@parleykit/${name}`, () => {
      const packed = (): PackedPackage =>
        packages.get(`@parleykit/${name}`) ?? assert.fail('it is not packed');
      const installed = (): string => join(folder, 'node_modules/@parleykit', name);

      it('says what it is, what it needs and who may use it', () => {
        const { version, description, license, engines, keywords, type, publishConfig, ...rest } =
          manifestOf(name);
        assert.equal(version, manifestOf('cli')['version']);
        assert.match(String(description), /^.{20,120}[^.]$/u);
        assert.deepEqual([license, type, publishConfig], ['Apache-2.0', 'module', { access: 'public' }]);
        assert.ok(Array.isArray(keywords) && keywords.length > 2);
        assert.deepEqual(engines, { node: name === 'client' ? '>=20' : '>=24.15' });
        assert.ok(!('scripts' in rest), 'nothing runs when it is installed');
        for (const [needed, wanted] of Object.entries({ ...(rest['dependencies'] as object | undefined) })) {
          assert.match(String(wanted), /^\d+\.\d+\.\d+$/u, `${needed} is one version`);
          if (needed.startsWith('@parleykit/')) assert.equal(wanted, version);
        }
        for (const [entry, target] of Object.entries((rest['exports'] ?? {}) as Record<string, unknown>)) {
          if (entry === './package.json') continue;
          assert.match(JSON.stringify(target), /"types":/u, `${entry} has types`);
        }
      });

      it('holds what is needed and nothing else', () => {
        const allowed = new RegExp(`^(?:${[...ALWAYS, ...(CONTENTS[name] ?? [])].join('|')})$`, 'u');
        const paths = packed().files.map(({ path }) => path);
        assert.deepEqual(
          paths.filter((path) => !allowed.test(path) || /\.test\.|\.map$/u.test(path)),
          [],
        );
        for (const path of ['package.json', 'README.md', 'LICENSE']) assert.ok(paths.includes(path), path);
      });

      it('is small: npm run sizes', () => {
        const { size, unpackedSize } = packed();
        const { packed: most, unpacked } =
          SIZE_LIMITS[`@parleykit/${name}`] ?? assert.fail('it has no limit');
        assert.ok(size <= most, `${size} bytes packed, ${most} at most`);
        assert.ok(unpackedSize <= unpacked, `${unpackedSize} bytes unpacked, ${unpacked} at most`);
      });

      it('has the licence and every file that its own files ask for', (test) => {
        if (unavailable !== undefined) return giveUp(test, unavailable);
        assert.equal(
          readFileSync(join(installed(), 'LICENSE'), 'utf8'),
          readFileSync(join(root, 'LICENSE'), 'utf8'),
        );
        const missing: string[] = [];
        for (const path of readdirSync(installed(), { recursive: true, encoding: 'utf8' })) {
          if (!/\.(?:c?js|d\.c?ts)$/u.test(path)) continue;
          const text = readFileSync(join(installed(), path), 'utf8');
          if (text.includes('sourceMappingURL=')) missing.push(`${path}: its map`);
          for (const [, specifier = ''] of text.matchAll(/(?:\bfrom |\bimport\()["'](\.[^"']+)["']/gu)) {
            // Declarations name the sources of what they import.
            const target = join(installed(), dirname(path), specifier);
            const files = [
              target,
              target.replace(/\.[cm]?[jt]s$/u, '.d.ts'),
              target.replace(/\.cjs$/u, '.d.cts'),
            ];
            if (!files.some((file) => existsSync(file))) missing.push(`${path}: ${specifier}`);
          }
        }
        assert.deepEqual(missing, []);
      });
    });
  }

  // The client's are run beside a server, by its own tests.
  for (const name of ['proto', 'transcoding', 'server']) {
    it(`runs the programs of the page of ${name}, as they are printed`, async (test) => {
      if (unavailable !== undefined) return giveUp(test, unavailable);
      const page = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
      const programs = [...page.matchAll(/^```js\n(.*?)^```$/gmsu)].map(([, program = '']) => program);
      assert.notEqual(programs.length, 0);
      for (const program of programs) {
        // Projects have sources of their own under this condition; it must not lead to ours.
        const { code, stdout, stderr } = await ended(
          process.execPath,
          ['--conditions=source', write('page.mjs', program)],
          folder,
        );
        assert.equal(code, 0, `${program}\n${stderr}`);
        assert.notEqual(stdout, '');
      }
    });
  }

  it('runs by npx: a command beside a server, a conversation by the client', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const program = write('converse.mjs', CONVERSE);
    const args = ['--no-install', 'parley', 'exec', '--project', 'shop', '--', 'node', program];
    assert.deepEqual(await ended('npx', args, folder), {
      code: 0,
      stdout: 'Where is my order?\ntrue IN_PROGRESS\n',
      stderr: '',
    });
  });

  it('serves, keeps what it was given, and ends with 0 when asked to', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const parley = join(folder, 'node_modules/.bin/parley');
    const serve = spawn(parley, ['serve', '--demo', '--port', '0', '--data', join(folder, 'data')], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'] },
    });
    const ready = createInterface({ input: serve.stdout })[Symbol.asyncIterator]();
    const url = /^parley ready on (http:\S+)$/u.exec(String((await ready.next()).value))?.[1];
    const reply = await fetch(`${url}/v2beta1/projects/demo/conversationProfiles`);
    assert.match(await reply.text(), /"displayName":"Demo"/u);
    const agent = await fetch(`${url}/v2beta1/projects/demo/agent/intents`);
    assert.match(await agent.text(), /"displayName":"Opening hours"/u);
    serve.kill('SIGTERM');
    assert.deepEqual(await once(serve, 'exit'), [0, null]);
    assert.ok(existsSync(join(folder, 'data/parley.sqlite')));
  });

  it('trains on a thread of its own', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const program = `import { trainIntentModel } from '@parleykit/nlu';
      const intents = [{ name: 'hours', phrases: ['when do you open', 'opening hours'] }, { name: 'book', phrases: ['book a table'] }];
      console.log((await trainIntentModel({ intents })).classify('your opening hours').intents[0].name);`;
    const { stdout, stderr } = await ended(process.execPath, [write('train.mjs', program)], folder);
    assert.deepEqual([stdout, stderr], ['hours\n', '']);
  });

  it('has types that a program can be checked against', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
    const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false'];
    const program = write('typed.mts', TYPED_PROGRAM);
    const args = [compiler, ...strict, '--target', 'es2024', '--module', 'nodenext', ...types, program];
    assert.deepEqual(await ended(process.execPath, args, folder), { code: 0, stdout: '', stderr: '' });
  });

  it('tells an older Node in one line that it is too old', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    if (!existsSync(OLD_NODE)) return giveUp(test, 'npm ci --prefix conformance/runtimes');
    const main = join(folder, 'node_modules/@parleykit/cli/dist/main.js');
    const { code, stdout, stderr } = await ended(OLD_NODE, [main, 'serve'], folder);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^parley needs Node 24\.15 or newer; this is 20\.\d+\.\d+\n$/u);
  });
});
