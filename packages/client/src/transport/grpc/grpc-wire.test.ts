import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { Status } from '../../../gen/tables.js';
import { encodeMessage, messageTable } from '../../codec/codec.ts';
import { ApiError, InvalidRequestError } from '../../errors.ts';
import type { TransportReply } from '../transport.ts';
import {
  answer,
  call,
  framed,
  GRPC,
  noteBytes,
  openServer,
  openWire,
  requestOf,
  type StreamHandler,
  soon,
} from './grpc-server.test.fixture.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frameOf,
  headerBlock,
  openRawServer,
} from './raw-http2-server.test.fixture.ts';

/** What a call of a unary method is answered by such a server. */
async function replyOf(
  handle: StreamHandler,
  more: { messageBytesMax?: number } = {},
): Promise<TransportReply> {
  await using server = await openServer(handle);
  await using wire = openWire(server.host, more);
  return await wire.unary(call('unary', { deadline: soon() }), { text: 'hi' });
}

/** The error of a call that fails. */
async function errorOf(reply: Promise<unknown>): Promise<ApiError> {
  try {
    await reply;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  assert.fail('it was answered');
}

/** The texts of the messages of a stream, read to its end. */
async function textsOf(messages: AsyncIterable<object>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push((message as { text: string }).text);
  return texts;
}

describe('GrpcWire', () => {
  for (const host of ['', 'a b:1:2', 'localhost:65536', 'http://localhost', '[::1']) {
    it(`is not made for the host ${JSON.stringify(host)}`, () => {
      assert.throws(() => openWire(host), { name: 'ClientOptionsError' });
    });
  }

  const hosts = {
    'example.com': 'example.com:443',
    '[::1]:80': '[::1]:80',
    '127.0.0.1:8470': '127.0.0.1:8470',
  };
  for (const [host, named] of Object.entries(hosts)) {
    it(`takes ${host} for ${named}`, () => assert.equal(openWire(host).host, named));
  }

  it('opens no connection before it is needed, and closes without one', async () => {
    await openWire('127.0.0.1:1').close();
  });
});

describe('GrpcWire.unary()', () => {
  it('sends the request and its headers, and answers with the headers and trailers of the reply', async () => {
    let head: object = {};
    let request: string[] = [];
    await using server = await openServer(async (stream, headers) => {
      head = headers;
      request = await requestOf(stream);
      stream.respond({ ...GRPC, 'x-one': 'a' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-two': ['b', 'c'] }));
      stream.end(framed('hello'));
    });
    await using wire = openWire(server.host, { userAgent: 'tests/1' });
    const options = { headers: { 'x-goog-request-params': 'name=a%2Fb' }, deadline: soon(5000) };
    const reply = await wire.unary(call('unary', options), { text: 'hi' });
    assert.deepEqual(reply.message, { text: 'hello' });
    assert.equal(reply.headers['x-one'], 'a');
    assert.deepEqual(reply.trailers, { 'grpc-status': '0', 'x-two': 'b, c' });
    assert.deepEqual(request, ['hi']);
    const { 'grpc-timeout': timeout, ...sent } = head as Record<string, string>;
    assert.deepEqual(Object.fromEntries(Object.entries(sent)), {
      ':method': 'POST',
      ':scheme': 'http',
      ':authority': server.host,
      ':path': '/test.Notes/Say',
      te: 'trailers',
      'content-type': 'application/grpc',
      'user-agent': 'tests/1',
      'grpc-accept-encoding': 'identity,deflate,gzip',
      'x-goog-request-params': 'name=a%2Fb',
    });
    assert.match(timeout ?? '', /^(?:[1-4]\d{3}|5000|\d{1,3})m$/, 'what is left of five seconds');
  });

  it('sends no timeout where there is no deadline', async () => {
    await using server = await openServer((stream, headers) =>
      answer(stream, [String(headers['grpc-timeout'])]),
    );
    await using wire = openWire(server.host);
    assert.deepEqual((await wire.unary(call(), { text: 'hi' })).message, { text: 'undefined' });
  });

  const unsendable = [
    { headers: { 'x-umlaut': 'ü' } },
    { headers: { 'x-line': 'a\r\nb' } },
    { headers: { 'X-Upper': 'a' } },
    { headers: { ':path': '/' } },
    { headers: { 'grpc-timeout': '1S' } },
    { headers: { connection: 'close' } },
  ];
  for (const { headers } of unsendable) {
    it(`does not send ${JSON.stringify(headers)}`, async () => {
      await using wire = openWire('127.0.0.1:1');
      await assert.rejects(
        wire.unary(call('unary', { headers: { ...headers } }), { text: 'hi' }),
        InvalidRequestError,
      );
    });
  }

  it('does not begin a stream with headers that cannot be sent', async () => {
    await using wire = openWire('127.0.0.1:1');
    const stream = wire.stream(call('bidi_streaming', { headers: { 'x-umlaut': 'ü' } }), []);
    await assert.rejects(textsOf(stream), InvalidRequestError);
  });

  it('does not send what is no request', async () => {
    await using wire = openWire('127.0.0.1:1');
    await assert.rejects(wire.unary(call(), { txt: 'hi' }), InvalidRequestError);
  });

  it('takes an answer that comes byte by byte', async () => {
    const reply = await replyOf(async (stream) => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      for (const byte of framed('hello'))
        await new Promise((sent) => stream.write(Uint8Array.of(byte), sent));
      stream.end();
    });
    assert.deepEqual(reply.message, { text: 'hello' });
  });

  it('takes an answer of 5 MB', async () => {
    const text = 'five megabytes '.repeat(350_000);
    const reply = await replyOf((stream) => answer(stream, [text]));
    assert.deepEqual(reply.message, { text });
  });

  it('sends a request of 5 MB', async () => {
    const text = 'five megabytes '.repeat(350_000);
    await using server = await openServer(async (stream) => {
      answer(stream, [String((await requestOf(stream))[0]?.length)]);
    });
    await using wire = openWire(server.host);
    const reply = await wire.unary(call('unary', { deadline: soon() }), { text });
    assert.deepEqual(reply.message, { text: String(text.length) });
  });

  for (const [encoding, compress] of Object.entries({ gzip: gzipSync, deflate: deflateSync })) {
    it(`inflates an answer with ${encoding}`, async () => {
      const reply = await replyOf((stream) => {
        stream.respond({ ...GRPC, 'grpc-encoding': encoding }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(framed(compress(noteBytes('hello '.repeat(100))), 1));
      });
      assert.deepEqual(reply.message, { text: 'hello '.repeat(100) });
    });
  }

  /** Answers with these headers, and closes the stream so. */
  function withHeaders(headers: object, body: string | Buffer = ''): StreamHandler {
    return (stream) => {
      stream.respond({ ':status': 200, ...headers });
      stream.end(body);
    };
  }
  const HTML = { 'content-type': 'text/html' };
  const failures: readonly {
    what: string;
    handle: StreamHandler;
    code: string;
    message: RegExp;
    httpStatus?: number;
    bytesMax?: number;
  }[] = [
    {
      what: 'a status in the trailers',
      handle: (stream) => answer(stream, [], { 'grpc-status': '5', 'grpc-message': 'no such n%C3%B6te' }),
      code: 'NOT_FOUND',
      message: /^no such nöte$/,
    },
    {
      what: 'a status behind a message',
      handle: (stream) => answer(stream, ['hello'], { 'grpc-status': '10', 'grpc-message': 'too late' }),
      code: 'ABORTED',
      message: /^too late$/,
    },
    {
      what: 'a status in place of an answer',
      handle: (stream) => stream.respond({ ...GRPC, 'grpc-status': '7' }, { endStream: true }),
      code: 'PERMISSION_DENIED',
      message: /PERMISSION_DENIED/,
    },
    {
      what: 'a status in place of an answer, without a content type',
      handle: (stream) => stream.respond({ ':status': 200, 'grpc-status': '8' }, { endStream: true }),
      code: 'RESOURCE_EXHAUSTED',
      message: /RESOURCE_EXHAUSTED/,
    },
    {
      what: 'a status with an HTTP status that says something else',
      handle: (stream) => {
        stream.respond({ ...GRPC, ':status': 503 }, { waitForTrailers: true });
        stream.once('wantTrailers', () =>
          stream.sendTrailers({ 'grpc-status': '9', 'grpc-message': 'not now' }),
        );
        stream.end();
      },
      code: 'FAILED_PRECONDITION',
      message: /^not now$/,
    },
    {
      what: 'a status that is none',
      handle: (stream) => answer(stream, [], { 'grpc-status': 'fine' }),
      code: 'UNKNOWN',
      message: /fine/,
    },
    {
      what: 'a page of HTML instead of an answer',
      handle: withHeaders(HTML, '<html>'),
      code: 'UNKNOWN',
      message: /not one of gRPC: HTTP status 200, content type text\/html/,
      httpStatus: 200,
    },
    ...Object.entries({
      401: 'UNAUTHENTICATED',
      404: 'UNIMPLEMENTED',
      502: 'UNAVAILABLE',
      500: 'UNKNOWN',
    }).map(([status, code]) => ({
      what: `a page of HTML with status ${status}`,
      handle: withHeaders({ ...HTML, ':status': Number(status) }, '<html>'),
      code,
      message: new RegExp(`HTTP status ${status}`),
      httpStatus: Number(status),
    })),
    {
      what: 'a page of HTML that never ends',
      handle: (stream) => stream.respond({ ':status': 503, ...HTML }),
      code: 'UNAVAILABLE',
      message: /HTTP status 503/,
      httpStatus: 503,
    },
    {
      what: 'no trailers',
      handle: withHeaders(GRPC, framed('hello')),
      code: 'UNKNOWN',
      message: /ended without a status/,
      httpStatus: 200,
    },
    {
      what: 'no trailers and no message',
      handle: withHeaders(GRPC),
      code: 'UNKNOWN',
      message: /ended without a status/,
      httpStatus: 200,
    },
    {
      what: 'OK without a message',
      handle: (stream) => answer(stream, []),
      code: 'UNIMPLEMENTED',
      message: /no message/,
    },
    {
      what: 'OK in place of an answer',
      handle: (stream) => stream.respond({ ...GRPC, 'grpc-status': '0' }, { endStream: true }),
      code: 'UNIMPLEMENTED',
      message: /no message/,
    },
    {
      what: 'several messages',
      handle: (stream) => answer(stream, ['one', 'two']),
      code: 'UNIMPLEMENTED',
      message: /several messages/,
    },
    {
      what: 'an answer that ends in the middle of a message',
      handle: (stream) => answer(stream, [framed('hello').subarray(0, 7)]),
      code: 'INTERNAL',
      message: /middle of a message/,
    },
    {
      what: 'an answer that ends in the middle of a prefix, behind a message',
      handle: (stream) => answer(stream, ['hello', Buffer.of(0, 0)]),
      code: 'INTERNAL',
      message: /middle of a message/,
    },
    {
      what: 'bytes that are no message',
      handle: (stream) => answer(stream, [framed(Buffer.of(0xff))]),
      code: 'INTERNAL',
      message: /cannot be read: test\.Note/,
    },
    {
      what: 'flag 1 without an encoding',
      handle: (stream) => answer(stream, [framed(gzipSync(noteBytes('hello')), 1)]),
      code: 'INTERNAL',
      message: /no encoding/,
    },
    {
      what: 'an encoding that nobody knows',
      handle: withHeaders({ ...GRPC, 'grpc-encoding': 'snappy' }, framed('x', 1)),
      code: 'INTERNAL',
      message: /snappy/,
    },
    {
      what: 'corrupt gzip',
      handle: withHeaders({ ...GRPC, 'grpc-encoding': 'gzip' }, framed('no gzip', 1)),
      code: 'INTERNAL',
      message: /inflated/,
    },
    {
      what: 'a message that is too large',
      handle: (stream) => answer(stream, ['x'.repeat(101)]),
      code: 'RESOURCE_EXHAUSTED',
      message: /100 bytes/,
      bytesMax: 100,
    },
    {
      what: 'a small message that inflates to one that is too large',
      handle: withHeaders(
        { ...GRPC, 'grpc-encoding': 'gzip' },
        framed(gzipSync(noteBytes('x'.repeat(10_000))), 1),
      ),
      code: 'RESOURCE_EXHAUSTED',
      message: /1000 bytes/,
      bytesMax: 1000,
    },
    {
      what: 'more headers than are taken',
      handle: (stream) => {
        const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'much']));
        stream.respond({ ...GRPC, ...many });
      },
      code: 'RESOURCE_EXHAUSTED',
      message: /error code 11/,
    },
    ...Object.entries({ 2: 'INTERNAL', 8: 'CANCELLED', 11: 'RESOURCE_EXHAUSTED' }).map(([reset, code]) => ({
      what: `a reset with ${reset} instead of an answer`,
      handle: (stream: ServerHttp2Stream) => stream.close(Number(reset)),
      code,
      message: new RegExp(`error code ${reset}`),
    })),
    {
      what: 'a stream that is ended without an error and without an answer',
      handle: (stream) => stream.close(0),
      code: 'INTERNAL',
      message: /without an answer/,
    },
    {
      what: 'a connection that is cut in mid-answer',
      handle: (stream) => {
        stream.respond(GRPC);
        stream.write(framed('hello').subarray(0, 7), () => stream.session?.socket.destroy());
      },
      code: 'UNAVAILABLE',
      message: /connection/,
    },
    {
      what: 'a connection that is cut instead of an answer',
      handle: (stream) => stream.session?.socket.destroy(),
      code: 'UNAVAILABLE',
      message: /connection/,
    },
  ];
  for (const { what, handle, code, message, httpStatus, bytesMax } of failures) {
    it(`fails with ${code} for ${what}`, async () => {
      const limits = bytesMax === undefined ? {} : { messageBytesMax: bytesMax };
      const error = await errorOf(replyOf(handle, limits));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.equal(error.httpStatus, httpStatus);
    });
  }

  it('tells the details, headers and trailers of an error', async () => {
    const detail = {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'WHY',
      domain: 'test',
      metadata: {},
    };
    const status = encodeMessage(messageTable(Status), { code: 3, message: 'no', details: [detail] });
    const binary = Buffer.from(status).toString('base64').replaceAll('=', '');
    const trailers = { 'grpc-status': '3', 'grpc-status-details-bin': binary, 'x-request-id': 'r1' };
    const error = await errorOf(replyOf((stream) => answer(stream, [], trailers)));
    assert.deepEqual(error.details, [detail]);
    assert.equal(error.reason, 'WHY');
    assert.equal(error.trailers['x-request-id'], 'r1');
    assert.equal(error.requestId, 'r1');
    assert.equal(error.headers['content-type'], 'application/grpc');
  });

  for (const [reset, code] of Object.entries({
    0: 'UNKNOWN',
    2: 'INTERNAL',
    8: 'CANCELLED',
    12: 'PERMISSION_DENIED',
  })) {
    it(`fails with ${code} for a reset with ${reset} in mid-answer`, async () => {
      await using server = await openRawServer(({ type, stream }, connection) => {
        if (type !== FRAME.HEADERS) return;
        connection.headers(stream, RAW_GRPC);
        connection.data(stream, framed('hello').subarray(0, 7));
        connection.reset(stream, Number(reset));
      });
      await using wire = openWire(server.host);
      const error = await errorOf(wire.unary(call('unary', { deadline: soon() }), { text: 'hi' }));
      assert.equal(error.code, code);
    });

    it(`answers though there is a reset with ${reset} behind the answer`, async () => {
      await using server = await openRawServer(({ type, stream }, connection) => {
        if (type !== FRAME.HEADERS) return;
        connection.headers(stream, RAW_GRPC);
        connection.data(stream, framed('hello'));
        connection.headers(stream, { 'grpc-status': '0' }, END_STREAM);
        connection.reset(stream, Number(reset));
      });
      await using wire = openWire(server.host);
      const messages = wire.stream(call('bidi_streaming', { deadline: soon() }), unending());
      assert.deepEqual(await textsOf(messages), ['hello']);
    });
  }

  it('ends where the answer does without a status, though there are requests left', async () => {
    await using server = await openRawServer(({ type, stream }, connection) => {
      if (type !== FRAME.HEADERS) return;
      connection.headers(stream, RAW_GRPC);
      connection.data(stream, framed('hello'), END_STREAM);
    });
    await using wire = openWire(server.host);
    const error = await errorOf(
      textsOf(wire.stream(call('bidi_streaming', { deadline: soon() }), unending())),
    );
    assert.equal(error.code, 'UNKNOWN');
  });

  it('takes an answer whose frames come byte by byte', async () => {
    await using server = await openRawServer(async ({ type, stream }, connection) => {
      if (type !== FRAME.HEADERS) return;
      const bytes = Buffer.concat([
        frameOf(FRAME.HEADERS, stream, headerBlock(RAW_GRPC), END_HEADERS),
        ...[...framed('hello')].map((byte) => frameOf(FRAME.DATA, stream, Buffer.of(byte))),
        frameOf(FRAME.HEADERS, stream, headerBlock({ 'grpc-status': '0' }), END_HEADERS | END_STREAM),
      ]);
      for (const byte of bytes) await new Promise((sent) => connection.socket.write(Buffer.of(byte), sent));
    });
    await using wire = openWire(server.host);
    const reply = await wire.unary(call('unary', { deadline: soon() }), { text: 'hi' });
    assert.deepEqual(reply.message, { text: 'hello' });
  });

  it('tells an error whose details cannot be read without them', async () => {
    const trailers = { 'grpc-status': '3', 'grpc-status-details-bin': Buffer.of(0xff).toString('base64') };
    const error = await errorOf(replyOf((stream) => answer(stream, [], trailers)));
    assert.deepEqual([error.code, error.details], ['INVALID_ARGUMENT', []]);
  });

  it('skips the informational headers before an answer', async () => {
    const reply = await replyOf((stream) => {
      stream.additionalHeaders({ ':status': 103 });
      answer(stream);
    });
    assert.deepEqual(reply.message, { text: 'hello' });
  });

  it('fails with DEADLINE_EXCEEDED when no answer comes, and resets the stream', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const arrived = Promise.withResolvers<void>();
    const reset = Promise.withResolvers<number | undefined>();
    await using server = await openServer((stream) => {
      stream.on('close', () => reset.resolve(stream.rstCode));
      arrived.resolve();
    });
    await using wire = openWire(server.host);
    const failed = errorOf(wire.unary(call('unary', { deadline: performance.now() + 50 }), { text: 'hi' }));
    await arrived.promise;
    // The clock is not that of the timers: it is asked anew until its time has come.
    while (!(await Promise.race([failed, turns(1)]))) test.mock.timers.tick(50);
    assert.equal((await failed).code, 'DEADLINE_EXCEEDED');
    assert.equal(await reset.promise, 8);
  });

  it('fails with DEADLINE_EXCEEDED in mid-answer', async () => {
    await using server = await openServer((stream) => {
      stream.respond(GRPC);
      stream.write(framed('hello').subarray(0, 7));
    });
    await using wire = openWire(server.host);
    const error = await errorOf(wire.unary(call('unary', { deadline: soon(500) }), { text: 'hi' }));
    assert.equal(error.code, 'DEADLINE_EXCEEDED');
    assert.equal(error.headers['content-type'], 'application/grpc');
  });

  it('sends nothing after its deadline', async () => {
    await using server = await openServer(() => assert.fail('it was sent'));
    await using wire = openWire(server.host);
    const error = await errorOf(wire.unary(call('unary', { deadline: performance.now() }), { text: 'hi' }));
    assert.equal(error.code, 'DEADLINE_EXCEEDED');
  });

  it('fails with CANCELLED when its signal is aborted, tells the reason, and resets the stream', async () => {
    const controller = new AbortController();
    const reset = Promise.withResolvers<number | undefined>();
    await using server = await openServer((stream) => {
      stream.on('close', () => reset.resolve(stream.rstCode));
      controller.abort('enough');
    });
    await using wire = openWire(server.host);
    const error = await errorOf(wire.unary(call('unary', { signal: controller.signal }), { text: 'hi' }));
    assert.equal(error.code, 'CANCELLED');
    assert.equal(error.cause, 'enough');
    assert.equal(await reset.promise, 8);
  });

  it('sends nothing when its signal is aborted already', async () => {
    await using server = await openServer(() => assert.fail('it was sent'));
    await using wire = openWire(server.host);
    const error = await errorOf(wire.unary(call('unary', { signal: AbortSignal.abort() }), { text: 'hi' }));
    assert.equal(error.code, 'CANCELLED');
  });

  it('leaves no listeners on a signal', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await using server = await openServer((stream, _headers, nth) => {
      if (nth % 2 === 0) answer(stream);
      else stream.close(2);
    });
    await using wire = openWire(server.host);
    for (let calls = 0; calls < 4; calls++) {
      await wire.unary(call('unary', { signal }), { text: 'hi' }).catch(() => {});
    }
    await errorOf(wire.unary(call('unary', { signal, deadline: performance.now() }), { text: 'hi' }));
    assert.equal(listeners, 0);
  });

  it('leaves no timers, however a call ends', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await using server = await openServer((stream, _headers, nth) => {
      if (nth === 0) answer(stream);
      else if (nth === 1) stream.close(2);
      else if (nth === 2) stream.session?.destroy();
    });
    await using wire = openWire(server.host);
    const aborted = new AbortController();
    const calls = [
      {},
      {},
      {},
      { deadline: soon(50) },
      { signal: aborted.signal },
      { deadline: performance.now() },
    ];
    for (const [index, more] of calls.entries()) {
      const ended = wire
        .unary(call('unary', { deadline: soon(60_000), ...more }), { text: 'hi' })
        .catch(() => {});
      if (index === 4) aborted.abort();
      await ended;
    }
    const closed = wire.unary(call('unary', { deadline: soon(60_000) }), { text: 'hi' }).catch(() => {});
    await wire.close();
    await closed;
    assert.equal(timers(), before);
  });

  it('makes many calls with one signal without a warning', async () => {
    const { signal } = new AbortController();
    await using server = await openServer((stream) => answer(stream));
    await using wire = openWire(server.host);
    const warnings: Error[] = [];
    const warned = (warning: Error): number => warnings.push(warning);
    process.on('warning', warned);
    await Promise.all(
      Array.from({ length: 50 }, () => wire.unary(call('unary', { signal }), { text: 'hi' })),
    );
    process.off('warning', warned);
    assert.deepEqual(warnings, []);
  });

  it('leaves no listeners on a connection over many calls', async () => {
    await using server = await openServer((stream) => answer(stream));
    await using wire = openWire(server.host);
    const warnings: Error[] = [];
    const warned = (warning: Error): number => warnings.push(warning);
    process.on('warning', warned);
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 20 }, () => wire.unary(call(), { text: 'hi' })));
    }
    process.off('warning', warned);
    assert.deepEqual(warnings, []);
    assert.equal(server.sessions.length, 1);
  });
});

describe('GrpcWire.stream()', () => {
  it('sends requests and receives answers by turns', async () => {
    await using server = await openServer((stream) => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-end': 'yes' }));
      stream.on('data', (chunk: Buffer) => stream.write(chunk));
      stream.on('end', () => stream.end());
    });
    await using wire = openWire(server.host);
    const answers: string[] = [];
    let next = Promise.withResolvers<void>();
    async function* requests(): AsyncGenerator<object> {
      for (const text of ['a', 'b', 'c']) {
        yield { text };
        // Only when the answer is there.
        await next.promise;
        next = Promise.withResolvers();
      }
    }
    const stream = wire.stream(call('bidi_streaming', { deadline: soon() }), requests());
    assert.equal((await stream.headers)['content-type'], 'application/grpc');
    for await (const message of stream) {
      answers.push((message as { text: string }).text);
      next.resolve();
    }
    assert.deepEqual(answers, ['a', 'b', 'c']);
    assert.deepEqual(await stream.trailers, { 'grpc-status': '0', 'x-end': 'yes' });
  });

  it('reads many answers to one request', async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `answer ${index}`);
    await using server = await openServer((stream) => answer(stream, texts));
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming'), [{ text: 'hi' }]);
    assert.deepEqual(await textsOf(stream), texts);
  });

  it('reads one answer to many requests', async () => {
    await using server = await openServer(async (stream) =>
      answer(stream, [(await requestOf(stream)).join()]),
    );
    await using wire = openWire(server.host);
    const requests = ['a', 'b', 'c'].map((text) => ({ text }));
    assert.deepEqual(await textsOf(wire.stream(call('client_streaming'), requests)), ['a,b,c']);
  });

  for (const [count, answers] of Object.entries({ no: [], several: ['a', 'b'] })) {
    it(`fails with UNIMPLEMENTED for ${count} answers where there is to be one`, async () => {
      await using server = await openServer((stream) => answer(stream, answers));
      await using wire = openWire(server.host);
      const stream = wire.stream(call('client_streaming'), [{ text: 'hi' }]);
      assert.equal((await errorOf(textsOf(stream))).code, 'UNIMPLEMENTED');
    });
  }

  it('gives what came before an error, then throws it', async () => {
    await using server = await openServer((stream) => answer(stream, ['a', 'b'], { 'grpc-status': '10' }));
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming'), [{ text: 'hi' }]);
    const texts: string[] = [];
    const error = await errorOf(
      (async () => {
        for await (const message of stream) texts.push((message as { text: string }).text);
      })(),
    );
    assert.deepEqual(texts, ['a', 'b']);
    assert.equal(error.code, 'ABORTED');
    await assert.rejects(stream.trailers, error);
  });

  it('resets the stream when its reader leaves', async () => {
    const reset = Promise.withResolvers<number | undefined>();
    await using server = await openServer((stream) => {
      stream.on('close', () => reset.resolve(stream.rstCode));
      stream.respond(GRPC);
      stream.write(framed('a'));
    });
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming'), [{ text: 'hi' }]);
    for await (const _message of stream) break;
    assert.equal(await reset.promise, 8);
    assert.equal((await errorOf(stream.trailers)).code, 'CANCELLED');
  });

  it('makes room on the connection when its reader leaves while the server is held up', async () => {
    const reset = Promise.withResolvers<void>();
    await using server = await openServer(
      (stream, _headers, nth) => {
        if (nth > 0) return answer(stream);
        stream.on('close', reset.resolve);
        stream.respond(GRPC);
        for (let pieces = 0; pieces < 60; pieces++) stream.write(framed('x'.repeat(60_000)));
      },
      { settings: { maxConcurrentStreams: 1 } },
    );
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming'), [{ text: 'hi' }]);
    await stream.headers;
    await turns(200);
    for await (const _message of stream) break;
    await reset.promise;
    const reply = await wire.unary(call('unary', { deadline: soon() }), { text: 'hi' });
    assert.deepEqual(reply.message, { text: 'hello' });
    assert.equal(server.sessions.length, 1);
  });

  it('holds a server up whose answers nobody reads, and nobody else', async () => {
    const piece = framed('x'.repeat(60_000));
    let sent = 0;
    const stalled = Promise.withResolvers<void>();
    const PIECES = 200;
    await using server = await openServer(async (stream, _headers, nth) => {
      if (nth > 0) return answer(stream);
      stream.respond(GRPC, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      for (; sent < PIECES; sent++) {
        if (stream.write(piece)) continue;
        // What the socket takes, it takes within a few turns of the event loop.
        const isTaken = once(stream, 'drain').then(() => true);
        if (!(await Promise.race([isTaken, turns(200)]))) stalled.resolve();
        await isTaken;
      }
      stream.end();
    });
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming', { deadline: soon(20_000) }), [{ text: 'hi' }]);
    await stream.headers;
    await stalled.promise;
    assert.ok(sent < PIECES, 'it waits');
    // The connection has room for others meanwhile.
    assert.deepEqual((await wire.unary(call('unary', { deadline: soon() }), { text: 'hi' })).message, {
      text: 'hello',
    });
    let count = 0;
    for await (const _message of stream) count++;
    assert.equal(count, PIECES);
  });

  it('holds its caller up while the server does not read', async () => {
    const open = Promise.withResolvers<void>();
    await using server = await openServer(async (stream) => {
      await open.promise;
      answer(stream, [String((await requestOf(stream)).join('').length)]);
    });
    await using wire = openWire(server.host);
    let made = 0;
    const MOST = 200;
    function* requests(): Generator<object> {
      for (; made < MOST; made++) yield { text: 'x'.repeat(60_000) };
    }
    const stream = wire.stream(call('client_streaming', { deadline: soon(20_000) }), requests());
    // Until nothing moves any more.
    for (let before = -1; made !== before || made === 0; ) {
      before = made;
      await turns(200);
    }
    assert.ok(made < MOST, `${made} were made`);
    open.resolve();
    assert.deepEqual(await textsOf(stream), [String(MOST * 60_000)]);
  });

  it('waits behind a window of zero, no longer than the deadline', async () => {
    await using server = await openServer(() => {}, { settings: { initialWindowSize: 0 } });
    await using wire = openWire(server.host);
    const error = await errorOf(wire.unary(call('unary', { deadline: soon(200) }), { text: 'hi' }));
    assert.equal(error.code, 'DEADLINE_EXCEEDED');
  });

  it('goes on when a window of zero opens', async () => {
    await using server = await openServer(
      async (stream) => {
        stream.session?.settings({ initialWindowSize: 1000 });
        answer(stream, [(await requestOf(stream)).join()]);
      },
      { settings: { initialWindowSize: 0 } },
    );
    await using wire = openWire(server.host);
    const reply = await wire.unary(call('unary', { deadline: soon() }), { text: 'hi' });
    assert.deepEqual(reply.message, { text: 'hi' });
  });

  it('throws as it is what its requests throw, resets the stream, and sends nothing of it', async () => {
    const reset = Promise.withResolvers<number | undefined>();
    await using server = await openServer((stream) =>
      stream.on('close', () => reset.resolve(stream.rstCode)),
    );
    await using wire = openWire(server.host);
    const mine = new Error('mine');
    async function* requests(): AsyncGenerator<object> {
      yield { text: 'a' };
      throw mine;
    }
    const stream = wire.stream(call('bidi_streaming'), requests());
    await assert.rejects(textsOf(stream), (error) => error === mine);
    assert.equal(await reset.promise, 8);
  });

  it('throws as it is what a request is refused for', async () => {
    await using server = await openServer(() => {});
    await using wire = openWire(server.host);
    const stream = wire.stream(call('bidi_streaming'), [{ text: 'a' }, { text: 5 }]);
    await assert.rejects(textsOf(stream), InvalidRequestError);
  });

  it('ends its requests when the server has answered without them', async () => {
    const reset = Promise.withResolvers<number | undefined>();
    await using server = await openServer((stream) => {
      stream.on('close', () => reset.resolve(stream.rstCode));
      answer(stream, ['enough']);
    });
    await using wire = openWire(server.host);
    const ended = Promise.withResolvers<void>();
    async function* requests(): AsyncGenerator<object> {
      try {
        for (;;) yield { text: 'more' };
      } finally {
        ended.resolve();
      }
    }
    assert.deepEqual(await textsOf(wire.stream(call('bidi_streaming'), requests())), ['enough']);
    await ended.promise;
    await reset.promise;
  });

  it('fails with DEADLINE_EXCEEDED while its reader waits', async () => {
    await using server = await openServer((stream) => {
      stream.respond(GRPC);
      stream.write(framed('a'));
    });
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming', { deadline: soon(200) }), [{ text: 'hi' }]);
    assert.equal((await errorOf(textsOf(stream))).code, 'DEADLINE_EXCEEDED');
  });

  it('fails with CANCELLED when its signal is aborted while its reader waits', async () => {
    const controller = new AbortController();
    await using server = await openServer((stream) => {
      stream.respond(GRPC);
      stream.write(framed('a'));
    });
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming', { signal: controller.signal }), [{ text: 'hi' }]);
    const error = await errorOf(
      (async () => {
        for await (const _message of stream) controller.abort();
      })(),
    );
    assert.equal(error.code, 'CANCELLED');
  });

  it('gives all of an answer though the connection ends while it is read', async () => {
    // Less than may be on its way, and more than a reader is given ahead.
    const texts = Array.from({ length: 60 }, (_, index) => `answer ${index} `.repeat(1000));
    const gone = Promise.withResolvers<void>();
    await using server = await openServer((stream) => {
      const { session } = stream;
      session?.on('close', gone.resolve);
      stream.on('close', () => session?.destroy());
      answer(stream, texts);
    });
    await using wire = openWire(server.host);
    const stream = wire.stream(call('server_streaming'), [{ text: 'hi' }]);
    await stream.trailers;
    await gone.promise;
    assert.deepEqual(await textsOf(stream), texts);
  });
});

describe('GrpcWire.close()', () => {
  it('ends what is under way with CANCELLED, and what comes after it', async () => {
    const arrived = Promise.withResolvers<void>();
    let streams = 0;
    await using server = await openServer(() => {
      if (++streams === 2) arrived.resolve();
    });
    const wire = openWire(server.host);
    const unary = errorOf(wire.unary(call(), { text: 'hi' }));
    const stream = errorOf(textsOf(wire.stream(call('bidi_streaming'), [{ text: 'hi' }])));
    await arrived.promise;
    await wire.close();
    const after = errorOf(wire.unary(call(), { text: 'hi' }));
    for (const error of [await unary, await stream, await after]) {
      assert.deepEqual([error.code, error.message], ['CANCELLED', 'the client was closed']);
    }
    await wire.close();
  });

  it('ends what waits for a connection', async () => {
    await using server = await openServer(() => {}, { settings: { maxConcurrentStreams: 0 } });
    const wire = openWire(server.host);
    const waiting = errorOf(wire.unary(call(), { text: 'hi' }));
    await wire.close();
    assert.equal((await waiting).code, 'CANCELLED');
  });
});

const RAW_GRPC = { ':status': '200', 'content-type': 'application/grpc' };

/** Requests of which the second never comes. */
async function* unending(): AsyncGenerator<object> {
  yield { text: 'hi' };
  await new Promise(() => {});
}

/** Lets the event loop turn so often; answers false. */
async function turns(count: number): Promise<false> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  return false;
}
