import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * The walls of the client. It imports no package, and no module of Node's but as types: what a runtime has is asked for
 * when it is needed. A call goes clients -> call -> transport -> codec, and nothing calls upwards.
 */

const SOURCE = fileURLToPath(new URL('.', import.meta.url));

/** What runs when the package is built or tested, and is not part of it. */
const ASIDE = ['generator', 'reference'];

const LEAVES = ['errors', 'built-in', 'environment', 'field-path', 'client-info', 'emulator', 'gen'];

/** What each part may import of the others, beside itself and the leaves. */
const walls: Readonly<Record<string, readonly string[]>> = {
  names: [],
  codec: [],
  time: ['codec'],
  auth: ['transport'],
  transport: ['codec', 'auth', 'client-options', 'time'],
  'client-options': ['auth', 'transport'],
  call: ['codec', 'transport', 'auth'],
  clients: ['call', 'codec', 'transport', 'auth', 'names', 'time', 'client-options'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isOurs: boolean;
  readonly isType: boolean;
}

function readImports(): Import[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll(sep, '/'))
    .filter((path) => path.endsWith('.ts') && !/\.test\./u.test(path) && !ASIDE.includes(partOf(path)))
    .flatMap((from) => {
      const text = readFileSync(`${SOURCE}${from}`, 'utf8');
      const found = text.matchAll(/^(?:import|export)( type)?\b(?:[^;']*from )?\s*'([^']+)';$/gmu);
      return [...found].map(([, type, specifier = '']) => ({
        from,
        to: specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier,
        isOurs: specifier.startsWith('.'),
        isType: type !== undefined,
      }));
    });
}

/** The folder at the top in which a file lies, or its own name there; `gen` for what is generated. */
function partOf(path: string): string {
  const [first = '', second] = path.split('/');
  if (first === '..') return second ?? '';
  return second === undefined ? first.replace(/\.ts$/u, '') : first;
}

const imports = readImports();

describe('the walls of the client', () => {
  it('are held against real imports', () => {
    assert.ok(imports.some(({ from, to }) => from === 'clients/service-client.ts' && to === 'call/call.ts'));
    assert.ok(imports.length > 100);
  });

  it('keep out all packages, and all modules of Node but as types', () => {
    const crossed = imports.filter(
      ({ to, isOurs, isType }) => !isOurs && !(isType && to.startsWith('node:')),
    );
    assert.deepEqual(crossed, []);
  });

  it('stand between the parts', () => {
    const crossed = imports.filter(({ from, to, isOurs }) => {
      const [part, other] = [partOf(from), partOf(to)];
      if (!isOurs || part === 'index' || part === other || LEAVES.includes(other)) return false;
      return !(walls[part] ?? []).includes(other);
    });
    assert.deepEqual(crossed, []);
  });
});
