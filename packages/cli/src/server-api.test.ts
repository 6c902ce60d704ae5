import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { readTarget } from './command-line.ts';
import { ServerApi, ServerApiError } from './server-api.ts';

/** What a server answers, piece by piece; it breaks off where there is no more and no `]`. */
let pieces: readonly string[] = [];
let status = 200;
const left = new Set<ServerResponse>();
const server = createServer(async (_request, response) => {
  response.on('close', () => left.add(response));
  response.writeHead(status, { 'content-type': 'application/json' });
  for (const piece of pieces) {
    response.write(piece);
    await new Promise(setImmediate);
  }
  if (status !== 200 || pieces.at(-1)?.endsWith(']')) response.end();
  else response.destroy();
});
let api: ServerApi;
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  api = new ServerApi(readTarget({ server: `127.0.0.1:${port}` }, {}), new AbortController().signal);
});
beforeEach(() => {
  status = 200;
});
after(() => server.close());

async function heard(...answer: string[]): Promise<unknown[]> {
  pieces = answer;
  const replies: unknown[] = [];
  try {
    for await (const reply of api.stream('watched')) replies.push(reply);
  } catch (error) {
    assert.ok(error instanceof ServerApiError);
    replies.push(error.status);
  }
  return replies;
}

describe('ServerApi.stream()', () => {
  it('gives replies as they come, however the connection cuts them', async () => {
    const text = '[{"a":"é,]"}\n,{"b":[{}]}\n   ,{}\n]';
    const all = [{ a: 'é,]' }, { b: [{}] }, {}];
    assert.deepEqual(await heard(text), all);
    assert.deepEqual(await heard(...text.split(/(?<=.)/su)), all);
    assert.deepEqual(await heard('[]'), []);
  });

  it('gives a reply before the next one is there', async () => {
    assert.deepEqual(await heard('[{"a":1}\n'), [{ a: 1 }, 'AWAY']);
  });

  it('throws the error that a stream ends with, and what is no reply', async () => {
    const error = '{"error":{"status":"UNAVAILABLE","message":"stops"}}';
    assert.deepEqual(await heard(`[{"a":1}\n,${error}\n]`), [{ a: 1 }, 'UNAVAILABLE']);
    assert.deepEqual(await heard('[{"a":1}\n,2\n]'), [{ a: 1 }, 'STRANGER']);
  });

  for (const { what, body, want } of [
    { what: 'a refusal', body: '{"error":{"status":"NOT_FOUND","message":"no"}}', want: 'NOT_FOUND' },
    { what: 'that there is no such method', body: '<h1>Not Found</h1>', want: 'STRANGER' },
  ]) {
    it(`throws ${what}`, async () => {
      status = 404;
      assert.deepEqual(await heard(body), [want]);
    });
  }

  it('leaves the call with the loop', async () => {
    pieces = ['[{"a":1}\n', ' '.repeat(10)];
    for await (const _ of api.stream('watched')) break;
    while (left.size === 0) await new Promise(setImmediate);
  });
});
