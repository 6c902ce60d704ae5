import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { smallPrograms } from './programs.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const clientFolder = fileURLToPath(new URL('../../packages/client/', import.meta.url));

/** A bundle of one program. */
export interface BundleSize {
  readonly bytes: number;
  readonly zipped: number;
}

/** Minified by esbuild. */
export async function bundle(
  whose: keyof typeof smallPrograms,
  platform: 'browser' | 'node',
): Promise<BundleSize> {
  const { outputFiles } = await build({
    stdin: { contents: smallPrograms[whose], resolveDir: here },
    bundle: true,
    minify: true,
    write: false,
    format: whose === 'peer' ? 'cjs' : 'esm',
    platform,
    target: 'es2022',
    logLevel: 'error',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error('esbuild made nothing');
  return { bytes: output.contents.length, zipped: gzipSync(output.contents).length };
}

/** What installing a package brings. */
export interface InstallSize {
  readonly packages: number;
  readonly bytes: number;
}

/** Ours as npm would unpack it. */
export function ourInstall(): InstallSize & { readonly packed: number } {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: clientFolder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const told = JSON.parse(text) as PackReport[] | Record<string, PackReport>;
  const [report] = Object.values(told);
  if (report === undefined) throw new Error('npm pack said nothing');
  const { dependencies = {} } = readPackage(clientFolder);
  return {
    packages: 1 + Object.keys(dependencies).length,
    bytes: report.unpackedSize,
    packed: report.size,
  };
}

interface PackReport {
  readonly size: number;
  readonly unpackedSize: number;
}

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A package of node_modules with all that it depends on. */
export function peerInstall(name: string): InstallSize {
  const found = new Set<string>();
  const visit = (wanted: string, from: string): void => {
    const folder = folderOf(wanted, from);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    for (const dependency of Object.keys(readPackage(folder).dependencies ?? {})) visit(dependency, folder);
  };
  visit(name, here);
  const bytes = [...found].reduce((sum, folder) => sum + folderBytes(folder), 0);
  return { packages: found.size, bytes };
}

function folderOf(name: string, from: string): string | undefined {
  const paths = createRequire(join(from, 'x.js')).resolve.paths(name) ?? [];
  const folder = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')));
  return folder === undefined ? undefined : realpathSync(folder);
}

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}

/** Of a package alone: what is nested in it counts by itself. */
function folderBytes(folder: string): number {
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules')
    .map((name) => join(folder, name))
    .reduce((sum, path) => {
      const stat = lstatSync(path);
      return sum + (stat.isDirectory() ? folderBytes(path) : stat.size);
    }, 0);
}
