import assert from 'node:assert/strict';
import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Conversations, Operations, type ServiceDefinition } from '../../../gen/tables.js';
import { createCertificates } from '../../certificates.test.fixture.ts';
import { VERSION } from '../../client-info.ts';
import { serviceTable } from '../../codec/codec.ts';
import type { MethodTable } from '../../codec/tables.ts';
import { ApiError, ClientOptionsError, InvalidRequestError, NotFoundError } from '../../errors.ts';
import type { TransportCall } from '../transport.ts';
import { Attempt } from './attempt.ts';
import { answerJson, bodyOf, startHttp, startHttps, startTcp } from './http-server.test.fixture.ts';
import { createNodeSender } from './node-sender.ts';
import { RestWire, type RestWireOptions } from './rest-wire.ts';

function methodOf(service: ServiceDefinition, localName: string): MethodTable {
  const method = serviceTable(service).methods[localName];
  assert.ok(method !== undefined);
  return method;
}

const getConversation = methodOf(Conversations, 'getConversation');
const createConversation = methodOf(Conversations, 'createConversation');
const completeConversation = methodOf(Conversations, 'completeConversation');
const listMessages = methodOf(Conversations, 'listMessages');
const cancelOperation = methodOf(Operations, 'cancelOperation');
const name = 'projects/p/conversations/c';

function callOf(method: MethodTable, more: Partial<TransportCall> = {}): TransportCall {
  return { method, headers: {}, deadline: undefined, signal: undefined, ...more };
}

/** A server, a wire to it, and both gone at the end of the block. */
async function connect(listener: RequestListener, options: Partial<RestWireOptions> = {}) {
  const server = await startHttp(listener);
  const wire = new RestWire({ host: server.host, tls: 'plaintext', ...options });
  return {
    wire,
    server,
    get: (more?: Partial<TransportCall>) => wire.unary(callOf(getConversation, more), { name }),
    async [Symbol.asyncDispose]() {
      await wire.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function errorOf(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  return assert.fail('it succeeded');
}

/** A deadline that comes soon enough for a test to wait for it. */
const soon = () => performance.now() + 50;

const senders = [
  { via: 'node:http', options: {} },
  { via: 'fetch', options: { fetch } },
] as const;

for (const { via, options } of senders) {
  describe(`RestWire on ${via}`, () => {
    it('sends a request as its method says, and reads the answer', async () => {
      const seen: unknown[] = [];
      await using peer = await connect(async (request, response) => {
        const { method, url, headers } = request;
        const body = await bodyOf(request);
        seen.push({ method, url, body, type: headers['content-type'], tag: headers['x-tag'] });
        response.setHeader('x-request-id', 'r-1');
        answerJson(response, { name, lifecycleState: 'IN_PROGRESS' });
      }, options);
      const request = {
        parent: 'projects/p',
        conversationId: 'c',
        conversation: { conversationProfile: 'é' },
      };
      const call = callOf(createConversation, { headers: { 'x-tag': 't' } });
      const { message, headers, trailers } = await peer.wire.unary(call, request);
      assert.deepEqual(seen, [
        {
          method: 'POST',
          url: '/v2beta1/projects/p/conversations?conversationId=c&$alt=json',
          body: '{"conversationProfile":"é"}',
          type: 'application/json',
          tag: 't',
        },
      ]);
      const { lifecycleState, startTime } = message as Record<string, unknown>;
      assert.deepEqual(
        { lifecycleState, startTime },
        { lifecycleState: 'IN_PROGRESS', startTime: undefined },
      );
      assert.equal(headers['x-request-id'], 'r-1');
      assert.deepEqual(trailers, {});
    });

    it('throws the error that the server tells, with its details', async () => {
      const detail = {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'RESOURCE_NOT_FOUND',
        domain: 'parley',
      };
      const unknown = { '@type': 'type.googleapis.com/test.Unknown', a: 1 };
      const wrong = { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: 'x' };
      const details = [detail, unknown, wrong];
      await using peer = await connect((_, response) => {
        answerJson(response, { error: { code: 404, message: 'gone', status: 'NOT_FOUND', details } }, 404);
      }, options);
      const error = await errorOf(peer.get());
      assert.ok(error instanceof NotFoundError);
      assert.equal(error.message, 'gone');
      assert.equal(error.reason, 'RESOURCE_NOT_FOUND');
      assert.equal(error.httpStatus, 404);
      assert.deepEqual(error.details, [{ ...detail, metadata: {} }, unknown, wrong]);
    });

    const answers: {
      name: string;
      answer: (response: ServerResponse) => void;
      code: string;
      message: RegExp;
    }[] = [
      {
        name: 'a page of HTML from a proxy that is ill',
        answer: (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'),
        code: 'UNAVAILABLE',
        message: /HTTP status 502/,
      },
      {
        name: 'a page of HTML in place of an answer',
        answer: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
        code: 'INTERNAL',
        message: /of text\/html, is not the JSON of a google.cloud.dialogflow.v2beta1.Conversation/,
      },
      {
        name: 'JSON that ends too early',
        answer: (response) => response.end('{"name": "projects'),
        code: 'INTERNAL',
        message: /is not the JSON/,
      },
      {
        name: 'a list',
        answer: (response) => response.end('[]'),
        code: 'INTERNAL',
        message: /is not the JSON/,
      },
      {
        name: 'a field of the wrong type',
        answer: (response) => response.end('{"name": 5}'),
        code: 'INTERNAL',
        message: /name/,
      },
      {
        name: 'bytes that are not UTF-8',
        answer: (response) => response.end(Buffer.from('7b226e616d65223a22ff227d', 'hex')),
        code: 'INTERNAL',
        message: /is not the JSON/,
      },
      { name: 'nothing', answer: (response) => response.end(), code: 'INTERNAL', message: /is not the JSON/ },
      {
        name: 'less than it announces',
        answer: (response) => {
          response.writeHead(200, { 'content-length': '100' }).write('{"name": ');
          response.socket?.end();
        },
        code: 'UNAVAILABLE',
        message: /broke off in the middle of the answer/,
      },
      {
        name: 'a reset in the middle',
        answer: (response) => {
          response.write('{"name": ', () => response.socket?.resetAndDestroy());
        },
        code: 'UNAVAILABLE',
        message: /broke off in the middle of the answer/,
      },
      {
        name: 'no answer but the end of the connection',
        answer: (response) => response.socket?.destroy(),
        code: 'UNAVAILABLE',
        message: /cannot reach 127.0.0.1/,
      },
    ];
    for (const { name: what, answer, code, message } of answers) {
      it(`takes ${what} for ${code}`, async () => {
        await using peer = await connect((_, response) => answer(response), options);
        const error = await errorOf(peer.get());
        assert.equal(error.code, code);
        assert.match(error.message, message);
        // Nothing is wrong beneath a page of a proxy, which is an answer.
        assert.equal(error.cause instanceof Error, error.httpStatus !== 502);
      });
    }

    describe('an answer that is not as it should be', () => {
      const whole = Buffer.from(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"name": "ab"}',
      );

      /** How each of these answers ends its call: by its code, or well. */
      async function outcomes(answers: readonly Uint8Array[]): Promise<string[]> {
        let next = 0;
        await using server = await startTcp((socket) => {
          socket.once('data', () => socket.end(answers[next++] ?? ''));
        });
        const wire = new RestWire({ host: server.host, tls: 'plaintext', ...options });
        const ends: string[] = [];
        for (const _ of answers) {
          const call = callOf(getConversation, { deadline: performance.now() + 10_000 });
          const outcome = wire.unary(call, { name });
          ends.push(
            await outcome.then(
              () => 'OK',
              (error) => (error instanceof ApiError ? error.code : String(error)),
            ),
          );
        }
        await wire.close();
        return ends;
      }

      it('ends the call wherever it is cut off', async () => {
        const cuts = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length));
        assert.deepEqual(new Set(await outcomes(cuts)), new Set(['UNAVAILABLE']));
      });

      it('ends the call whichever byte is another', async () => {
        const flipped = Array.from(whole, (byte, at) => whole.with(at, byte ^ 0x55));
        const ends = new Set(await outcomes(flipped));
        for (const end of ends) assert.match(end, /^[A-Z_]+$/);
        assert.ok(ends.has('INTERNAL'));
        assert.ok(!ends.has('DEADLINE_EXCEEDED'));
      });
    });

    it('does not follow a redirect', async () => {
      let requests = 0;
      await using peer = await connect((_, response) => {
        requests++;
        response.writeHead(307, { location: '/elsewhere' }).end();
      }, options);
      const error = await errorOf(peer.get());
      assert.equal(error.code, 'UNKNOWN');
      assert.match(error.message, /a redirect to \/elsewhere, which is not followed/);
      assert.equal(requests, 1);
    });

    it('takes bytes that are not HTTP for INTERNAL', async () => {
      await using server = await startTcp((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
      await using peer = await connect(() => undefined, { ...options, host: server.host });
      const error = await errorOf(peer.get());
      assert.equal(error.code, 'INTERNAL');
      assert.match(error.message, /is not HTTP/);
    });

    it('takes an address where nobody listens for UNAVAILABLE, with what the system said as its cause', async () => {
      const server = await startHttp(() => undefined);
      await server[Symbol.asyncDispose]();
      const wire = new RestWire({ host: server.host, tls: 'plaintext', ...options });
      const error = await errorOf(wire.unary(callOf(getConversation), { name }));
      assert.equal(error.code, 'UNAVAILABLE');
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'ECONNREFUSED');
      assert.match(error.message, /^cannot reach 127.0.0.1:\d+: .*ECONNREFUSED/);
      await wire.close();
    });

    const silences: [string, (response: ServerResponse) => void][] = [
      ['says nothing', () => undefined],
      ['stops in the middle of its answer', (response) => void response.write('{"name": ')],
    ];
    for (const [what, answer] of silences) {
      it(`ends a call to a server that ${what} at the deadline`, async () => {
        await using peer = await connect((_, response) => answer(response), options);
        const error = await errorOf(peer.get({ deadline: soon() }));
        assert.equal(error.code, 'DEADLINE_EXCEEDED');
        assert.match(error.message, /^GetConversation was not answered/);
      });

      it(`ends a call to a server that ${what} when it is aborted`, async () => {
        const controller = new AbortController();
        await using peer = await connect((_, response) => {
          answer(response);
          setImmediate(() => controller.abort('enough'));
        }, options);
        const error = await errorOf(peer.get({ signal: controller.signal }));
        assert.equal(error.code, 'CANCELLED');
        assert.equal(error.cause, 'enough');
      });

      it(`ends a call to a server that ${what} when the wire is closed`, async () => {
        await using peer = await connect((_, response) => {
          answer(response);
          setImmediate(() => void peer.wire.close());
        }, options);
        assert.equal((await errorOf(peer.get())).code, 'CANCELLED');
      });
    }

    it('sends nothing where the call has ended already', async () => {
      let requests = 0;
      await using peer = await connect((_, response) => {
        requests++;
        answerJson(response, { name });
      }, options);
      assert.equal((await errorOf(peer.get({ deadline: performance.now() - 1 }))).code, 'DEADLINE_EXCEEDED');
      assert.equal((await errorOf(peer.get({ signal: AbortSignal.abort() }))).code, 'CANCELLED');
      await peer.wire.close();
      assert.equal((await errorOf(peer.get())).code, 'CANCELLED');
      assert.equal(requests, 0);
    });

    it('leaves no listener at the signal', async () => {
      await using peer = await connect((_, response) => answerJson(response, { name }), options);
      const { signal } = new AbortController();
      const listeners = new Set<unknown>();
      signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener);
      signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener);
      await peer.wire.unary(callOf(getConversation, { signal }), { name });
      assert.equal(listeners.size, 0);
    });

    it('leaves no timer and no connection behind', async () => {
      const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      await using peer = await connect((request, response) => {
        request.socket.on('close', resolve);
        answerJson(response, { name });
      }, options);
      await peer.get();
      const before = timers();
      await peer.get({ deadline: performance.now() + 60_000 });
      assert.equal(timers(), before);
      if (via === 'fetch') return;
      await peer.wire.close();
      await closed;
    });

    it('takes no more than it is told to', async () => {
      const body = JSON.stringify({ name: 'x'.repeat(1000) });
      await using peer = await connect((_, response) => response.end(body), {
        ...options,
        messageBytesMax: 1000,
      });
      const error = await errorOf(peer.get());
      assert.equal(error.code, 'RESOURCE_EXHAUSTED');
      assert.match(error.message, /larger than the 1000 bytes/);
    });

    it('reads answers in gzip, up to what they may have', async () => {
      const body = gzipSync(JSON.stringify({ name: 'x'.repeat(1000) }));
      const answer: RequestListener = (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
      };
      await using peer = await connect(answer, options);
      const { message } = await peer.get();
      assert.equal((message as { name: string }).name.length, 1000);
      await using narrow = await connect(answer, { ...options, messageBytesMax: 1000 });
      assert.equal((await errorOf(narrow.get())).code, 'RESOURCE_EXHAUSTED');
    });

    it('takes gzip that is none for an error', async () => {
      await using peer = await connect((_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('{"name": "x"}');
      }, options);
      assert.ok(['INTERNAL', 'UNAVAILABLE'].includes((await errorOf(peer.get())).code));
    });

    it('refuses before it sends what fits no path, has no binding or streams requests', async () => {
      let requests = 0;
      await using peer = await connect(() => requests++, options);
      const refused = [
        peer.wire.unary(callOf(getConversation), { name: 'projects/p' }),
        peer.wire.unary(callOf(getConversation), { nam: 'x' }),
        peer.wire.unary(callOf({ ...getConversation, http: [] }), { name }),
        ...['bidi_streaming', 'client_streaming'].map((kind) =>
          collect(
            peer.wire.stream(callOf({ ...getConversation, kind: kind as MethodTable['kind'] }), [{ name }]),
          ),
        ),
      ];
      for (const call of refused) await assert.rejects(call, InvalidRequestError);
      assert.equal(requests, 0);
    });

    it('is not held up by many calls at once', async () => {
      await using peer = await connect((request, response) => {
        answerJson(response, { name: request.url?.split(/[/?]/)[5] });
      }, options);
      const ids = Array.from({ length: 200 }, (_, index) => `c-${index}`);
      const replies = await Promise.all(
        ids.map((id) => peer.wire.unary(callOf(getConversation), { name: `projects/p/conversations/${id}` })),
      );
      assert.deepEqual(
        replies.map(({ message }) => (message as { name: string }).name),
        ids,
      );
    });

    describe('stream()', () => {
      const streaming = callOf({ ...getConversation, kind: 'server_streaming' });

      it('gives the elements of a list as they come', async () => {
        let proceed = () => {};
        await using peer = await connect((_, response) => {
          response.writeHead(200, { 'x-request-id': 'r-1' });
          response.write('[{"name":"a"}\r\n,');
          proceed = () => response.end('{"name":"b"}]');
        }, options);
        const stream = peer.wire.stream(streaming, [{ name }]);
        assert.equal((await stream.headers)['x-request-id'], 'r-1');
        const names: unknown[] = [];
        for await (const message of stream) {
          names.push((message as { name: string }).name);
          proceed();
        }
        assert.deepEqual(names, ['a', 'b']);
        assert.deepEqual(await stream.trailers, {});
      });

      it('closes the connection when the loop is left early', async () => {
        const { promise: closed, resolve } = Promise.withResolvers<void>();
        await using peer = await connect((_, response) => {
          response.on('close', resolve);
          response.write('[{"name":"a"},');
        }, options);
        const stream = peer.wire.stream(streaming, [{ name }]);
        for await (const _ of stream) break;
        await closed;
        assert.equal((await errorOf(stream.trailers)).code, 'CANCELLED');
      });

      const ends: [string, (response: ServerResponse) => void, string][] = [
        [
          'an error as the last element',
          (r) => r.end('[{"name":"a"},{"error":{"code":503,"status":"UNAVAILABLE"}}]'),
          'UNAVAILABLE',
        ],
        [
          'an error as a list',
          (r) => answerJson(r, [{ error: { code: 404, status: 'NOT_FOUND' } }], 404),
          'NOT_FOUND',
        ],
        ['no list', (r) => answerJson(r, { name: 'a' }), 'INTERNAL'],
        ['a list without its end', (r) => r.end('[{"name":"a"}'), 'INTERNAL'],
        ['an element that is no JSON', (r) => r.end('[{"name":a}]'), 'INTERNAL'],
        ['a reset', (r) => r.write('[{"name":"a"}', () => r.socket?.resetAndDestroy()), 'UNAVAILABLE'],
        [
          'an element that is too large',
          (r) => r.write(`[{"name":"${'x'.repeat(3000)}`),
          'RESOURCE_EXHAUSTED',
        ],
      ];
      for (const [what, answer, code] of ends) {
        it(`takes ${what} for ${code}`, async () => {
          await using peer = await connect((_, response) => answer(response), {
            ...options,
            messageBytesMax: 2000,
          });
          const stream = peer.wire.stream(streaming, [{ name }]);
          assert.equal((await errorOf(collect(stream))).code, code);
          assert.equal((await errorOf(stream.trailers)).code, code);
        });
      }

      it('ends at the deadline and when it is aborted', async () => {
        await using peer = await connect((_, response) => response.write('[{"name":"a"},'), options);
        const late = peer.wire.stream({ ...streaming, deadline: soon() }, [{ name }]);
        assert.equal((await errorOf(collect(late))).code, 'DEADLINE_EXCEEDED');
        const controller = new AbortController();
        const stream = peer.wire.stream({ ...streaming, signal: controller.signal }, [{ name }]);
        const reading = (async () => {
          for await (const _ of stream) controller.abort();
        })();
        assert.equal((await errorOf(reading)).code, 'CANCELLED');
      });
    });
  });
}

async function collect(stream: AsyncIterable<object>): Promise<object[]> {
  const messages: object[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

describe('RestWire on node:http', () => {
  it('uses one connection for call after call', async () => {
    await using peer = await connect((_, response) => answerJson(response, { name }));
    for (let call = 0; call < 5; call++) await peer.get();
    assert.equal(peer.server.connections(), 1);
  });

  it('does not keep a connection that the server is about to close', async () => {
    await using peer = await connect((_, response) => {
      response.setHeader('keep-alive', 'timeout=1');
      answerJson(response, { name });
    });
    await peer.get();
    await peer.get();
    assert.equal(peer.server.connections(), 2);
  });

  it('opens no more connections than it may, and lets a call end that waits for one', async () => {
    const waiting: ServerResponse[] = [];
    await using peer = await connect((_, response) => void waiting.push(response), { socketsMax: 2 });
    const controller = new AbortController();
    const calls = [peer.get(), peer.get(), peer.get({ signal: controller.signal }), peer.get()];
    controller.abort();
    assert.equal((await errorOf(calls[2] as Promise<unknown>)).code, 'CANCELLED');
    const rest = [calls[0], calls[1], calls[3]];
    const pump = setInterval(() => {
      for (const response of waiting.splice(0)) answerJson(response, { name });
    }, 1);
    await Promise.all(rest);
    clearInterval(pump);
    assert.equal(peer.server.connections(), 2);
  });

  /** Answers the first request on each connection, and hangs up at the second. */
  function startFickle(seen: string[]) {
    return startTcp((socket: Socket) => {
      let requests = 0;
      socket.on('data', (bytes) => {
        seen.push(String(bytes).split(' ', 1)[0] ?? '');
        if (requests++ > 0) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      });
    });
  }

  it('sends a read again where a kept connection proves to be closed', async () => {
    const seen: string[] = [];
    await using server = await startFickle(seen);
    await using peer = await connect(() => undefined, { host: server.host });
    await peer.get();
    await peer.get();
    assert.deepEqual(seen, ['GET', 'GET', 'GET']);
    assert.equal(server.connections(), 2);
  });

  it('sends nothing else twice', async () => {
    const seen: string[] = [];
    await using server = await startFickle(seen);
    await using peer = await connect(() => undefined, { host: server.host });
    await peer.get();
    assert.equal(
      (await errorOf(peer.wire.unary(callOf(completeConversation), { name }))).code,
      'UNAVAILABLE',
    );
    assert.deepEqual(seen, ['GET', 'POST']);
  });

  for (const compressed of [false, true]) {
    it(`asks ${compressed ? 'for gzip in both of the headers that Google looks at' : 'for nothing compressed'}`, async () => {
      const seen: unknown[] = [];
      await using server = await startHttp((request, response) => {
        seen.push(request.headers['accept-encoding'], request.headers['user-agent']);
        answerJson(response, { name });
      });
      const sender = await createNodeSender({
        host: server.host,
        tls: 'plaintext',
        socketsMax: 1,
        compressed,
      });
      const form = { verb: 'GET', target: '/', body: undefined } as const;
      for (const headers of [{}, { 'user-agent': 'mine' }]) {
        const attempt = new Attempt(callOf(getConversation), new Set());
        const answer = await sender.open(form, headers, attempt);
        await answer.bytes(1000);
      }
      sender.close();
      const own = `parley-client/${VERSION}`;
      const want = compressed
        ? ['gzip', `${own} (gzip)`, 'gzip', 'mine']
        : ['identity', own, 'identity', 'mine'];
      assert.deepEqual(seen, want);
    });
  }

  for (const encoding of ['br', 'gzip, br', 'x']) {
    it(`takes an answer in ${encoding}, which it did not ask for, for INTERNAL`, async () => {
      await using peer = await connect((_, response) => {
        response.setHeader('content-encoding', encoding);
        answerJson(response, { name });
      });
      const error = await errorOf(peer.get());
      assert.equal(error.code, 'INTERNAL');
      assert.match(error.message, /which nobody asked for/);
    });
  }

  it('takes a stream of answers as it is, and not compressed', async () => {
    const seen: unknown[] = [];
    await using peer = await connect((request, response) => {
      seen.push(request.headers['accept-encoding']);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('[{}]'));
    });
    const stream = peer.wire.stream(callOf({ ...getConversation, kind: 'server_streaming' }), [{ name }]);
    assert.equal((await errorOf(collect(stream))).code, 'INTERNAL');
    assert.deepEqual(seen, ['identity']);
  });

  it('takes an empty body for a message without fields', async () => {
    await using peer = await connect((_, response) => response.end());
    const { message } = await peer.wire.unary(callOf(cancelOperation), { name: 'projects/p/operations/o' });
    assert.deepEqual(message, {});
  });

  it('reads a page of messages', async () => {
    const sendTime = '2026-09-21T14:13:20.123456Z';
    await using peer = await connect((_, response) => {
      answerJson(response, { messages: [{ content: 'héllo', sendTime }], nextPageToken: 't' });
    });
    const { message } = await peer.wire.unary(callOf(listMessages), { parent: name, pageSize: 1 });
    const page = message as { messages: Record<string, unknown>[]; nextPageToken: string };
    assert.equal(page.nextPageToken, 't');
    assert.equal(page.messages[0]?.['content'], 'héllo');
    assert.equal(page.messages[0]?.['sendTime'], sendTime);
    assert.equal(page.messages[0]?.['participantRole'], 'ROLE_UNSPECIFIED');
  });
});

describe('RestWire over TLS', () => {
  const { ca, server: own, client } = createCertificates();
  const stranger = createCertificates();

  async function connectTls(tls: RestWireOptions['tls'], demand = {}) {
    const server = await startHttps({ ...own, ...demand }, (request, response) => {
      const { subject } = (request.socket as import('node:tls').TLSSocket).getPeerCertificate();
      answerJson(response, { name: subject?.CN ?? 'nobody' });
    });
    const wire = new RestWire({ host: server.host, tls });
    return {
      get: () => wire.unary(callOf(getConversation), { name }),
      server,
      async [Symbol.asyncDispose]() {
        await wire.close();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  it('trusts the authority that it is told to, and keeps the connection', async () => {
    await using peer = await connectTls({ ca });
    for (let call = 0; call < 3; call++)
      assert.equal(((await peer.get()).message as { name: string }).name, 'nobody');
    assert.equal(peer.server.connections(), 1);
  });

  it('shows its own certificate where it has one', async () => {
    const demand = { requestCert: true, rejectUnauthorized: true, ca };
    await using peer = await connectTls({ ca: [new TextEncoder().encode(ca)], ...client }, demand);
    assert.equal(((await peer.get()).message as { name: string }).name, 'parley-client');
    await using nobody = await connectTls({ ca }, demand);
    assert.equal((await errorOf(nobody.get())).code, 'UNAVAILABLE');
  });

  const refused: [string, RestWireOptions['tls'], RegExp][] = [
    ['an authority that it does not know', {}, /certificate/],
    ['another authority than it is told', { ca: stranger.ca }, /certificate/],
    ['a certificate for another name', { ca, servername: 'elsewhere.example' }, /elsewhere.example/],
    ['a server that does not speak plain text', 'plaintext', /cannot reach|is not HTTP/],
  ];
  for (const [what, tls, message] of refused) {
    it(`refuses ${what}`, async () => {
      await using peer = await connectTls(tls);
      const error = await errorOf(peer.get());
      assert.ok(['UNAVAILABLE', 'INTERNAL'].includes(error.code));
      assert.match(error.message, message);
    });
  }

  it('takes every certificate where it is told to', async () => {
    await using peer = await connectTls({ rejectUnauthorized: false });
    assert.equal(((await peer.get()).message as { name: string }).name, 'nobody');
  });

  it('takes a server that speaks plain text for UNAVAILABLE', async () => {
    await using peer = await connect(() => undefined, { tls: { ca } });
    assert.equal((await errorOf(peer.get())).code, 'UNAVAILABLE');
  });

  it('refuses certificates that are none', async () => {
    const wire = new RestWire({ host: '127.0.0.1:1', tls: { cert: 'x', key: 'y' } });
    await assert.rejects(wire.unary(callOf(getConversation), { name }), ClientOptionsError);
  });
});

describe('new RestWire()', () => {
  for (const host of ['', 'localhost', 'http://localhost:80', 'localhost:80/x', 'a b:1', 'u@h:1', '::1:80']) {
    it(`refuses the host ${JSON.stringify(host)}`, () => {
      assert.throws(() => new RestWire({ host, tls: 'plaintext' }), ClientOptionsError);
    });
  }

  for (const host of ['localhost:80', '127.0.0.1:80', '[::1]:80', 'dialogflow.googleapis.com:443']) {
    it(`takes the host ${host}`, () => assert.equal(new RestWire({ host, tls: {} }).host, host));
  }

  it('refuses TLS options together with a fetch, which cannot obey them', () => {
    assert.throws(() => new RestWire({ host: 'h:1', tls: { ca: 'x' }, fetch }), ClientOptionsError);
    assert.doesNotThrow(() => new RestWire({ host: 'h:1', tls: { ca: undefined }, fetch }));
  });
});

describe('RestWire on a fetch that was given', () => {
  const options = { host: 'parley.example:443', tls: {} } as const;

  it('calls it by the URL of the host, as no method of anything', async () => {
    const seen: unknown[] = [];
    const wire = new RestWire({
      ...options,
      async fetch(this: unknown, url, { method, redirect }) {
        seen.push({ owner: this, url, method, redirect });
        return Response.json({ name });
      },
    });
    await wire.unary(callOf(getConversation), { name });
    const url = 'https://parley.example:443/v2beta1/projects/p/conversations/c?$alt=json';
    assert.deepEqual(seen, [{ owner: undefined, url, method: 'GET', redirect: 'manual' }]);
  });

  it('does not wait for one that does not hear its signal', async () => {
    const wire = new RestWire({ ...options, fetch: () => new Promise(() => undefined) });
    const error = await errorOf(wire.unary(callOf(getConversation, { deadline: soon() }), { name }));
    assert.equal(error.code, 'DEADLINE_EXCEEDED');
  });

  it('does not wait for a body that does not hear it either', async () => {
    const body = new ReadableStream({ pull: () => new Promise(() => undefined) });
    const wire = new RestWire({ ...options, fetch: async () => new Response(body) });
    const error = await errorOf(wire.unary(callOf(getConversation, { deadline: soon() }), { name }));
    assert.equal(error.code, 'DEADLINE_EXCEEDED');
  });

  it('tells a body that nobody wants to the end of', async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(100)),
      cancel: () => resolve(),
    });
    const wire = new RestWire({ ...options, messageBytesMax: 1000, fetch: async () => new Response(body) });
    const error = await errorOf(wire.unary(callOf(getConversation), { name }));
    assert.equal(error.code, 'RESOURCE_EXHAUSTED');
    await cancelled;
  });

  it('takes what it throws for UNAVAILABLE', async () => {
    const cause = new TypeError('Failed to fetch');
    const wire = new RestWire({
      ...options,
      fetch: () => {
        throw cause;
      },
    });
    const error = await errorOf(wire.unary(callOf(getConversation), { name }));
    assert.equal(error.code, 'UNAVAILABLE');
    assert.equal(error.cause, cause);
  });
});
