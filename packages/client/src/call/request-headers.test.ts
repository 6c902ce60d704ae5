import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MethodTable } from '../codec/tables.ts';
import { InvalidRequestError } from '../errors.ts';
import { readHeaders, routingHeader } from './request-headers.ts';

describe('readHeaders()', () => {
  it('puts names into lower case and joins what came several times', () => {
    const pairs = [
      ['X-Tag', 'a'],
      ['x-tag', 'b'],
    ] as const;
    assert.deepEqual(readHeaders(pairs, { 'X-Other': '1' }), { 'x-tag': 'a, b', 'x-other': '1' });
  });

  it('lets the object go before the pairs', () => {
    assert.deepEqual(readHeaders([['a', '1']], { a: '2' }), { a: '2' });
  });

  it('takes iterables of pairs such as a Map', () => {
    assert.deepEqual(readHeaders(new Map([['a', '1']]), undefined), { a: '1' });
  });

  const names = [
    '',
    'a b',
    'a:b',
    'ä',
    'a\r\nb',
    'Host',
    'content-length',
    'TE',
    'grpc-timeout',
    '__proto__',
  ];
  for (const name of names) {
    it(`refuses the name ${JSON.stringify(name)}`, () => {
      assert.throws(() => readHeaders([[name, 'x']], undefined), InvalidRequestError);
    });
  }

  for (const value of ['a\nb', 'a\r\nx: y', '\0', 'ü', ' a', 'a ', 5, undefined, null]) {
    it(`refuses the value ${JSON.stringify(value)} without repeating it`, () => {
      const expected = {
        name: 'InvalidRequestError',
        field: 'headers',
        message: 'headers: the value of x-a must be text of visible ASCII characters',
      };
      assert.throws(() => readHeaders(undefined, { 'x-a': value as string }), expected);
    });
  }

  for (const value of ['', 'a', 'a b', 'Bearer x.y-z_~+/=']) {
    it(`takes the value ${JSON.stringify(value)}`, () => {
      assert.deepEqual(readHeaders(undefined, { 'x-a': value }), { 'x-a': value });
    });
  }

  for (const metadata of ['ab', 5, [['a']], [['a', 'b', 'c']], ['ab'], {}]) {
    it(`refuses ${JSON.stringify(metadata)} as metadata`, () => {
      assert.throws(() => readHeaders(metadata as [], undefined), { field: 'metadata' });
    });
  }
});

describe('routingHeader()', () => {
  function method(...routing: string[]): MethodTable {
    return {
      name: 'GetThing',
      localName: 'getThing',
      service: 'test.Things',
      kind: 'unary',
      input: { typeName: 'test.In' },
      output: { typeName: 'test.Out' },
      http: [],
      routing,
      flattened: [],
      pagedField: undefined,
    };
  }

  // By Python's urllib.parse.quote_plus(value, safe='/').
  const encodings: [string, string][] = [
    ['projects/p/conversations/c-1_2.3~4', 'projects/p/conversations/c-1_2.3~4'],
    ['projects/p a/locations/l:1&x=ü', 'projects/p+a/locations/l%3A1%26x%3D%C3%BC'],
    ['a+b%', 'a%2Bb%25'],
    ["!'()*", '%21%27%28%29%2A'],
    ['', ''],
    ['\u{1f600}', '%F0%9F%98%80'],
  ];
  for (const [value, want] of encodings) {
    it(`encodes ${JSON.stringify(value)} as ${want}`, () => {
      assert.equal(routingHeader(method('name'), { name: value }), `name=${want}`);
    });
  }

  it('sends an empty value for a field that is not set', () => {
    assert.equal(routingHeader(method('parent'), {}), 'parent=');
    assert.equal(routingHeader(method('participant.name'), {}), 'participant.name=');
  });

  it('sends every field, by its path in the .proto file', () => {
    const request = { statelessConversation: { parent: 'projects/p' }, conversation: 'c' };
    const header = routingHeader(method('stateless_conversation.parent', 'conversation'), request);
    assert.equal(header, 'stateless_conversation.parent=projects/p&conversation=c');
  });

  it('is undefined for a method that routes by nothing', () => {
    assert.equal(routingHeader(method(), {}), undefined);
  });
});
