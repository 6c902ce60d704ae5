import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { NotFoundError } from '@parleykit/client';
import { type OwnServer, startServer } from '../target.ts';
import {
  type Clients,
  ingest,
  newParent,
  openClientScene,
  openClients,
  openTalk,
  type Talk,
} from './scene.ts';

const scene = openClientScene();
const INTERVAL_MS = 5;

/** Watches until so many messages came, and answers their contents. */
async function watch({ conversations }: Clients, { conversation }: Talk, count: number): Promise<string[]> {
  const abort = new AbortController();
  const given: string[] = [];
  const options = { signal: abort.signal, intervalMs: INTERVAL_MS };
  for await (const { content } of conversations.watchMessages(conversation.name, options)) {
    given.push(content);
    if (given.length === count) abort.abort();
  }
  return given;
}

/** A way to a server that can be cut, and led to another one. */
interface Bridge extends AsyncDisposable {
  readonly url: string;
  /** Ends all connections. */
  cut(): void;
  lead(port: number): void;
}

async function openBridge(): Promise<Bridge> {
  let port = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    lead(to) {
      port = to;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

for (const transport of ['grpc', 'rest'] as const) {
  describe(`watchMessages() over ${transport}`, () => {
    it('gives every message once and in order while many write', async () => {
      const clients = scene[transport];
      const talk = await openTalk(clients, newParent());
      const [writers, batches, size] = [4, 10, 7];
      const watched = watch(clients, talk, writers * batches * size);
      const write = async (writer: number): Promise<void> => {
        for (let batch = 0; batch < batches; batch += 1) {
          await ingest(clients, talk, size, (writer * batches + batch) * size);
        }
      };
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
      const given = await watched;
      const { name: parent } = talk.conversation;
      const stored: string[] = [];
      for await (const { content } of clients.conversations.listMessages({ parent, pageSize: 1000 })) {
        stored.unshift(content);
      }
      assert.deepEqual(given, stored);
      assert.equal(new Set(given).size, writers * batches * size);
    });

    it('goes on over broken connections, and over the death of the server', { timeout: 60_000 }, async () => {
      const data = mkdtempSync(join(tmpdir(), 'parley-watch-'));
      let server: OwnServer | undefined;
      try {
        await using bridge = await openBridge();
        server = await startServer(data);
        bridge.lead(server.port);
        await using watching = openClients(bridge.url, transport);
        await using writing = openClients(server.url, transport);
        const talk = await openTalk(writing, newParent());
        const rounds = 10;
        const watched = watch(watching, talk, rounds * 2 * 3);
        for (let round = 0; round < rounds; round += 1) {
          await ingest(writing, talk, 3, round * 3);
          bridge.cut();
          await setImmediate();
        }
        await server.stop('SIGKILL');
        bridge.cut();
        server = await startServer(data);
        bridge.lead(server.port);
        await using again = openClients(server.url, transport);
        for (let round = rounds; round < rounds * 2; round += 1) await ingest(again, talk, 3, round * 3);
        const expected = Array.from({ length: rounds * 2 * 3 }, (_, index) => `message ${index}`);
        assert.deepEqual(await watched, expected);
      } finally {
        await server?.stop();
        rmSync(data, { recursive: true, force: true });
      }
    });

    it('throws where there is no conversation', async () => {
      const name = `${newParent()}/conversations/nope`;
      await assert.rejects(scene[transport].conversations.watchMessages(name).next(), NotFoundError);
    });
  });
}
