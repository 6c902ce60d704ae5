import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from './errors.ts';
import { type Filter, isEmptyFilter, parseFilter } from './filter.ts';

function readCases(file: string): { text: string; want: string }[] {
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const arrow = line.lastIndexOf(' => ');
      return { text: line.slice(0, arrow), want: line.slice(arrow + 4) };
    });
}

function print(filter: Filter): string {
  switch (filter.kind) {
    case 'restriction':
      return `(${filter.comparator} ${filter.field} ${filter.value})`;
    case 'not':
      return `(not ${print(filter.operand)})`;
    default:
      return `(${filter.kind} ${filter.operands.map(print).join(' ')})`;
  }
}

describe('parseFilter()', () => {
  for (const { text, want } of readCases('./filter.valid.txt')) {
    it(`reads ${text}`, () => assert.equal(print(parseFilter(text)), want));
  }

  for (const { text, want } of readCases('./filter.invalid.txt')) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseFilter(text), { reason: 'FILTER_INVALID', message: `filter: ${want}` });
    });
  }

  it('refuses filters that nest too deeply or are too long', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}a = 1${')'.repeat(depth)}`;
    assert.equal(print(parseFilter(nested(50))), '(= a 1)');
    assert.throws(() => parseFilter(nested(51)), { message: 'filter: nests deeper than 50 brackets' });
    assert.throws(() => parseFilter('a = 1 '.repeat(2000)), {
      message: 'filter: is longer than 10000 characters',
    });
  });

  it('reads or refuses whatever it is given', () => {
    const words = fc.constantFrom('a', '=', '"', '(', ')', 'AND', 'OR', 'NOT', '-', ' ', ':', '1', '\\', ',');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            parseFilter(text);
          } catch (error) {
            assert.ok(error instanceof ServiceError);
          }
        },
      ),
    );
  });
});

describe('isEmptyFilter()', () => {
  it('takes blanks for nothing', () => assert.ok(isEmptyFilter(' \t\n') && isEmptyFilter('')));
  it('takes a lone bracket for something', () => assert.ok(!isEmptyFilter('(')));
});
