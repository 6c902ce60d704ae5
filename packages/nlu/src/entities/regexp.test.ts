import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EntityTypeDefinition } from './entity-type.ts';
import { compileExpressions } from './regexp.ts';

function definition(...values: string[]): EntityTypeDefinition {
  return {
    displayName: 'code',
    kind: 'regexp',
    entries: values.map((value) => ({ value, synonyms: [value] })),
  };
}

async function find(expressions: string[], text: string): Promise<unknown[]> {
  const { expressions: compiled, problems } = await compileExpressions(definition(...expressions));
  assert.deepEqual(problems, []);
  return compiled.find(text).map(({ value }) => value);
}

describe('compileExpressions()', () => {
  const cases: [title: string, expressions: string[], text: string, found: string[]][] = [
    ['finds what an expression matches', ['[A-Z]{2}-\\d{3}'], 'plate AB-123 here', ['AB-123']],
    ['makes no difference of capital letters', ['[A-Z]{2}\\d'], 'ab1', ['ab1']],
    ['makes one where the expression says so', ['(?-i)[A-Z]{2}\\d'], 'ab1 AB2', ['AB2']],
    ['does not match within words', ['\\d{3}'], '1234 567 a890', ['567']],
    ['matches beside scripts without spaces', ['[A-Z]{2}\\d{2}'], '我的号码是AB12吗', ['AB12']],
    ['reads ^ and $ as the ends of the value', ['^\\d{4}$|^x[$^]$'], 'my pin is 1234 and x$', ['1234', 'x$']],
    ['tries expressions in their order', ['\\d+ miles', '\\d+'], '5 miles 7', ['5 miles', '7']],
    ['leaves out empty matches', ['a*'], 'b aa', ['aa']],
    ['gives UTF-16 places', ['b+'], '😀 bb', ['bb']],
  ];
  for (const [title, expressions, text, found] of cases) {
    it(title, async () => assert.deepEqual(await find(expressions, text), found));
  }

  for (const expression of ['(', '[a-z', '(?=a)', '(a)\\1', 'a{2000}', '*']) {
    it(`names the entry ${expression}, which RE2 does not read, and keeps the others`, async () => {
      const { expressions, problems } = await compileExpressions(definition(expression, 'abc'));
      assert.deepEqual(
        problems.map(({ fault, displayName, entry }) => [fault, displayName, entry]),
        [['expression-invalid', 'code', expression]],
      );
      assert.equal(expressions.find('abc').length, 1);
    });
  }

  it('refuses expressions that are too long or too large together', async () => {
    const long = 'a'.repeat(2_001);
    const large = 'a{1000}'.repeat(11);
    const { problems } = await compileExpressions(definition(large, long));
    assert.deepEqual(
      problems.map(({ fault, entry }) => [fault, entry]),
      [
        ['expression-too-large', large],
        ['expression-too-large', long],
      ],
    );
  });

  for (const expression of ['(a+)+$', '(a|aa)+x', '(.*)(.*)(.*)(.*)(.*)x', '(?:a?){500}a{500}', 'a.*b|a']) {
    it(`comes to an end with ${expression}`, async () => {
      const { expressions, problems } = await compileExpressions(definition(expression));
      assert.deepEqual(problems, []);
      assert.ok(expressions.find('a'.repeat(1_000)).length <= 32);
    });
  }
});
