import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { NotFoundError, UnavailableError, UnimplementedError } from '@parleykit/client';
import { Holds, holdHeaders } from './holds.ts';

const name = 'projects/p/conversations/c';
const missing = { status: 404, body: '{"error":{"details":[{"reason": "RESOURCE_NOT_FOUND"}]}}' };
const unknown = { status: 404, body: '<html>Not Found</html>' };
const found = { status: 200, body: '{}' };

type Answer = typeof found;

/** Answers a reading of a hold and the placing of one as told, and remembers what it was asked. */
let answers: { readonly get: Answer; readonly post: Answer } = { get: found, post: found };
const asked: string[] = [];
const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  const text = (await request.toArray()).join('');
  asked.push(`${request.method} ${request.url} ${text}`.trim());
  const { status, body } = request.method === 'GET' ? answers.get : answers.post;
  response.writeHead(status).end(body);
});
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => server.close());

function open(told: typeof answers, { isAsked = false, signal = new AbortController().signal } = {}): Holds {
  answers = told;
  asked.length = 0;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new Holds({ url, name: 'the server', isLocal: true, account: undefined }, { signal, isAsked });
}

const reading = `GET /admin/v1/${name}/hold`;
const placing = `POST /admin/v1/${name}:hold {"reason":"parley import"}`;

describe('Holds', () => {
  it('asks no more once a conversation was held from its start', async () => {
    const holds = open({ get: found, post: found });
    assert.deepEqual([await holds.holdCreated(name), await holds.holdCreated(name)], [true, true]);
    assert.deepEqual(asked, [reading]);
    assert.deepEqual(holdHeaders, { 'parley-hold': 'parley import' });
  });

  it('holds each by a call where the header is not heeded', async () => {
    const holds = open({ get: missing, post: found });
    assert.deepEqual([await holds.holdCreated(name), await holds.holdCreated(name)], [true, true]);
    assert.deepEqual(asked, [reading, placing, reading, placing]);
  });

  it('holds by a call what was there before', async () => {
    const holds = open({ get: found, post: found });
    await holds.holdCreated(name);
    assert.equal(await holds.hold(name), true);
    assert.deepEqual(asked, [reading, placing]);
  });

  it('leaves servers alone that have no holds', async () => {
    const holds = open({ get: unknown, post: unknown });
    assert.deepEqual([await holds.holdCreated(name), await holds.holdCreated(name)], [false, false]);
    assert.equal(await holds.hold(name), false);
    assert.deepEqual(asked, [reading, placing]);
  });

  it('refuses servers without holds where holds were asked for', async () => {
    const holds = open({ get: unknown, post: unknown }, { isAsked: true });
    await assert.rejects(holds.holdCreated(name), UnimplementedError);
  });

  it('tells a conversation that is gone from a server that is in trouble', async () => {
    await assert.rejects(open({ get: missing, post: missing }).holdCreated(name), NotFoundError);
    const trouble = { status: 503, body: '' };
    await assert.rejects(open({ get: trouble, post: found }).holdCreated(name), UnavailableError);
    await assert.rejects(open({ get: missing, post: trouble }).hold(name), UnavailableError);
  });

  it('can be aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(open({ get: found, post: found }, { signal }).holdCreated(name), /enough/u);
  });
});
