import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { httpRules, services } from '@parleykit/proto';
import type { HttpRule } from '@parleykit/proto/api';
import fc from 'fast-check';
import { createRouter, type Router } from './router.ts';
import { rule, sampleMethods } from './sample-api.test.fixture.ts';

/** A router over rules given as lines, each for a method of its own. */
function routerOf(...rules: (string | HttpRule)[]): Router {
  return createRouter(sampleMethods.slice(0, rules.length), (method) => {
    const found = rules[sampleMethods.indexOf(method)] ?? '';
    return [typeof found === 'string' ? rule(found) : found];
  });
}

/** What a match comes to, as one line: the template and what its variables captured. */
function found(router: Router, line: string): string {
  const [verb = '', path = ''] = line.split(' ');
  const match = router.match(verb, path);
  if (match === undefined) return 'not found';
  if ('allow' in match) return `allow ${match.allow.join()}`;
  return [`${match.binding.verb} ${match.binding.template}`, ...match.variables].join(' | ');
}

describe('createRouter()', () => {
  const faults: [title: string, rules: (string | HttpRule)[], message: RegExp][] = [
    [
      'a malformed template',
      ['GET /v1/{'],
      /^sample\.v1\.Things\.Get: GET \/v1\/\{: syntax error at column 6: /,
    ],
    [
      'a variable of no field',
      ['GET /v1/{nome}'],
      /GET \/v1\/\{nome\}: nome: unknown field in sample\.v1\.Thing$/,
    ],
    ['a variable below a scalar', ['GET /v1/{name.x}'], /name\.x: name has no fields to name here$/],
    ['a variable below a list', ['GET /v1/{inners.text}'], /inners has no fields to name here$/],
    ['a variable that is a message', ['GET /v1/{inner}'], /inner: only a singular scalar can be bound/],
    ['a variable that is repeated', ['GET /v1/{numbers}'], /numbers: only a singular scalar can be bound/],
    ['a variable that is a map', ['GET /v1/{labels}'], /labels: only a singular scalar can be bound/],
    ['a body that is no field', [rule('PUT /v1', { body: 'x' })], /x: unknown field in sample\.v1\.Thing$/],
    ['a nested body', [rule('PUT /v1', { body: 'inner.text' })], /inner\.text: unknown field/],
    ['a reply body that is no field', [rule('GET /v1', { responseBody: 'x' })], /x: unknown field/],
    [
      'two rules for the same requests',
      ['GET /v1/{name}', 'GET /v1/*'],
      /Put: GET .*Things\.Get is bound to the same/,
    ],
  ];
  for (const [title, rules, message] of faults) {
    it(`rejects ${title}`, () => {
      assert.throws(() => routerOf(...rules), { name: 'Error', message });
    });
  }

  it('rejects a rule without a pattern', () => {
    const empty = { ...rule('GET /v1'), pattern: { case: undefined } };
    assert.throws(() => routerOf(empty), /Things\.Get: the HTTP rule has no pattern/);
  });
});

describe('Router.match()', () => {
  const router = routerOf(
    'GET /v1/things/{name=*}',
    'GET /v1/things/all',
    'POST /v1/things/{name=*}:close',
    'DELETE /v1/{name=things/*}',
    'GET /v1/{inner.text=things/*/parts/**}',
    'PURGE /v1/things/all/{name=**}',
    '* /v1/any/{name}',
    'GET /v1/{name=*/x}/{display_name=*}:open',
  );
  const cases: [line: string, expected: string][] = [
    ['GET /v1/things/1', 'GET /v1/things/{name=*} | 1'],
    ['GET /v1/things/all', 'GET /v1/things/all'],
    ['GET /v1/th%69ngs/%61ll', 'GET /v1/things/all'],
    ['DELETE /v1/things/all', 'DELETE /v1/{name=things/*} | things/all'],
    ['POST /v1/things/1:close', 'POST /v1/things/{name=*}:close | 1'],
    ['POST /v1/things/a:b:close', 'POST /v1/things/{name=*}:close | a:b'],
    ['GET /v1/things/1:close', 'allow POST'],
    ['GET /v1/things/1%3Aclose', 'GET /v1/things/{name=*} | 1%3Aclose'],
    ['GET /v1/things/1:other', 'GET /v1/things/{name=*} | 1:other'],
    ['GET /v1/things/1:', 'GET /v1/things/{name=*} | 1:'],
    ['POST /v1/things/:close', 'allow DELETE,GET'],
    ['PUT /v1/things/1', 'allow DELETE,GET'],
    ['PUT /v1/things/1:close', 'allow POST'],
    ['get /v1/things/1', 'allow DELETE,GET'],
    ['GET /v1/things/1/parts', 'GET /v1/{inner.text=things/*/parts/**} | things/1/parts'],
    ['GET /v1/things/1/parts/a/b%2Fc', 'GET /v1/{inner.text=things/*/parts/**} | things/1/parts/a/b%2Fc'],
    ['GET /v1/things/all/parts/a', 'GET /v1/{inner.text=things/*/parts/**} | things/all/parts/a'],
    ['PURGE /v1/things/all/parts/a', 'PURGE /v1/things/all/{name=**} | parts/a'],
    ['PURGE /v1/things/all', 'PURGE /v1/things/all/{name=**} | '],
    ['WHATEVER /v1/any/1', '* /v1/any/{name} | 1'],
    ['GET /v1/things/x/1:open', 'GET /v1/{name=*/x}/{display_name=*}:open | things/x | 1'],
    ['GET /v1/things/%zz', 'GET /v1/things/{name=*} | %zz'],
    ['GET /v1/things', 'not found'],
    ['GET /v1/things/', 'not found'],
    ['GET /v1//things/1', 'not found'],
    ['GET /v1/things/1/', 'not found'],
    ['GET /v1/Things/1', 'not found'],
    ['GET /v1/__proto__', 'not found'],
    ['GET /', 'not found'],
    ['GET ', 'not found'],
    ['OPTIONS *', 'not found'],
  ];
  for (const [line, expected] of cases) {
    it(`answers ${line} with ${expected}`, () => {
      assert.equal(found(router, line), expected);
    });
  }

  it('never throws, and only captures what the path has', () => {
    const path = fc
      .array(
        fc.oneof(
          fc.constantFrom('v1', 'things', 'all', 'parts', 'any', 'x', '', '1:close', '%2F'),
          fc.string(),
        ),
      )
      .map((segments) => `/${segments.join('/')}`);
    fc.assert(
      fc.property(fc.constantFrom('GET', 'POST', 'DELETE', '__proto__'), path, (verb, text) => {
        const match = router.match(verb, text);
        if (match === undefined) return;
        if ('allow' in match) assert.ok(!match.allow.includes(verb) && match.allow.length > 0);
        else for (const value of match.variables) assert.ok(text.includes(value));
      }),
    );
  });

  it('answers for a path of a hundred thousand segments', () => {
    const wide = routerOf(
      'GET /{name=**}:go',
      'GET /a/*/a/*/a/*/a/*/a/{name=**}:stop',
      'GET /*/a/*/a/*/a/*/b',
    );
    assert.equal(found(wide, `GET ${'/a'.repeat(100_000)}`), 'not found');
  });
});

describe('the router of Dialogflow', () => {
  const methods = services.flatMap((service) => service.methods);
  const router = createRouter(methods, httpRules);

  it('finds every binding by a path made from its template', () => {
    let count = 0;
    for (const method of methods) {
      for (const { pattern } of httpRules(method)) {
        assert.equal(typeof pattern.value, 'string');
        const template = String(pattern.value);
        const path = template.replace(/\{[\w.]+=([^}]+)\}/g, '$1').replaceAll('*', 'id');
        const match = router.match(String(pattern.case).toUpperCase(), path);
        assert.ok(match && 'method' in match, path);
        assert.equal(match.method, method);
        assert.equal(match.binding.template, template);
        count += 1;
      }
    }
    assert.ok(count > 200);
  });

  it('tells an operation to be cancelled from one to be read', () => {
    assert.equal(
      found(router, 'POST /v2beta1/projects/p/operations/o:cancel'),
      'POST /v2beta1/{name=projects/*/operations/*}:cancel | projects/p/operations/o',
    );
    assert.equal(found(router, 'GET /v2beta1/projects/p/operations/o:cancel'), 'allow POST');
    assert.equal(found(router, 'GET /v2/projects/p/operations/o'), 'not found');
  });
});
