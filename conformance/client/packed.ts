import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const client = join(root, 'packages/client');

/** A folder in which the client is installed as its users have it: built, packed and unpacked. */
export interface Installation extends Disposable {
  readonly folder: string;
  /** Writes a file into it and answers its path. */
  write(name: string, text: string): string;
}

/** Builds and packs the client, and installs what came out. */
export function installPacked(): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'parley-installed-'));
  const installed = join(folder, 'node_modules/@parleykit/client');
  const run = (program: string, ...parameters: readonly string[]): string =>
    execFileSync(program, parameters, { cwd: client, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '--build');
  run(process.execPath, 'build.ts');
  run('npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
  mkdirSync(installed, { recursive: true });
  run('tar', '-xzf', join(folder, 'parleykit-client-0.1.0.tgz'), '-C', installed, '--strip-components=1');
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  write('package.json', '{ "type": "module" }\n');
  return { folder, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
