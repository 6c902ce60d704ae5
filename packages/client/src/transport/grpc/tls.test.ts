import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { createCertificates } from '../../certificates.test.fixture.ts';
import { ApiError } from '../../errors.ts';
import type { TlsOptions as ClientTls } from '../transport.ts';
import {
  answer,
  call,
  type Note,
  openServer,
  openTcpServer,
  openWire,
  soon,
} from './grpc-server.test.fixture.ts';

const { ca, server: SERVER, client: CLIENT } = createCertificates();

/** A server of gRPC over TLS which answers with the name in the certificate of its client. */
async function openSecureServer(options: TlsOptions = {}) {
  const server = createSecureServer({ ...SERVER, ...options });
  server.on('stream', (stream: ServerHttp2Stream) => {
    const socket = stream.session?.socket as TLSSocket;
    answer(stream, [String(socket.getPeerCertificate().subject?.CN ?? 'nobody')]);
  });
  return await listening(server);
}

async function listening(server: ReturnType<typeof createTlsServer>) {
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket: TLSSocket) => sockets.add(socket));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The answer of a call over TLS, or what it failed with. */
async function outcomeOf(host: string, tls: ClientTls | 'plaintext', deadline = soon()): Promise<string> {
  await using wire = openWire(host, { tls });
  try {
    const reply = await wire.unary(call('unary', { deadline }), { text: 'hi' });
    return (reply.message as Note).text;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

describe('TLS', () => {
  it('calls a server whose authority is known, by address and by name', async () => {
    await using server = await openSecureServer();
    const port = server.host.split(':')[1];
    assert.equal(await outcomeOf(server.host, { ca }), 'nobody');
    assert.equal(await outcomeOf(`localhost:${port}`, { ca: [ca] }), 'nobody');
    assert.equal(await outcomeOf(server.host, { ca, servername: 'localhost' }), 'nobody');
  });

  it('asks for the server by its name', async () => {
    const names: unknown[] = [];
    await using server = await openSecureServer({
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    const port = server.host.split(':')[1];
    await outcomeOf(`localhost:${port}`, { ca });
    await outcomeOf(server.host, { ca, servername: 'other.example' });
    assert.deepEqual(names, ['localhost', 'other.example']);
  });

  it('shows the certificate of the client', async () => {
    await using server = await openSecureServer({ requestCert: true, rejectUnauthorized: true, ca });
    assert.equal(await outcomeOf(server.host, { ca, ...CLIENT }), 'parley-client');
  });

  it('fails with UNAVAILABLE where the server wants a certificate and there is none', async () => {
    await using server = await openSecureServer({ requestCert: true, rejectUnauthorized: true, ca });
    assert.match(await outcomeOf(server.host, { ca }), /^UNAVAILABLE/);
  });

  it('fails with UNAVAILABLE where the server does not know the authority of the certificate', async () => {
    const other = createCertificates();
    await using server = await openSecureServer({ requestCert: true, rejectUnauthorized: true, ca });
    assert.match(await outcomeOf(server.host, { ca, ...other.client }), /^UNAVAILABLE/);
  });

  it('fails with UNAUTHENTICATED for a certificate that is none', async () => {
    await using server = await openSecureServer();
    assert.match(await outcomeOf(server.host, { ca, cert: 'none', key: 'none' }), /^UNAUTHENTICATED/);
  });

  it('fails with UNAVAILABLE for an authority that is not known', async () => {
    await using server = await openSecureServer();
    assert.match(await outcomeOf(server.host, { ca: createCertificates().ca }), /^UNAVAILABLE: .*cert/);
    assert.match(await outcomeOf(server.host, {}), /^UNAVAILABLE: .*cert/);
  });

  it('fails with UNAVAILABLE for a certificate of another name', async () => {
    await using server = await openSecureServer();
    assert.match(
      await outcomeOf(server.host, { ca, servername: 'other.example' }),
      /^UNAVAILABLE: .*other\.example/,
    );
  });

  it('takes any certificate if it is told to', async () => {
    await using server = await openSecureServer();
    assert.equal(await outcomeOf(server.host, { rejectUnauthorized: false }), 'nobody');
  });

  it('fails with UNAVAILABLE for a server without HTTP/2, whether it says so or not', async () => {
    await using silent = await listening(createTlsServer(SERVER));
    assert.match(await outcomeOf(silent.host, { ca }), /^UNAVAILABLE: .*does not speak HTTP\/2/);
    await using refusing = await listening(createTlsServer({ ...SERVER, ALPNProtocols: ['http/1.1'] }));
    assert.match(await outcomeOf(refusing.host, { ca }), /^UNAVAILABLE/);
  });

  it('fails with UNAVAILABLE for a server of plain HTTP/2', async () => {
    await using server = await openServer((stream) => answer(stream));
    assert.match(await outcomeOf(server.host, { ca }), /^UNAVAILABLE/);
  });

  it('waits for a server that never shakes hands no longer than the deadline', async () => {
    await using server = await openTcpServer(() => {});
    assert.match(await outcomeOf(server.host, { ca }, soon(50)), /^DEADLINE_EXCEEDED/);
  });

  it('fails with UNAVAILABLE where it speaks plain HTTP/2 to a server of TLS', async () => {
    await using server = await openSecureServer();
    assert.match(await outcomeOf(server.host, 'plaintext'), /^UNAVAILABLE/);
  });
});
