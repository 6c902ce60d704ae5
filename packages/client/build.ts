/**
 * Adds the CommonJS form to dist/, after `tsc -b`: for Node before 20.19, which cannot `require` ES modules. One file
 * of code, and the declarations once more, since TypeScript tells the two forms apart by the endings of files.
 */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const target = join(dist, 'cjs');

rmSync(target, { recursive: true, force: true });
await build({
  entryPoints: [join(dist, 'index.js')],
  outfile: join(target, 'index.cjs'),
  bundle: true,
  format: 'cjs',
  platform: 'neutral',
  target: 'node20',
  external: ['google-auth-library'],
  logLevel: 'warning',
});

const isPublished = (path: string): boolean =>
  !/[/\\]cjs|[/\\]generator|\.test\./u.test(path.slice(dist.length));
const declarations: string[] = [];
cpSync(dist, target, {
  recursive: true,
  filter: (source, destination) => {
    if (!isPublished(source)) return false;
    if (source.endsWith('.d.ts')) declarations.push(destination);
    return source.endsWith('.d.ts') || !/\.\w+$/u.test(source);
  },
});
for (const file of declarations) {
  writeFileSync(file, asCommonJs(readFileSync(file, 'utf8')));
  renameSync(file, file.replace(/\.d\.ts$/u, '.d.cts'));
}

/** What a declaration says, for a file that ends in .d.cts; gen/ is one folder further away from it. */
function asCommonJs(text: string): string {
  return text
    .replaceAll(/(from |import\()'(\.[^']*)\.ts'/gu, "$1'$2.cjs'")
    .replaceAll(/from '((?:\.\.\/)+gen\/[^']*)'/gu, "from '../$1' with { 'resolution-mode': 'import' }")
    .replaceAll(
      /import\('((?:\.\.\/)+gen\/[^']*)'\)/gu,
      "import('../$1', { with: { 'resolution-mode': 'import' } })",
    )
    .replaceAll(/^\/\/# sourceMappingURL.*$/gmu, '');
}
