import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createKeyFile, readToken } from '../auth/service-account.test.fixture.ts';
import { ServiceAccount } from '../auth/service-account.ts';
import { createCertificates } from '../certificates.test.fixture.ts';
import { useTestEnvironment } from '../environment.test.fixture.ts';
import {
  CancelledError,
  ClientOptionsError,
  DeadlineExceededError,
  UnauthenticatedError,
} from '../errors.ts';
import {
  type ClientSettings,
  GrpcTransport,
  getTransportClass,
  openTransport,
  RestTransport,
  type RestTransportOptions,
  type ServiceTransport,
  type TransportLabel,
  type TransportOptions,
} from './service-transports.ts';
import type { Transport, TransportCall, TransportReply, TransportStream } from './transport.ts';

const environment = useTestEnvironment();
const keyFile = createKeyFile();

const CALL: TransportCall = {
  method: {
    name: 'Say',
    localName: 'say',
    service: 'test.Notes',
    kind: 'unary',
    input: { typeName: 'test.Note' },
    output: { typeName: 'test.Note' },
    http: [],
    routing: [],
    flattened: [],
    pagedField: undefined,
  },
  headers: {},
  deadline: undefined,
  signal: undefined,
};

/** A wire that leads nowhere, and says so. */
class Channel implements Transport {
  readonly kind: 'grpc' | 'rest';
  readonly host = 'channel.example:1';
  closed = 0;

  constructor(kind: 'grpc' | 'rest') {
    this.kind = kind;
  }
  async unary(): Promise<TransportReply> {
    return { message: { text: 'unary' }, headers: {}, trailers: {} };
  }
  stream(): TransportStream {
    return Object.assign(
      (async function* () {
        yield { text: 'stream' };
      })(),
      { headers: Promise.resolve({}), trailers: Promise.resolve({}) },
    );
  }
  async close(): Promise<void> {
    this.closed += 1;
  }
}

async function headersOf(transport: ServiceTransport): Promise<unknown> {
  return transport.credentials === undefined ? undefined : transport.credentials();
}

async function claimsOf(transport: ServiceTransport): Promise<Readonly<Record<string, unknown>>> {
  const headers = await transport.credentials?.();
  return readToken((headers?.['authorization'] ?? '').replace('Bearer ', ''), keyFile).claims;
}

describe('getTransportClass()', () => {
  it('answers the class of a label', () => {
    assert.equal(getTransportClass('grpc'), GrpcTransport);
    assert.equal(getTransportClass('grpc_asyncio'), GrpcTransport);
    assert.equal(getTransportClass('rest'), RestTransport);
    assert.equal(getTransportClass(), GrpcTransport);
  });

  for (const label of ['graphql', '', 'constructor']) {
    it(`refuses '${label}'`, () => {
      const message = `there is no transport '${label}': there are grpc, grpc_asyncio and rest`;
      assert.throws(() => getTransportClass(label as TransportLabel), new ClientOptionsError(message));
    });
  }
});

for (const [Class, kind] of [
  [GrpcTransport, 'grpc'],
  [RestTransport, 'rest'],
] as const) {
  describe(Class.name, () => {
    it(`speaks ${kind}, to the service itself by default`, async () => {
      await using transport = closing(new Class({ credentials: 'none' }));
      assert.equal(transport.kind, kind);
      assert.equal(transport.host, 'dialogflow.googleapis.com:443');
      assert.equal(transport.channel?.kind, kind);
      assert.equal(transport.channel?.host, 'dialogflow.googleapis.com:443');
    });

    for (const { name, options, variables = {}, host } of [
      { name: 'a host without a port', options: { host: 'foo.example' }, host: 'foo.example:443' },
      { name: 'a host with a port', options: { host: 'foo.example:8000' }, host: 'foo.example:8000' },
      { name: 'a host in plain text', options: { host: 'http://[::1]:8470' }, host: '[::1]:8470' },
      { name: 'a universe', options: { universeDomain: 'foo.com' }, host: 'dialogflow.foo.com:443' },
      {
        name: 'the emulator',
        options: {},
        variables: { DIALOGFLOW_EMULATOR_HOST: 'localhost:8470' },
        host: 'localhost:8470',
      },
      {
        name: 'a host beside the emulator',
        options: { host: 'foo.example' },
        variables: { DIALOGFLOW_EMULATOR_HOST: 'localhost:8470' },
        host: 'foo.example:443',
      },
    ] as { name: string; options: TransportOptions; variables?: Record<string, string>; host: string }[]) {
      it(`goes to ${host} for ${name}`, async () => {
        for (const [variable, value] of Object.entries(variables)) environment.set(variable, value);
        await using transport = closing(new Class({ credentials: 'none', ...options }));
        assert.equal(transport.host, host);
      });
    }

    it('uses the channel that it is given, without any credentials, and closes it', async () => {
      const channel = new Channel(kind);
      const transport = new Class({ channel, credentials: () => 't', apiAudience: 'x' });
      assert.equal(transport.channel, channel);
      assert.equal(transport.host, 'channel.example:1');
      assert.equal(transport.credentials, undefined);
      assert.deepEqual((await transport.unary(CALL, {})).message, { text: 'unary' });
      const streamed = await Array.fromAsync(transport.stream(CALL, []));
      assert.deepEqual(streamed, [{ text: 'stream' }]);
      await transport.close();
      assert.equal(channel.closed, 1);
    });

    it('signs with a service account for the service, the audience or the scopes', async () => {
      const credentials = new ServiceAccount(keyFile);
      const claims = async (more: TransportOptions) => {
        await using transport = closing(new Class({ host: 'foo.example', credentials, ...more }));
        return claimsOf(transport);
      };
      assert.equal((await claims({}))['aud'], 'https://dialogflow.googleapis.com/');
      assert.equal((await claims({ apiAudience: 'https://x.example/' }))['aud'], 'https://x.example/');
      assert.equal((await claims({ scopes: ['a', 'b'] }))['scope'], 'a b');
    });

    it('finds Application Default Credentials where none are given', async () => {
      environment.set('GOOGLE_APPLICATION_CREDENTIALS', environment.write('key.json', keyFile));
      await using transport = closing(new Class());
      assert.equal((await claimsOf(transport))['iss'], keyFile.client_email);
    });

    it('sends no credentials to the emulator, and nothing but the project in plain text', async () => {
      const options = { credentials: () => 't', quotaProjectId: 'q' };
      await using plain = closing(new Class({ host: 'http://foo.example' }));
      await using paid = closing(new Class({ host: 'http://foo.example', quotaProjectId: 'q' }));
      await using local = closing(new Class({ host: 'http://localhost:8470', ...options }));
      assert.equal(plain.credentials, undefined);
      assert.deepEqual(await headersOf(paid), { 'x-goog-user-project': 'q' });
      assert.deepEqual(await headersOf(local), { authorization: 'Bearer t', 'x-goog-user-project': 'q' });
      environment.set('DIALOGFLOW_EMULATOR_HOST', 'localhost:8470');
      await using emulated = closing(new Class(options));
      assert.equal(emulated.credentials, undefined);
    });

    const refused: readonly { name: string; options: unknown; message: string }[] = [
      { name: 'what is no object', options: 'x', message: 'a transport is made with an object of options' },
      {
        name: 'an unknown option',
        options: { foo: 1 },
        message: "a transport does not accept an option 'foo'",
      },
      { name: 'a host that is a number', options: { host: 5 }, message: 'host must be a string' },
      {
        name: 'a channel of another kind',
        options: { channel: new Channel(kind === 'grpc' ? 'rest' : 'grpc') },
        message: `the channel speaks ${kind === 'grpc' ? 'rest' : 'grpc'}, the transport speaks ${kind}`,
      },
      {
        name: 'credentials twice',
        options: { credentials: 'none', credentialsFile: 'f' },
        message: "'credentialsFile' and 'credentials' are mutually exclusive",
      },
      {
        name: 'a key and a file',
        options: { apiKey: 'k', credentialsFile: 'f' },
        message: 'apiKey and credentialsFile are mutually exclusive',
      },
      {
        name: 'a key and credentials',
        options: { apiKey: 'k', credentials: () => 't' },
        message: 'apiKey and credentials are mutually exclusive',
      },
      {
        name: 'credentials in plain text',
        options: { host: 'http://foo.example', credentials: () => 't' },
        message: 'credentials are not sent in plain text, as they would be to foo.example:80',
      },
      {
        name: 'an API key in plain text',
        options: { host: 'foo.example', sslCredentials: 'plaintext', apiKey: 'k' },
        message: 'credentials are not sent in plain text, as they would be to foo.example:443',
      },
      {
        name: 'plain text with sslCredentials',
        options: { host: 'http://localhost', sslCredentials: { servername: 'x' } },
        message: 'a host in plain text and sslCredentials are mutually exclusive',
      },
      {
        name: 'a certificate without a key',
        options: { sslCredentials: { cert: 'x' } },
        message: 'the cert and the key of sslCredentials belong together',
      },
      {
        name: 'sslCredentials that are a certificate',
        options: { sslCredentials: 'PEM' },
        message: "sslCredentials must be an object or 'plaintext'",
      },
      {
        name: 'a certificate source that is a pair',
        options: { clientCertSourceForMtls: ['cert', 'key'] },
        message: 'clientCertSourceForMtls must be a function',
      },
      {
        name: 'alwaysUseJwtAccess in words',
        options: { alwaysUseJwtAccess: 'yes' },
        message: 'alwaysUseJwtAccess must be true or false',
      },
      {
        name: 'client info that is a text',
        options: { clientInfo: 'my-program/1' },
        message: 'clientInfo must be an object',
      },
      {
        name: 'unknown client info',
        options: { clientInfo: { user_agent: 'my-program/1' } },
        message: "clientInfo does not accept 'user_agent'",
      },
      {
        name: 'client info that no header can have',
        options: { clientInfo: { userAgent: 'my-program/1\r\nx: y' } },
        message: 'userAgent of clientInfo must be text of visible ASCII characters',
      },
    ];
    for (const { name, options, message } of refused) {
      it(`refuses ${name}`, () => {
        assert.throws(() => new Class(options as TransportOptions), new ClientOptionsError(message));
      });
    }

    const sources: readonly { name: string; source: () => unknown; message: RegExp }[] = [
      {
        name: 'throws',
        source: () => {
          throw new Error('no luck');
        },
        message: /^no client certificate: no luck$/,
      },
      {
        name: 'rejects',
        source: () => Promise.reject('no luck'),
        message: /^no client certificate: no luck$/,
      },
      { name: 'answers no pair', source: () => 'cert', message: /: the source answered no pair/ },
      {
        name: 'answers what is no PEM',
        source: () => ['cert', 'key'],
        message: /: that of the source cannot be used: /,
      },
      { name: 'answers half a pair', source: async () => ['cert'], message: /: the source answered no pair/ },
    ];
    for (const { name, source, message } of sources) {
      it(`fails calls with UNAUTHENTICATED when a certificate source ${name}, and asks again`, async () => {
        let asked = 0;
        const counted = () => {
          asked += 1;
          return source();
        };
        const transport = new Class({
          credentials: 'none',
          clientCertSourceForMtls: counted as () => readonly [string, string],
        });
        const isRefusal = (error: unknown): boolean =>
          error instanceof UnauthenticatedError && message.test(error.message);
        assert.equal(asked, 0);
        await assert.rejects(transport.unary(CALL, {}), isRefusal);
        await assert.rejects(Array.fromAsync(transport.stream(CALL, [])), isRefusal);
        assert.equal(asked, 2);
        assert.equal(transport.channel, undefined);
      });
    }

    it('asks a certificate source once for all, and gives up when a call does, or the client', async () => {
      let asked = 0;
      const transport = new Class({
        credentials: 'none',
        clientCertSourceForMtls: () => {
          asked += 1;
          return new Promise(() => {});
        },
      });
      const controller = new AbortController();
      const aborted = transport.unary({ ...CALL, signal: controller.signal }, {});
      const late = transport.unary({ ...CALL, deadline: performance.now() }, {});
      const streamed = Array.fromAsync(transport.stream(CALL, []));
      const closed = transport.unary(CALL, {});
      controller.abort();
      await assert.rejects(aborted, CancelledError);
      await assert.rejects(late, DeadlineExceededError);
      await Promise.all([
        assert.rejects(streamed, CancelledError),
        assert.rejects(closed, CancelledError),
        transport.close(),
      ]);
      await assert.rejects(transport.unary(CALL, {}), CancelledError);
      assert.equal(asked, 1);
    });

    it('shows no secret when it is inspected', async () => {
      const { ca, client } = createCertificates();
      await using transport = closing(
        new Class({
          credentials: new ServiceAccount(keyFile),
          sslCredentials: { ca, ...client },
        }),
      );
      await transport.credentials?.();
      await using keyed = closing(new Class({ apiKey: 'secret-api-key' }));
      assert.doesNotMatch(
        inspect([transport, keyed], { depth: null, showHidden: true }),
        /secret|eyJ|BEGIN|MI[IGH]/,
      );
    });
  });
}

describe('RestTransport', () => {
  it('refuses a certificate for a fetch, which has its own connections', () => {
    const options: RestTransportOptions = { fetch: globalThis.fetch, credentials: 'none' };
    const cert = { clientCertSourceForMtls: () => ['c', 'k'] as const };
    assert.throws(() => new RestTransport({ ...options, ...cert }), ClientOptionsError);
    assert.throws(() => new RestTransport({ ...options, sslCredentials: { ca: 'x' } }), ClientOptionsError);
  });
});

describe('openTransport()', () => {
  /** A class that keeps what it is made with. */
  class Recorder extends Channel {
    readonly options: TransportOptions;
    constructor(options: TransportOptions) {
      super('grpc');
      this.options = options;
    }
  }

  function recorded(settings: ClientSettings): TransportOptions {
    const transport = openTransport({ transport: Recorder, ...settings });
    assert.ok(transport instanceof Recorder);
    return Object.fromEntries(Object.entries(transport.options).filter(([, value]) => value !== undefined));
  }

  for (const [transport, Class] of [
    [undefined, GrpcTransport],
    [null, GrpcTransport],
    ['grpc', GrpcTransport],
    ['grpc_asyncio', GrpcTransport],
    ['rest', RestTransport],
    [RestTransport, RestTransport],
  ] as const) {
    it(`makes a ${Class.name} for ${typeof transport === 'function' ? 'its class' : transport}`, async () => {
      const opened = openTransport({ transport, credentials: 'none' });
      assert.ok(opened instanceof Class);
      await opened.close();
    });
  }

  it('gives everything that it knows to the transport', () => {
    const clientInfo = { userAgent: 'x/1' };
    const scopes = ['a'];
    assert.deepEqual(
      recorded({
        credentials: 'none',
        clientInfo,
        clientOptions: {
          apiEndpoint: 'squid.clam.whelk',
          scopes,
          quotaProjectId: 'octopus',
          apiAudience: 'https://language.googleapis.com',
        },
      }),
      {
        host: 'squid.clam.whelk',
        credentials: 'none',
        scopes,
        quotaProjectId: 'octopus',
        apiAudience: 'https://language.googleapis.com',
        clientInfo,
        alwaysUseJwtAccess: true,
      },
    );
    assert.equal(recorded({ clientOptions: { credentialsFile: 'f' } }).credentialsFile, 'f');
    assert.equal(recorded({ clientOptions: { apiKey: 'k' } }).apiKey, 'k');
  });

  it('chooses endpoint and certificate as the environment says', () => {
    const clientCertSource = () => ['cert', 'key'] as const;
    const clientOptions = { clientCertSource };
    assert.deepEqual(recorded({ clientOptions }), {
      host: 'dialogflow.googleapis.com',
      alwaysUseJwtAccess: true,
    });
    environment.set('GOOGLE_API_USE_CLIENT_CERTIFICATE', 'true');
    assert.deepEqual(recorded({ clientOptions }), {
      host: 'dialogflow.mtls.googleapis.com',
      clientCertSourceForMtls: clientCertSource,
      alwaysUseJwtAccess: true,
    });
    environment.set('GOOGLE_API_USE_MTLS_ENDPOINT', 'never');
    assert.equal(recorded({ clientOptions }).host, 'dialogflow.googleapis.com');
  });

  it('sends everything to the emulator, whatever endpoint and credentials are given', async () => {
    environment.set('DIALOGFLOW_EMULATOR_HOST', 'localhost:8470');
    environment.set('GOOGLE_APPLICATION_CREDENTIALS', '/no/such/file');
    for (const transport of ['grpc', 'rest'] as const) {
      for (const settings of [
        {},
        { credentials: () => 't' },
        { clientOptions: { apiEndpoint: 'europe-west2-dialogflow.googleapis.com', apiKey: 'k' } },
      ]) {
        const opened = openTransport({ transport, ...settings });
        assert.equal(opened.host, 'localhost:8470');
        assert.equal(await headersOf(opened), undefined);
        await opened.close();
      }
    }
  });

  it('takes an instance as it is, endpoint and project notwithstanding', () => {
    const transport = new Channel('rest');
    const clientOptions = { apiEndpoint: 'squid.clam.whelk', quotaProjectId: 'q' };
    assert.equal(openTransport({ transport, clientOptions }), transport);
    environment.set('DIALOGFLOW_EMULATOR_HOST', 'localhost:8470');
    assert.equal(openTransport({ transport }), transport);
  });

  const instance = new Channel('grpc');
  const ownCredentials = 'When providing a transport instance, provide its credentials directly.';
  const refused: readonly {
    name: string;
    settings: unknown;
    variables?: Record<string, string>;
    message: string;
  }[] = [
    {
      name: 'what is no object',
      settings: 'credentials',
      message: 'a client is made with an object: { credentials, transport, clientOptions, clientInfo }',
    },
    {
      name: 'an unknown setting',
      settings: { projectId: 'p' },
      message: "a client does not accept 'projectId'",
    },
    {
      name: 'an unknown option',
      settings: { clientOptions: { foo: 1 } },
      message: "ClientOptions does not accept an option 'foo'",
    },
    {
      name: 'an unknown transport',
      settings: { transport: 'graphql' },
      message: "there is no transport 'graphql': there are grpc, grpc_asyncio and rest",
    },
    {
      name: 'a transport that is none',
      settings: { transport: {} },
      message: 'transport must be a label, a class or an instance of a transport',
    },
    {
      name: 'an API key and credentials',
      settings: { credentials: 'none', clientOptions: { apiKey: 'k' } },
      message: 'clientOptions.apiKey and credentials are mutually exclusive',
    },
    {
      name: 'a file and credentials',
      settings: { credentials: 'none', clientOptions: { credentialsFile: 'f' } },
      message: "'credentialsFile' and 'credentials' are mutually exclusive",
    },
    {
      name: 'a file and credentials, also where neither is used',
      settings: { credentials: 'none', clientOptions: { credentialsFile: 'f' } },
      variables: { DIALOGFLOW_EMULATOR_HOST: 'localhost:8470' },
      message: "'credentialsFile' and 'credentials' are mutually exclusive",
    },
    {
      name: 'an instance and credentials',
      settings: { transport: instance, credentials: 'none' },
      message: ownCredentials,
    },
    {
      name: 'an instance and a file',
      settings: { transport: instance, clientOptions: { credentialsFile: 'f' } },
      message: ownCredentials,
    },
    {
      name: 'an instance and an API key',
      settings: { transport: instance, clientOptions: { apiKey: 'k' } },
      message: ownCredentials,
    },
    {
      name: 'an instance and scopes',
      settings: { transport: instance, clientOptions: { scopes: ['a'] } },
      message: 'When providing a transport instance, provide its scopes directly.',
    },
    {
      name: 'an instance and a wrong variable',
      settings: { transport: instance },
      variables: { GOOGLE_API_USE_MTLS_ENDPOINT: 'maybe' },
      message: 'Environment variable `GOOGLE_API_USE_MTLS_ENDPOINT` must be `never`, `auto` or `always`',
    },
    {
      name: 'an endpoint that is none',
      settings: { credentials: 'none', clientOptions: { apiEndpoint: 'a b' } },
      message: "an endpoint is a host with an optional port, such as dialogflow.googleapis.com, not 'a b'",
    },
    {
      name: 'an emulator that is none',
      settings: {},
      variables: { DIALOGFLOW_EMULATOR_HOST: 'localhost' },
      message:
        "Environment variable `DIALOGFLOW_EMULATOR_HOST` must be a host and a port, such as localhost:8470; it is 'localhost'",
    },
  ];
  for (const { name, settings, variables = {}, message } of refused) {
    it(`refuses ${name}`, () => {
      for (const [variable, value] of Object.entries(variables)) environment.set(variable, value);
      assert.throws(() => openTransport(settings as ClientSettings), new ClientOptionsError(message));
    });
  }
});

/** Closes a transport where the test ends. */
function closing<T extends Transport>(transport: T): T & AsyncDisposable {
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}
