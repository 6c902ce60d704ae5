/**
 * Generates gen/ from what @parleykit/proto has generated: tables.js, the data that the codec works by, and types.d.ts,
 * the types of requests and answers, when they are missing or out of date. Nothing in gen/ is edited or committed.
 *
 * To be run with --conditions=source, after packages/proto/generate.ts.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const gen = join(here, 'gen');
const stampFile = join(gen, '.stamp');
const generator = join(here, 'src/generator');
const proto = join(here, '../proto');
const descriptors = join(proto, 'gen/descriptors.binpb');
const httpRules = join(proto, 'src/http-rules.ts');
const abbreviations = join(here, 'src/codec/abbreviations.ts');

/** What a change of which makes gen/ out of date. */
function stamp(): string {
  const hash = createHash('sha256');
  const sources = readdirSync(generator).filter((name) => !name.includes('.test.'));
  const used = [httpRules, abbreviations, descriptors];
  const files = [...sources.sort().map((name) => join(generator, name)), ...used];
  for (const file of [fileURLToPath(import.meta.url), ...files]) hash.update(readFileSync(file));
  return hash.digest('hex');
}

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp()) {
  // Reading descriptors takes a while, which nobody waits for who has gen/ already.
  const { generateModules } = await import('./src/generator/modules.ts');
  mkdirSync(gen, { recursive: true });
  for (const [name, text] of Object.entries(generateModules(readFileSync(descriptors)))) {
    writeFileSync(join(gen, name), text);
  }
  writeFileSync(stampFile, stamp());
}
