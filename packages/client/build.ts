/**
 * Makes what is published out of the sources: one file of code for each kind of runtime, and the declarations that
 * index.ts leads to, once for each of the two module systems. After `tsc -b`, which checks and writes declarations.
 *
 * One file starts in a third of the time that sixty take, and bundlers still leave out of it what a program does not use.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const declarations = join(dist, 'tsc');
const types = join(dist, 'types');

/** For programs that speak REST alone. */
const withoutGrpc = doingWithout(/\/(?:grpc-wire|can-speak-grpc)\.ts$/);

/** Browsers and workers have neither files nor HTTP of Node's. */
const withoutNode = doingWithout(/\/(?:node-sender|client-certificate|application-default)\.ts$/);

const DOC_COMMENT = /^[ \t]*\/\*\*[\s\S]*?\*\/\n/gmu;

const common: BuildOptions = {
  entryPoints: [join(here, 'src/index.ts')],
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  legalComments: 'none',
  minifySyntax: true,
  logLevel: 'warning',
};

rmSync(types, { recursive: true, force: true });
await make('index.js', {});
// Nobody steps through these, which are for bundlers and for old Nodes. Bundlers need the comments that say what is
// pure, which esbuild takes along with white space.
await make('rest.js', { plugins: [withoutGrpc], minifyIdentifiers: true });
await make('browser.js', { plugins: [withoutGrpc, withoutNode], minifyIdentifiers: true });
await make('index.cjs', { format: 'cjs', minify: true });

/** Takes, in place of what needs something, the file beside it that does without. */
function doingWithout(filter: RegExp): Plugin {
  return {
    name: `without ${filter.source}`,
    setup({ onResolve }) {
      // The filter is of Go's kind, which has no flags.
      onResolve({ filter }, ({ path, resolveDir }) => ({
        path: join(resolveDir, path.replace(/\.ts$/u, '.browser.ts')),
      }));
    },
  };
}

/** Without comments, but for those that tell bundlers what may be left out, and without indentation. */
async function make(name: string, options: BuildOptions): Promise<void> {
  const { outputFiles = [] } = await build({ ...common, ...options, write: false });
  for (const { text } of outputFiles) {
    const shortened = text.replaceAll(DOC_COMMENT, '').replaceAll(/^ +/gmu, '');
    if ((await minified(shortened)) !== (await minified(text)))
      throw new Error(`${name}: a text lost spaces`);
    writeFileSync(join(dist, name), shortened);
  }
}

async function minified(text: string): Promise<string> {
  return (await transform(text, { minify: true })).code;
}

for (const file of publishedDeclarations()) {
  // Indentation is a tenth of what declarations weigh.
  const text = readFileSync(file, 'utf8').replaceAll(/^\/\/# sourceMappingURL.*$|^ +/gmu, '');
  const isGenerated = !file.startsWith(declarations);
  const target = join(types, isGenerated ? relative(here, file) : join('src', relative(declarations, file)));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text.replaceAll(/(["']\.{1,2}\/[^"']*)\.ts(["'])/gu, '$1.js$2'));
  if (!isGenerated) writeFileSync(target.replace(/\.d\.ts$/u, '.d.cts'), asCommonJs(text));
}

/** What index.d.ts leads to, and it itself. */
function publishedDeclarations(): readonly string[] {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
      /(?:from |import\()["'](\.[^"']*)["']/gu,
    )) {
      const folder = specifier.includes('/gen/') ? join(here, 'gen') : dirname(file);
      visit(join(folder, specifier.replace(/^.*\/gen\//u, '').replace(/\.[jt]s$/u, '.d.ts')));
    }
  };
  visit(join(declarations, 'index.d.ts'));
  return [...found];
}

/** A declaration for a file that ends in .d.cts: gen/ alone is an ES module. Comments are in the other form. */
function asCommonJs(text: string): string {
  return text
    .replaceAll(DOC_COMMENT, '')
    .replaceAll(/(["']\.{1,2}\/[^"']*)\.ts(["'])/gu, '$1.cjs$2')
    .replaceAll(/from '([^']*\/gen\/[^']*)'/gu, "from '$1' with { 'resolution-mode': 'import' }")
    .replaceAll(
      /import\(["']([^"']*\/gen\/[^"']*)["']\)/gu,
      "import('$1', { with: { 'resolution-mode': 'import' } })",
    );
}
