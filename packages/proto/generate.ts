/**
 * Generates gen/ from the .proto files that Google's npm packages ship, when it is missing or out of date.
 *
 * The sources are the ones of the published Node client, so that what the server speaks and what that client
 * speaks cannot drift apart unseen. Nothing in gen/ is edited or committed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const gen = join(here, 'gen');
const stampFile = join(gen, '.stamp');

/** The folder of an installed package, found by walking up: some packages hide their package.json. */
function packageFolder(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    const candidate = join(folder, name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  throw new Error(`${name} is not installed: run npm ci`);
}

const generators = ['protoc', '@bufbuild/protoc-gen-es'].map(packageFolder);
const dialogflow = packageFolder('@google-cloud/dialogflow');
const gax = packageFolder('google-gax');
const health = packageFolder('grpc-health-check');
const reflection = packageFolder('@grpc/reflection');
/** What is Parley's own: its administration, and what it stores. */
const own = join(here, 'proto');

/** What a change of which makes gen/ out of date. */
function stamp(): string {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const folder of [...generators, dialogflow, gax, health, reflection])
    hash.update(readFileSync(join(folder, 'package.json')));
  for (const proto of ownProtos('parley')) hash.update(readFileSync(join(own, proto)));
  return hash.digest('hex');
}

/** The .proto files of our own below a folder, in a stable order. */
function ownProtos(folder: string): string[] {
  return readdirSync(join(own, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

const V2BETA1 = 'google/cloud/dialogflow/v2beta1';
const roots = [
  own,
  join(dialogflow, 'build/protos'),
  join(gax, 'build/protos'),
  // The package keeps it under a shorter path than the one by which reflection clients know it.
  `grpc/health=${join(health, 'proto/health')}`,
  join(reflection, 'build/proto'),
];

/** Each entry point of the package, with the .proto files that it re-exports. */
const entryPoints: Record<string, string[]> = {
  v2beta1: readdirSync(join(dialogflow, 'build/protos', V2BETA1))
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => `${V2BETA1}/${name}`),
  longrunning: ['google/longrunning/operations.proto'],
  location: ['google/cloud/location/locations.proto'],
  rpc: ['google/rpc/code.proto', 'google/rpc/error_details.proto', 'google/rpc/status.proto'],
  api: [
    'google/api/annotations.proto',
    'google/api/client.proto',
    'google/api/field_behavior.proto',
    'google/api/http.proto',
    'google/api/launch_stage.proto',
    'google/api/resource.proto',
  ],
  type: ['google/type/latlng.proto'],
  admin: ownProtos('parley/admin'),
};

/** Entry points that are no part of the API: what its `files` do not hold. */
const otherEntryPoints: Record<string, string[]> = {
  stored: ownProtos('parley/stored'),
  health: ['grpc/health/v1/health.proto'],
  reflection: ['grpc/reflection/v1/reflection.proto'],
  'reflection-v1alpha': ['grpc/reflection/v1alpha/reflection.proto'],
};

function generate(): void {
  rmSync(gen, { recursive: true, force: true });
  mkdirSync(gen, { recursive: true });
  const files = Object.values(entryPoints).flat();
  const plugin = join(packageFolder('@bufbuild/protoc-gen-es'), 'bin/protoc-gen-es');
  execFileSync(
    process.execPath,
    [
      join(packageFolder('protoc'), 'protoc.cjs'),
      ...roots.map((root) => `--proto_path=${root}`),
      `--plugin=protoc-gen-es=${plugin}`,
      `--es_out=target=js+dts,import_extension=js:${gen}`,
      // Everything once more as data, with the comments: what others generate from.
      '--include_imports',
      '--include_source_info',
      `--descriptor_set_out=${join(gen, 'descriptors.binpb')}`,
      ...files,
      ...Object.values(otherEntryPoints).flat(),
    ],
    // protoc warns about unused imports in sources that are not ours; execFileSync shows them when it fails.
    { stdio: ['ignore', 'inherit', 'pipe'] },
  );

  const module = (proto: string) => `./${proto.replace(/\.proto$/, '_pb.js')}`;
  const symbol = (proto: string) => `file_${proto.replace(/\.proto$/, '').replaceAll(/[/.]/g, '_')}`;
  for (const [entry, protos] of Object.entries({ ...entryPoints, ...otherEntryPoints })) {
    const exports = protos.map((proto) => `export * from '${module(proto)}';\n`).join('');
    writeFileSync(join(gen, `${entry}.js`), exports);
    writeFileSync(join(gen, `${entry}.d.ts`), exports);
  }
  const imports = files.map((proto) => `import { ${symbol(proto)} } from '${module(proto)}';\n`).join('');
  writeFileSync(join(gen, 'files.js'), `${imports}export const files = [${files.map(symbol).join(', ')}];\n`);
  writeFileSync(
    join(gen, 'files.d.ts'),
    "import type { DescFile } from '@bufbuild/protobuf';\nexport declare const files: readonly DescFile[];\n",
  );
  writeFileSync(stampFile, stamp());
}

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp()) generate();
