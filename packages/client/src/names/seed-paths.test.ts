import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as paths from './seed-paths.ts';

/** Each pair of helpers with its arguments, what they are called when parsed, and the path. */
const HELPERS = [
  ['conversation', ['squid', 'clam'], ['project', 'conversation'], 'projects/squid/conversations/clam'],
  [
    'conversationProfile',
    ['whelk', 'octopus'],
    ['project', 'conversationProfile'],
    'projects/whelk/conversationProfiles/octopus',
  ],
  [
    'message',
    ['oyster', 'nudibranch', 'cuttlefish'],
    ['project', 'conversation', 'message'],
    'projects/oyster/conversations/nudibranch/messages/cuttlefish',
  ],
  ['commonBillingAccount', ['mussel'], ['billingAccount'], 'billingAccounts/mussel'],
  ['commonFolder', ['scallop'], ['folder'], 'folders/scallop'],
  ['commonOrganization', ['squid'], ['organization'], 'organizations/squid'],
  ['commonProject', ['whelk'], ['project'], 'projects/whelk'],
  [
    'commonLocation',
    ['oyster', 'nudibranch'],
    ['project', 'location'],
    'projects/oyster/locations/nudibranch',
  ],
] as const;

type Build = (...segments: readonly string[]) => string;
type Parse = (path: string) => Record<string, string>;

function helper<Kind>(name: string): Kind {
  const found = (paths as Readonly<Record<string, unknown>>)[name];
  assert.equal(typeof found, 'function', name);
  return found as Kind;
}

const parserOf = (name: string): Parse => helper(`parse${name[0]?.toUpperCase()}${name.slice(1)}Path`);

/** The parser as the seed has it: a pattern made of the same template. */
function seedPattern(path: string, segments: readonly string[], variables: readonly string[]): RegExp {
  let source = path;
  for (const [index, segment] of segments.entries()) {
    source = source.replace(`/${segment}`, `/(?<${variables[index]}>[^\\n]+?)`);
  }
  return new RegExp(`^${source}\\n?$`, 'u');
}

for (const [name, segments, variables, path] of HELPERS) {
  const parse = parserOf(name);
  const expected = Object.fromEntries(variables.map((variable, index) => [variable, segments[index]]));

  describe(`${name}Path()`, () => {
    it('puts the path together', () => assert.equal(helper<Build>(`${name}Path`)(...segments), path));

    it('neither escapes nor looks at what it is given', () => {
      const odd = segments.map(() => 'a/b c');
      assert.deepEqual(
        parse(helper<Build>(`${name}Path`)(...odd)),
        Object.fromEntries(variables.map((v) => [v, 'a/b c'])),
      );
    });
  });

  describe(`${parse.name}()`, () => {
    it('takes the path apart again', () => assert.deepEqual(parse(path), expected));

    it('answers {} on no match', () => {
      for (const other of ['', 'nope', `/${path}`, path.slice(0, path.lastIndexOf('/') + 1), `x${path}`]) {
        assert.deepEqual(parse(other), {}, other);
      }
    });

    it('lets a line feed pass at the end alone', () => {
      assert.deepEqual(parse(`${path}\n`), expected);
      assert.deepEqual(parse(`${path}\n\n`), {});
      assert.deepEqual(parse(`${path}\nx`), {});
    });

    it("finds what the seed's pattern finds", () => {
      const pattern = seedPattern(path, segments, variables);
      const words = path.split('/').flatMap((word) => [word, '/', `${word}/`, `/${word}/`]);
      const texts = fc.array(fc.constantFrom(...words, path, 'a', '\n', ' ', '\r'), { maxLength: 9 });
      fc.assert(
        fc.property(texts, fc.boolean(), (pieces, starts) => {
          const text = (starts ? `${path.split('/')[0]}/` : '') + pieces.join('');
          assert.deepEqual(parse(text), { ...pattern.exec(text)?.groups });
        }),
      );
    });
  });
}

describe('parsers of paths', () => {
  it('let a segment take slashes along', () => {
    assert.deepEqual(paths.parseConversationPath('projects/p/locations/l/conversations/c'), {
      project: 'p/locations/l',
      conversation: 'c',
    });
    assert.deepEqual(paths.parseConversationPath('projects/p/conversations/c/messages/m'), {
      project: 'p',
      conversation: 'c/messages/m',
    });
    assert.deepEqual(paths.parseCommonProjectPath('projects/p/locations/x'), { project: 'p/locations/x' });
  });

  it('take time that grows with the path alone', () => {
    const hostile = `projects/${'/conversations//messages/'.repeat(200_000)}\n\n`;
    assert.deepEqual(paths.parseMessagePath(hostile), {});
  });
});
