import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLog } from '../log.ts';
import { Metrics } from '../metrics.ts';
import { HttpTransport } from './http.ts';
import { type Answer, jsonAnswer, type StreamAnswer } from './http-answer.ts';
import { Listener } from './listener.ts';
import { OriginPolicy } from './origin-policy.ts';
import { readJsonBody } from './request-body.ts';
import { StaticPages } from './static.ts';

const LONG_MS = 60_000;
const SHORT_MS = 60;
const FOREVER_MS = 2 ** 31 - 1;
const PATIENT = { headers: LONG_MS, request: LONG_MS, idle: LONG_MS, check: 10, linger: SHORT_MS };
const HEAD =
  'POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n';
const BODY_BYTES_MAX = 1024;

/** Bodies of the calls that were made. */
let calls: string[];
/** The server's ends of connections. */
let accepted: Socket[];
let port: number;
let close: ((graceMs?: number) => Promise<void>) | undefined;
let sockets: Socket[];

beforeEach(() => {
  calls = [];
  accepted = [];
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await close?.();
});

/** A port behind which every POST is a call; what is GET answers a lot. */
async function open(patience: Partial<typeof PATIENT>, limits = { firstBytesMs: LONG_MS, connections: 100 }) {
  const rest = {
    async answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | StreamAnswer> {
      const body = await readJsonBody(request, response, BODY_BYTES_MAX);
      if (request.url === '/stream') return endlessStream();
      if (request.method === 'POST') calls.push(Buffer.from(body ?? []).toString());
      return jsonAnswer(200, JSON.stringify('x'.repeat(request.method === 'GET' ? 1e6 : 1)));
    },
  };
  const policy = new OriginPolicy({ host: '127.0.0.1', allowedHosts: [], corsOrigins: [] });
  const pages = new StaticPages({ unreadiness: () => undefined, metrics: new Metrics() });
  const http = new HttpTransport(
    { rest, pages, policy, log: createLog(process.stderr) },
    { ...PATIENT, ...patience },
  );
  const take = (socket: Socket): void => {
    accepted.push(socket);
    http.accept(socket);
  };
  const listener = new Listener({ http1: take, http2: (socket) => socket.destroy() }, limits);
  ({ port } = await listener.listen('127.0.0.1', 0));
  close = async (graceMs = 0) => {
    listener.close();
    await http.close(graceMs);
  };
}

/** One piece, and one more when it is stopped. */
function endlessStream(): StreamAnswer {
  const stopped = Promise.withResolvers<void>();
  async function* pieces() {
    yield 'first';
    await stopped.promise;
    yield 'last';
  }
  return { status: 200, headers: [], pieces: pieces(), stop: stopped.resolve };
}

async function dial(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  sockets.push(socket);
  // How a connection ends is told by what came before.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Writes one byte after the other for as long as the connection takes them. */
function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.writable && socket.write(byte), 5);
  socket.once('close', () => clearInterval(timer));
}

/** Waits for the end of a connection, in whatever way. */
function closed(socket: Socket): Promise<void> {
  socket.once('end', () => socket.end());
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function assertServes(): Promise<void> {
  const socket = await dial();
  socket.end('HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 200 /u);
}

describe('HttpTransport', () => {
  it('cuts a connection whose first byte does not come', async () => {
    await open({}, { firstBytesMs: SHORT_MS, connections: 100 });
    assert.equal(await text(await dial()), '');
    await assertServes();
  });

  it('cuts a connection that stops in the preface of HTTP/2, or drips it', async () => {
    await open({}, { firstBytesMs: SHORT_MS, connections: 100 });
    const [silent, dripping] = [await dial(), await dial()];
    silent.write('PRI * HTT');
    for (const [index, byte] of [...'PRI * HTTP/2.0\r\n\r\nS'].entries()) {
      setTimeout(() => dripping.writable && dripping.write(byte), index * 10);
    }
    // What was sent stays unread, so the cut may be a reset: that nothing was said is what counts.
    silent.on('data', (said) => assert.fail(`it says ${said}`));
    await Promise.all([closed(silent), closed(dripping.resume())]);
    assert.deepEqual(accepted, []);
    await assertServes();
  });

  it('cuts headers that drip, with 408', async () => {
    await open({ headers: SHORT_MS });
    const socket = await dial();
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: ');
    drip(socket, 'a');
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/u);
    assert.match(answer, /"status":"DEADLINE_EXCEEDED".*"reason":"REQUEST_TIMEOUT"/u);
    await assertServes();
  });

  it('cuts a body that drips, with 408, and makes no call of it', async () => {
    await open({ request: SHORT_MS, headers: SHORT_MS });
    const socket = await dial();
    socket.write(HEAD.replace('Content-Length: 9', 'Transfer-Encoding: chunked'));
    drip(socket, '1\r\n \r\n');
    assert.match(await text(socket), /^HTTP\/1\.1 408 [\s\S]*"reason":"REQUEST_TIMEOUT"/u);
    assert.deepEqual(calls, []);
    await assertServes();
  });

  for (const { name, start, rest } of [
    { name: 'headers', start: HEAD.slice(0, -10), rest: `${HEAD.slice(-10)}{"a":"b"}` },
    { name: 'body', start: `${HEAD}{"a"`, rest: ':"b"}' },
  ]) {
    it(`makes no call of a request whose ${name} became whole only after the 408`, async () => {
      await open({ request: SHORT_MS, headers: SHORT_MS, linger: LONG_MS });
      const socket = await dial();
      socket.write(start);
      const [answer] = await once(socket, 'data');
      assert.match(String(answer), /^HTTP\/1\.1 408 /u);
      // The server goes on reading to the end.
      const [server] = accepted;
      assert.ok(server);
      const end = closed(server);
      socket.end(rest);
      await end;
      assert.deepEqual(calls, []);
    });
  }

  it('cuts a caller who does not take its answers', async () => {
    await open({ idle: SHORT_MS });
    const socket = await dial();
    socket.write('GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50));
    await assertServes();
    const [server] = accepted;
    assert.ok(server);
    if (!server.destroyed) await once(server, 'close');
    await assertServes();
  });

  for (const { name, head } of [
    { name: 'of unknown length', head: HEAD.replace('Content-Length: 9', 'Transfer-Encoding: chunked') },
    { name: 'of a known length', head: HEAD.replace('Content-Length: 9', 'Content-Length: 1000000000') },
  ]) {
    it(`answers a body ${name} that is too large with 413, and cuts it where it does not stop`, async () => {
      await open({});
      const socket = await dial();
      socket.write(head);
      drip(socket, `64\r\n${' '.repeat(100)}\r\n`);
      const [answer] = await once(socket, 'data');
      assert.match(String(answer), /^HTTP\/1\.1 413 Payload Too Large\r\n[\s\S]*connection: close/iu);
      await closed(socket);
      assert.deepEqual(calls, []);
      await assertServes();
    });
  }

  it('cuts what is no HTTP and does not stop', async () => {
    await open({});
    const socket = await dial();
    drip(socket, 'NONSENSE\r\n\r\n');
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 400 Bad Request\r\n/u);
    await closed(socket);
    await assertServes();
  });

  it('takes as many connections as it may, and another once one has gone', async () => {
    await open({}, { firstBytesMs: LONG_MS, connections: 2 });
    const [first] = [await dial(), await dial()];
    for (const socket of sockets) {
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 200 /u);
    }
    const third = await dial();
    third.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.equal(await text(third).catch(() => ''), '');
    const [server] = accepted;
    assert.ok(first !== undefined && server !== undefined);
    first.destroy();
    if (!server.destroyed) await once(server, 'close');
    await assertServes();
  });

  it('ends with its streams, though their callers keep their connections', { timeout: LONG_MS }, async () => {
    await open({});
    const socket = await dial();
    socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    const said = text(socket);
    await close?.(FOREVER_MS);
    assert.match(await said, /last\r\n0\r\n\r\n$/u);
  });
});
