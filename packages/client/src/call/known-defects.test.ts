/**
 * What google-gax 5.0.8 gets wrong under @google-cloud/dialogflow 7.9.0, and this engine must not, on the wire: nothing
 * here is faked but the server.
 */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, it } from 'node:test';
import { ApiError, InvalidRequestError, NotFoundError } from '../errors.ts';
import { answerJson, startHttp } from '../transport/rest/http-server.test.fixture.ts';
import { RestWire } from '../transport/rest/rest-wire.ts';
import type { TransportCall } from '../transport/transport.ts';
import { FakeTransport, getConversation } from './call.test.fixture.ts';
import { callUnary } from './call.ts';
import type { CallOptions } from './call-options.ts';

async function connect(listener: RequestListener) {
  const server = await startHttp(listener);
  const wire = new RestWire({ host: server.host, tls: 'plaintext' });
  return {
    wire,
    get: (id: string, options?: CallOptions) =>
      callUnary(wire, getConversation, { name: `projects/p/conversations/${id}` }, options),
    async [Symbol.asyncDispose]() {
      await wire.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** It is always the same moment. */
const clock = { now: () => 0, random: () => 0, after: () => () => undefined };

const atOnce = { initialDelayMs: 0, maximumDelayMs: 0 };

describe('a defect that is not here', () => {
  it('1: the retry policy of one call spoils later calls of its method', async () => {
    await using peer = await connect((_, response) => answerJson(response, {}));
    await peer.get('a', { retry: { ...atOnce, deadlineMs: 5 } });
    await assert.rejects(peer.get('a', { retry: { maxRetries: 3 } as object }), InvalidRequestError);
    await peer.get('a');
  });

  it('2: the timeouts of calls at the same time get mixed up', async () => {
    const transport = new FakeTransport();
    const timeouts = [undefined, 1500, 9000, undefined, 1500];
    await Promise.all(
      timeouts.map((timeoutMs) =>
        callUnary(transport, getConversation, {}, timeoutMs === undefined ? {} : { timeoutMs }, clock),
      ),
    );
    assert.deepEqual(
      transport.attempts.map(({ call }: { call: TransportCall }) => call.deadline),
      [60_000, 1500, 9000, 60_000, 1500],
    );
  });

  it('3: options that calls share carry the routing of one to the others, and are changed', async () => {
    const seen = new Map<unknown, unknown>();
    await using peer = await connect((request, response) => {
      seen.set(request.url?.split(/[/?]/)[5], request.headers['x-goog-request-params']);
      answerJson(response, {});
    });
    const options = { timeoutMs: 5000, headers: { 'x-tag': 't' }, retry: { ...atOnce } };
    await Promise.all(['a', 'b', 'c'].map((id) => peer.get(id, options)));
    assert.deepEqual(seen, new Map(['a', 'b', 'c'].map((id) => [id, `name=projects/p/conversations/${id}`])));
    assert.deepEqual(options, { timeoutMs: 5000, headers: { 'x-tag': 't' }, retry: { ...atOnce } });
  });

  it('4: a timeout is ignored over REST', async () => {
    await using peer = await connect(() => undefined);
    await assert.rejects(peer.get('a', { timeoutMs: 50 }), { code: 'DEADLINE_EXCEEDED' });
  });

  it('5: over REST nothing is tried again, and errors are those of HTTP', async () => {
    let requests = 0;
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'GONE', domain: 'd' }];
    await using peer = await connect((_, response) => {
      if (++requests < 3) response.writeHead(503).end('<html>');
      else answerJson(response, { error: { code: 404, message: 'gone', status: 'NOT_FOUND', details } }, 404);
    });
    const error = await peer.get('a', { retry: atOnce }).catch((thrown: unknown) => thrown);
    assert.equal(requests, 3);
    assert.ok(error instanceof NotFoundError);
    const { code, message, reason, httpStatus } = error;
    assert.deepEqual([code, message, reason, httpStatus], ['NOT_FOUND', 'gone', 'GONE', 404]);
  });

  it('7: a call cannot be aborted', async () => {
    const controller = new AbortController();
    await using peer = await connect(() => controller.abort('enough'));
    const call = peer.get('a', { signal: controller.signal });
    await assert.rejects(call, { code: 'CANCELLED', cause: 'enough' });
  });

  it('8: a call to where nobody listens goes on for a minute, and then tells of a timeout at length', async () => {
    const server = await startHttp(() => undefined);
    await server[Symbol.asyncDispose]();
    const wire = new RestWire({ host: server.host, tls: 'plaintext' });
    const name = 'projects/p/conversations/c';
    const error = await callUnary(wire, getConversation, { name }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ApiError);
    assert.equal(error.code, 'UNAVAILABLE');
    assert.match(error.message, /^cannot reach 127\.0\.0\.1:\d+: .{0,100}$/);
    await wire.close();
  });

  it('11: misspelt fields and enum values are dropped without a word', async () => {
    let requests = 0;
    await using peer = await connect(() => requests++);
    const misspelt = [
      { nam: 'projects/p/conversations/c' },
      { name: 'projects/p/conversations/c', extra: 1 },
    ];
    for (const request of misspelt) {
      await assert.rejects(callUnary(peer.wire, getConversation, request), InvalidRequestError);
    }
    assert.equal(requests, 0);
  });

  it('11: headers and the request id of an answer cannot be had', async () => {
    await using peer = await connect((_, response) => {
      response.setHeader('x-request-id', 'r-1');
      answerJson(response, {}, response.req.url?.includes('/b?') ? 404 : 200);
    });
    assert.equal((await peer.get('a')).headers['x-request-id'], 'r-1');
    const error = await peer.get('b').catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ApiError);
    assert.equal(error.requestId, 'r-1');
  });
});
