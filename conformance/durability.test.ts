import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { protos } from '@google-cloud/dialogflow';
import { failureOf, type GoogleClients, openGoogleClients, present } from './google-node-clients.ts';
import {
  lines,
  type Message,
  messagePage,
  messagePages,
  namesOf,
  nanosecondsOf,
  type Scene,
  setScene,
  writeBatch,
} from './google-node-scene.ts';
import { startServer } from './target.ts';

const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
describe('a server that is killed', () => {
  it('has every acknowledged message once, in order, under its name and create_time', async () => {
    using folder = openFolder();
    await using server = await startServer(folder.path);
    await using clients = openGoogleClients(server, 'grpc');
    const scene = await setScene(clients);
    const before = await everythingOf(clients, scene);
    const written = await writeBatches(clients, scene, [3, 1, 50, 7]);
    await server.stop('SIGKILL');

    await using restarted = await startServer(folder.path);
    await using again = openGoogleClients(restarted, 'grpc');
    assert.deepEqual(await everythingOf(again, scene), before);
    assert.deepEqual((await messagePages(again, scene.conversation, 20)).flat(), [...written].reverse());

    const repeated = await writeBatch(again, scene.conversation, lines(scene, 0, 3));
    assert.deepEqual(
      repeated,
      written.slice(0, 3),
      'what was stored before the kill is a duplicate after it',
    );
    const [later] = await writeBatch(again, scene.conversation, lines(scene, 61, 1));
    const [newest] = (await messagePage(again, scene.conversation, 1)).messages;
    assert.deepEqual(newest, later, 'what is written after the kill is newer than all before it');
  });

  it('goes on where a page token points that it gave before', async () => {
    using folder = openFolder();
    await using server = await startServer(folder.path);
    await using clients = openGoogleClients(server, 'grpc');
    const scene = await setScene(clients);
    const written = await writeBatches(clients, scene, [4, 4]);
    const first = await messagePage(clients, scene.conversation, 3);
    assert.notEqual(first.nextPageToken, '');
    await server.stop('SIGKILL');

    await using restarted = await startServer(folder.path);
    await using again = openGoogleClients(restarted, 'grpc');
    const rest = await messagePages(again, scene.conversation, 3, first.nextPageToken);
    assert.deepEqual([...first.messages, ...rest.flat()], [...written].reverse());
  });

  it('has batches that it was just writing as a whole or not at all', async () => {
    using folder = openFolder();
    await using server = await startServer(folder.path);
    await using clients = openGoogleClients(server, 'grpc');
    const scene = await setScene(clients);
    const batches: { first: number; size: number }[] = [];
    const acknowledged: Message[] = [];
    let next = 0;
    let killed: Promise<unknown> | undefined;
    /** Writes batch after batch until one fails, so that every writer is in the midst of one at the kill. */
    const write = async (size: number): Promise<void> => {
      for (;;) {
        const first = next;
        next += size;
        batches.push({ first, size });
        acknowledged.push(...(await writeBatch(clients, scene.conversation, lines(scene, first, size))));
        if (batches.length >= 40) killed ??= server.stop('SIGKILL');
      }
    };
    // Batches of different sizes, so that the writers do not go in step.
    const writers = [1, 3, 10, 30, 60, 100, 200, 300].map((size) => failureOf(clients, write(size)));
    for (const { status } of await Promise.all(writers)) assert.equal(status, 'UNAVAILABLE');
    await killed;

    await using restarted = await startServer(folder.path);
    await using again = openGoogleClients(restarted, 'grpc');
    const stored = (await messagePages(again, scene.conversation, 1000)).flat();
    const byName = new Map(stored.map((message) => [present(message.name), message]));
    assert.equal(byName.size, stored.length, 'no message is there twice');
    for (const message of acknowledged) assert.deepEqual(byName.get(present(message.name)), message);
    const byLine = new Map(stored.map((message) => [message.content, message]));
    for (const { first, size } of batches) {
      const found = lines(scene, first, size).map(({ message }) => byLine.get(message?.content));
      const times = new Set(found.map((message) => message && nanosecondsOf(message.createTime)));
      assert.equal(times.size, 1, `the batch of ${size} lines from ${first} on is there in part`);
    }
  });
});

describe('an operation whose server is killed', () => {
  it('gets done after the restart, each time', async () => {
    using folder = openFolder();
    const profiles: string[] = [];
    const operations: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      await using server = await startServer(folder.path);
      await using clients = openGoogleClients(server, 'grpc');
      const project = `projects/durable-${round}`;
      const [{ name }] = await clients.profiles.createConversationProfile({
        parent: project,
        conversationProfile: { displayName: 'desk' },
      });
      const [begun] = await clients.profiles.setSuggestionFeatureConfig({
        conversationProfile: present(name),
        participantRole: 'END_USER',
        suggestionFeatureConfig: { suggestionFeature: { type: 'FAQ' } },
      });
      await server.stop('SIGKILL');
      profiles.push(present(name));
      operations.push(present(begun.name));
    }

    await using restarted = await startServer(folder.path);
    await using again = openGoogleClients(restarted, 'grpc');
    for (const [round, operation] of operations.entries()) {
      const checked = await again.profiles.checkSetSuggestionFeatureConfigProgress(operation);
      await checked.promise();
      const [profile] = await again.profiles.getConversationProfile({ name: present(profiles[round]) });
      const features = profile.humanAgentAssistantConfig?.endUserSuggestionConfig?.featureConfigs ?? [];
      assert.deepEqual(
        features.map(({ suggestionFeature }) => suggestionFeature?.type),
        ['FAQ'],
      );
      const listed = again.profiles.listOperationsAsync(
        new protos.google.longrunning.ListOperationsRequest({ name: `projects/durable-${round}` }),
      );
      const names: string[] = [];
      for await (const { name } of listed) names.push(present(name));
      assert.deepEqual(names, [operation], 'it is there once');
    }
  });
});

describe('a server that is told to stop', () => {
  it('ends with 0 on SIGTERM, with clients still connected, and keeps everything', async () => {
    using folder = openFolder();
    await using server = await startServer(folder.path);
    await using grpc = openGoogleClients(server, 'grpc');
    await using rest = openGoogleClients(server, 'rest');
    const scene = await setScene(grpc);
    const written = await writeBatches(rest, scene, [2]);
    assert.equal(await server.stop('SIGTERM'), 0);

    await using restarted = await startServer(folder.path);
    await using again = openGoogleClients(restarted, 'grpc');
    assert.deepEqual((await messagePages(again, scene.conversation, 20)).flat(), [...written].reverse());
  });
});

describe('a folder that is in use', () => {
  it('is refused to a second server, which names the first', async () => {
    using folder = openFolder();
    await using server = await startServer(folder.path);
    await using clients = openGoogleClients(server, 'grpc');
    const scene = await setScene(clients);

    const second = await serveOnce(folder.path);
    assert.equal(second.code, 1);
    assert.equal(second.stdout, '');
    assert.match(second.stderr, /^[^\n]*\bprocess [1-9]\d*\b[^\n]*\n$/u);
    const pid = Number(/\bprocess (\d+)\b/u.exec(second.stderr)?.[1]);
    assert.ok(isRunning(pid), `process ${pid} runs while the first server does`);

    const [conversation] = await clients.conversations.getConversation({ name: scene.conversation });
    assert.equal(conversation.name, scene.conversation, 'the first server goes on');
    await server.stop();
    assert.ok(!isRunning(pid), `process ${pid} was the first server`);
  });

  it('is free again after its server was killed', async () => {
    using folder = openFolder();
    const server = await startServer(folder.path);
    await server.stop('SIGKILL');
    await using restarted = await startServer(folder.path);
    assert.equal((await fetch(`${restarted.url}/healthz`)).status, 200);
  });
});

/** Writes batches of the given sizes, and answers their messages in the order of the requests. */
async function writeBatches(
  clients: GoogleClients,
  scene: Scene,
  sizes: readonly number[],
): Promise<Message[]> {
  const written: Message[] = [];
  for (const size of sizes) {
    written.push(...(await writeBatch(clients, scene.conversation, lines(scene, written.length, size))));
  }
  return written;
}

/** All of a scene but its messages. */
async function everythingOf(
  { conversations, profiles, participants }: GoogleClients,
  { profile, conversation, endUser, humanAgent }: Scene,
): Promise<unknown[]> {
  const [listed] = await participants.listParticipants({ parent: conversation });
  assert.deepEqual(namesOf(listed).sort(), [endUser, humanAgent].sort());
  return [
    (await profiles.getConversationProfile({ name: profile }))[0],
    (await conversations.getConversation({ name: conversation }))[0],
    listed,
  ];
}

function openFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'parley-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a server that is expected to end by itself. */
function serveOnce(data: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const parameters = ['--conditions=source', MAIN, 'serve', '--port', '0', '--data', data];
  return new Promise((resolve) => {
    // Without the settings of whoever runs the tests.
    execFile(process.execPath, parameters, { env: {} }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
