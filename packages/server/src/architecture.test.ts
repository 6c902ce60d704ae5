import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * The walls of the house. Packages: proto <- transcoding <- server, client <- cli, and never back; nlu stands alone. Inside the
 * server a call goes transport -> rpc -> services -> domain -> storage, and nothing calls upwards.
 */

const PACKAGES = fileURLToPath(new URL('../../', import.meta.url));

const packageWalls: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  transcoding: ['proto'],
  nlu: [],
  server: ['proto', 'transcoding', 'nlu'],
  cli: ['client', 'server'],
};

const LEAVES = [
  'clock',
  'resource-names',
  'field-overrides',
  'errors',
  'agent-errors',
  'assist-errors',
  'filter',
  'limits',
  'config',
  'ids',
  'log',
  'metrics',
  'locations',
  'field-mask',
  'message-writer',
  'wire-writer',
];

/** What each part of the server may import of the others, beside itself. `rpc types` are types only. */
const serverWalls: Readonly<Record<string, readonly string[]>> = {
  transport: ['rpc', ...LEAVES],
  rpc: LEAVES,
  compatibility: ['services', ...LEAVES],
  services: [
    'rpc',
    'conversation',
    'agent',
    'knowledge',
    'suggestion',
    'generation',
    'reply',
    'notification',
    'operation',
    'schedule',
    'storage',
    ...LEAVES,
  ],
  agent: ['outbound', 'storage', ...LEAVES],
  knowledge: ['outbound', 'storage', ...LEAVES],
  suggestion: ['conversation', 'knowledge', 'reply', 'storage', ...LEAVES],
  generation: LEAVES,
  reply: ['storage', ...LEAVES],
  notification: ['conversation', 'outbound', 'schedule', 'storage', ...LEAVES],
  operation: ['schedule', 'storage', ...LEAVES],
  schedule: ['storage', ...LEAVES],
  conversation: ['storage', ...LEAVES],
  outbound: LEAVES,
  storage: LEAVES,
};

/** Drivers are known to the one who builds the server, and to nobody else. */
const STORAGE_PORT = ['store', 'named-message'];

/** Third-party packages, and where they may be known. */
const thirdParty: Readonly<Record<string, readonly string[]>> = {
  'node:sqlite': ['server/storage'],
  'node:worker_threads': ['server/storage', 'server/knowledge/reading', 'nlu'],
  'node:http': ['server/transport', 'server/outbound'],
  'node:https': ['server/outbound'],
  'node:http2': ['server/transport'],
  'node:net': ['server/transport', 'server/outbound', 'server/server.ts'],
  '@bufbuild/protobuf': ['proto', 'transcoding', 'server'],
  '@grpc/grpc-js': [],
  yauzl: ['server/agent/archive'],
  fflate: ['server/agent/archive'],
  'csv-parse/sync': ['server/knowledge/reading'],
  htmlparser2: ['server/knowledge/reading'],
  unpdf: ['server/knowledge/reading'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether it is there as soon as its importer is: neither types alone nor a call of `import()`. */
  readonly eager: boolean;
}

function readImports(): Import[] {
  return Object.keys(packageWalls).flatMap((name) => {
    const source = join(PACKAGES, name, 'src');
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
    return files
      .filter((file) => file.endsWith('.ts') && !/\.test\.(?:fixture\.)?ts$/u.test(file))
      .flatMap((file) => {
        const path = join(source, file);
        const from = `${name}/${file.replaceAll(sep, '/')}`;
        const text = readFileSync(path, 'utf8');
        const types = new Set(
          [...text.matchAll(/^(?:import|export) type [^;]+? from '([^']+)'/gmu)].map(
            ([, specifier]) => specifier,
          ),
        );
        const specifiers = text.matchAll(/(?:from|import)\s*(\(?)\s*'([^']+)'/gu);
        return [...specifiers].map(([, call, specifier = '']) => ({
          from,
          to: resolve(name, path, specifier),
          eager: call === '' && !types.has(specifier),
        }));
      });
  });
}

function specifiersIn(path: string): string[] {
  const found = readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/gu);
  return [...found].map(([, specifier = '']) => specifier);
}

/** `server/storage/store.ts` for files of ours, the specifier for everything else. */
function resolve(packageName: string, file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const target = relative(join(PACKAGES, packageName, 'src'), join(dirname(file), specifier));
  return `${packageName}/${target.replaceAll(sep, '/')}`;
}

/** The part of the server in which a file lies: its folder, or its own name at the top. */
function partOf(path: string): string {
  const [, first = '', second] = path.split('/');
  return second === undefined ? first.replace(/\.ts$/u, '') : first;
}

const imports = readImports();

describe('the walls', () => {
  it('are held against real imports', () => {
    assert.ok(
      imports.some(({ from, to }) => from === 'server/server.ts' && to === 'server/rpc/dispatcher.ts'),
    );
    assert.ok(imports.some(({ from, to }) => from === 'cli/serve.ts' && to === '@parleykit/server'));
  });

  it('stand between the packages', () => {
    const crossed = imports.filter(({ from, to }) => {
      const [, other] = /^@parleykit\/([^/]+)/u.exec(to) ?? [];
      const [own = ''] = from.split('/');
      return other !== undefined && other !== own && !packageWalls[own]?.includes(other);
    });
    assert.deepEqual(crossed, []);
  });

  it('stand between the parts of the server', () => {
    const crossed = imports.filter(({ from, to }) => {
      if (!from.startsWith('server/') || !to.startsWith('server/')) return false;
      const [part, other] = [partOf(from), partOf(to)];
      if (part === 'server' || part === 'index' || part === other) return false;
      const allowed = LEAVES.includes(part) ? LEAVES : serverWalls[part];
      return allowed === undefined || !allowed.includes(other);
    });
    assert.deepEqual(crossed, []);
  });

  it('hide the drivers of the store', () => {
    const crossed = imports.filter(({ from, to }) => {
      if (!to.startsWith('server/storage/') || from.startsWith('server/storage/')) return false;
      const file = to.slice('server/storage/'.length).replace(/\.ts$/u, '');
      return !STORAGE_PORT.includes(file) && from !== 'server/server.ts';
    });
    assert.deepEqual(crossed, []);
  });

  it('keep the web page to itself, which comes to browsers file by file', () => {
    const folder = join(PACKAGES, 'server/page');
    const crossed = readdirSync(folder)
      .filter((file) => file.endsWith('.js') && !file.endsWith('.test.js'))
      .flatMap((file) => specifiersIn(join(folder, file)))
      .filter((specifier) => !/^\.\/[a-z-]+\.js$/u.test(specifier));
    assert.deepEqual(crossed, []);
    assert.ok(specifiersIn(join(folder, 'main.js')).includes('./api.js'));
    assert.ok(imports.every(({ to }) => !to.startsWith('server/../page')));
  });

  it('have language understanding loaded by who needs it, not at the start', () => {
    // The package's entry point for agents is for others: nothing in the server imports it.
    const understanding = (path: string) =>
      path.startsWith('server/agent/training/') ||
      path.startsWith('server/knowledge/search/') ||
      path === 'server/agent/index.ts';
    const crossed = imports.filter(
      ({ from, to, eager }) =>
        from.startsWith('server/') &&
        eager &&
        !understanding(from) &&
        (/^@parleykit\/nlu(?:\/|$)/u.test(to) || understanding(to)),
    );
    assert.deepEqual(crossed, []);
    assert.ok(imports.some(({ from, to }) => understanding(from) && to === '@parleykit/nlu'));
    assert.ok(imports.some(({ from, to }) => partOf(from) === 'reply' && to === '@parleykit/nlu/replies'));
  });

  it('have the libraries that read documents loaded by who needs them, not at the start', () => {
    const libraries = ['csv-parse/sync', 'htmlparser2', 'unpdf'];
    const reading = new Set(imports.filter(({ to }) => libraries.includes(to)).map(({ from }) => from));
    const eager = imports.filter(({ to, eager }) => eager && (reading.has(to) || to === 'unpdf'));
    assert.deepEqual(eager, []);
    assert.equal(reading.size, libraries.length);
  });

  it('keep each library where it belongs', () => {
    const crossed = imports.filter(({ from, to }) => {
      const places = thirdParty[to];
      return places !== undefined && !places.some((place) => from.startsWith(place));
    });
    assert.deepEqual(crossed, []);
  });
});
