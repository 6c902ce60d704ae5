import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import { FulfillmentSchema, WebhookRequestSchema } from '@parleykit/proto/v2beta1';
import { HttpPoster } from '../outbound/http-poster.ts';
import { Webhook, WebhookError, type WebhookSettings, webhookSettings } from './webhook.ts';
import { Listener } from './webhook-listener.test.fixture.ts';

describe('Webhook', () => {
  const listener = new Listener();
  const poster = new HttpPoster({ addresses: 'any' });
  const { signal } = new AbortController();
  const request = create(WebhookRequestSchema, {
    session: 'projects/p/agent/sessions/s',
    responseId: 'r-1',
    queryResult: { queryText: 'hello', parameters: { n: 1 }, intentDetectionConfidence: 1 },
  });
  let url: URL;
  before(async () => {
    url = await listener.listen();
  });
  after(() => {
    poster.close();
    listener.close();
  });

  function webhook(settings: Omit<WebhookSettings, 'url'> = {}): Webhook {
    return new Webhook({ url, ...settings }, poster);
  }

  it('posts the request in JSON, and reads the answer', async () => {
    listener.answer = (response) =>
      response.end(JSON.stringify({ fulfillmentText: 'Hi.', outputContexts: null, unknown: { x: 1 } }));
    const response = await webhook().call(request, { signal });
    assert.equal(response.fulfillmentText, 'Hi.');
    assert.deepEqual(JSON.parse(listener.body.toString()), {
      session: 'projects/p/agent/sessions/s',
      responseId: 'r-1',
      queryResult: { queryText: 'hello', parameters: { n: 1 }, intentDetectionConfidence: 1 },
    });
    assert.equal(listener.headers['content-type'], 'application/json');
    assert.equal(listener.headers['idempotency-key'], 'r-1');
    assert.equal(listener.headers.authorization, undefined);
  });

  it('sends the headers of the settings and of the call, but none that are not theirs to say', async () => {
    listener.answer = (response) => response.end('{}');
    const headers = {
      'X-Own': 'a',
      'X-Both': 'a',
      Host: 'evil',
      'bad name': 'x',
      '': '',
      'X-Break': 'a\r\nb: c',
    };
    await webhook({ username: 'ada', password: 'pw', headers }).call(request, {
      signal,
      headers: {
        'x-both': 'b',
        'Content-Length': '1',
        'content-type': 'text/plain',
        'transfer-encoding': 'chunked',
      },
    });
    assert.equal(listener.headers['x-own'], 'a');
    assert.equal(listener.headers['x-both'], 'b');
    assert.equal(listener.headers['x-break'], undefined);
    assert.equal(listener.headers.host, url.host);
    assert.equal(listener.headers['content-type'], 'application/json');
    assert.equal(listener.headers.authorization, `Basic ${Buffer.from('ada:pw').toString('base64')}`);
  });

  it('signs what it sends where there is a secret', async () => {
    listener.answer = (response) => response.end('{}');
    const secret = Buffer.from('secret');
    const headers = { 'parley-signature': 'v1=forged' };
    await webhook({ secret }).call(request, { signal, headers });
    const timestamp = listener.headers['parley-timestamp'];
    assert.match(String(timestamp), /^\d{10}$/u);
    const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(listener.body).digest('hex');
    assert.equal(listener.headers['parley-signature'], `v1=${expected}`);
    await webhook().call(request, { signal, headers });
    assert.equal(listener.headers['parley-signature'], undefined);
  });

  const failures: readonly {
    readonly name: string;
    readonly answer: (response: ServerResponse) => void;
    readonly code: Code;
    readonly message: RegExp;
    readonly transient: boolean;
  }[] = [
    {
      name: 'a refusal',
      answer: (response) => response.writeHead(401).end('who are you'),
      code: Code.UNAUTHENTICATED,
      message: /answered 401 Unauthorized: who are you$/u,
      transient: false,
    },
    {
      name: 'a failure',
      answer: (response) => response.writeHead(500).end(),
      code: Code.UNAVAILABLE,
      message: /answered 500/u,
      transient: true,
    },
    {
      name: 'a redirect',
      answer: (response) => response.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
      code: Code.UNAVAILABLE,
      message: /redirects are not followed$/u,
      transient: false,
    },
    {
      name: 'more than 64 KiB',
      answer: (response) => response.end(`{"source":"${'a'.repeat(65_536)}"}`),
      code: Code.INVALID_ARGUMENT,
      message: /more than 65536 bytes$/u,
      transient: false,
    },
    {
      name: 'no JSON',
      answer: (response) => response.end('<html>'),
      code: Code.INVALID_ARGUMENT,
      message: /^its answer is not a WebhookResponse in JSON: [^\n]+$/u,
      transient: false,
    },
    {
      name: 'a page that begins with an empty line',
      answer: (response) => response.end('\n\u001b<html>\n'),
      code: Code.INVALID_ARGUMENT,
      message: /^its answer is not a WebhookResponse in JSON: [^\p{Cc}]* is not valid JSON$/u,
      transient: false,
    },
    {
      name: 'an empty answer',
      answer: (response) => response.end(),
      code: Code.INVALID_ARGUMENT,
      message: /^its answer is not a WebhookResponse in JSON/u,
      transient: false,
    },
    {
      name: 'an empty value of the wrong type',
      answer: (response) => response.end('{"outputContexts": ""}'),
      code: Code.INVALID_ARGUMENT,
      message: /^its answer is not a WebhookResponse in JSON: .*output_contexts/u,
      transient: false,
    },
    {
      name: 'an answer that no client could read',
      answer: (response) => response.end(`{"payload":{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`),
      code: Code.INVALID_ARGUMENT,
      message: /: it nests deeper than 36 levels$/u,
      transient: false,
    },
    {
      name: 'a broken connection',
      answer: (response) => response.destroy(),
      code: Code.UNAVAILABLE,
      message: /cannot be reached/u,
      transient: true,
    },
  ];
  for (const { name, answer, code, message, transient } of failures) {
    it(`tells of ${name} in one line`, async () => {
      listener.answer = answer;
      await assert.rejects(
        webhook({ password: 'hidden', username: 'u' }).call(request, { signal }),
        (error) => {
          assert.ok(error instanceof WebhookError);
          assert.deepEqual([error.code, error.transient], [code, transient]);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /hidden/u);
          return true;
        },
      );
    });
  }

  it('gives up with the caller', async () => {
    const caller = new AbortController();
    listener.answer = () => caller.abort(new Error('hung up'));
    await assert.rejects(webhook().call(request, { signal: caller.signal }), /hung up/u);
  });
});

describe('webhookSettings()', () => {
  const service = {
    uri: 'https://example.com/hook',
    username: 'ada',
    password: 'pw',
    requestHeaders: { a: 'b' },
  };
  const fulfillment = (value: Partial<typeof service>, enabled = true) =>
    create(FulfillmentSchema, {
      enabled,
      fulfillment: { case: 'genericWebService', value: { ...service, ...value } },
    });

  it('reads those of an agent', () => {
    assert.deepEqual(webhookSettings(fulfillment({})), {
      url: new URL('https://example.com/hook'),
      username: 'ada',
      password: 'pw',
      headers: { a: 'b' },
    });
  });

  it('is nothing where fulfillment is off or says no address that can be called', () => {
    assert.equal(webhookSettings(fulfillment({}, false)), undefined);
    assert.equal(webhookSettings(create(FulfillmentSchema, { enabled: true })), undefined);
    for (const uri of ['', 'no address', 'ftp://example.com', 'javascript:alert(1)']) {
      assert.equal(webhookSettings(fulfillment({ uri })), undefined);
    }
  });
});
