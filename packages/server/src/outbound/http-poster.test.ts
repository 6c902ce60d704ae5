import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { OutboundError } from './exchange.ts';
import { HttpPoster, type PostRequest } from './http-poster.ts';

const servers: Server[] = [];
const posters: HttpPoster[] = [];
after(() => {
  for (const poster of posters) poster.close();
  for (const server of servers) server.close();
});

async function listen(server: Server): Promise<URL> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=b`);
}

/** A server whose answers are written by the test. */
function answering(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = createServer(answer);
  server.on('close', () => server.closeAllConnections());
  return listen(server);
}

/** A server that says the same to every connection, whether that is HTTP or not. */
function saying(bytes: string): Promise<URL> {
  return listen(createTcpServer((socket) => socket.on('error', () => {}).end(bytes)));
}

function poster(addresses: 'any' | 'public' = 'any'): HttpPoster {
  const made = new HttpPoster({ addresses });
  posters.push(made);
  return made;
}

function request(more: Partial<PostRequest> = {}): PostRequest {
  return {
    body: Buffer.from('{"a":1}'),
    headers: { 'content-type': 'application/json' },
    timeoutMs: 10_000,
    responseBytesMax: 1000,
    ...more,
  };
}

async function failureOf(url: URL, more?: Partial<PostRequest>, addresses?: 'public') {
  const failure = await poster(addresses)
    .post(url, request(more))
    .catch((error: unknown) => error);
  assert.ok(failure instanceof OutboundError, String(failure));
  return failure;
}

describe('HttpPoster', () => {
  it('sends once more what met a kept connection that its other end was closing', async () => {
    const perSocket = new WeakMap<object, number>();
    let calls = 0;
    const url = await answering((call, response) => {
      calls++;
      const count = (perSocket.get(call.socket) ?? 0) + 1;
      perSocket.set(call.socket, count);
      if (count > 1) call.socket.destroy();
      else response.end('heard');
    });
    const sender = poster();
    for (let times = 0; times < 3; times++) {
      assert.equal((await sender.post(url, request())).body.toString(), 'heard');
    }
    assert.equal(calls, 5, 'the second and the third were sent twice');
  });

  it('does not send again what a new connection lost, nor what was answered in part', async () => {
    let calls = 0;
    const closing = await answering((call) => {
      calls++;
      call.socket.destroy();
    });
    assert.equal((await failureOf(closing)).kind, 'connection');
    assert.equal(calls, 1);
    const cut = await answering((call, response) => {
      calls++;
      if (call.headers['x-cut'] === undefined) {
        response.end('heard');
        return;
      }
      response.writeHead(200, { 'content-length': 100 }).write('begun');
      setImmediate(() => call.socket.destroy());
    });
    const sender = poster();
    await sender.post(cut, request());
    await assert.rejects(sender.post(cut, request({ headers: { 'x-cut': '1' } })), { kind: 'connection' });
    assert.equal(calls, 3);
  });

  it('posts the body with its headers and answers what was answered, on one connection', async () => {
    const seen: string[] = [];
    const ports = new Set<number | undefined>();
    const url = await answering(async (call, response) => {
      ports.add(call.socket.remotePort);
      seen.push(`${call.method} ${call.url} ${call.headers['content-type']} ${await text(call)}`);
      response.writeHead(201).end('made');
    });
    const sender = poster();
    for (let calls = 0; calls < 3; calls++) {
      const { status, body } = await sender.post(url, request());
      assert.deepEqual([status, body.toString()], [201, 'made']);
    }
    assert.deepEqual(seen, Array(3).fill('POST /hook?a=b application/json {"a":1}'));
    assert.equal(ports.size, 1);
  });

  it('does not follow a redirect, and says where it goes', async () => {
    let calls = 0;
    const url = await answering((_call, response) => {
      calls++;
      response.writeHead(307, { location: 'http://elsewhere.example/' }).end();
    });
    const { kind, status, message } = await failureOf(url);
    assert.deepEqual([kind, status, calls], ['redirect', 307, 1]);
    assert.match(
      message,
      /answered 307 Temporary Redirect and sends calls on to http:\/\/elsewhere\.example\//u,
    );
  });

  it('says in one line what a refusal says', async () => {
    const url = await answering((_call, response) => {
      response.writeHead(429, { 'retry-after': '3' }).end(`not\r\nnow\u0000${'!'.repeat(10_000)}`);
    });
    const failure = await failureOf(url);
    assert.deepEqual([failure.kind, failure.status, failure.retryAfterMs], ['status', 429, 3000]);
    assert.match(failure.message, /^127\.0\.0\.1:\d+ answered 429 Too Many Requests$/u);
    assert.match(failure.excerpt, /^not now !+$/u);
    assert.equal(failure.excerpt.length, 200);
  });

  for (const [text, least, most] of [
    ['0', 0, 0],
    ['120', 120_000, 120_000],
    [new Date(Date.now() + 3_600_000).toUTCString(), 3_500_000, 3_600_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0, 0],
    ['soon', undefined, undefined],
    ['-5', 0, 0],
    ['9'.repeat(400), undefined, undefined],
  ] as const) {
    it(`reads Retry-After: ${text.slice(0, 40)}`, async () => {
      const url = await answering((_call, response) =>
        response.writeHead(503, { 'retry-after': text }).end(),
      );
      const { retryAfterMs } = await failureOf(url);
      if (least === undefined) assert.equal(retryAfterMs, undefined);
      else assert.ok(Number(retryAfterMs) >= least && Number(retryAfterMs) <= most, String(retryAfterMs));
    });
  }

  it('reads no more of an answer than it may hold', async () => {
    let open = true;
    const url = await answering((_call, response) => {
      const chunk = Buffer.alloc(65_536);
      const write = (): void => {
        while (open && response.write(chunk));
      };
      response.on('drain', write).on('close', () => {
        open = false;
      });
      write();
    });
    const failure = await failureOf(url);
    assert.deepEqual([failure.kind, failure.status], ['too-large', 200]);
  });

  it('takes what is just as large as it may be', async () => {
    const url = await answering((_call, response) => response.end('x'.repeat(1000)));
    assert.equal((await poster().post(url, request())).body.byteLength, 1000);
  });

  it('gives up on who never answers', async () => {
    const failure = await failureOf(await answering(() => {}), { timeoutMs: 30 });
    assert.deepEqual([failure.kind, failure.status], ['timeout', undefined]);
    assert.match(failure.message, /did not answer within 30 ms/u);
  });

  it('gives up on who never finishes', async () => {
    const url = await answering((_call, response) => response.write('{'));
    const failure = await failureOf(url, { timeoutMs: 300 });
    assert.deepEqual([failure.kind, failure.status], ['timeout', 200]);
  });

  it('ends with its signal, before it begins and on its way', async () => {
    const control = new AbortController();
    const url = await answering(() => control.abort());
    assert.equal((await failureOf(url, { signal: control.signal })).kind, 'aborted');
    assert.equal((await failureOf(url, { signal: control.signal })).kind, 'aborted');
  });

  for (const [what, bytes] of [
    ['garbage', '\u0000\u0001 hello\r\n\r\n'],
    ['nothing', ''],
    ['half of an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123'],
    ['heads without an end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(100_000)}`],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
  ] as const) {
    it(`reports a connection that answers ${what}`, async () => {
      const failure = await failureOf(await saying(bytes));
      assert.equal(failure.kind, 'connection');
      assert.doesNotMatch(failure.message, /\n/u);
    });
  }

  it('reports a port at which nobody listens', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    server.close();
    await once(server, 'close');
    const failure = await failureOf(url);
    assert.equal(failure.kind, 'connection');
    assert.match(failure.message, /^127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/u);
  });

  it('reports a server without TLS that is asked for it', async () => {
    const url = await answering((_call, response) => response.end());
    assert.equal((await failureOf(new URL(`https://${url.host}/`))).kind, 'connection');
  });

  describe("with addresses: 'public'", () => {
    it('connects to nobody on this machine, however it is called', async () => {
      let connections = 0;
      const server = createTcpServer(() => connections++);
      const { port } = await listen(server);
      for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]']) {
        const failure = await failureOf(new URL(`http://${host}:${port}/`), {}, 'public');
        assert.equal(failure.kind, 'refused-address', `${host}: ${failure.message}`);
        assert.match(failure.message, /is not public$/u);
      }
      assert.equal(connections, 0);
    });
  });
});
