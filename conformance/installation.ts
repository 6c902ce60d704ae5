import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, takeLock } from './lock.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Every package that is published, each after those that it needs. */
export const PACKAGE_NAMES = ['proto', 'transcoding', 'nlu', 'server', 'client', 'cli'] as const;

/** What npm says of a package that it has packed. */
export interface PackedPackage {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  /** Bytes of the archive. */
  readonly size: number;
  /** Bytes of what is in it. */
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}

/** The packages as they are published, made from the sources as they are. */
export interface Packed {
  /** Where their archives lie. */
  readonly folder: string;
  readonly packages: readonly PackedPackage[];
}

/** A folder in which packages are installed as their users have them. */
export interface Installation extends Disposable {
  readonly folder: string;
  /** Writes a file into it and answers its path. */
  write(name: string, text: string): string;
}

/** Builds and packs all packages. Whoever asks again for the same sources, in whatever process, gets the same. */
export function packAll(): Packed {
  const folder = makeOnce('packed', sourcesHash(), (made) => {
    run('npm', root, 'run', '--silent', 'build');
    const said = run(process.execPath, root, 'packages/pack.ts', made, ...PACKAGE_NAMES);
    writeFileSync(join(made, 'packages.json'), said);
  });
  const packages = JSON.parse(readFileSync(join(folder, 'packages.json'), 'utf8')) as PackedPackage[];
  return { folder, packages };
}

/**
 * Answers the folder in which all packages were installed by npm, with what they need of others: it is the same for
 * all who ask, and not to be written to. Throws where npm cannot have what they need.
 */
export function installAll(): string {
  const packed = packAll();
  return makeOnce('installed', sourcesHash(), (made) => {
    const archives = packed.packages.map(({ name, filename }) => [
      name,
      `file:${join(packed.folder, filename)}`,
    ]);
    const manifest = { private: true, type: 'module', dependencies: Object.fromEntries(archives) };
    writeFileSync(join(made, 'package.json'), JSON.stringify(manifest));
    run('npm', made, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock');
  });
}

/** Answers the folder with a package of others that only a test needs, without what it would run when it is installed. */
export function installOther(name: string, version: string): string {
  return makeOnce(name, version, (made) => {
    writeFileSync(
      join(made, 'package.json'),
      JSON.stringify({ private: true, dependencies: { [name]: version } }),
    );
    run(
      'npm',
      made,
      'install',
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
    );
  });
}

/** Unpacks the client alone into a folder of its own: it needs nothing else. */
export function installClient(): Installation {
  const packed = packAll();
  const client = packed.packages.find(({ name }) => name === '@parleykit/client');
  const installation = openFolder();
  const target = join(installation.folder, 'node_modules/@parleykit/client');
  mkdirSync(target, { recursive: true });
  run('tar', root, '-xzf', join(packed.folder, client?.filename ?? ''), '-C', target, '--strip-components=1');
  return installation;
}

function openFolder(): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'parley-installed-'));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  write('package.json', '{ "type": "module" }\n');
  return { folder, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

function run(program: string, cwd: string, ...parameters: readonly string[]): string {
  return execFileSync(program, parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Answers a folder that is made once for a key: one process does the work while the others wait. */
function makeOnce(kind: string, key: string, make: (folder: string) => void): string {
  using _ = takeLock(kind);
  const folder = join(CACHE, `${kind}-${key}`);
  if (existsSync(folder)) return folder;
  for (const name of readdirSync(CACHE)) {
    if (name.startsWith(`${kind}-`)) rmSync(join(CACHE, name), { recursive: true });
  }
  const unfinished = join(CACHE, `${kind}-unfinished`);
  mkdirSync(unfinished);
  make(unfinished);
  renameSync(unfinished, folder);
  return folder;
}

/** Changes with everything that the packages are made of. */
function sourcesHash(): string {
  const hash = createHash('sha256');
  const add = (path: string): void => void hash.update(path).update(readFileSync(path));
  for (const name of ['package-lock.json', 'tsconfig.options.json', 'LICENSE']) add(join(root, name));
  for (const name of readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })) {
    if (/(?:^|[/\\])(?:dist|gen|node_modules)[/\\]/u.test(name)) continue;
    if (/\.(?:ts|json|md|html|js|css)$/u.test(name)) add(join(root, 'packages', name));
  }
  for (const name of readdirSync(join(root, 'examples/agent'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.json')) add(join(root, 'examples/agent', name));
  }
  return hash.digest('hex').slice(0, 16);
}
