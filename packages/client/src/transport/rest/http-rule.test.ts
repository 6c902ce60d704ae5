import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HttpBinding, MethodTable } from '../../codec/tables.ts';
import { InvalidRequestError } from '../../errors.ts';
import { type HttpForm, httpFormOf, type JsonMessage } from './http-rule.ts';

function method(...http: HttpBinding[]): MethodTable {
  return {
    name: 'DoThing',
    localName: 'doThing',
    service: 'test.Things',
    kind: 'unary',
    input: { typeName: 'test.In' },
    output: { typeName: 'test.Out' },
    http,
    routing: [],
    flattened: [],
    pagedField: undefined,
  };
}

function binding(verb: HttpBinding['verb'], path: string, body?: string): HttpBinding {
  return { verb, path, body };
}

const get = method(
  binding('GET', '/v2beta1/{name=projects/*/conversations/*}'),
  binding('GET', '/v2beta1/{name=projects/*/locations/*/conversations/*}'),
);
const create = method(binding('POST', '/v2beta1/{parent=projects/*}/conversations', 'conversation'));
const complete = method(binding('POST', '/v2beta1/{name=projects/*/conversations/*}:complete', '*'));
const cancel = method(binding('POST', '/v2beta1/{name=projects/*/operations/*}:cancel'));
const list = method(binding('GET', '/v2beta1/{parent=projects/*}/conversations'));
const stateless = method(
  binding('POST', '/v2beta1/{stateless_conversation.parent=projects/*}/suggestions:generate', '*'),
);
const update = method(
  binding('PATCH', '/v2beta1/{participant.name=projects/*/conversations/*/participants/*}', 'participant'),
);
const search = method(
  binding('POST', '/v2beta1/{parent=projects/*}/suggestions:searchKnowledge', '*'),
  binding('POST', '/v2beta1/{conversation=projects/*/conversations/*}/suggestions:searchKnowledge', '*'),
);
const two = method(binding('GET', '/v1/{first}/x/{second=**}:verb'));

const cases: { name: string; method: MethodTable; json: JsonMessage; want: HttpForm }[] = [
  {
    name: 'puts a name into the path',
    method: get,
    json: { name: 'projects/p/conversations/c' },
    want: { verb: 'GET', target: '/v2beta1/projects/p/conversations/c?$alt=json', body: undefined },
  },
  {
    name: 'takes the first binding that fits',
    method: get,
    json: { name: 'projects/p/locations/global/conversations/c' },
    want: {
      verb: 'GET',
      target: '/v2beta1/projects/p/locations/global/conversations/c?$alt=json',
      body: undefined,
    },
  },
  {
    name: 'puts one field into the body and the others into the query',
    method: create,
    json: { parent: 'projects/p', conversationId: 'a b', conversation: { conversationProfile: 'x' } },
    want: {
      verb: 'POST',
      target: '/v2beta1/projects/p/conversations?conversationId=a%20b&$alt=json',
      body: '{"conversationProfile":"x"}',
    },
  },
  {
    name: 'sends no body for a field that is not set',
    method: create,
    json: { parent: 'projects/p' },
    want: { verb: 'POST', target: '/v2beta1/projects/p/conversations?$alt=json', body: undefined },
  },
  {
    name: 'sends all that is not in the path as the body',
    method: complete,
    json: { name: 'projects/p/conversations/c' },
    want: { verb: 'POST', target: '/v2beta1/projects/p/conversations/c:complete?$alt=json', body: '{}' },
  },
  {
    name: 'sends no body where the rule has none',
    method: cancel,
    json: { name: 'projects/p/operations/o' },
    want: { verb: 'POST', target: '/v2beta1/projects/p/operations/o:cancel?$alt=json', body: undefined },
  },
  {
    name: 'writes a query of numbers, booleans, lists and nested fields',
    method: list,
    json: {
      parent: 'projects/p',
      pageSize: 5,
      all: true,
      tags: ['a', 'b&c'],
      options: { deep: { maskPaths: 'a,b' }, empty: {} },
      filter: 'a = "b" AND c > 1',
    },
    want: {
      verb: 'GET',
      target:
        '/v2beta1/projects/p/conversations?pageSize=5&all=true&tags=a&tags=b%26c&options.deep.maskPaths=a%2Cb' +
        '&filter=a%20%3D%20%22b%22%20AND%20c%20%3E%201&$alt=json',
      body: undefined,
    },
  },
  {
    name: 'takes a nested path field out of the body',
    method: stateless,
    json: { statelessConversation: { parent: 'projects/p', messages: [] }, maxContextSize: 10 },
    want: {
      verb: 'POST',
      target: '/v2beta1/projects/p/suggestions:generate?$alt=json',
      body: '{"statelessConversation":{"messages":[]},"maxContextSize":10}',
    },
  },
  {
    name: 'takes a path field out of the field that is the body',
    method: update,
    json: {
      participant: { name: 'projects/p/conversations/c/participants/q', role: 'END_USER' },
      updateMask: 'role',
    },
    want: {
      verb: 'PATCH',
      target: '/v2beta1/projects/p/conversations/c/participants/q?updateMask=role&$alt=json',
      body: '{"role":"END_USER"}',
    },
  },
  {
    name: 'leaves a field in the body that is in the path of another binding',
    method: search,
    json: { parent: 'projects/p', conversation: 'projects/p/conversations/c' },
    want: {
      verb: 'POST',
      target: '/v2beta1/projects/p/suggestions:searchKnowledge?$alt=json',
      body: '{"conversation":"projects/p/conversations/c"}',
    },
  },
  {
    name: 'passes over a binding whose field is not set',
    method: search,
    json: { conversation: 'projects/p/conversations/c' },
    want: {
      verb: 'POST',
      target: '/v2beta1/projects/p/conversations/c/suggestions:searchKnowledge?$alt=json',
      body: '{}',
    },
  },
  {
    name: 'fills several variables, one of them with all that remains',
    method: two,
    json: { first: 'a', second: 'b/c' },
    want: { verb: 'GET', target: '/v1/a/x/b/c:verb?$alt=json', body: undefined },
  },
  {
    name: 'encodes all but the unreserved characters, and leaves the slashes between segments',
    method: get,
    json: { name: "projects/p:1 ü%?#&='!()*+~_.-/conversations/\u{1f600}" },
    want: {
      verb: 'GET',
      target:
        '/v2beta1/projects/p%3A1%20%C3%BC%25%3F%23%26%3D%27%21%28%29%2A%2B~_.-/conversations/%F0%9F%98%80?$alt=json',
      body: undefined,
    },
  },
];

const misfits: { name: string; method: MethodTable; json: JsonMessage; field: string; message: RegExp }[] = [
  { name: 'a name that is missing', method: get, json: {}, field: 'name', message: /^name is required/ },
  { name: 'an empty name', method: get, json: { name: '' }, field: 'name', message: /^name "" does not fit/ },
  {
    name: 'a name of too many segments',
    method: get,
    json: { name: 'projects/p/conversations/a/b' },
    field: 'name',
    message: /DoThing takes name: projects\/\*\/conversations\/\*, name: projects\/\*\/locations/,
  },
  {
    name: 'an empty segment',
    method: get,
    json: { name: 'projects//conversations/c' },
    field: 'name',
    message: /fit/,
  },
  {
    name: 'a segment ..',
    method: get,
    json: { name: 'projects/../conversations/c' },
    field: 'name',
    message: /fit/,
  },
  {
    name: 'a segment .',
    method: get,
    json: { name: 'projects/p/conversations/.' },
    field: 'name',
    message: /fit/,
  },
  {
    name: 'a newline at the end',
    method: list,
    json: { parent: 'projects/p/\n' },
    field: 'parent',
    message: /fit/,
  },
  {
    name: 'half a character',
    method: list,
    json: { parent: 'projects/\ud800' },
    field: 'parent',
    message: /fit/,
  },
  {
    name: 'the field that is given, of those that would do',
    method: search,
    json: { conversation: 'c' },
    field: 'conversation',
    message: /^conversation "c" does not fit/,
  },
  {
    name: 'a nested field that is missing',
    method: stateless,
    json: { statelessConversation: {} },
    field: 'statelessConversation.parent',
    message: /is required/,
  },
  {
    name: 'a method without a binding',
    method: method(),
    json: {},
    field: '',
    message: /cannot be called over REST/,
  },
  {
    name: 'a list of messages in the query',
    method: list,
    json: { parent: 'projects/p', items: [{}] },
    field: 'items',
    message: /does not fit into a URL/,
  },
  {
    name: 'half a character in the query',
    method: list,
    json: { parent: 'projects/p', filter: '\udfff' },
    field: 'filter',
    message: /not Unicode/,
  },
];

describe('httpFormOf()', () => {
  for (const { name, method: of, json, want } of cases) {
    it(name, () => assert.deepEqual(httpFormOf(of, json), want));
  }

  for (const { name, method: of, json, field, message } of misfits) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => httpFormOf(of, json),
        (error) =>
          error instanceof InvalidRequestError && error.field === field && message.test(error.message),
      );
    });
  }

  it('writes paths that a URL parser leaves as they are, and that decode to the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (project, id) => {
        const name = `projects/${project}/conversations/${id}`;
        let form: HttpForm;
        try {
          form = httpFormOf(get, { name });
        } catch (error) {
          assert.ok(error instanceof InvalidRequestError);
          assert.ok(
            [project, id].some(
              (part) => /^\.{0,2}$/.test(part) || part.includes('/') || !part.isWellFormed(),
            ),
          );
          return;
        }
        const url = new URL(form.target, 'http://127.0.0.1');
        assert.equal(url.pathname + url.search, form.target);
        assert.equal(url.pathname.split('/').map(decodeURIComponent).join('/'), `/v2beta1/${name}`);
      }),
    );
  });
});
