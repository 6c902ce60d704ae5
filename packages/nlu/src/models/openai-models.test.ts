import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ModelCall, ModelError, type ModelFailure, type TextEmbedder } from './model-ports.ts';
import {
  answerChat,
  answerEmbeddings,
  answerJson,
  pieceEvent,
  type ReceivedRequest,
  startEvents,
  startModelServer,
} from './model-server.test.fixture.ts';
import { createEmbedder, createGenerator } from './openai-models.ts';

const KEY = 'sk-secret-1234567890';
const QUESTION = { messages: [{ role: 'user', content: 'how much?' }] } as const;

/** Every way in which an endpoint fails before it has said anything of its answer. */
const FAILURES: readonly {
  readonly what: string;
  readonly answer: (response: ServerResponse) => void;
  readonly failure: ModelFailure;
  readonly message: RegExp;
}[] = [
  {
    what: '500',
    answer: (response) => answerJson(response, 500, { error: { message: 'out of memory' } }),
    failure: 'status',
    message: /answered 500: out of memory$/,
  },
  {
    what: '401 that repeats the key',
    answer: (response) => answerJson(response, 401, { error: { message: `no such key: ${KEY}!` } }),
    failure: 'status',
    message: /answered 401: no such key: \*\*\*!$/,
  },
  {
    what: '401 whose long reason is cut within the key',
    answer: (response) => answerJson(response, 401, { error: `${'x'.repeat(190)}${KEY}` }),
    failure: 'status',
    message: /x\*\*\*$/,
  },
  {
    what: '404 of another form',
    answer: (response) => void response.writeHead(404).end('<html>'),
    failure: 'status',
    message: /answered 404$/,
  },
  {
    what: 'a redirect',
    answer: (response) => void response.writeHead(307, { location: 'http://example.com/' }).end(),
    failure: 'status',
    message: /answered 307$/,
  },
  {
    what: 'an endless reason',
    answer: (response) => void response.writeHead(500).end(`{"error":"${'x'.repeat(100_000)}"}`),
    failure: 'status',
    message: /answered 500$/,
  },
  {
    what: '429 without a time',
    answer: (response) => answerJson(response, 429, { error: 'slower' }),
    failure: 'rate-limited',
    message: /answered 429: slower$/,
  },
  {
    what: 'a connection that is cut',
    answer: (response) => void response.destroy(),
    failure: 'unreachable',
    message: /cannot be reached/,
  },
];

/** Those of an answer in one piece. */
const BAD_ANSWERS: readonly {
  readonly what: string;
  readonly answer: (response: ServerResponse) => void;
  readonly failure: ModelFailure;
}[] = [
  {
    what: 'what is no JSON',
    answer: (response) => void response.end('Sure! Here is'),
    failure: 'malformed',
  },
  { what: 'nothing', answer: (response) => void response.end(), failure: 'malformed' },
  ...[null, [], 'text', {}, { data: {}, choices: {} }, { data: [], choices: [] }, { choices: [{}] }].map(
    (body) => ({
      what: JSON.stringify(body),
      answer: (response: ServerResponse) => answerJson(response, 200, body),
      failure: 'malformed' as const,
    }),
  ),
  {
    what: 'a body that is cut',
    answer: (response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('{"data"', () => response.destroy());
    },
    failure: 'cut-short',
  },
  {
    what: 'a huge body',
    answer: (response) => void response.end(Buffer.alloc(3000, ' ')),
    failure: 'too-large',
  },
];

function failsWith(failure: ModelFailure, message = /(?:)/): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.equal(error.failure, failure);
    assert.match(error.message, message);
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${error.cause}`, /secret/);
    return true;
  };
}

/** A stand-in that says which texts it was asked for. */
const standIn: TextEmbedder = {
  embed: async (texts) => ({ model: 'stand-in', vectors: texts.map(() => new Float32Array([1])) }),
};

describe('createEmbedder()', () => {
  it('gives the vectors of texts in their order, some texts a request', async () => {
    await using server = await startModelServer(answerEmbeddings);
    const embedder = createEmbedder({ url: `${server.url}/`, model: 'small', apiKey: KEY, batchSize: 2 });
    const { model, vectors } = await embedder.embed(['a', 'bcd', '', 'e\ud800']);
    assert.equal(model, 'small');
    assert.deepEqual(
      vectors.map((vector) => [...vector]),
      [
        [1, 97],
        [3, 98],
        [1, 32],
        [2, 101],
      ],
    );
    assert.deepEqual(
      server.requests.map(({ path, headers, body }) => [path, headers.authorization, body]),
      [
        ['a', 'bcd'],
        [' ', 'e\ufffd'],
      ].map((input) => [
        '/v1/embeddings',
        `Bearer ${KEY}`,
        { model: 'small', input, encoding_format: 'float' },
      ]),
    );
  });

  it('asks nothing for no texts, and sends no key where there is none', async () => {
    await using server = await startModelServer(answerEmbeddings);
    const embedder = createEmbedder({ url: server.url, model: 'small' });
    assert.deepEqual(await embedder.embed([]), { model: 'small', vectors: [] });
    await embedder.embed(['a']);
    assert.deepEqual(
      server.requests.map(({ headers }) => headers.authorization),
      [undefined],
    );
  });

  for (const { what, answer, failure, message } of FAILURES) {
    it(`names ${what}`, async () => {
      await using server = await startModelServer((_request, response) => answer(response));
      const embedder = createEmbedder({ url: server.url, model: 'small', apiKey: KEY });
      await assert.rejects(embedder.embed(['a']), failsWith(failure, message));
    });
  }

  for (const { what, answer, failure } of BAD_ANSWERS) {
    it(`takes no answer that is ${what}`, async () => {
      await using server = await startModelServer((_request, response) => answer(response));
      const embedder = createEmbedder({
        url: server.url,
        model: 'small',
        apiKey: KEY,
        maxResponseBytes: 2000,
      });
      await assert.rejects(embedder.embed(['a']), failsWith(failure));
    });
  }

  for (const data of [
    [{ embedding: [] }],
    [{ embedding: ['1'] }],
    [{ embedding: [null] }],
    [{ embedding: [1], index: 1 }],
    [{ embedding: [1], index: -1 }],
    [{ embedding: [1], index: '0' }],
    [{ embedding: [1] }, { embedding: [1] }],
  ]) {
    it(`takes no vectors like ${JSON.stringify(data)}`, async () => {
      await using server = await startModelServer((_request, response) =>
        answerJson(response, 200, { data }),
      );
      const embedder = createEmbedder({ url: server.url, model: 'small' });
      await assert.rejects(embedder.embed(['a']), failsWith('malformed'));
    });
  }

  it('takes no vectors of several lengths', async () => {
    const data = [{ embedding: [1] }, { embedding: [1, 2] }];
    await using server = await startModelServer((_request, response) => answerJson(response, 200, { data }));
    const embedder = createEmbedder({ url: server.url, model: 'small' });
    await assert.rejects(embedder.embed(['a', 'b']), failsWith('malformed'));
  });

  it('says that nobody listens', async () => {
    const server = await startModelServer(answerEmbeddings);
    await server[Symbol.asyncDispose]();
    const embedder = createEmbedder({ url: server.url, model: 'small', apiKey: KEY });
    await assert.rejects(embedder.embed(['a']), failsWith('unreachable', /ECONNREFUSED/));
  });

  it('leaves an endpoint alone for as long as it asks', async () => {
    let now = 1_000_000;
    let isBusy = true;
    await using server = await startModelServer((request, response) => {
      if (isBusy) answerJson(response, 429, { error: { message: 'slower' } }, { 'retry-after': '20' });
      else answerEmbeddings(request, response);
    });
    const embedder = createEmbedder({ url: server.url, model: 'small', now: () => now });
    for (const [later, left] of [
      [0, 20_000],
      [19_000, 1000],
    ] as const) {
      now += later;
      await assert.rejects(embedder.embed(['a']), (error: ModelError) => {
        assert.equal(error.failure, 'rate-limited');
        assert.equal(error.retryAfterMs, left);
        return true;
      });
    }
    assert.equal(server.requests.length, 1);
    isBusy = false;
    now += 1000;
    assert.equal((await embedder.embed(['a'])).vectors.length, 1);
  });

  it('believes in no pause of hours, and understands dates', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    let after = '36000';
    await using server = await startModelServer((_request, response) => {
      answerJson(response, 503, {}, { 'retry-after': after });
    });
    const embedder = createEmbedder({ url: server.url, model: 'small', now: () => now });
    await assert.rejects(embedder.embed(['a']), failsWith('status'));
    now += 60_000;
    after = 'Thu, 01 Jan 2026 00:01:30 GMT';
    await assert.rejects(embedder.embed(['a']), failsWith('status'));
    await assert.rejects(embedder.embed(['a']), failsWith('rate-limited', /for 30000 ms more$/));
    now += 30_000;
    after = 'soon';
    await assert.rejects(embedder.embed(['a']), failsWith('status'));
    await assert.rejects(embedder.embed(['a']), failsWith('status'));
    assert.equal(server.requests.length, 4);
  });

  it('ends its patience with an endpoint that is silent', async () => {
    await using server = await startModelServer(() => undefined);
    const embedder = createEmbedder({ url: server.url, model: 'small', apiKey: KEY, timeoutMs: 20 });
    await assert.rejects(embedder.embed(['a']), failsWith('timeout', /silent for 20 ms/));
  });

  it('ends its patience with an endpoint that never comes to an end', async () => {
    await using server = await startModelServer((_request, response) => void response.write('{'));
    const embedder = createEmbedder({ url: server.url, model: 'small', timeoutMs: 20 });
    await assert.rejects(embedder.embed(['a']), failsWith('timeout'));
  });

  it('ends with the reason of a caller who wants no answer any more, and asks nobody else', async () => {
    const calls: ModelCall[] = [];
    const controller = new AbortController();
    const reason = new Error('never mind');
    await using server = await startModelServer(() => controller.abort(reason));
    const options = { url: server.url, model: 'small', fallback: standIn };
    const embedder = createEmbedder({ ...options, onCall: (call) => calls.push(call) });
    await assert.rejects(embedder.embed(['a'], controller.signal), reason);
    await assert.rejects(embedder.embed(['a'], controller.signal), reason);
    assert.deepEqual(
      calls.map(({ outcome, fellBack }) => [outcome, fellBack]),
      [
        ['aborted', false],
        ['aborted', false],
      ],
    );
    assert.equal(server.requests.length, 1);
  });

  it('has its stand-in answer whenever the endpoint fails, and tells of each call', async () => {
    let answer: (request: ReceivedRequest, response: ServerResponse) => void = answerEmbeddings;
    let now = 0;
    await using server = await startModelServer((request, response) => {
      now += 7;
      answer(request, response);
    });
    const calls: ModelCall[] = [];
    const options = { url: server.url, model: 'small', fallback: standIn, now: () => now };
    const embedder = createEmbedder({ ...options, onCall: (call) => calls.push(call) });
    assert.equal((await embedder.embed(['a'])).model, 'small');
    answer = (_request, response) => answerJson(response, 500, {});
    assert.deepEqual(await embedder.embed(['a']), { model: 'stand-in', vectors: [new Float32Array([1])] });
    const told = { operation: 'embed', model: 'small', milliseconds: 7 };
    assert.deepEqual(calls, [
      { ...told, outcome: 'ok', fellBack: false },
      { ...told, outcome: 'status', fellBack: true },
    ]);
  });

  for (const [what, options] of [
    ['a key that would not fit into a header', { apiKey: `${KEY}\n` }],
    ['an empty key', { apiKey: '' }],
    ['an address with a password', { url: 'http://a:secret@localhost/v1' }],
    ['an address with a query', { url: 'http://localhost/v1?key=secret' }],
    ['an address of another kind', { url: 'file:///secret' }],
    ['what is no address', { url: 'secret' }],
  ] as const) {
    it(`refuses ${what} without repeating it`, () => {
      assert.throws(
        () => createEmbedder({ url: 'http://localhost/v1', model: 'small', ...options }),
        (error: Error) => error instanceof TypeError && !/secret/.test(`${error.stack}`),
      );
    });
  }
});

describe('createGenerator()', () => {
  const form = {
    name: 'price',
    schema: { type: 'object', properties: { euros: { type: 'number' } }, required: ['euros'] },
    accepts: (value: unknown) => typeof (value as { euros?: unknown } | null)?.euros === 'number',
  };

  it('asks in the form of chat completions', async () => {
    await using server = await startModelServer((_request, response) => answerChat(response, 'Nine euros.'));
    const generator = createGenerator({ url: server.url, model: 'writer', apiKey: KEY });
    const request = {
      ...QUESTION,
      maxTokens: 9,
      temperature: 0,
      topP: 0.5,
      seed: 4,
      stop: ['!'],
      json: undefined,
    };
    const { json, ...plain } = request;
    assert.deepEqual(await generator.generate(plain), {
      model: 'writer',
      text: 'Nine euros.',
      finish: 'stop',
    });
    const [received] = server.requests;
    assert.equal(received?.path, '/v1/chat/completions');
    assert.equal(received?.headers.authorization, `Bearer ${KEY}`);
    assert.deepEqual(received?.body, {
      model: 'writer',
      messages: QUESTION.messages,
      max_tokens: 9,
      temperature: 0,
      top_p: 0.5,
      seed: 4,
      stop: ['!'],
    });
  });

  it('says why an answer ended', async () => {
    let reason = '';
    await using server = await startModelServer((_request, response) => answerChat(response, 'Nine', reason));
    const generator = createGenerator({ url: server.url, model: 'writer' });
    for (const [said, finish] of [
      ['length', 'length'],
      ['content_filter', 'filter'],
      ['eos', 'stop'],
    ] as const) {
      reason = said;
      assert.equal((await generator.generate(QUESTION)).finish, finish);
    }
  });

  it('gives JSON of the form that was asked for', async () => {
    await using server = await startModelServer((_request, response) => answerChat(response, '{"euros": 9}'));
    const generator = createGenerator({ url: server.url, model: 'writer' });
    const { text, value } = await generator.generate({ ...QUESTION, json: form });
    assert.deepEqual([text, value], ['{"euros": 9}', { euros: 9 }]);
    assert.deepEqual(server.requests[0]?.body['response_format'], {
      type: 'json_schema',
      json_schema: { name: 'price', schema: form.schema, strict: true },
    });
  });

  for (const [content, finish, failure] of [
    ['{"euros": "nine"}', 'stop', 'malformed'],
    ['null', 'stop', 'malformed'],
    ['```json\n{"euros": 9}\n```', 'stop', 'malformed'],
    ['{"euros": 9', 'length', 'cut-short'],
    [null, 'stop', 'malformed'],
  ] as const) {
    it(`takes no JSON like ${JSON.stringify(content)}, ended by ${finish}`, async () => {
      await using server = await startModelServer((_request, response) =>
        answerChat(response, content, finish),
      );
      const generator = createGenerator({ url: server.url, model: 'writer' });
      await assert.rejects(generator.generate({ ...QUESTION, json: form }), failsWith(failure));
    });
  }

  for (const { what, answer, failure } of [...FAILURES, ...BAD_ANSWERS]) {
    it(`falls back after ${what}`, async () => {
      await using server = await startModelServer((_request, response) => answer(response));
      await using other = await startModelServer((_request, response) =>
        answerChat(response, 'Ask me later.'),
      );
      const calls: ModelCall[] = [];
      const generator = createGenerator({
        url: server.url,
        model: 'writer',
        maxResponseBytes: 2000,
        fallback: createGenerator({ url: other.url, model: 'other' }),
        onCall: (call) => calls.push(call),
      });
      const generation = await generator.generate(QUESTION);
      assert.deepEqual(generation, { model: 'other', text: 'Ask me later.', finish: 'stop' });
      assert.deepEqual(
        calls.map(({ operation, outcome, fellBack }) => [operation, outcome, fellBack]),
        [['generate', failure, true]],
      );
    });
  }
});

describe('createGenerator().stream()', () => {
  async function collect(pieces: AsyncIterable<string>): Promise<string[]> {
    return Array.fromAsync(pieces);
  }

  it('gives the pieces of an answer, however its bytes are cut', async () => {
    const pieces = ['Néun', ' €', '👍\n', 'Ende'];
    const bytes = Buffer.from(
      `: hello\n\n${pieces.map((piece) => pieceEvent(piece)).join('')}${pieceEvent(undefined, 'stop')}data: {"choices":[]}\n\ndata: [DONE]\n\n`,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: bytes.length }), { maxLength: 8 }), async (cuts) => {
        await using server = await startModelServer(async (_request, response) => {
          startEvents(response);
          const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
          for (let index = 1; index < places.length; index++) {
            const part = bytes.subarray(places[index - 1], places[index]);
            if (part.length > 0 && !response.write(part)) await once(response, 'drain');
          }
          response.end();
        });
        const generator = createGenerator({ url: server.url, model: 'writer' });
        assert.deepEqual(await collect(generator.stream(QUESTION)), pieces);
        assert.equal(server.requests[0]?.body['stream'], true);
      }),
      { numRuns: 20 },
    );
  });

  it('takes an end without the usual last words for one, where the answer had ended', async () => {
    await using server = await startModelServer((_request, response) => {
      startEvents(response);
      response.end(pieceEvent('Nine', 'stop'));
    });
    assert.deepEqual(await collect(createGenerator({ url: server.url, model: 'writer' }).stream(QUESTION)), [
      'Nine',
    ]);
  });

  for (const [what, end, failure] of [
    ['is cut', (response: ServerResponse) => void response.destroy(), 'cut-short'],
    ['ends early', (response: ServerResponse) => void response.end(), 'cut-short'],
    ['turns to garbage', (response: ServerResponse) => void response.end('data: {"cho\n\n'), 'malformed'],
    [
      'tells of a failure',
      (response: ServerResponse) => void response.end('data: {"error":{}}\n\n'),
      'status',
    ],
    ['grows without end', (response: ServerResponse) => void response.end('x'.repeat(3000)), 'too-large'],
    ['falls silent', () => undefined, 'timeout'],
  ] as const) {
    it(`throws within a stream that ${what}, and does not fall back then`, async () => {
      const heard = Promise.withResolvers<void>();
      await using server = await startModelServer(async (_request, response) => {
        startEvents(response);
        response.write(pieceEvent('Nine'));
        await heard.promise;
        end(response);
      });
      const calls: ModelCall[] = [];
      const generator = createGenerator({
        url: server.url,
        model: 'writer',
        apiKey: KEY,
        timeoutMs: failure === 'timeout' ? 20 : 5000,
        maxResponseBytes: 2000,
        fallback: createGenerator({ url: 'http://127.0.0.1:9/v1', model: 'never asked' }),
        onCall: (call) => calls.push(call),
      });
      const pieces: string[] = [];
      const listen = async (): Promise<void> => {
        for await (const piece of generator.stream(QUESTION)) {
          pieces.push(piece);
          heard.resolve();
        }
      };
      await assert.rejects(listen(), failsWith(failure));
      assert.deepEqual(pieces, ['Nine']);
      assert.deepEqual(
        calls.map(({ outcome, fellBack }) => [outcome, fellBack]),
        [[failure, false]],
      );
    });
  }

  for (const { what, answer } of [
    ...FAILURES,
    { what: 'an answer in one piece', answer: (response: ServerResponse) => answerChat(response, 'Nine') },
  ]) {
    it(`falls back after ${what}`, async () => {
      await using server = await startModelServer((_request, response) => answer(response));
      await using other = await startModelServer((_request, response) => {
        startEvents(response);
        response.end(`${pieceEvent('Ask')}${pieceEvent(' later', 'stop')}data: [DONE]\n\n`);
      });
      const fallback = createGenerator({ url: other.url, model: 'other' });
      const generator = createGenerator({ url: server.url, model: 'writer', fallback });
      assert.deepEqual(await collect(generator.stream(QUESTION)), ['Ask', ' later']);
    });
  }

  it('ends the request when nobody listens any more', async () => {
    const closed = Promise.withResolvers<void>();
    await using server = await startModelServer((_request, response) => {
      response.on('close', closed.resolve);
      startEvents(response);
      response.write(pieceEvent('Nine'));
    });
    const calls: ModelCall[] = [];
    const generator = createGenerator({
      url: server.url,
      model: 'writer',
      onCall: (call) => calls.push(call),
    });
    for await (const piece of generator.stream(QUESTION)) {
      assert.equal(piece, 'Nine');
      break;
    }
    await closed.promise;
    assert.deepEqual(
      calls.map(({ outcome }) => outcome),
      ['aborted'],
    );
  });

  it('ends with the reason of a caller who wants no more of it', async () => {
    const controller = new AbortController();
    const reason = new Error('never mind');
    await using server = await startModelServer((_request, response) => {
      startEvents(response);
      response.write(pieceEvent('Nine'));
    });
    const generator = createGenerator({ url: server.url, model: 'writer' });
    const listen = async (): Promise<void> => {
      for await (const _piece of generator.stream(QUESTION, controller.signal)) controller.abort(reason);
    };
    await assert.rejects(listen(), reason);
  });
});
