import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { openGoogleClients, type Wire } from './google-node-clients.ts';
import { createConversations, namesOf, nanosecondsOf, setScene, writeBatch } from './google-node-scene.ts';
import { openTarget, type Target } from './target.ts';

/** RFC 9113 §3.4: what an HTTP/2 client begins with. Its first letter is also the one of POST, PUT and PATCH. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** RFC 9113 §6.5: the frame that has to follow it; empty. */
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const SETTINGS_TYPE = 4;

describe('one port for gRPC and HTTP/1.1', () => {
  let target: Target;
  before(async () => {
    target = await openTarget();
  });
  after(() => target[Symbol.asyncDispose]());

  it('answers 200 on /healthz', async () => {
    const response = await fetch(`${target.url}/healthz`);
    assert.equal(response.status, 200);
    assert.notEqual(await response.text(), '');
  });

  it('shows over one wire what the other has written', async () => {
    await using grpc = openGoogleClients(target, 'grpc');
    await using rest = openGoogleClients(target, 'rest');
    for (const [writer, reader] of [
      [grpc, rest],
      [rest, grpc],
    ] as const) {
      const { project, created } = await createConversations(writer, 2);
      const [listed] = await reader.conversations.listConversations({ parent: project });
      assert.deepEqual(listed, created.reverse());
    }
  });

  it('takes calls of both wires at the same time', async () => {
    await using grpc = openGoogleClients(target, 'grpc');
    await using rest = openGoogleClients(target, 'rest');
    const scene = await setScene(grpc);
    const said = (participant: string, second: number) => ({
      message: { content: 'x', participant, sendTime: { seconds: 1_700_000_000 + second } },
    });
    const written = await Promise.all(
      Array.from({ length: 20 }, (_, second) =>
        second % 2 === 0
          ? writeBatch(grpc, scene.conversation, [said(scene.endUser, second)])
          : writeBatch(rest, scene.conversation, [said(scene.humanAgent, second)]),
      ),
    );
    assert.equal(new Set(written.flat().map(({ createTime }) => nanosecondsOf(createTime))).size, 20);
    for (const clients of [grpc, rest]) {
      const [listed] = await clients.conversations.listMessages({ parent: scene.conversation });
      assert.deepEqual(namesOf(listed).sort(), namesOf(written.flat()).sort());
    }
  });
});

describe('telling gRPC and HTTP/1.1 apart', () => {
  let target: Target;
  before(async () => {
    target = await openTarget();
  });
  after(() => target[Symbol.asyncDispose]());

  it('takes an HTTP/2 preface that is cut anywhere', async () => {
    for (let cut = 1; cut < PREFACE.length; cut += 1) {
      const segments = [PREFACE.subarray(0, cut), Buffer.concat([PREFACE.subarray(cut), EMPTY_SETTINGS])];
      const answer = await answerTo(target, segments);
      assert.equal(answer[3], SETTINGS_TYPE, `cut after ${cut} bytes: ${answer.toString('latin1')}`);
    }
  });

  it('takes an HTTP/2 preface byte by byte', async () => {
    const answer = await answerTo(target, [...eachByte(PREFACE), EMPTY_SETTINGS]);
    assert.equal(answer[3], SETTINGS_TYPE, answer.toString('latin1'));
  });

  for (const request of [
    'GET /healthz HTTP/1.1\r\nHost: parley\r\n\r\n',
    // These share their first letters with the preface.
    'POST /v2beta1/projects/p/conversations/c:complete HTTP/1.1\r\nHost: parley\r\nContent-Length: 2\r\n\r\n{}',
    'PRI /healthz HTTP/1.1\r\nHost: parley\r\n\r\n',
  ]) {
    const [head = ''] = request.split('\r\n');
    it(`takes "${head}" for HTTP/1.1, cut after its first byte and byte by byte`, async () => {
      const bytes = Buffer.from(request, 'latin1');
      for (const segments of [[bytes.subarray(0, 1), bytes.subarray(1)], [...eachByte(bytes)]]) {
        const answer = await answerTo(target, segments);
        assert.match(answer.toString('latin1'), /^HTTP\/1\.1 [2-5]\d\d /u);
      }
    });
  }

  for (const wire of ['grpc', 'rest'] as const satisfies Wire[]) {
    it(`serves Google's client over ${wire} through a network that cuts its first bytes off`, async () => {
      await using network = await openCuttingNetwork(target);
      await using clients = openGoogleClients(network, wire);
      const { project, created } = await createConversations(clients, 2);
      const [listed] = await clients.conversations.listConversations({ parent: project });
      assert.deepEqual(listed, created.reverse());
      assert.ok(network.connections() > 0, 'the client went through the network');
    });
  }

  it('survives connections that say nothing, or half of a preface', async () => {
    for (const segments of [[], [PREFACE.subarray(0, 10)], [Buffer.from('\u0000\u0001\u0002')]]) {
      const socket = await opened(target);
      await sendApart(target, socket, segments);
      socket.destroy();
    }
    await caughtUp(target);
  });
});

/** What a server first sends back on a connection to which the segments were written one after the other. */
async function answerTo(target: Target, segments: readonly Buffer[]): Promise<Buffer> {
  const socket = await opened(target);
  try {
    const answer = once(socket, 'data').then(([chunk]: Buffer[]) => chunk ?? Buffer.alloc(0));
    const closed = once(socket, 'close').then(() => Buffer.from('(closed without an answer)'));
    await sendApart(target, socket, segments);
    return await Promise.race([answer, closed]);
  } finally {
    socket.destroy();
  }
}

async function opened(target: Target): Promise<Socket> {
  const socket = connect({ host: target.host, port: target.port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Writes segments so that the server reads each of them by itself. */
async function sendApart(target: Target, socket: Socket, segments: readonly Buffer[]): Promise<void> {
  for (const segment of segments) {
    socket.write(segment);
    await caughtUp(target);
  }
}

/** A later call on another connection is answered: the server has read what was sent before. */
async function caughtUp(target: Target): Promise<void> {
  const response = await fetch(`${target.url}/healthz`);
  await response.text();
  assert.equal(response.status, 200);
}

function eachByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]));
}

interface Network extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  connections(): number;
}

/** Hands connections on to the target; the first four bytes of a client arrive one at a time. */
async function openCuttingNetwork(target: Target): Promise<Network> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer(async (client) => {
    connections += 1;
    const upstream = connect({ host: target.host, port: target.port, noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // The ends of a connection that is cut while in use complain; that is not what is tested.
      socket.on('error', () => socket.destroy());
    }
    upstream.pipe(client);
    const [first]: Buffer[] = await once(client, 'data');
    client.pause();
    if (first !== undefined) {
      await sendApart(target, upstream, [...eachByte(first.subarray(0, 4)), first.subarray(4)]);
    }
    client.pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
