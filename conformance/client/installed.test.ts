import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { chromium, visit } from '../browser.ts';
import { type Installation, installClient } from '../installation.ts';
import { openTarget } from '../target.ts';
import { ingest, newParent, openClientScene, openClients, openTalk } from './scene.ts';

const scene = openClientScene();
const runtimes = fileURLToPath(new URL('../runtimes/node_modules/', import.meta.url));

/** What every runtime is to do; it ends by itself only if nothing is left open. */
const BODY = `
const [url, conversation, ...transports] = process.argv.slice(2);
const told = {};
for (const transport of transports) {
  const client = new ConversationsClient({ transport, credentials: 'none', clientOptions: { apiEndpoint: url } });
  const contents = [];
  for await (const message of client.listMessages({ parent: conversation, pageSize: 2 })) {
    contents.push(message.content);
  }
  const error = await client.getConversation({ name: conversation + 'x' }).catch((error) => error);
  told[transport] = { contents, notFound: error instanceof NotFoundError, reason: error.reason };
  await client.close();
}
console.log(JSON.stringify(told));
`;

const AS_MODULE = `import { ConversationsClient, NotFoundError } from '@parleykit/client';${BODY}`;
const AS_COMMON_JS = `const { ConversationsClient, NotFoundError } = require('@parleykit/client');
console.error(require.resolve('@parleykit/client'));
(async () => {${BODY}})();`;

/** The same by the form that speaks REST alone, which is then what is chosen. */
const OVER_REST = `import { ConversationsClient, NotFoundError } from '@parleykit/client/rest';${BODY}
const options = { credentials: 'none', clientOptions: { apiEndpoint: url } };
console.error(new ConversationsClient(options).transport.kind);
try {
  new ConversationsClient({ ...options, transport: 'grpc' });
} catch (error) {
  console.error(error.name);
}`;

/** What a page does; it tells the server that it came from. */
const PAGE_PROGRAM = `
import { ConversationsClient, NotFoundError } from '@parleykit/client';
const parameters = new URLSearchParams(location.search);
const conversation = parameters.get('conversation');
const report = async (told) => fetch('/report', { method: 'POST', body: JSON.stringify(told) });
try {
  const client = new ConversationsClient({ credentials: 'none', clientOptions: { apiEndpoint: parameters.get('api') } });
  const contents = [];
  for await (const message of client.listMessages({ parent: conversation, pageSize: 2 })) {
    contents.push(message.content);
  }
  const error = await client.getConversation({ name: conversation + 'x' }).catch((error) => error);
  await client.close();
  document.body.textContent = contents.join();
  await report({ kind: client.transport.kind, contents, notFound: error instanceof NotFoundError, reason: error.reason });
} catch (error) {
  await report({ failed: String(error) });
}
`;

/** Held against the declarations; each expected error is one that the compiler has to find. */
const TYPED_PROGRAM = `
import { ConversationsClient, type Conversation, type Message, NotFoundError } from '@parleykit/client';
const client = new ConversationsClient({ transport: 'rest' });
export const found: Promise<Conversation> = client.getConversation({ name: 'x' }).then((conversation) => conversation);
export const whole: PromiseLike<Conversation> = client.getConversation({ request: { name: 'x' } }, { timeoutMs: 5 });
export const isOver = async (): Promise<boolean> => (await found).lifecycleState === 'COMPLETED';
export async function read(): Promise<readonly Message[]> {
  const all: Message[] = [];
  for await (const message of client.listMessages({ parent: 'x' })) all.push(message);
  for await (const message of await client.listMessages({ parent: 'x' })) all.push(message);
  const { response, requestId } = await client.getConversation({ name: 'x' }).withResponse();
  const token: string = (await client.listConversations({ parent: 'x' })).nextPageToken;
  const { operations } = await client.listOperations({ name: 'x' });
  const project: string | undefined = ConversationsClient.parseConversationPath(response.name).project;
  if ([requestId, token, operations[0]?.name, project].includes('x')) throw new NotFoundError('x');
  return all;
}
// @ts-expect-error
client.getConversation({ nam: 'x' });
// @ts-expect-error
client.getConversation({ name: 'x', request: { name: 'x' } });
// @ts-expect-error
client.createConversation({ parent: 'x', conversation: { conversationProfile: 'y', conversationStage: 'NOPE' } });
// @ts-expect-error
client.getConversation({ name: 'x' }, { timeout: 5 });
// @ts-expect-error
client.createConversation({ parent: 'x' });
`;

const COMPILATIONS = [
  ['an ES module', 'typed.mts', ['--module', 'nodenext']],
  ['CommonJS that can require ES modules', 'typed.cts', ['--module', 'nodenext']],
  ['CommonJS that cannot', 'typed.cts', ['--module', 'node16']],
  ['a bundler', 'typed.ts', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ['an ES module that speaks REST alone', 'rest.mts', ['--module', 'nodenext']],
] as const;

interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly flags?: readonly string[];
  /** The file that \`require\` gets. */
  readonly required?: string;
}

const node = (folder: string): string => join(runtimes, folder, 'bin/node');
const DENO_FLAGS = ['run', '--no-prompt', '--cached-only', '--allow-net', '--allow-env', '--allow-read'];

const RUNTIMES: readonly Runtime[] = [
  { name: 'Node 20.18', command: node('node-20'), required: 'index.cjs' },
  { name: 'Node 20', command: node('node-20-newest'), required: 'index.js' },
  { name: 'Node 22', command: node('node-22'), required: 'index.js' },
  { name: 'Node 24', command: process.execPath, required: 'index.js' },
  { name: 'Deno', command: join(runtimes, '@deno/linux-x64-glibc/deno'), flags: DENO_FLAGS },
  { name: 'Bun', command: join(runtimes, '@oven/bun-linux-x64/bin/bun'), flags: ['run'] },
];

/** Where a runtime is not installed, its test can only be left out; under CI that is a failure. */
function needs({ command }: Runtime, test: TestContext): boolean {
  if (existsSync(command)) return true;
  leaveOut(test, `${command} is not there: npm ci --prefix conformance/runtimes`);
  return false;
}

function leaveOut(test: TestContext, why: string): void {
  assert.ok(['', '0', 'false', undefined].includes(process.env['CI']), why);
  test.skip(why);
}

/** A web server with one page, which runs a program. */
interface ProgramPage extends AsyncDisposable {
  readonly origin: string;
  /** What the program told it. */
  readonly report: Promise<unknown>;
}

async function openProgramPage(program: string): Promise<ProgramPage> {
  const { promise: report, resolve } = Promise.withResolvers<unknown>();
  const server = createServer(async (request, response) => {
    if (request.url === '/report') resolve(JSON.parse(await text(request)));
    const isProgram = request.url === '/program.js';
    response.writeHead(200, { 'content-type': isProgram ? 'text/javascript' : 'text/html' });
    response.end(
      isProgram ? program : '<!doctype html><body><script type="module" src="/program.js"></script>',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://page.example:${(server.address() as AddressInfo).port}`,
    report,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('the package as it is installed', { timeout: 120_000 }, () => {
  let installed: Installation;
  let conversation: string;
  const expected = {
    contents: ['message 4', 'message 3', 'message 2', 'message 1', 'message 0'],
    notFound: true,
    reason: 'RESOURCE_NOT_FOUND',
  };

  before(async () => {
    installed = installClient();
    const talk = await openTalk(scene.grpc, newParent());
    await ingest(scene.grpc, talk, 5);
    conversation = talk.conversation.name;
  });
  after(() => installed?.[Symbol.dispose]());

  it('is one package of at most a megabyte, and depends on nothing', () => {
    const folder = join(installed.folder, 'node_modules/@parleykit/client');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    );
    const bytes = files
      .map((file) => statSync(file))
      .filter((stat) => stat.isFile())
      .reduce((sum, { size }) => sum + size, 0);
    assert.ok(bytes <= 1_000_000, `${bytes} bytes`);
    const manifest = readFileSync(join(folder, 'package.json'), 'utf8');
    assert.equal((JSON.parse(manifest) as { dependencies?: object }).dependencies, undefined);
  });

  it('runs the programs of its page, as they are printed', async () => {
    const page = readFileSync(new URL('../../packages/client/README.md', import.meta.url), 'utf8');
    const programs = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, program = '']) => program);
    assert.ok(programs.length > 5);
    await using target = await openTarget('--demo');
    const options = {
      cwd: installed.folder,
      timeout: 30_000,
      env: { PATH: process.env['PATH'], HOME: installed.folder, DIALOGFLOW_EMULATOR_HOST: target.address },
    };
    const printed: string[] = [];
    for (const program of programs) {
      const file = installed.write('program.mjs', program);
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], options);
      assert.equal(stderr, '', program);
      printed.push(stdout);
    }
    const all = printed.join('');
    for (const text of [
      'END_USER Where is my order?',
      'IN_PROGRESS',
      'there is none:',
      'demo/locations/global',
    ]) {
      assert.ok(all.includes(text), `${text} is printed: ${all}`);
    }
  });

  for (const [what, file, flags] of COMPILATIONS) {
    it(`has types for ${what}`, async () => {
      const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
      const common = [
        '--noEmit',
        '--strict',
        '--exactOptionalPropertyTypes',
        '--target',
        'es2022',
        '--types',
        '',
      ];
      const name = file.startsWith('rest') ? '@parleykit/client/rest' : '@parleykit/client';
      const program = installed.write(file, TYPED_PROGRAM.replace('@parleykit/client', name));
      const lib = ['--lib', 'es2022,esnext.disposable,dom,dom.asynciterable'];
      const parameters = [compiler, ...common, ...lib, ...flags, program];
      const options = { cwd: installed.folder };
      await promisify(execFile)(process.execPath, parameters, options).catch(
        ({ stdout }: { stdout: string }) => assert.fail(stdout),
      );
    });
  }

  it('has a form that speaks REST alone, and takes nothing else into a bundle for Node', async () => {
    const { outputFiles } = await build({
      stdin: { contents: OVER_REST, resolveDir: installed.folder },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      write: false,
    });
    const bundled = outputFiles[0]?.text ?? '';
    assert.ok(!bundled.includes('http2') && bundled.includes('node:http'), bundled);
    for (const program of [OVER_REST, bundled]) {
      const parameters = [installed.write('rest.mjs', program), scene.target.url, conversation, 'rest'];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, parameters, {
        timeout: 30_000,
        env: { PATH: process.env['PATH'], HOME: installed.folder },
      });
      assert.deepEqual(JSON.parse(stdout), { rest: expected });
      assert.equal(stderr, 'rest\nClientOptionsError\n');
    }
  });

  it('lists messages in a page in a browser, by fetch', async (test) => {
    if (chromium === undefined) return leaveOut(test, 'Chromium is not installed');
    const { outputFiles } = await build({
      stdin: { contents: PAGE_PROGRAM, resolveDir: installed.folder },
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
    });
    await using page = await openProgramPage(outputFiles[0]?.text ?? '');
    await using target = await openTarget('--cors-origin', page.origin);
    await using clients = openClients(target.url, 'grpc');
    const talk = await openTalk(clients, newParent());
    await ingest(clients, talk, 5);
    const parameters = new URLSearchParams({ api: target.url, conversation: talk.conversation.name });
    assert.deepEqual(await visit(`${page.origin}/?${parameters}`, page.report), {
      kind: 'rest',
      ...expected,
    });
  });

  const run = async (
    { command, flags = [] }: Runtime,
    program: string,
  ): Promise<readonly [object, string]> => {
    const parameters = [...flags, program, scene.target.url, conversation, 'rest', 'grpc'];
    const { stdout, stderr } = await promisify(execFile)(command, parameters, {
      cwd: installed.folder,
      timeout: 30_000,
      env: { PATH: process.env['PATH'], HOME: installed.folder },
    });
    return [JSON.parse(stdout) as object, stderr.trim()];
  };

  for (const runtime of RUNTIMES) {
    it(`can be imported in ${runtime.name}`, async (test) => {
      if (!needs(runtime, test)) return;
      const [told] = await run(runtime, installed.write('program.mjs', AS_MODULE));
      assert.deepEqual(told, { rest: expected, grpc: expected });
    });

    const { required } = runtime;
    if (required === undefined) continue;
    it(`can be required in ${runtime.name}, as ${required}`, async (test) => {
      if (!needs(runtime, test)) return;
      const [told, loaded] = await run(runtime, installed.write('program.cjs', AS_COMMON_JS));
      assert.deepEqual(told, { rest: expected, grpc: expected });
      assert.ok(loaded.split('\n')[0]?.endsWith(`/dist/${required}`), loaded);
    });
  }
});
