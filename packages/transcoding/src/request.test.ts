import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type JsonValue, toJson } from '@bufbuild/protobuf';
import { httpRules, registry, services } from '@parleykit/proto';
import fc from 'fast-check';
import { decodeRequest } from './request.ts';
import { createRouter, type Match, type Router } from './router.ts';
import { rule, sampleMethods, sampleRegistry, thing } from './sample-api.test.fixture.ts';
import { TranscodingError } from './transcoding-error.ts';

const utf8 = new TextEncoder();

const sampleRules = {
  Get: rule('GET /v1/{name=things/*}'),
  Put: rule('PUT /v1/{inner.text=things/*}/{color}/{big}', { body: 'inner' }),
  Post: rule('POST /v1/{name=things/*}/{display_name}', { body: '*' }),
  Cancel: rule('POST /v1/{name=things/*}:cancel'),
  List: rule('POST /v1/things:numbers', { body: 'numbers' }),
  Patch: rule('PATCH /v1/{right.text=**}', { body: 'left' }),
  Watch: rule('POST /v1/things', { body: '*' }),
  Reply: rule('POST /v1/things:byNumber', { body: 'inners_by_number' }),
};
const sample = createRouter(sampleMethods, (method) => [
  sampleRules[method.name as keyof typeof sampleRules],
]);
const dialogflow = createRouter(
  services.flatMap((service) => service.methods),
  httpRules,
);

function matchOf(router: Router, verb: string, path: string): Match {
  const match = router.match(verb, path);
  assert.ok(match && 'method' in match, `${verb} ${path}`);
  return match;
}

/** The request message, in its JSON form, of a request line such as `GET /v1/things?a=b` and a body. */
function decode(line: string, body?: string | Uint8Array): JsonValue {
  const [verb = '', url = ''] = line.split(/ (.*)/s);
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const router = path.startsWith('/v2beta1/') ? dialogflow : sample;
  const types = router === sample ? sampleRegistry : registry;
  const match = matchOf(router, verb, path);
  const bytes = typeof body === 'string' ? utf8.encode(body) : body;
  const message = decodeRequest(match, query, bytes, { registry: types });
  return toJson(match.method.input, message, { registry: types });
}

function describeRejections(cases: [line: string, body: string | undefined, message: string][]): void {
  for (const [line, body, message] of cases) {
    it(`rejects ${line}${body === undefined ? '' : ` with ${body.slice(0, 80)}`}`, () => {
      assert.throws(() => decode(line, body), { name: 'TranscodingError', message });
    });
  }
}

describe('decodeRequest() of the path', () => {
  const cases: [line: string, expected: JsonValue][] = [
    ['GET /v1/things/1', { name: 'things/1' }],
    ['GET /v1/things/a%20b%2Fc%2f%C3%BC%25', { name: 'things/a b%2Fc%2fü%' }],
    ['GET /v1/things/a+b', { name: 'things/a+b' }],
    ['POST /v1/things/1/a%2Fb%20c', { name: 'things/1', displayName: 'a/b c' }],
    ['PUT /v1/things/1/RED/-5', { inner: { text: 'things/1' }, color: 'RED', big: '-5' }],
    [
      'PUT /v1/things/1/2/9223372036854775807',
      { inner: { text: 'things/1' }, color: 'GREEN', big: '9223372036854775807' },
    ],
    ['PATCH /v1/a/b%2Fc//d', { right: { text: 'a/b%2Fc//d' } }],
    ['PATCH /v1', { right: {} }],
  ];
  for (const [line, expected] of cases) {
    it(`reads ${line}`, () => {
      assert.deepEqual(decode(line), expected);
    });
  }

  describeRejections([
    ['GET /v1/things/%zz', undefined, 'name: "things/%zz" in the path is not valid percent-encoded UTF-8'],
    ['GET /v1/things/%ff', undefined, 'name: "things/%ff" in the path is not valid percent-encoded UTF-8'],
    ['GET /v1/things/ü', undefined, 'name: "things/ü" in the path is not valid percent-encoded UTF-8'],
    [
      'PUT /v1/things/1/BLUE/5',
      undefined,
      'color: expected one of COLOR_UNSPECIFIED, RED, GREEN, got "BLUE"',
    ],
    ['PUT /v1/things/1/RED/5x', undefined, 'big: expected a 64-bit integer, got "5x"'],
    [
      'PUT /v1/things/1/RED/9223372036854775808',
      undefined,
      'big: expected a 64-bit integer, got "9223372036854775808"',
    ],
    ['PATCH /v1/x', '"taken"', 'right.text: cannot be set together with left: both belong to choice'],
  ]);
});

describe('decodeRequest() of the query', () => {
  const cases: [query: string, expected: JsonValue][] = [
    ['', {}],
    [
      'displayName=a+b%2B&isOpen=true&small=-1&count=4294967295',
      { displayName: 'a b+', isOpen: true, small: -1, count: 4294967295 },
    ],
    ['display_name=a&is_open=false', { displayName: 'a' }],
    [
      'big=-9223372036854775808&huge=18446744073709551615',
      { big: '-9223372036854775808', huge: '18446744073709551615' },
    ],
    ['ratio=1.5&amount=-2e3', { ratio: 1.5, amount: -2000 }],
    ['ratio=NaN&amount=-Infinity', { ratio: 'NaN', amount: '-Infinity' }],
    ['data=-_8', { data: '+/8=' }],
    ['data=%2B/8=', { data: '+/8=' }],
    ['color=RED&colors=GREEN&colors=1&colors=77', { color: 'RED', colors: ['GREEN', 'RED', 77] }],
    ['numbers=1&small=5&numbers=2', { numbers: [1, 2], small: 5 }],
    [
      'inner.text=a&inner.inner.tags=b&inner.inner.tags=c',
      { inner: { text: 'a', inner: { tags: ['b', 'c'] } } },
    ],
    ['time=2026-01-31T09:30:00.5%2B01:00&ttl=-1.5s', { time: '2026-01-31T08:30:00.500Z', ttl: '-1.500s' }],
    ['mask=displayName,inner.text_x', { mask: 'displayName,inner.textX' }],
    ['mask=', { mask: '' }],
    ['maybeText=&maybeBig=0&maybe_open=false', { maybeText: '', maybeBig: '0', maybeOpen: false }],
    ['left=a', { left: 'a' }],
    ['right.first=1&right.text=x', { right: { first: 1, text: 'x' } }],
    ['key=mine', { key: 'mine' }],
    ['alt=json&fields=name&$key=k&$.xgafv=1&access_token=t&prettyPrint=true&uploadType=x&callback=f', {}],
  ];
  for (const [query, expected] of cases) {
    it(`reads ${query || 'an empty query'}`, () => {
      assert.deepEqual(decode(`GET /v1/things/1?${query}`), { name: 'things/1', ...(expected as object) });
    });
  }

  const faults: [query: string, message: string][] = [
    ['nope=1', 'nope: unknown query parameter: unknown field in sample.v1.Thing'],
    ['inner.nope=1', 'inner.nope: unknown query parameter: unknown field in sample.v1.Inner'],
    ['__proto__=1', '__proto__: unknown query parameter: unknown field in sample.v1.Thing'],
    [
      'constructor.prototype.x=1',
      'constructor.prototype.x: unknown query parameter: unknown field in sample.v1.Thing',
    ],
    ['=1', '[""]: unknown query parameter: unknown field in sample.v1.Thing'],
    ['small.x=1', 'small.x: unknown query parameter: small has no fields to name here'],
    ['inners.text=1', 'inners.text: unknown query parameter: inners has no fields to name here'],
    ['labels.a=1', 'labels.a: unknown query parameter: labels has no fields to name here'],
    ['struct.fields=1', 'struct.fields: unknown query parameter: struct has no fields to name here'],
    ['maybeText.value=1', 'maybeText.value: unknown query parameter: maybe_text has no fields to name here'],
    ['name=things/1', 'name: is given by the path, not by the query'],
    ['small=1&small=1', 'small: is given more than once'],
    ['displayName=a&display_name=b', 'display_name: is given more than once'],
    ['small=', 'small: expected a 32-bit integer, got ""'],
    ['small=1.5', 'small: expected a 32-bit integer, got "1.5"'],
    ['small=0x10', 'small: expected a 32-bit integer, got "0x10"'],
    ['small=%201', 'small: expected a 32-bit integer, got " 1"'],
    ['small=2147483648', 'small: expected a 32-bit integer, got "2147483648"'],
    ['count=-1', 'count: expected an unsigned 32-bit integer, got "-1"'],
    ['huge=-1', 'huge: expected an unsigned 64-bit integer, got "-1"'],
    ['big=0x1', 'big: expected a 64-bit integer, got "0x1"'],
    ['ratio=1e39', 'ratio: expected a 32-bit number, got "1e39"'],
    ['amount=1e999', 'amount: expected a number, got "1e999"'],
    ['amount=x', 'amount: expected a number, got "x"'],
    ['isOpen=1', 'is_open: expected true or false, got "1"'],
    ['data=*', 'data: expected bytes in base64, got "*"'],
    ['numbers=1&numbers=x', 'numbers[1]: expected a 32-bit integer, got "x"'],
    ['inner=x', 'inner: is a message; name one of its fields'],
    ['inners=x', 'inners: a repeated message cannot be given in the URL'],
    ['times=2026-01-31T00:00:00Z', 'times: a repeated message cannot be given in the URL'],
    ['labels=x', 'labels: a map cannot be given in the URL'],
    ['struct={}', 'struct: a google.protobuf.Struct cannot be given in the URL'],
    ['any={}', 'any: a google.protobuf.Any cannot be given in the URL'],
    [
      'time=2026-02-30T00:00:00Z',
      'time: expected a time such as "2026-01-31T09:30:00Z", got "2026-02-30T00:00:00Z"',
    ],
    [
      'time=2026-02-28T24:00:00Z',
      'time: expected a time such as "2026-01-31T09:30:00Z", got "2026-02-28T24:00:00Z"',
    ],
    ['time=now', 'time: expected a time such as "2026-01-31T09:30:00Z", got "now"'],
    ['ttl=1.5sec', 'ttl: expected a duration such as "1.5s", got "1.5sec"'],
    ['ttl=1.0000000000s', 'ttl: expected a duration such as "1.5s", got "1.0000000000s"'],
    ['ttl=315576000001s', 'ttl: expected a duration such as "1.5s", got "315576000001s"'],
    ['maybeBig=x', 'maybe_big: expected a 64-bit integer, got "x"'],
    ['maybeOpen=yes', 'maybe_open: expected true or false, got "yes"'],
    ['left=a&right.text=b', 'right.text: cannot be set together with left: both belong to choice'],
    [
      'inner.first=1&inner.second.text=x',
      'inner.second.text: cannot be set together with first: both belong to pick',
    ],
    ['displayName=%ff', 'query parameter "displayName=%ff" is not valid percent-encoded UTF-8'],
  ];
  describeRejections(faults.map(([query, message]) => [`GET /v1/things/1?${query}`, undefined, message]));

  it('rejects a path of names deeper than any message, whatever its length', () => {
    const path = 'inner.'.repeat(100_000);
    assert.throws(() => decode(`GET /v1/things/1?${path}text=x`), /nests deeper than 100 levels$/);
    assert.throws(
      () => decode(`GET /v1/things/1?${'inner.'.repeat(100)}text=x`),
      /nests deeper than 100 levels$/,
    );
    assert.deepEqual(Object.keys(decode(`GET /v1/things/1?${'inner.'.repeat(99)}text=x`) ?? {}), [
      'name',
      'inner',
    ]);
  });

  it('rejects a hundred thousand parameters', () => {
    assert.throws(() => decode(`GET /v1/things/1?${'numbers=1&'.repeat(100_000)}`), {
      name: 'TranscodingError',
      message: 'the query has more than 1000 parameters',
    });
  });

  describeRejections([
    ['POST /v1/things?displayName=x', '{}', 'display_name: is given by the body, not by the query'],
    ['PUT /v1/things/1/RED/5?inner.tags=x', '{}', 'inner.tags: is given by the body, not by the query'],
  ]);

  it('takes the parameter "key" for a system parameter where fields go in the body', () => {
    assert.deepEqual(decode('POST /v1/things?key=secret', '{"key":"mine"}'), { key: 'mine' });
  });
});

describe('decodeRequest() of the body', () => {
  const whole: JsonValue = {
    displayName: 'd',
    isOpen: true,
    small: 1,
    big: '2',
    ratio: 0.5,
    data: 'AQI=',
    color: 'GREEN',
    inner: { text: 't', inner: { tags: ['a', ''] }, first: 3 },
    inners: [{}, { text: 'u' }],
    numbers: [1, 2, 3],
    colors: ['RED', 99],
    labels: { a: 'b', '': 'empty' },
    innersByNumber: { '-1': { text: 'm' }, '7': {} },
    countsByFlag: { true: '1', false: '2' },
    colorsByBig: { '-9007199254740993': 'RED', 0: 'GREEN' },
    time: '2026-01-31T09:30:00Z',
    ttl: '3s',
    mask: 'displayName,inner.text',
    struct: { a: [1, null, { b: true }] },
    value: null,
    list: ['x', null],
    maybeText: '',
    any: { '@type': 'type.googleapis.com/sample.v1.Inner', text: 'packed', inner: { tags: ['x'] } },
    times: ['2026-01-31T09:30:00Z'],
    right: { text: 'r' },
  };

  it('reads every kind of field', () => {
    assert.deepEqual(decode('POST /v1/things', JSON.stringify(whole)), whole);
  });

  it('reads names as in the .proto file', () => {
    const body =
      '{"display_name":"d","inners_by_number":{"1":{}},"any":{"@type":"x/sample.v1.Thing","is_open":true}}';
    assert.deepEqual(decode('POST /v1/things', body), {
      displayName: 'd',
      innersByNumber: { 1: {} },
      any: { '@type': 'type.googleapis.com/sample.v1.Thing', isOpen: true },
    });
  });

  const equal: [title: string, body: string, expected: JsonValue][] = [
    ['null as unset', '{"name":null,"color":null,"inner":null,"numbers":null,"labels":null,"time":null}', {}],
    ['null as unset in a oneof', '{"left":null,"right":{}}', { right: {} }],
    ['null as a value', '{"value":null,"either":null}', { value: null, either: null }],
    [
      'enums as integers',
      '{"color":1,"colors":[2,0]}',
      { color: 'RED', colors: ['GREEN', 'COLOR_UNSPECIFIED'] },
    ],
    [
      'numbers as strings',
      '{"small":"1","big":"2","ratio":"0.5","maybeBig":"3"}',
      { small: 1, big: '2', ratio: 0.5, maybeBig: '3' },
    ],
    [
      'integers with an exponent',
      '{"small":1e2,"big":5,"numbers":[1.0]}',
      { small: 100, big: '5', numbers: [1] },
    ],
    ['empty maps and lists', '{"labels":{},"numbers":[],"inners":[]}', {}],
    ['an empty Any', '{"any":{}}', { any: {} }],
    [
      'an Any of a well-known type',
      '{"any":{"@type":"x/google.protobuf.Duration","value":"1s"}}',
      { any: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' } },
    ],
    ['a body of white space', ' \n', {}],
    ['a body that is an empty string', '""', {}],
    ['an empty object', '{}', {}],
  ];
  for (const [title, body, expected] of equal) {
    it(`reads ${title}`, () => {
      assert.deepEqual(decode('POST /v1/things', body), expected);
    });
  }

  it('makes __proto__ an ordinary key of maps and structs', () => {
    const body = '{"labels":{"__proto__":"x"},"struct":{"__proto__":{"a":1}},"value":{"__proto__":2}}';
    const json = decode('POST /v1/things', body);
    assert.equal(JSON.stringify(json), body);
    assert.equal(Object.getPrototypeOf({}).a, undefined);
  });

  const faults: [body: string, message: string][] = [
    ['{"inner":{"foo":1}}', 'inner.foo: unknown field in sample.v1.Inner'],
    ['{"__proto__":{}}', '__proto__: unknown field in sample.v1.Thing'],
    ['{"inner":{"toString":1}}', 'inner.toString: unknown field in sample.v1.Inner'],
    ['{"a b":1}', '["a b"]: unknown field in sample.v1.Thing'],
    [`{"${'x'.repeat(1000)}":1}`, `["${'x'.repeat(60)}…"]: unknown field in sample.v1.Thing`],
    ['{"inners":[{},{"text":5}]}', 'inners[1].text: expected a string, got 5'],
    ['{"innersByNumber":{"1":{"text":{}}}}', 'inners_by_number["1"].text: expected a string, got an object'],
    ['{"innersByNumber":{"x":{}}}', 'inners_by_number["x"]: expected a 32-bit integer as the key, got "x"'],
    [
      '{"innersByNumber":{"3000000000":{}}}',
      'inners_by_number["3000000000"]: expected a 32-bit integer as the key, got "3000000000"',
    ],
    ['{"innersByNumber":{"1":{},"01":{}}}', 'inners_by_number["01"]: is given more than once'],
    ['{"colorsByBig":{"-0":1,"0":1}}', 'colors_by_big["-0"]: is given more than once'],
    [
      '{"colorsByBig":{"9223372036854775808":1}}',
      'colors_by_big["9223372036854775808"]: expected a 64-bit integer as the key, got "9223372036854775808"',
    ],
    ['{"innersByNumber":{"1":null}}', 'inners_by_number["1"]: expected an object, got null'],
    ['{"countsByFlag":{"yes":1}}', 'counts_by_flag["yes"]: expected true or false as the key, got "yes"'],
    ['{"countsByFlag":{"true":"x"}}', 'counts_by_flag["true"]: expected a 64-bit integer, got "x"'],
    ['{"labels":{"a":null}}', 'labels["a"]: expected a string, got null'],
    ['{"labels":[]}', 'labels: expected an object, got an array'],
    ['{"numbers":{}}', 'numbers: expected an array, got an object'],
    ['{"numbers":[1,null]}', 'numbers[1]: expected a 32-bit integer, got null'],
    ['{"inners":[null]}', 'inners[0]: expected an object, got null'],
    ['{"times":[null]}', 'times[0]: expected a time such as "2026-01-31T09:30:00Z", got null'],
    ['{"inner":"x"}', 'inner: expected an object, got "x"'],
    ['{"inner":[]}', 'inner: expected an object, got an array'],
    ['{"isOpen":"true"}', 'is_open: expected true or false, got "true"'],
    ['{"small":true}', 'small: expected a 32-bit integer, got true'],
    ['{"small":1.5}', 'small: expected a 32-bit integer, got 1.5'],
    ['{"big":1.5}', 'big: expected a 64-bit integer, got 1.5'],
    ['{"big":""}', 'big: expected a 64-bit integer, got ""'],
    ['{"maybeBig":" 1"}', 'maybe_big: expected a 64-bit integer, got " 1"'],
    ['{"color":"BLUE"}', 'color: expected one of COLOR_UNSPECIFIED, RED, GREEN, got "BLUE"'],
    ['{"color":1.5}', 'color: expected one of COLOR_UNSPECIFIED, RED, GREEN, got 1.5'],
    [`{"small":"${'x'.repeat(1000)}"}`, `small: expected a 32-bit integer, got "${'x'.repeat(60)}…"`],
    ['{"name":"\\ud800"}', 'name: contains half of a surrogate pair'],
    ['{"struct":{"a":1e999}}', 'struct.a: is too large a number'],
    ['{"struct":[]}', 'struct: expected an object, got an array'],
    ['{"list":{}}', 'list: expected an array, got an object'],
    ['{"mask":["a"]}', 'mask: expected names of fields, separated by commas, got an array'],
    ['{"time":5}', 'time: expected a time such as "2026-01-31T09:30:00Z", got 5'],
    ['{"any":{"text":"x"}}', 'any.@type: expected the URL of a message type, got null'],
    ['{"any":{"@type":"x/no.Such"}}', 'any.@type: "x/no.Such" is not a known type'],
    [
      '{"any":{"@type":"x/sample.v1.Inner","inner":{"x":1}}}',
      'any.inner.x: unknown field in sample.v1.Inner',
    ],
    [
      '{"any":{"@type":"x/google.protobuf.Duration","value":1}}',
      'any.value: expected a duration such as "1.5s", got 1',
    ],
    ['{"any":{"@type":"x/google.protobuf.Duration","x":1}}', 'any.x: unknown field in google.protobuf.Any'],
    ['{"any":1}', 'any: expected an object, got 1'],
    ['{"displayName":"a","display_name":"b"}', 'display_name: is given more than once'],
    ['{"displayName":null,"display_name":"b"}', 'display_name: is given more than once'],
    ['{"inner":{"a":1,"a":2}}', 'inner.a: is given more than once'],
    ['{"left":"a","right":{}}', 'right: cannot be set together with left: both belong to choice'],
    ['[]', 'the body must be a JSON object, not an array'],
    ['"x"', 'the body must be a JSON object, not a string'],
    ['5', 'the body must be a JSON object, not a number'],
    ['null', 'the body must be a JSON object, not null'],
    [
      '{',
      "the body is not valid JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)",
    ],
    [`${'{"inner":'.repeat(101)}`, 'the body nests deeper than 100 levels'],
  ];
  describeRejections(faults.map(([body, message]) => ['POST /v1/things', body, message]));

  it('reads 100 levels of messages', () => {
    const body = `${'{"inner":'.repeat(99)}{}${'}'.repeat(99)}`;
    assert.equal(JSON.stringify(decode('POST /v1/things', body)), body);
  });

  it('reads 99 levels of a value', () => {
    const body = `{"value":${'['.repeat(99)}${']'.repeat(99)}}`;
    assert.equal(JSON.stringify(decode('POST /v1/things', body)), body);
  });

  it('reads a body that is one field', () => {
    assert.deepEqual(decode('PUT /v1/things/1/RED/5', '{"tags":["x"],"text":"overridden by the path"}'), {
      inner: { text: 'things/1', tags: ['x'] },
      color: 'RED',
      big: '5',
    });
    assert.deepEqual(decode('POST /v1/things:numbers', '[1,2]'), { numbers: [1, 2] });
    assert.deepEqual(decode('POST /v1/things:numbers', '""'), {});
    assert.deepEqual(decode('POST /v1/things:numbers', 'null'), {});
    assert.deepEqual(decode('POST /v1/things:numbers?small=3', '[1]'), { numbers: [1], small: 3 });
    assert.deepEqual(decode('POST /v1/things:byNumber', '{"5":{"text":"x"}}'), {
      innersByNumber: { 5: { text: 'x' } },
    });
    assert.throws(() => decode('PATCH /v1', '""'), /both belong to choice/);
  });

  it('lets the path win over the body', () => {
    assert.deepEqual(decode('POST /v1/things/1/title', '{"name":"x","displayName":"y","small":1}'), {
      name: 'things/1',
      displayName: 'title',
      small: 1,
    });
  });

  for (const body of [undefined, '', '""', '{}', ' {} ']) {
    it(`takes ${JSON.stringify(body)} for a method without a body`, () => {
      assert.deepEqual(decode('POST /v1/things/1:cancel', body), { name: 'things/1' });
    });
  }

  describeRejections([
    ['POST /v1/things/1:cancel', '{"name":"x"}', 'name: this method takes no body: its fields go in the URL'],
    ['POST /v1/things/1:cancel', '[]', 'the body must be a JSON object, not an array'],
    ['POST /v1/things/1:cancel', '"x"', 'the body must be a JSON object, not a string'],
    ['PUT /v1/things/1/RED/5', '[]', 'inner: expected an object, got an array'],
    ['PUT /v1/things/1/RED/5', '{"foo":1}', 'inner.foo: unknown field in sample.v1.Inner'],
    ['POST /v1/things:numbers', '{}', 'numbers: expected an array, got an object'],
    ['POST /v1/things:numbers', '[1,"x"]', 'numbers[1]: expected a 32-bit integer, got "x"'],
  ]);
});

describe('decodeRequest() of Dialogflow', () => {
  const location = '/v2beta1/projects/p/locations/global';
  const cases: [line: string, body: string, expected: JsonValue][] = [
    [
      `POST ${location}/conversations?$alt=json%3Benum-encoding=int`,
      '{"conversationProfile":"projects/p/conversationProfiles/c","lifecycleState":1,"initialGeneratorContexts":{}}',
      {
        parent: 'projects/p/locations/global',
        conversation: {
          conversationProfile: 'projects/p/conversationProfiles/c',
          lifecycleState: 'IN_PROGRESS',
        },
      },
    ],
    [
      `POST ${location}/conversations/c:complete?`,
      '""',
      { name: 'projects/p/locations/global/conversations/c' },
    ],
    [
      `POST ${location}/operations/o:cancel?$alt=json`,
      '""',
      { name: 'projects/p/locations/global/operations/o' },
    ],
    [
      `GET ${location}/conversations?pageSize=5&filter=lifecycle_state%20%3D%20%22COMPLETED%22&alt=json`,
      '',
      { parent: 'projects/p/locations/global', pageSize: 5, filter: 'lifecycle_state = "COMPLETED"' },
    ],
    [
      `PATCH ${location}/conversationProfiles/c?updateMask=displayName%2ClanguageCode`,
      '{"displayName":"d","name":"x"}',
      {
        conversationProfile: { name: 'projects/p/locations/global/conversationProfiles/c', displayName: 'd' },
        updateMask: 'displayName,languageCode',
      },
    ],
    [
      `POST ${location}/suggestions:generateStatelessSummary`,
      '{"statelessConversation":{"messages":[{"content":"hi","participantRole":2}]},"maxContextSize":3}',
      {
        statelessConversation: {
          parent: 'projects/p/locations/global',
          messages: [{ content: 'hi', participantRole: 'AUTOMATED_AGENT' }],
        },
        maxContextSize: 3,
      },
    ],
  ];
  for (const [line, body, expected] of cases) {
    it(`reads ${line}`, () => {
      assert.deepEqual(decode(line, body), expected);
    });
  }

  describeRejections([
    [
      `POST ${location}/conversations`,
      '{"foo":1}',
      'conversation.foo: unknown field in google.cloud.dialogflow.v2beta1.Conversation',
    ],
    [
      `GET ${location}/conversations?page_sise=1`,
      undefined,
      'page_sise: unknown query parameter: unknown field in google.cloud.dialogflow.v2beta1.ListConversationsRequest',
    ],
  ]);
});

describe('decodeRequest()', () => {
  const matches = [
    matchOf(sample, 'POST', '/v1/things'),
    matchOf(sample, 'PUT', '/v1/things/1/RED/5'),
    matchOf(sample, 'GET', '/v1/things/1'),
  ];
  const fieldNames = thing.fields.map((field) => field.jsonName);

  it('throws nothing but a TranscodingError, whatever the body and query', () => {
    const values = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('1', 'true', 'AA==', '1s', '2026-01-31T00:00:00Z', 'NaN', -1, 1e300, 0.5, null),
      fc.dictionary(
        fc.constantFrom('text', 'inner', '@type', 'value', '1', 'true'),
        fc.jsonValue({ maxDepth: 2 }),
      ),
    );
    const objects = fc.dictionary(fc.constantFrom(...fieldNames), values, { maxKeys: 4 });
    const bodies = fc.oneof(
      fc.uint8Array(),
      fc.string().map((text) => utf8.encode(text)),
      fc.oneof(objects, fc.array(objects)).map((json) => utf8.encode(JSON.stringify(json))),
    );
    const names = fc.oneof(fc.constantFrom(...fieldNames, 'inner.text', 'inner.inner.tags'), fc.string());
    const pair = fc.tuple(names, fc.oneof(fc.string(), fc.constantFrom('1', 'RED', 'true')));
    const queries = fc.oneof(
      fc.string(),
      fc.array(pair, { maxLength: 3 }).map((pairs) => new URLSearchParams(pairs).toString()),
    );
    let decoded = 0;
    fc.assert(
      fc.property(fc.constantFrom(...matches), queries, bodies, (match, query, body) => {
        try {
          decodeRequest(match, query, body, { registry: sampleRegistry });
          decoded += 1;
        } catch (error) {
          assert.ok(error instanceof TranscodingError, String(error));
          assert.ok(error.message.length < 500);
        }
      }),
      { numRuns: 3000 },
    );
    assert.ok(decoded > 0);
  });
});
