import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKeyFile, readToken } from '../auth/service-account.test.fixture.ts';
import { useTestEnvironment } from '../environment.test.fixture.ts';
import {
  ClientOptionsError,
  type ClientSettings,
  ConversationProfilesClient,
  ConversationsAsyncClient,
  ConversationsClient,
  GrpcTransport,
  getTransportClass,
  ParticipantsClient,
  RestTransport,
  type RestTransportOptions,
  ServiceAccount,
} from '../index.ts';
import type { ClientClass } from './service-client.ts';

const environment = useTestEnvironment();
const keyFile = createKeyFile();
const NAME = 'projects/p/conversations/c';

function claimsOf(authorization: string | undefined): Readonly<Record<string, unknown>> {
  return readToken((authorization ?? '').replace('Bearer ', ''), keyFile).claims;
}

const clients: readonly ClientClass<object>[] = [
  ConversationsClient,
  ConversationProfilesClient,
  ParticipantsClient,
];

for (const Client of clients) {
  describe(Client.name, () => {
    for (const [label, host, Transport] of [
      ['grpc', 'dialogflow.googleapis.com:443', GrpcTransport],
      ['grpc_asyncio', 'dialogflow.googleapis.com:443', GrpcTransport],
      ['rest', 'dialogflow.googleapis.com:443', RestTransport],
    ] as const) {
      for (const [name, make] of [
        [
          'fromServiceAccountInfo()',
          (settings: ClientSettings) => Client.fromServiceAccountInfo(keyFile, settings),
        ],
        [
          'fromServiceAccountFile()',
          (settings: ClientSettings) =>
            Client.fromServiceAccountFile(environment.write('key.json', keyFile), settings),
        ],
        [
          'fromServiceAccountJson()',
          (settings: ClientSettings) =>
            Client.fromServiceAccountJson(environment.write('key.json', keyFile), settings),
        ],
      ] as const) {
        it(`${name} makes one that calls over ${label} as that account`, async () => {
          await using client = make({ transport: label });
          assert.ok(client instanceof Client);
          assert.ok(client.transport instanceof Transport);
          assert.equal(client.transport.host, host);
          const headers = await client.transport.credentials?.();
          const claims = claimsOf(headers?.['authorization']);
          assert.equal(claims['iss'], keyFile.client_email);
          assert.equal(claims['aud'], 'https://dialogflow.googleapis.com/');
        });
      }
    }

    it('passes the settings beside an account on', async () => {
      const clientOptions = { apiEndpoint: 'squid.clam.whelk', scopes: ['a', 'b'], quotaProjectId: 'q' };
      await using client = Client.fromServiceAccountInfo(keyFile, { transport: 'rest', clientOptions });
      assert.equal(client.transport.host, 'squid.clam.whelk:443');
      const headers = await client.transport.credentials?.();
      assert.equal(claimsOf(headers?.['authorization'])['scope'], 'a b');
      assert.equal(headers?.['x-goog-user-project'], 'q');
    });

    it('refuses a key that lacks a field, and names it', () => {
      const { private_key: _, ...rest } = keyFile;
      const path = environment.write('key.json', rest);
      const message = 'was not in the expected format, missing fields private_key';
      assert.throws(() => Client.fromServiceAccountFile(path), new ClientOptionsError(`${path} ${message}`));
      assert.throws(
        () => Client.fromServiceAccountInfo(rest),
        new ClientOptionsError(`the service account info ${message}`),
      );
    });

    it('refuses an account beside an API key, and with a transport that is made already', () => {
      const clientOptions = { apiKey: 'k' };
      assert.throws(
        () => Client.fromServiceAccountInfo(keyFile, { clientOptions }),
        new ClientOptionsError('clientOptions.apiKey and credentials are mutually exclusive'),
      );
      const transport = new RestTransport({ credentials: 'none' });
      assert.throws(
        () => Client.fromServiceAccountInfo(keyFile, { transport }),
        new ClientOptionsError('When providing a transport instance, provide its credentials directly.'),
      );
    });

    it('has the transport that it was given, and closes it', async () => {
      const transport = new RestTransport({ host: 'foo.example', credentials: 'none' });
      const client = new Client({ transport });
      assert.equal(client.transport, transport);
      await client.close();
      await client.close();
    });

    it('speaks gRPC where nobody says otherwise', async () => {
      await using client = new Client({ credentials: 'none' });
      assert.ok(client.transport instanceof GrpcTransport);
      assert.equal(client.transport.kind, 'grpc');
    });

    it('has the choice of transports and of endpoints', () => {
      assert.equal(Client.getTransportClass, getTransportClass);
      assert.deepEqual(Client.getMtlsEndpointAndCertSource(), ['dialogflow.googleapis.com', undefined]);
    });
  });
}

describe('ConversationsAsyncClient', () => {
  it('is the same class under the name that it has in Python', () => {
    assert.equal(ConversationsAsyncClient, ConversationsClient);
  });
});

describe('a call', () => {
  /** The headers that a call has, as the platform's fetch is given them. */
  async function headersOf(
    options: RestTransportOptions,
    settings: Pick<ClientSettings, 'clientInfo'> = {},
  ): Promise<Readonly<Record<string, string>>> {
    let sent: Readonly<Record<string, string>> = {};
    const fetch: RestTransportOptions['fetch'] = async (_, { headers }) => {
      sent = Object.fromEntries(new Headers(headers));
      return new Response(JSON.stringify({ name: NAME }), {
        headers: { 'content-type': 'application/json' },
      });
    };
    const transport = new RestTransport({ host: 'foo.example', fetch, ...options, ...settings });
    await using client = new ConversationsClient({ transport });
    assert.equal((await client.getConversation({ name: NAME })).name, NAME);
    return sent;
  }

  it('has nobody in it without credentials', async () => {
    const sent = await headersOf({ credentials: 'none' });
    assert.deepEqual(Object.keys(sent).sort(), ['x-goog-api-client', 'x-goog-request-params']);
  });

  it('has a token', async () => {
    const sent = await headersOf({ credentials: async () => 't', quotaProjectId: 'q' });
    assert.equal(sent['authorization'], 'Bearer t');
    assert.equal(sent['x-goog-user-project'], 'q');
  });

  it('has an API key', async () => {
    const sent = await headersOf({ apiKey: 'k' });
    assert.equal(sent['x-goog-api-key'], 'k');
    assert.ok(!('authorization' in sent));
  });

  it('has a token that the account signed', async () => {
    const sent = await headersOf({
      credentials: new ServiceAccount(keyFile),
      apiAudience: 'https://foo.example/',
    });
    assert.equal(claimsOf(sent['authorization'])['aud'], 'https://foo.example/');
  });

  it('says which client it comes from', async () => {
    const plain = (await headersOf({ credentials: 'none' }))['x-goog-api-client'];
    assert.match(plain ?? '', /^gl-node\/\S+ rest\/\S+ gapic\/\S+$/);
    const clientInfo = { userAgent: 'my-program/1.2' };
    const named = (await headersOf({ credentials: 'none' }, { clientInfo }))['x-goog-api-client'];
    assert.equal(named, `my-program/1.2 ${plain}`);
  });
});
