import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type ClientSettings, ConversationsClient, UnavailableError } from '@parleykit/client';
import { openTarget, type Target } from '../target.ts';
import { collect, newParent } from './scene.ts';

/** Programs that were written for Google's endpoint. */
const programs: readonly { name: string; settings: ClientSettings }[] = [
  { name: 'nothing', settings: {} },
  {
    name: 'the endpoint of a region',
    settings: { clientOptions: { apiEndpoint: 'europe-west2-dialogflow.googleapis.com' } },
  },
  {
    name: 'a function that answers no token',
    settings: {
      credentials: () => {
        throw new Error('nobody needs a token here');
      },
    },
  },
  { name: 'an API key', settings: { clientOptions: { apiKey: 'key', quotaProjectId: 'project' } } },
];

let target: Target;
/** Stands where Google's machines have their metadata, and keeps everybody waiting. */
let metadata: Server;
let probes = 0;

before(async () => {
  target = await openTarget();
  metadata = createServer(() => {
    probes += 1;
  });
  metadata.listen(0, '127.0.0.1');
  await once(metadata, 'listening');
  process.env['GCE_METADATA_HOST'] = `127.0.0.1:${(metadata.address() as AddressInfo).port}`;
});
after(async () => {
  metadata.close();
  await target[Symbol.asyncDispose]();
});

for (const transport of ['grpc', 'grpc_asyncio', 'rest'] as const) {
  describe(`DIALOGFLOW_EMULATOR_HOST over ${transport}`, () => {
    for (const { name, settings } of programs) {
      it(`leads a client that is made with ${name} to the server`, async () => {
        process.env['DIALOGFLOW_EMULATOR_HOST'] = target.address;
        await using client = new ConversationsClient({ transport, ...settings });
        assert.equal(client.transport.host, target.address);
        assert.deepEqual(await collect(client.listConversations({ parent: newParent() })), []);
        assert.equal(probes, 0);
      });
    }

    it('fails at once where nobody listens', { timeout: 10_000 }, async () => {
      const gone = createServer().listen(0, '127.0.0.1');
      await once(gone, 'listening');
      const { port } = gone.address() as AddressInfo;
      gone.close();
      await once(gone, 'close');
      process.env['DIALOGFLOW_EMULATOR_HOST'] = `127.0.0.1:${port}`;
      await using client = new ConversationsClient({ transport });
      await assert.rejects(client.getConversation({ name: 'projects/p/conversations/c' }), UnavailableError);
      assert.equal(probes, 0);
    });
  });
}
