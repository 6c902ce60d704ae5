import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apiClientHeader } from '../client-info.ts';
import {
  apiError,
  CancelledError,
  DeadlineExceededError,
  InvalidRequestError,
  UnauthenticatedError,
} from '../errors.ts';
import {
  batchCreateMessages,
  completeConversation,
  createConversation,
  FakeRuntime,
  FakeTransport,
  getConversation,
  searchKnowledge,
  streamingAnalyzeContent,
  updateParticipant,
} from './call.test.fixture.ts';
import { callStream, callUnary } from './call.ts';
import type { CallOptions } from './call-options.ts';

const name = 'projects/p/conversations/c';

function away(headers: Record<string, string> = {}): never {
  throw apiError('UNAVAILABLE', 'away', { headers });
}

describe('callUnary()', () => {
  it('answers what the transport answers', async () => {
    const reply = await callUnary(new FakeTransport([() => ({ name })]), getConversation, { name });
    assert.deepEqual(reply, { message: { name }, headers: { 'x-request-id': 'r-1' }, trailers: {} });
  });

  describe('headers', () => {
    async function sent(options?: CallOptions, credentials?: () => Promise<Record<string, string>>) {
      const transport = new FakeTransport(undefined, credentials);
      await callUnary(transport, getConversation, { name }, options);
      return transport.attempts[0]?.call.headers;
    }

    it('say which client calls and what the call is routed by', async () => {
      assert.deepEqual(await sent(), {
        'x-goog-api-client': apiClientHeader('rest'),
        'x-goog-request-params': `name=${name}`,
      });
    });

    it('have what the credentials and the caller add, the caller last', async () => {
      const metadata = [['x-tag', 'a']] as const;
      const headers = { 'X-Goog-User-Project': 'mine' };
      const credentials = async () => ({ authorization: 'Bearer t', 'x-goog-user-project': 'theirs' });
      assert.deepEqual(await sent({ metadata, headers }, credentials), {
        'x-goog-api-client': apiClientHeader('rest'),
        'x-goog-request-params': `name=${name}`,
        authorization: 'Bearer t',
        'x-goog-user-project': 'mine',
        'x-tag': 'a',
      });
    });

    it('have what the transport says of the program', async () => {
      const transport = Object.assign(new FakeTransport(), { clientInfo: { userAgent: 'desk/3' } });
      await callUnary(transport, getConversation, { name });
      assert.match(transport.attempts[0]?.call.headers['x-goog-api-client'] ?? '', /^desk\/3 gl-node/);
    });

    it('route by every field that the method names, empty where it is not set', async () => {
      const transport = new FakeTransport();
      await callUnary(transport, searchKnowledge, { parent: 'projects/p' });
      await callUnary(transport, updateParticipant, { participant: { name: 'n' } });
      assert.deepEqual(
        transport.attempts.map(({ call }) => call.headers['x-goog-request-params']),
        ['parent=projects/p&conversation=', 'participant.name=n'],
      );
    });
  });

  describe('credentials', () => {
    it('are asked before each attempt', async () => {
      let tokens = 0;
      const runtime = new FakeRuntime();
      const credentials = async () => ({ authorization: `Bearer ${++tokens}` });
      const transport = new FakeTransport([() => away(), () => ({})], credentials);
      await runtime.settle(callUnary(transport, getConversation, { name }, {}, runtime));
      assert.deepEqual(
        transport.attempts.map(({ call }) => call.headers['authorization']),
        ['Bearer 1', 'Bearer 2'],
      );
    });

    it('end the call where they fail', async () => {
      const failure = new UnauthenticatedError('no token');
      const transport = new FakeTransport(undefined, () => Promise.reject(failure));
      await assert.rejects(callUnary(transport, getConversation, { name }), failure);
      assert.equal(transport.attempts.length, 0);
    });

    /** Says nothing until its signal is aborted. */
    const slow = (signal?: AbortSignal) =>
      new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));

    it('have as much time as the call', async () => {
      const runtime = new FakeRuntime();
      const call = callUnary(
        new FakeTransport([], slow),
        getConversation,
        { name },
        { timeoutMs: 500 },
        runtime,
      );
      await assert.rejects(runtime.settle(call), DeadlineExceededError);
      assert.deepEqual(runtime.pauses, [500]);
    });

    it('are not waited for when the call is aborted', async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const runtime = new FakeRuntime();
      const call = callUnary(new FakeTransport([], slow), getConversation, { name }, { signal }, runtime);
      controller.abort('enough');
      await assert.rejects(call, (error) => error instanceof CancelledError && error.cause === 'enough');
      assert.equal(runtime.timers, 0);
    });
  });

  describe('what is not sent', () => {
    const refused: [string, object, unknown, string][] = [
      ['a field that does not exist', { nam: name }, undefined, 'nam'],
      ['a value of the wrong type', { name: 5 }, undefined, 'name'],
      ['an option that does not exist', { name }, { timeout: 5 }, 'timeout'],
      ['a header that cannot be sent', { name }, { headers: { 'x-a': '\n' } }, 'headers'],
    ];
    for (const [what, request, options, field] of refused) {
      it(`is a request with ${what}`, async () => {
        const asked: unknown[] = [];
        const transport = new FakeTransport(undefined, async () => ({ asked: `${asked.push(1)}` }));
        await assert.rejects(
          callUnary(transport, getConversation, request, options as CallOptions),
          (error) => error instanceof InvalidRequestError && error.field === field,
        );
        assert.deepEqual([transport.attempts.length, asked.length], [0, 0]);
      });
    }

    it('is an enum value that does not exist, wherever it stands', async () => {
      const transport = new FakeTransport();
      const request = { parent: 'projects/p', conversation: { conversationStage: 'NOPE' } };
      await assert.rejects(callUnary(transport, createConversation, request), {
        name: 'InvalidRequestError',
        field: 'conversation.conversationStage',
      });
      assert.equal(transport.attempts.length, 0);
    });

    it('is a call that is aborted already', async () => {
      const asked: unknown[] = [];
      const transport = new FakeTransport(undefined, async () => ({ asked: `${asked.push(1)}` }));
      const signal = AbortSignal.abort('before');
      await assert.rejects(callUnary(transport, getConversation, { name }, { signal }), CancelledError);
      assert.deepEqual([transport.attempts.length, asked.length], [0, 0]);
    });
  });

  describe('the deadline', () => {
    const deadlines: [CallOptions | undefined, number | undefined][] = [
      [undefined, 61_000],
      [{ timeoutMs: 500 }, 1500],
      [{ timeoutMs: 0 }, 1000],
      [{ timeoutMs: Number.POSITIVE_INFINITY }, undefined],
    ];
    for (const [options, want] of deadlines) {
      it(`is ${want} for ${JSON.stringify(options)} at 1000`, async () => {
        const transport = new FakeTransport();
        await callUnary(transport, getConversation, { name }, options, new FakeRuntime());
        assert.equal(transport.attempts[0]?.call.deadline, want);
      });
    }

    it('is one for all attempts', async () => {
      const runtime = new FakeRuntime();
      const transport = new FakeTransport([() => away(), () => away(), () => ({})]);
      await runtime.settle(callUnary(transport, getConversation, { name }, { timeoutMs: 500 }, runtime));
      assert.deepEqual(
        transport.attempts.map(({ call }) => call.deadline),
        [1500, 1500, 1500],
      );
    });

    it('is not waited for where no attempt can begin before it: the last error is thrown', async () => {
      const runtime = new FakeRuntime();
      const transport = new FakeTransport([() => away()]);
      const call = callUnary(transport, getConversation, { name }, { timeoutMs: 190 }, runtime);
      await assert.rejects(runtime.settle(call), { code: 'UNAVAILABLE', message: 'away' });
      assert.deepEqual(runtime.pauses, [50, 65]);
    });
  });

  describe('further attempts', () => {
    async function attempts(
      method: typeof getConversation,
      request: object,
      options?: CallOptions,
      failure: () => never = away,
    ): Promise<number> {
      const runtime = new FakeRuntime();
      const transport = new FakeTransport([failure, failure, () => ({})]);
      await runtime.settle(callUnary(transport, method, request, options, runtime)).catch(() => undefined);
      return transport.attempts.length;
    }

    const safe: [typeof getConversation, object][] = [
      [getConversation, { name }],
      [searchKnowledge, { parent: 'projects/p' }],
      [createConversation, { parent: 'projects/p', conversationId: 'c-1' }],
    ];
    for (const [method, request] of safe) {
      it(`are made of ${method.name} with ${Object.keys(request).join(', ')}`, async () => {
        assert.equal(await attempts(method, request), 3);
      });

      it(`are not made of ${method.name} with retry: false`, async () => {
        assert.equal(await attempts(method, request, { retry: false }), 1);
      });
    }

    const unsafe: [typeof getConversation, object][] = [
      [createConversation, { parent: 'projects/p' }],
      [completeConversation, { name }],
      [batchCreateMessages, { parent: name }],
      [updateParticipant, {}],
    ];
    for (const [method, request] of unsafe) {
      it(`are never made of ${method.name} with ${Object.keys(request).join(', ')}`, async () => {
        assert.equal(await attempts(method, request), 1);
        assert.equal(await attempts(method, request, { retry: { predicate: () => true } }), 1);
      });
    }

    it('are made after those errors of which the predicate says so', async () => {
      const aborted = (): never => {
        throw apiError('ABORTED', 'x');
      };
      const retry = { predicate: ({ code }: { code: string }) => code === 'ABORTED' };
      assert.equal(await attempts(getConversation, { name }, { retry }, aborted), 3);
      assert.equal(await attempts(getConversation, { name }, { retry }), 1);
    });

    it('are not made where nobody listens', async () => {
      const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      const refused = (): never => {
        throw apiError('UNAVAILABLE', 'x', { cause });
      };
      assert.equal(await attempts(getConversation, { name }, undefined, refused), 1);
    });

    it('wait longer and longer, and as long as the server asks for', async () => {
      const runtime = new FakeRuntime();
      const transport = new FakeTransport([
        () => away(),
        () => away({ 'retry-after': '2' }),
        () => away(),
        () => ({}),
      ]);
      const retry = { initialDelayMs: 100, multiplier: 2 };
      await runtime.settle(callUnary(transport, getConversation, { name }, { retry }, runtime));
      assert.deepEqual(runtime.pauses, [50, 2000, 200]);
      assert.equal(runtime.timers, 0);
    });

    it('are given up when the call is aborted while it waits', async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const runtime = new FakeRuntime();
      const transport = new FakeTransport([() => away()]);
      const call = callUnary(transport, getConversation, { name }, { signal }, runtime);
      while (runtime.timers === 0) await new Promise(setImmediate);
      controller.abort('enough');
      await assert.rejects(call, (error) => error instanceof CancelledError && error.cause === 'enough');
      assert.deepEqual([transport.attempts.length, runtime.timers], [1, 0]);
    });

    it('send what the first one sent, whatever became of the objects of the caller', async () => {
      const runtime = new FakeRuntime();
      const transport = new FakeTransport([() => away(), () => ({})]);
      const request = { name };
      const options = { headers: { 'x-tag': 'a' }, timeoutMs: 5000 };
      const call = callUnary(transport, getConversation, request, options, runtime);
      request.name = 'projects/p/conversations/other';
      options.headers['x-tag'] = 'b';
      options.timeoutMs = 1;
      await runtime.settle(call);
      assert.deepEqual(transport.attempts[0], transport.attempts[1]);
      assert.deepEqual(transport.attempts[1]?.request, { name });
      assert.equal(transport.attempts[1]?.call.headers['x-tag'], 'a');
    });
  });
});

describe('callStream()', () => {
  const requests = [{ participant: 'p' }, { inputText: 'hello' }];

  it('sends the requests and gives the answers', async () => {
    const transport = new FakeTransport(undefined, async () => ({ authorization: 'Bearer t' }));
    const stream = callStream(transport, streamingAnalyzeContent, requests, { headers: { a: 'b' } });
    assert.deepEqual(await Array.fromAsync(stream), requests);
    assert.deepEqual(transport.attempts[0]?.call.headers, {
      'x-goog-api-client': apiClientHeader('rest'),
      authorization: 'Bearer t',
      a: 'b',
    });
    assert.deepEqual([await stream.headers, await stream.trailers], [{ a: '1' }, { b: '2' }]);
  });

  it('takes as long as it takes, unless it is told otherwise', async () => {
    const transport = new FakeTransport();
    const runtime = new FakeRuntime();
    await Array.fromAsync(callStream(transport, streamingAnalyzeContent, [], undefined, runtime));
    await Array.fromAsync(callStream(transport, streamingAnalyzeContent, [], { timeoutMs: 5 }, runtime));
    assert.deepEqual(
      transport.attempts.map(({ call }) => call.deadline),
      [undefined, 1005],
    );
  });

  it('routes a method that streams answers alone by its one request', async () => {
    const transport = new FakeTransport();
    const method = { ...getConversation, kind: 'server_streaming' } as const;
    const stream = callStream(transport, method, [{ name }], undefined, new FakeRuntime());
    assert.deepEqual(await Array.fromAsync(stream), [{ name }]);
    const [attempt] = transport.attempts;
    assert.equal(attempt?.call.headers['x-goog-request-params'], `name=${name}`);
    assert.equal(attempt?.call.deadline, 61_000);
  });

  it('refuses a wrong request before it is sent, and wrong options', async () => {
    const wrong = callStream(new FakeTransport(), streamingAnalyzeContent, [...requests, { nope: 1 }]);
    const seen: object[] = [];
    const reading = (async () => {
      for await (const message of wrong) seen.push(message);
    })();
    await assert.rejects(reading, { name: 'InvalidRequestError', field: 'nope' });
    assert.deepEqual(seen, requests);
    const options = { nope: 1 } as CallOptions;
    const stream = callStream(new FakeTransport(), streamingAnalyzeContent, requests, options);
    await assert.rejects(Array.fromAsync(stream), InvalidRequestError);
    await assert.rejects(stream.headers, InvalidRequestError);
    await assert.rejects(stream.trailers, InvalidRequestError);
  });

  it('lets go of the answer when the loop is left', async () => {
    let left = false;
    async function* endless() {
      try {
        for (;;) yield { inputText: 'x' };
      } finally {
        left = true;
      }
    }
    for await (const _ of callStream(new FakeTransport(), streamingAnalyzeContent, endless())) break;
    assert.equal(left, true);
  });
});
