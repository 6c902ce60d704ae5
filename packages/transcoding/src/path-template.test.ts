import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type PathTemplate, parsePathTemplate, type Segment } from './path-template.ts';

/** The cases of a fixture: one per line, the template and what is expected of it on either side of an arrow. */
function readCases(name: string): { template: string; expected: string }[] {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [template = '', expected = ''] = line.split(' => ');
      return { template: template.trimEnd(), expected };
    });
}

/** What a template was read as: its segments and verb, then the segments of each variable, `+` for several. */
function summarize({ segments, verb, variables }: PathTemplate): string {
  const words = segments.map(formatSegment);
  if (verb !== undefined) words.push(`:${verb}`);
  const captures = variables.map(({ fieldPath, start, end, toEnd, multiSegment }) => {
    return `${fieldPath}=${start}-${toEnd ? '' : end}${multiSegment ? '+' : ''}`;
  });
  return [words.join(' '), ...(captures.length > 0 ? [captures.join(' ')] : [])].join(' | ');
}

function formatSegment(segment: Segment): string {
  if (segment.kind === 'literal') return segment.text;
  return segment.kind === 'single' ? '*' : '**';
}

describe('parsePathTemplate()', () => {
  for (const { template, expected } of readCases('path-template.valid.txt')) {
    it(`reads ${template}`, () => {
      assert.equal(summarize(parsePathTemplate(template)), expected);
    });
  }

  for (const { template, expected } of readCases('path-template.invalid.txt')) {
    it(`rejects ${template || 'the empty template'}`, () => {
      assert.throws(() => parsePathTemplate(template), { name: 'SyntaxError', message: expected });
    });
  }

  it('reads back any template it could have been printed from', () => {
    fc.assert(
      fc.property(templates, ({ text, expected }) => {
        assert.equal(summarize(parsePathTemplate(text)), expected);
      }),
    );
  });

  it('throws nothing but a SyntaxError, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom('/', '{', '}', '=', '*', ':', '.', 'a', '%', '2', 'F') });
    fc.assert(
      fc.property(text, (template) => {
        try {
          parsePathTemplate(template);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      }),
    );
  });
});

/** Templates in print, made piece by piece together with the summary that reading them has to give. */
const templates = fc
  .record({
    groups: fc.array(
      fc.record({
        field: fc.option(fc.stringMatching(/^[a-z_]{1,5}(\.[a-z_]{1,5})?$/), { nil: undefined }),
        segments: fc.array(fc.oneof(fc.constant('*'), fc.string({ minLength: 1, unit: 'grapheme' })), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    verb: fc.option(fc.stringMatching(/^[A-Za-z]{1,6}$/), { nil: undefined }),
  })
  .map(({ groups, verb }) => {
    const printed: string[] = [];
    const segments: string[] = [];
    const captures: string[] = [];
    groups.forEach(({ field, segments: own }, index) => {
      const text = own.map((segment) => (segment === '*' ? '*' : printLiteral(segment))).join('/');
      if (field === undefined) {
        printed.push(text);
      } else {
        // The index keeps the names apart: a field may be bound once.
        printed.push(`{${field}${index}=${text}}`);
        const start = segments.length;
        captures.push(`${field}${index}=${start}-${start + own.length}${own.length > 1 ? '+' : ''}`);
      }
      segments.push(...own);
    });
    const words = [...segments, ...(verb === undefined ? [] : [`:${verb}`])].join(' ');
    return {
      text: `/${printed.join('/')}${verb === undefined ? '' : `:${verb}`}`,
      expected: [words, ...(captures.length > 0 ? [captures.join(' ')] : [])].join(' | '),
    };
  });

/** encodeURIComponent leaves the asterisk alone, which is no literal here. */
function printLiteral(text: string): string {
  return encodeURIComponent(text).replaceAll('*', '%2A');
}
