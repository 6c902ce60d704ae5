import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { HttpPoster } from '../outbound/http-poster.ts';
import { applicationDefaultCredentials, PubsubSink } from './pubsub-sink.ts';

describe('applicationDefaultCredentials()', () => {
  it('says in one line that the package is absent', async () => {
    await assert.rejects(
      applicationDefaultCredentials('not-installed-anywhere'),
      /^Error: --events pubsub needs the package not-installed-anywhere \(npm install .+\), or PUBSUB_EMULATOR_HOST$/u,
    );
  });

  it('loads the package without looking for credentials', async () => {
    assert.equal(typeof (await applicationDefaultCredentials()), 'function');
  });
});

const EVENT = {
  id: 'e',
  topic: 'projects/a b/locations/global/topics/t',
  orderingKey: 'c',
  data: new Uint8Array(),
  attributes: {},
  publishTime: 1,
};

describe('PubsubSink', () => {
  for (const [answer, isTaken] of [
    ['{"messageIds":["1","2"]}', true],
    ['{"messageIds":["1"]}', false],
    ['{"messageIds":[]}', false],
    ['{"messageIds":"12"}', false],
    ['{}', false],
    ['null', false],
    ['', false],
    ['<html>Welcome to our network</html>', false],
  ] as const) {
    it(`${isTaken ? 'takes' : 'does not take'} ${JSON.stringify(answer)} for two messages that are published`, async () => {
      const server = createServer((_request, response) => response.end(answer)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const poster = new HttpPoster({ addresses: 'any' });
      const sink = new PubsubSink({ base, credentials: async () => ({}), poster });
      const sent = sink.send([EVENT, EVENT], new AbortController().signal);
      if (isTaken) await sent;
      else await assert.rejects(sent, { name: 'DeliveryError', scope: 'sink', forGood: false });
      sink.close();
      server.close();
    });
  }

  it('sends the headers of its credentials, and nothing where there are none', async () => {
    const poster = new HttpPoster({ addresses: 'any' });
    const asked: string[] = [];
    const sink = new PubsubSink({
      base: 'http://127.0.0.1:1',
      credentials: async (url) => {
        asked.push(url.href);
        throw new Error('no credentials');
      },
      poster,
    });
    await assert.rejects(sink.send([EVENT], new AbortController().signal), {
      message: 'no credentials',
      scope: 'sink',
    });
    assert.deepEqual(asked, ['http://127.0.0.1:1/v1/projects/a%20b/topics/t:publish']);
    sink.close();
  });
});
