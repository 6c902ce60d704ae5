/**
 * `node packages/pack.ts FOLDER [NAME...]`, after `npm run build`: packs packages, all unless some are named, and prints what
 * npm says of them as JSON.
 *
 * What is published leads to nothing that is not: the manifests lose the condition by which sources find each other, which
 * other projects use under the same name, and what only development needs. Where a workflow of GitHub packs, they tell of
 * its repository, which npm holds against where the packages come from.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [target = 'packed', ...named] = process.argv.slice(2);
/** Each after those that it needs. */
const names = named.length > 0 ? named : ['proto', 'transcoding', 'nlu', 'server', 'client', 'cli'];

type Json = { readonly [key: string]: Json } | string;

function withoutSource(exports: Json): Json {
  if (typeof exports === 'string') return exports;
  const entries = Object.entries(exports).filter(([condition]) => condition !== 'source');
  return Object.fromEntries(entries.map(([condition, value]) => [condition, withoutSource(value)]));
}

function publishedManifest(name: string): object {
  const manifest = JSON.parse(readFileSync(join(here, name, 'package.json'), 'utf8'));
  const { devDependencies: _, exports, ...rest } = manifest;
  const repository = process.env['GITHUB_REPOSITORY'];
  const url = `git+https://github.com/${repository}.git`;
  return {
    ...rest,
    exports: withoutSource(exports),
    ...(repository !== undefined && { repository: { type: 'git', url, directory: `packages/${name}` } }),
  };
}

const staged = resolve(target, 'staged');
for (const name of names) {
  const folder = join(staged, name);
  const isLeft = (path: string): boolean => !['src', 'node_modules'].includes(basename(path));
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, name), folder, {
    recursive: true,
    filter: (path) => path === join(here, name) || path.includes('/dist/') || isLeft(path),
  });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(publishedManifest(name), undefined, 2)}\n`);
}
const folders = names.map((name) => join(staged, name));
const options = ['--ignore-scripts', '--json', `--pack-destination=${resolve(target)}`];
process.stdout.write(
  execFileSync('npm', ['pack', ...options, ...folders], { encoding: 'utf8', cwd: staged }),
);
rmSync(staged, { recursive: true });
