import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { assertRefused, exchange, HttpConnection, type RawRefusal, requestBytes } from './http-connection.ts';
import { newProject, openTarget, type Target } from './target.ts';

const MALFORMED: RawRefusal = { http: 400, status: 'INVALID_ARGUMENT', reason: 'REQUEST_MALFORMED' };
const HEADERS_TOO_LARGE: RawRefusal = {
  http: 431,
  status: 'RESOURCE_EXHAUSTED',
  reason: 'HEADERS_TOO_LARGE',
};
const TOO_LARGE: RawRefusal = { http: 413, status: 'RESOURCE_EXHAUSTED', reason: 'REQUEST_TOO_LARGE' };
const UNKNOWN: RawRefusal = { http: 404, status: 'NOT_FOUND', reason: 'ROUTE_UNKNOWN' };

const BODY_BYTES_MAX = 32 * 1024 * 1024;
const PROFILE = '{"displayName":"x"}';
const JSON_TYPE = 'Content-Type: application/json';
const HOST = 'Host: localhost';

let target: Target;
/** Of the case that runs. */
let project: string;
before(async () => {
  target = await openTarget();
});
after(() => target[Symbol.asyncDispose]());

/** Others are served, and can be after each case. */
async function assertServes(): Promise<void> {
  const answer = await exchange(target, 'GET /v2beta1/projects/p/conversations', [HOST]);
  assert.equal(answer.status, 200, answer.body);
}
afterEach(assertServes);

function profilesPath(): string {
  return `/v2beta1/projects/${project}/conversationProfiles`;
}

/** How many profiles the case has made. */
async function countProfiles(): Promise<number> {
  const answer = await exchange(target, `GET ${profilesPath()}`, [HOST]);
  return (JSON.parse(answer.body).conversationProfiles ?? []).length;
}

/** A whole request that makes a profile. */
function creation(...headers: readonly string[]): string {
  return requestBytes(
    `POST ${profilesPath()}`,
    [HOST, JSON_TYPE, `Content-Length: ${PROFILE.length}`, ...headers],
    PROFILE,
  );
}

describe('what is no HTTP, or not well-formed', () => {
  const refused: { name: string; bytes: string | Buffer; want: RawRefusal }[] = [
    ...['NONSENSE\r\n\r\n', '\u0000\u0001\u0002\r\n\r\n', 'GET\r\n\r\n'].map((bytes) => ({
      name: JSON.stringify(bytes),
      bytes,
      want: MALFORMED,
    })),
    { name: 'a version that is none', bytes: 'GET /healthz HTTP/9.9\r\n\r\n', want: MALFORMED },
    {
      name: 'a verb in lower case',
      bytes: 'get /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      want: MALFORMED,
    },
    { name: 'a target that is no path', bytes: requestBytes('GET healthz', [HOST]), want: MALFORMED },
    { name: 'a header without a colon', bytes: requestBytes('GET /healthz', [HOST, 'Bad']), want: MALFORMED },
    {
      name: 'a blank before a colon',
      bytes: requestBytes('GET /healthz', ['Host : localhost']),
      want: MALFORMED,
    },
    { name: 'a folded header', bytes: requestBytes('GET /healthz', [HOST, 'A: b', ' c']), want: MALFORMED },
    {
      name: 'a NUL in a header',
      bytes: requestBytes('GET /healthz', [HOST, 'A: b\u0000c']),
      want: MALFORMED,
    },
    {
      name: 'a bare CR in a header',
      bytes: requestBytes('GET /healthz', [HOST, 'A: b\rc']),
      want: MALFORMED,
    },
    {
      name: 'the ClientHello of TLS',
      bytes: Buffer.from(`16030100c8010000c40303${'5a'.repeat(194)}`, 'hex'),
      want: MALFORMED,
    },
    {
      name: 'CONNECT',
      bytes: requestBytes('CONNECT evil.example:443', ['Host: evil.example:443']),
      want: { http: 501, status: 'UNIMPLEMENTED', reason: 'TUNNEL_UNSUPPORTED' },
    },
    {
      name: 'a header section of 100 KB',
      bytes: requestBytes('GET /', [`A: ${'x'.repeat(1e5)}`]),
      want: HEADERS_TOO_LARGE,
    },
    {
      name: '100,000 headers',
      bytes: requestBytes(
        'GET /',
        Array.from({ length: 1e5 }, () => 'a:b'),
      ),
      want: HEADERS_TOO_LARGE,
    },
    {
      name: 'a URL of 100 KB',
      bytes: requestBytes(`GET /${'x'.repeat(1e5)}`, [HOST]),
      want: HEADERS_TOO_LARGE,
    },
    {
      name: '100,000 fields in a query',
      bytes: requestBytes(`GET /v2beta1/projects/p/conversations?${'a=&'.repeat(1e5)}`, [HOST]),
      want: HEADERS_TOO_LARGE,
    },
  ];
  for (const { name, bytes, want } of refused) {
    it(`is refused in JSON and cut: ${name}`, async () => {
      using connection = await HttpConnection.open(target);
      connection.write(bytes);
      const answer = await connection.readAnswer();
      assertRefused(answer, want);
      assert.equal(answer.headers.get('connection'), 'close');
      connection.finish();
      assert.equal(await connection.readToEnd(), '', 'nothing else is said');
    });
  }

  it('is refused without a body when it asked for none', async () => {
    using connection = await HttpConnection.open(target);
    connection.write(requestBytes('HEAD %2Fhealthz', [HOST]));
    assert.equal((await connection.readAnswer({ toHead: true })).status, 400);
    connection.finish();
    assert.equal(await connection.readToEnd(), '', 'nothing else is said');
  });

  it('ends a connection that begins as HTTP/2 and goes on as nothing', async () => {
    using connection = await HttpConnection.open(target);
    connection.write(
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(1000, 0xa5)]),
    );
    connection.finish();
    await connection.readToEnd();
  });

  it('does not take the answers from what came before it', async () => {
    using connection = await HttpConnection.open(target);
    project = newProject();
    connection.write(`${creation()}NONSENSE\r\n\r\n`);
    assert.equal((await connection.readAnswer()).status, 200);
    assertRefused(await connection.readAnswer(), MALFORMED);
    assert.equal(await countProfiles(), 1);
  });
});

describe('a body whose end is in doubt', () => {
  const length = `Content-Length: ${PROFILE.length}`;
  const chunked = `${PROFILE.length.toString(16)}\r\n${PROFILE}\r\n0\r\n\r\n`;
  const cases: { name: string; headers: readonly string[]; body: string; want?: RawRefusal }[] = [
    { name: 'both a length and chunks', headers: [length, 'Transfer-Encoding: chunked'], body: chunked },
    { name: 'both chunks and a length', headers: ['Transfer-Encoding: chunked', length], body: chunked },
    { name: 'two lengths', headers: [length, 'Content-Length: 5'], body: PROFILE },
    { name: 'two lengths in one', headers: [`${length}, 5`], body: PROFILE },
    { name: 'a negative length', headers: ['Content-Length: -1'], body: PROFILE },
    { name: 'a length with a sign', headers: [`Content-Length: +${PROFILE.length}`], body: PROFILE },
    { name: 'a length in hexadecimal', headers: ['Content-Length: 0x13'], body: PROFILE },
    { name: 'a length beyond all', headers: [`Content-Length: ${'9'.repeat(30)}`], body: PROFILE },
    {
      name: 'chunks that are not the last encoding',
      headers: ['Transfer-Encoding: chunked, gzip'],
      body: chunked,
    },
    { name: 'an encoding that nobody knows', headers: ['Transfer-Encoding: xchunked'], body: chunked },
    { name: 'chunks that are none', headers: ['Transfer-Encoding: chunked'], body: 'zz\r\nxx\r\n' },
    {
      name: 'a chunk larger than all',
      headers: ['Transfer-Encoding: chunked'],
      body: `${'f'.repeat(17)}\r\nx`,
    },
    {
      name: 'a chunk longer than it says',
      headers: ['Transfer-Encoding: chunked'],
      body: `1\r\n${PROFILE}\r\n0\r\n\r\n`,
    },
    {
      name: 'another encoding beneath the chunks',
      headers: ['Transfer-Encoding: gzip, chunked'],
      body: chunked,
      want: { http: 400, status: 'INVALID_ARGUMENT', reason: 'TRANSFER_ENCODING_UNSUPPORTED' },
    },
  ];
  for (const { name, headers, body, want = MALFORMED } of cases) {
    it(`is refused, and nothing behind it is done: ${name}`, async () => {
      using connection = await HttpConnection.open(target);
      project = newProject();
      connection.write(requestBytes(`POST ${profilesPath()}`, [HOST, JSON_TYPE, ...headers], body));
      if (want === MALFORMED) connection.write(creation());
      assertRefused(await connection.readAnswer(), want);
      connection.finish();
      assert.equal(await connection.readToEnd(), '', 'nothing else is said');
      assert.equal(await countProfiles(), 0);
    });
  }

  for (const { name, headers, body } of [
    { name: 'ends before its length', headers: ['Content-Length: 100'], body: PROFILE },
    {
      name: 'ends before its last chunk',
      headers: ['Transfer-Encoding: chunked'],
      body: `13\r\n${PROFILE}\r\n`,
    },
  ]) {
    it(`is refused when it ${name}, and nothing is done`, async () => {
      using connection = await HttpConnection.open(target);
      project = newProject();
      connection.write(requestBytes(`POST ${profilesPath()}`, [HOST, JSON_TYPE, ...headers], body));
      connection.finish();
      assertRefused(await connection.readAnswer(), MALFORMED);
      assert.equal(await connection.readToEnd(), '', 'nothing else is said');
      assert.equal(await countProfiles(), 0);
    });
  }

  it('is what its length says, and the rest is another request', async () => {
    using connection = await HttpConnection.open(target);
    project = newProject();
    const headers = [HOST, JSON_TYPE, `Content-Length: ${PROFILE.length}`];
    connection.write(requestBytes(`POST ${profilesPath()}`, headers, `${PROFILE}{"displayName":"y"}`));
    assert.equal((await connection.readAnswer()).status, 200);
    assertRefused(await connection.readAnswer(), MALFORMED);
    assert.equal(await countProfiles(), 1);
  });

  it('is given up with its connection', async () => {
    using connection = await HttpConnection.open(target);
    project = newProject();
    connection.write(
      requestBytes(`POST ${profilesPath()}`, [HOST, JSON_TYPE, 'Content-Length: 100'], PROFILE),
    );
    await assertServes();
    connection.reset();
    assert.equal(await countProfiles(), 0);
  });
});

describe('a body that is too large', () => {
  it('is refused by its length, before it is sent', async () => {
    using connection = await HttpConnection.open(target);
    const headers = [HOST, JSON_TYPE, `Content-Length: ${BODY_BYTES_MAX + 1}`];
    connection.write(requestBytes(`POST ${profilesPath()}`, headers));
    const answer = await connection.readAnswer();
    assertRefused(answer, TOO_LARGE);
    assert.equal(answer.headers.get('connection'), 'close');
  });

  it('is refused once it is, where no length was given', async () => {
    using connection = await HttpConnection.open(target);
    const headers = [HOST, JSON_TYPE, 'Transfer-Encoding: chunked'];
    connection.write(requestBytes(`POST ${profilesPath()}`, headers));
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    for (let sent = 0; sent <= BODY_BYTES_MAX; sent += chunk.length) {
      connection.write(`${chunk.length.toString(16)}\r\n`);
      connection.write(chunk);
      connection.write('\r\n');
    }
    assertRefused(await connection.readAnswer(), TOO_LARGE);
  });

  it('is refused so that a caller who sends it all first can read why', async () => {
    using connection = await HttpConnection.open(target);
    const bytes = BODY_BYTES_MAX + 8 * 1024 * 1024;
    connection.write(requestBytes(`POST ${profilesPath()}`, [HOST, JSON_TYPE, `Content-Length: ${bytes}`]));
    connection.write(Buffer.alloc(bytes, ' '));
    connection.finish();
    assertRefused(await connection.readAnswer(), TOO_LARGE);
    assert.equal(await connection.readToEnd(), '', 'and the connection ends well');
  });

  it('is taken up to the limit', async () => {
    project = newProject();
    const body = PROFILE.padEnd(BODY_BYTES_MAX, ' ');
    assert.equal((await exchange(target, `POST ${profilesPath()}`, [HOST, JSON_TYPE], body)).status, 200);
  });
});

describe('Expect: 100-continue', () => {
  const expecting = (...headers: string[]): string =>
    requestBytes(`POST ${profilesPath()}`, [HOST, 'Expect: 100-continue', ...headers]);

  it('is answered before a body that is welcome', async () => {
    using connection = await HttpConnection.open(target);
    project = newProject();
    connection.write(expecting(JSON_TYPE, `Content-Length: ${PROFILE.length}`));
    assert.equal((await connection.readAnswer()).status, 100);
    connection.write(PROFILE);
    assert.equal((await connection.readAnswer()).status, 200);
    assert.equal(await countProfiles(), 1);
  });

  for (const { name, headers, reason } of [
    {
      name: 'too large',
      headers: [JSON_TYPE, `Content-Length: ${BODY_BYTES_MAX + 1}`],
      reason: TOO_LARGE.reason,
    },
    {
      name: 'no JSON',
      headers: ['Content-Type: text/plain', 'Content-Length: 9'],
      reason: 'CONTENT_TYPE_UNSUPPORTED',
    },
    {
      name: "a foreign page's",
      headers: ['Origin: null', JSON_TYPE, 'Content-Length: 9'],
      reason: 'ORIGIN_NOT_ALLOWED',
    },
  ]) {
    it(`spares a caller a body that is ${name}`, async () => {
      using connection = await HttpConnection.open(target);
      connection.write(expecting(...headers));
      const answer = await connection.readAnswer();
      assert.equal(JSON.parse(answer.body).error.details[0].reason, reason);
      // Whether a body follows is not known, so nothing that follows can be understood.
      assert.equal(answer.headers.get('connection'), 'close');
      assert.equal(await connection.readToEnd(), '');
    });
  }

  it('is all that can be expected', async () => {
    const answer = await exchange(target, 'GET /healthz', [HOST, 'Expect: a-miracle']);
    assertRefused(answer, { http: 417, status: 'INVALID_ARGUMENT', reason: 'EXPECTATION_UNSUPPORTED' });
  });
});

describe('an odd request', () => {
  it('for an upgrade to WebSocket is answered as if it had not asked', async () => {
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    assertRefused(await exchange(target, 'GET /nothing', [HOST, ...upgrade, key]), UNKNOWN);
    const foreign = await exchange(target, 'GET /nothing', [
      HOST,
      ...upgrade,
      key,
      'Origin: http://evil.example',
    ]);
    assertRefused(foreign, { http: 403, status: 'PERMISSION_DENIED', reason: 'ORIGIN_NOT_ALLOWED' });
  });

  it('for an upgrade to HTTP/2 is answered in HTTP/1.1', async () => {
    project = newProject();
    const headers = [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ];
    using connection = await HttpConnection.open(target);
    connection.write(creation(...headers));
    assert.equal((await connection.readAnswer()).status, 200);
    assert.equal(await countProfiles(), 1);
  });

  it('with HEAD has no body in its answer, and its connection goes on', async () => {
    using connection = await HttpConnection.open(target);
    connection.write(requestBytes('HEAD /healthz', [HOST]));
    assert.equal((await connection.readAnswer({ toHead: true })).status, 200);
    connection.write(requestBytes('HEAD /v2beta1/projects/p/conversations', [HOST]));
    const refused = await connection.readAnswer({ toHead: true });
    assert.equal(refused.status, 405);
    assert.equal(refused.headers.get('allow'), 'GET, POST');
    connection.write(requestBytes('GET /healthz', [HOST]));
    assert.equal((await connection.readAnswer()).body, 'ok\n');
  });

  for (const line of [
    'OPTIONS *',
    'GET *',
    'GET https://localhost/healthz',
    'TRACE /healthz',
    'GET /healthz/',
  ]) {
    it(`leads nowhere: ${line}`, async () => {
      assertRefused(await exchange(target, line, [HOST]), UNKNOWN);
    });
  }

  it('may name the server in its target', async () => {
    const answer = await exchange(
      target,
      'GET http://localhost/v2beta1/projects/p/conversations?pageSize=1',
      [HOST],
    );
    assert.deepEqual([answer.status, answer.body], [200, '{}']);
  });

  it('with as many query fields as fit is refused for what they are', async () => {
    const query = 'a&'.repeat(8000);
    const answer = await exchange(target, `GET /v2beta1/projects/p/conversations?${query}`, [HOST]);
    assert.equal(answer.status, 400);
    assert.ok(answer.body.length < 10_000, `${answer.body.length} bytes`);
  });
});

describe('a connection', () => {
  it('may carry requests before their answers, which come in their order', async () => {
    using connection = await HttpConnection.open(target);
    project = newProject();
    const paths = Array.from({ length: 50 }, (_, index) => `/nothing/${index}`);
    connection.write(paths.map((path) => `${creation()}${requestBytes(`GET ${path}`, [HOST])}`).join(''));
    for (const path of paths) {
      assert.equal((await connection.readAnswer()).status, 200);
      assert.ok(assertRefused(await connection.readAnswer(), UNKNOWN).includes(`"${path}"`));
    }
    assert.equal(await countProfiles(), paths.length);
  });

  it('may be finished by its caller before the answers', async () => {
    using connection = await HttpConnection.open(target);
    project = newProject();
    connection.write(creation() + creation());
    connection.finish();
    assert.equal((await connection.readAnswer()).status, 200);
    assert.equal((await connection.readAnswer()).status, 200);
    assert.equal(await connection.readToEnd(), '');
    assert.equal(await countProfiles(), 2);
  });

  it('may be reset in the middle of its answers', async () => {
    project = newProject();
    const long = '/v2beta1/projects/p/conversations';
    for (let round = 0; round < 20; round += 1) {
      using connection = await HttpConnection.open(target);
      connection.write(requestBytes(`GET ${long}`, [HOST]).repeat(200));
      assert.equal((await connection.readAnswer()).status, 200);
      connection.reset();
    }
    await assertServes();
  });

  it('goes on after a refusal', async () => {
    using connection = await HttpConnection.open(target);
    project = newProject();
    for (const type of ['text/plain', 'application/json']) {
      const headers = [HOST, `Content-Type: ${type}`, `Content-Length: ${PROFILE.length}`];
      connection.write(requestBytes(`POST ${profilesPath()}`, headers, PROFILE));
      assert.equal((await connection.readAnswer()).status, type === 'text/plain' ? 400 : 200);
    }
  });

  it('does not keep others waiting, nor do 1,000 of them, wherever they stop', async () => {
    project = newProject();
    const whole = creation();
    const stops = [0, 1, 10, whole.indexOf('\r\n') + 5, whole.length - PROFILE.length, whole.length - 1];
    const connections = await Promise.all(Array.from({ length: 1000 }, () => HttpConnection.open(target)));
    try {
      for (const [index, connection] of connections.entries()) {
        connection.write(whole.slice(0, stops[index % stops.length]));
      }
      await assertServes();
      assert.equal(await countProfiles(), 0);
      // They have lost nothing by waiting.
      const last = connections[stops.length - 1];
      assert.ok(last);
      last.write(whole.slice(-1));
      assert.equal((await last.readAnswer()).status, 200);
      assert.equal(await countProfiles(), 1);
    } finally {
      for (const connection of connections) connection[Symbol.dispose]();
    }
  });
});
