import assert from 'node:assert/strict';
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

describe('PubsubSink', () => {
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
    const event = {
      id: 'e',
      topic: 'projects/a b/locations/global/topics/t',
      orderingKey: 'c',
      data: new Uint8Array(),
      attributes: {},
      publishTime: 1,
    };
    await assert.rejects(sink.send([event], new AbortController().signal), {
      message: 'no credentials',
      scope: 'sink',
    });
    assert.deepEqual(asked, ['http://127.0.0.1:1/v1/projects/a%20b/topics/t:publish']);
    sink.close();
  });
});
