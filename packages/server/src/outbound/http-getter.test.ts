import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { OutboundError, type OutboundRequest } from './exchange.ts';
import { HttpGetter } from './http-getter.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server whose answers are written by the test. */
async function answering(answer: (call: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

const request = { headers: { accept: '*/*' }, timeoutMs: 10_000, responseBytesMax: 1000 };

function get(url: URL, more: Partial<OutboundRequest> = {}, addresses: 'any' | 'public' = 'any') {
  return new HttpGetter({ addresses, redirectsMax: 3 }).get(url, { ...request, ...more });
}

async function failureOf(getting: Promise<unknown>): Promise<OutboundError> {
  const failure = await getting.catch((error: unknown) => error);
  assert.ok(failure instanceof OutboundError, String(failure));
  return failure;
}

describe('HttpGetter', () => {
  it('answers what a page says, with its headers', async () => {
    const url = await answering(({ method, headers }, response) => {
      response.setHeader('content-type', 'text/plain; charset=x');
      response.end(`${method} ${headers.accept}`);
    });
    const { status, headers, body } = await get(url);
    assert.deepEqual(
      [status, headers['content-type'], String(body)],
      [200, 'text/plain; charset=x', 'GET */*'],
    );
  });

  it('goes where it is sent, so many times and no more', async () => {
    const url = await answering(({ url: path = '' }, response) => {
      const left = Number(path.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    assert.equal(String((await get(new URL('/3', url))).body), 'there');
    assert.equal((await failureOf(get(new URL('/4', url)))).kind, 'redirect');
  });

  for (const location of [
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'http://a:b@127.0.0.1/',
    'http://[',
    '',
  ]) {
    it(`does not go to ${JSON.stringify(location)}`, async () => {
      const url = await answering((_, response) => response.writeHead(301, { location }).end());
      assert.equal((await failureOf(get(url))).kind, 'redirect');
    });
  }

  it('keeps off private addresses, also where it is sent to one', async () => {
    let calls = 0;
    const url = await answering((_, response) => response.end(`${++calls}`));
    for (const address of [
      url,
      new URL(`http://localhost:${url.port}/`),
      new URL(`http://[::1]:${url.port}/`),
    ]) {
      assert.equal((await failureOf(get(address, {}, 'public'))).kind, 'refused-address');
    }
    assert.equal(calls, 0);
  });

  it('takes no longer for all redirects together than for one call', async () => {
    const url = await answering((_, response) => {
      setTimeout(() => response.writeHead(302, { location: '/' }).end(), 60);
    });
    const failure = await failureOf(get(url, { timeoutMs: 100 }));
    assert.equal(failure.kind, 'timeout');
  });

  it('gives up what is too large, what says no and what nobody waits for', async () => {
    const large = await answering((_, response) => response.end('x'.repeat(1001)));
    assert.equal((await failureOf(get(large))).kind, 'too-large');
    const absent = await answering((_, response) => response.writeHead(404).end());
    const failure = await failureOf(get(absent));
    assert.deepEqual([failure.kind, failure.status], ['status', 404]);
    const signal = AbortSignal.abort();
    assert.equal((await failureOf(get(large, { signal }))).kind, 'aborted');
  });
});
