import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import type { HttpRule } from '@parleykit/proto/api';
import { encodeReply, replyFormat } from './reply.ts';
import { createRouter } from './router.ts';
import { rule, sampleMethod, sampleRegistry, thing } from './sample-api.test.fixture.ts';

/** What a reply is written as, which is the same whether it is encoded or not. */
function encode(
  reply: JsonValue,
  options: { responseBody?: string; enumsAsIntegers?: boolean } = {},
): string {
  const rules: HttpRule[] = [rule('GET /v1/thing', { responseBody: options.responseBody ?? '' })];
  const match = createRouter([sampleMethod('Reply')], () => rules).match('GET', '/v1/thing');
  assert.ok(match && 'method' in match);
  const message = fromJson(thing, reply, { registry: sampleRegistry });
  const { enumsAsIntegers } = options;
  const replyOptions = {
    registry: sampleRegistry,
    ...(enumsAsIntegers !== undefined && { enumsAsIntegers }),
  };
  const text = encodeReply(match, message, replyOptions);
  assert.equal(encodeReply(match, toBinary(thing, message), replyOptions), text);
  return text;
}

describe('encodeReply()', () => {
  it('writes JSON names, and no defaults', () => {
    assert.equal(
      encode({ display_name: 'd', small: 0, numbers: [], color: 'RED' }),
      '{"displayName":"d","color":"RED"}',
    );
    assert.equal(encode({}), '{}');
  });

  it('writes enums as integers where asked to', () => {
    const reply = { color: 'RED', colors: ['GREEN'] };
    assert.equal(encode(reply, { enumsAsIntegers: true }), '{"color":1,"colors":[2]}');
    assert.equal(encode(reply, { enumsAsIntegers: false }), '{"color":"RED","colors":["GREEN"]}');
  });

  it('writes an Any of a registered type', () => {
    const any = { '@type': 'type.googleapis.com/sample.v1.Inner', text: 'x' };
    assert.deepEqual(JSON.parse(encode({ any })), { any });
  });

  const bodies: [field: string, reply: JsonValue, expected: string][] = [
    ['inner', { inner: { text: 'x' }, name: 'n' }, '{"text":"x"}'],
    ['inner', { name: 'n' }, '{}'],
    ['numbers', { numbers: [1, 2] }, '[1,2]'],
    ['numbers', {}, '[]'],
    ['labels', {}, '{}'],
    ['display_name', { displayName: 'x' }, '"x"'],
    ['display_name', {}, '""'],
    ['color', { color: 'RED' }, '"RED"'],
    ['big', { big: '5' }, '"5"'],
    ['big', {}, '"0"'],
    ['left', {}, 'null'],
  ];
  for (const [field, reply, expected] of bodies) {
    it(`writes ${expected} for the field ${field} of ${JSON.stringify(reply)}`, () => {
      assert.equal(encode(reply, { responseBody: field }), expected);
    });
  }
});

describe('replyFormat()', () => {
  const queries: [query: string, enumsAsIntegers: boolean][] = [
    ['', false],
    ['?', false],
    ['alt=json', false],
    ['$alt=json', false],
    ['$alt=json%3Benum-encoding=int', true],
    ['pageSize=5&%24alt=json%3Benum-encoding%3Dint', true],
    ['alt=json;enum-encoding=int', true],
    ['alternative=xml', false],
  ];
  for (const [query, enumsAsIntegers] of queries) {
    it(`reads ${JSON.stringify(query)}`, () => {
      assert.deepEqual(replyFormat(query), { enumsAsIntegers });
    });
  }

  for (const value of ['', 'xml', 'media', 'proto', 'JSON', 'json;enum-encoding=hex', 'json;']) {
    it(`rejects alt=${value}`, () => {
      assert.throws(() => replyFormat(`$alt=${value}`), {
        name: 'TranscodingError',
        message: `$alt: "${value}" is not supported, only json is`,
      });
    });
  }
});
