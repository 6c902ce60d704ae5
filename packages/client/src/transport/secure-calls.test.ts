import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { create, toBinary } from '@bufbuild/protobuf';
import { ConversationSchema } from '@parleykit/proto/v2beta1';
import { createKeyFile, readToken } from '../auth/service-account.test.fixture.ts';
import { type Certificates, createCertificates } from '../certificates.test.fixture.ts';
import { useTestEnvironment } from '../environment.test.fixture.ts';
import {
  ApiError,
  ClientOptionsError,
  ConversationsClient,
  DeadlineExceededError,
  ServiceAccount,
  UnauthenticatedError,
} from '../index.ts';
import { GrpcTransport, RestTransport, type TransportOptions } from './service-transports.ts';

const NAME = 'projects/p/conversations/c';
const AUDIENCE = 'https://dialogflow.googleapis.com/';

const environment = useTestEnvironment();
const keyFile = createKeyFile();
const stranger = createKeyFile();

let certificates: Certificates;
let server: SecuredServer;

/** What the server knows of a caller. */
interface Caller {
  /** The common name in the client's certificate. */
  readonly commonName: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly quotaProject: string | undefined;
}

/**
 * Answers GetConversation, by gRPC and by REST, to callers that have a certificate of the authority and a token of the
 * service account. Keeps who called.
 */
class SecuredServer {
  readonly callers: Caller[] = [];
  readonly #server: Http2SecureServer;

  constructor({ ca, server: { cert, key } }: Certificates) {
    const options = { allowHTTP1: true, ca, cert, key, requestCert: true, rejectUnauthorized: true };
    this.#server = createSecureServer(options, (request, response) => this.#answer(request, response));
    this.#server.on('tlsClientError', () => {});
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get address(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }

  #answer(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const isGrpc = request.headers['content-type'] === 'application/grpc';
    let refusal: string | undefined;
    try {
      this.callers.push(readCaller(request));
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    request.resume().on('end', () => {
      if (isGrpc) answerGrpc(response, refusal);
      else answerRest(response, refusal);
    });
  }
}

function readCaller({ headers, socket }: Http2ServerRequest): Caller {
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) throw new Error('there is no token');
  const { claims } = readToken(token, keyFile);
  const nowS = Date.now() / 1000;
  if (claims['aud'] !== AUDIENCE) throw new Error('the token is for somebody else');
  if (!(Number(claims['iat']) <= nowS && nowS < Number(claims['exp'])))
    throw new Error('the token is not good now');
  const commonName = (socket as TLSSocket).getPeerCertificate().subject.CN;
  return {
    commonName: Array.isArray(commonName) ? commonName[0] : commonName,
    claims,
    quotaProject: headers['x-goog-user-project'] as string | undefined,
  };
}

function answerGrpc(response: Http2ServerResponse, refusal: string | undefined): void {
  const message = toBinary(ConversationSchema, create(ConversationSchema, { name: NAME }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  response.writeHead(200, { 'content-type': 'application/grpc' });
  if (refusal === undefined) response.addTrailers({ 'grpc-status': '0' });
  else response.addTrailers({ 'grpc-status': '16', 'grpc-message': refusal });
  response.end(refusal === undefined ? Buffer.concat([prefix, message]) : '');
}

function answerRest(response: Http2ServerResponse, refusal: string | undefined): void {
  const error = { code: 401, status: 'UNAUTHENTICATED', message: refusal };
  response.writeHead(refusal === undefined ? 200 : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify(refusal === undefined ? { name: NAME } : { error }));
}

before(async () => {
  certificates = createCertificates();
  server = new SecuredServer(certificates);
  await server.listen();
});
after(() => server.close());
beforeEach(() => server.callers.splice(0));

for (const [label, Transport] of [
  ['grpc', GrpcTransport],
  ['rest', RestTransport],
] as const) {
  describe(`a client that calls over TLS by ${label}`, () => {
    /** A client with a transport made by hand, which trusts the authority unless it is told otherwise. */
    function client(options: TransportOptions = {}): ConversationsClient {
      const { ca, client: own } = certificates;
      const transport = new Transport({
        host: server.address,
        credentials: new ServiceAccount(keyFile),
        sslCredentials: { ca, ...own },
        ...options,
      });
      return new ConversationsClient({ transport });
    }

    async function failureOf(calling: ConversationsClient): Promise<ApiError> {
      await using used = calling;
      try {
        await used.getConversation({ name: NAME }, { timeoutMs: 5000, retry: false });
      } catch (error) {
        assert.ok(error instanceof ApiError);
        return error;
      }
      assert.fail('the call was answered');
    }

    it('shows its certificate, and signs with the key in a file, all by client options', async () => {
      const trusted = getCACertificates();
      setDefaultCACertificates([...trusted, certificates.ca]);
      try {
        const { cert, key } = certificates.client;
        environment.set('GOOGLE_API_USE_CLIENT_CERTIFICATE', 'true');
        await using calling = ConversationsClient.fromServiceAccountFile(
          environment.write('key.json', keyFile),
          {
            transport: label,
            clientOptions: {
              apiEndpoint: server.address,
              clientCertSource: async () => [cert, key],
              quotaProjectId: 'q',
            },
          },
        );
        assert.equal((await calling.getConversation({ name: NAME })).name, NAME);
        await calling.getConversation({ name: NAME });
      } finally {
        setDefaultCACertificates(trusted);
      }
      const [first, second] = server.callers;
      assert.equal(first?.commonName, 'parley-client');
      assert.equal(first?.claims['iss'], keyFile.client_email);
      assert.equal(first?.quotaProject, 'q');
      assert.deepEqual(second, first);
    });

    it('shows the certificate of the machine, with default credentials', async () => {
      const { ca, client: own } = certificates;
      const printed = JSON.stringify(own.cert + own.key);
      environment.write('.secureConnect/context_aware_metadata.json', {
        cert_provider_command: [process.execPath, '-e', `process.stdout.write(${printed})`],
      });
      environment.set('GOOGLE_APPLICATION_CREDENTIALS', environment.write('key.json', keyFile));
      environment.set('GOOGLE_API_USE_CLIENT_CERTIFICATE', 'true');
      const [, clientCertSourceForMtls] = ConversationsClient.getMtlsEndpointAndCertSource();
      await using calling = new ConversationsClient({
        transport: new Transport({ host: server.address, sslCredentials: { ca }, clientCertSourceForMtls }),
      });
      assert.equal((await calling.getConversation({ name: NAME })).name, NAME);
      assert.equal(server.callers[0]?.commonName, 'parley-client');
    });

    it('shows the certificate whose key has a passphrase, by client options', async () => {
      const { ca, client: own } = certificates;
      const encrypted = createPrivateKey(own.key).export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'sesame',
      });
      const certPath = environment.write('cert.pem', own.cert);
      const keyPath = environment.write('key.pem', String(encrypted));
      environment.set('GOOGLE_API_USE_CLIENT_CERTIFICATE', 'true');
      const [, clientCertSourceForMtls] = ConversationsClient.getMtlsEndpointAndCertSource({
        clientEncryptedCertSource: () => [certPath, keyPath, 'sesame'],
      });
      await using calling = client({ sslCredentials: { ca }, clientCertSourceForMtls });
      assert.equal((await calling.getConversation({ name: NAME })).name, NAME);
      assert.equal(server.callers[0]?.commonName, 'parley-client');
    });

    it('is told by the server when the token is that of another key, or for another service', async () => {
      for (const [options, message] of [
        [{ credentials: new ServiceAccount(stranger) }, /not signed by this key/],
        [{ apiAudience: 'https://x.example/' }, /for somebody else/],
        [{ credentials: 'none' }, /there is no token/],
      ] as const) {
        const failure = await failureOf(client(options));
        assert.ok(failure instanceof UnauthenticatedError);
        assert.match(failure.message, message);
      }
      assert.deepEqual(server.callers, []);
    });

    it('fails without a certificate, with one that nobody vouches for, and with a server like that', async () => {
      const { ca, client: own } = certificates;
      const other = createCertificates();
      for (const sslCredentials of [
        { ca },
        { ca, ...other.client },
        { ...own },
        { ca: other.ca, ...own },
        { ca, ...own, servername: 'elsewhere.example' },
      ]) {
        const failure = await failureOf(client({ sslCredentials }));
        assert.ok(
          ['UNAVAILABLE', 'UNAUTHENTICATED'].includes(failure.code),
          `${failure.code}: ${failure.message}`,
        );
      }
      assert.deepEqual(server.callers, []);
    });

    it('refuses certificates that are none, or not that of the key', async () => {
      const { ca, client: own, server: other } = certificates;
      for (const [cert, key] of [
        ['nonsense', own.key],
        [own.cert, 'nonsense'],
        [own.cert, other.key],
      ] as const) {
        assert.throws(() => client({ sslCredentials: { ca, cert, key } }), ClientOptionsError);
        const failure = await failureOf(
          client({ sslCredentials: { ca }, clientCertSourceForMtls: () => [cert, key] }),
        );
        assert.ok(failure instanceof UnauthenticatedError);
        assert.match(failure.message, /^no client certificate: that of the source cannot be used: /);
      }
      assert.throws(
        () => client({ sslCredentials: { ca: '-----BEGIN CERTIFICATE-----' } }),
        ClientOptionsError,
      );
    });

    it('gives credentials that do not come no longer than the call may take', async () => {
      await using calling = client({ credentials: () => new Promise<string>(() => {}) });
      await assert.rejects(calling.getConversation({ name: NAME }, { timeoutMs: 20 }), DeadlineExceededError);
    });

    it('gives a certificate that does not come no longer than the call may take', async () => {
      await using calling = client({
        sslCredentials: { ca: certificates.ca },
        clientCertSourceForMtls: () => new Promise(() => {}),
      });
      await assert.rejects(calling.getConversation({ name: NAME }, { timeoutMs: 20 }), DeadlineExceededError);
    });
  });
}
