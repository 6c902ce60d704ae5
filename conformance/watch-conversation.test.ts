import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import {
  type Conversation,
  Conversation_LifecycleState as Lifecycle,
  type Message,
  Conversation_ConversationStage as Stage,
} from '@parleykit/proto/v2beta1';
import { createAgentTalk, openAgentScene, transcript } from './agent-scene.ts';
import {
  completeConversation,
  createTalk,
  failure,
  getConversation,
  ingest,
  listMessages,
  located,
  message,
  messages,
  namesOf,
  nanos,
  say,
  type Talk,
} from './cases/scene.ts';
import {
  type ConversationWatch,
  type WatchInit,
  watchOverGrpc,
  watchOverRest,
} from './conversation-watch.ts';
import { ServerWatch } from './fuzz/server-watch.ts';
import { HttpConnection } from './http-connection.ts';
import { newProject, type OwnServer, startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

const scene = openAgentScene();
const wire = scene.grpc;
const open = (): Promise<Talk> => createTalk(wire, `projects/${newProject()}`);

/** Both ways to watch a server. */
const ways: Record<string, (server: OwnServer, wire: GrpcWire, request: WatchInit) => ConversationWatch> = {
  gRPC: (_, own, request) => watchOverGrpc(own, request),
  REST: (server, _, request) => watchOverRest(server, request),
};

/** All messages of a conversation, oldest first. */
async function history(conversation: string): Promise<Message[]> {
  return (await listMessages(wire, conversation)).toReversed();
}

for (const [way, watchOver] of Object.entries(ways)) {
  const watch = (request: WatchInit) => watchOver(scene.server, wire, request);

  describe(`WatchConversation over ${way}`, () => {
    it('sends the conversation, and then its messages, however many, oldest first', async () => {
      const { conversation, participant } = await open();
      for (let batch = 0; batch < 20; batch += 1) {
        await ingest(wire, conversation, messages(participant, 250, batch * 250));
      }
      // Others go on writing while it is sent.
      const writing = (async () => {
        for (let batch = 0; batch < 30; batch += 1) {
          await ingest(wire, conversation, messages(participant, 50, 5000 + batch * 50));
        }
      })();
      await using watching = watch({ name: conversation });
      assert.deepEqual(await watching.nextConversation(), await getConversation(wire, conversation));
      const seen = await watching.nextMessages(6500);
      await writing;
      assert.deepEqual(namesOf(seen), namesOf(await history(conversation)));
      assert.deepEqual(seen, await history(conversation));
      await say(wire, participant, 'news');
      assert.equal((await watching.nextMessage()).content, 'news');
      assert.deepEqual(watching.unread, []);
    });

    it('sends the conversation at once where there is nothing else', async () => {
      const { conversation, participant } = await open();
      await using watching = watch({ name: conversation });
      assert.equal((await watching.nextConversation()).name, conversation);
      const { message: said } = await say(wire, participant, 'first');
      assert.deepEqual(await watching.nextMessage(), said);
    });

    it('sends what is new exactly once, in the order of the list, while four write', async () => {
      const { conversation, participant } = await open();
      await ingest(wire, conversation, messages(participant, 100));
      await using early = watch({ name: conversation });
      await early.nextConversation();
      const writing = Promise.all(
        Array.from({ length: 4 }, async (_, writer) => {
          for (let round = 0; round < 10; round += 1) {
            const from = 100 + (writer * 10 + round) * 7;
            if (writer === 0) await say(wire, participant, `turn ${round}`);
            else await ingest(wire, conversation, messages(participant, 7, from));
          }
        }),
      );
      // One that comes in the middle of it.
      await early.nextMessages(120).then((seen) => assert.equal(new Set(namesOf(seen)).size, 120));
      await using late = watch({ name: conversation });
      await late.nextConversation();
      const count = 100 + 10 + 30 * 7;
      const rest = await early.nextMessages(count - 120);
      const all = await late.nextMessages(count);
      await writing;
      const stored = await history(conversation);
      assert.deepEqual(all, stored);
      assert.deepEqual(rest, stored.slice(120));
      await say(wire, participant, 'the end');
      for (const watching of [early, late]) assert.equal((await watching.nextMessage()).content, 'the end');
    });

    it('sends what is later than a time alone', async () => {
      const { conversation, participant } = await open();
      const [first] = await ingest(wire, conversation, messages(participant, 3));
      const [second] = await ingest(wire, conversation, messages(participant, 2, 3));
      await ingest(wire, conversation, messages(participant, 2, 5));
      const stored = await history(conversation);
      const at = nanos(second?.createTime);
      const afterwards = (time: bigint): WatchInit => ({
        name: conversation,
        after: { seconds: time / 1_000_000_000n, nanos: Number(time % 1_000_000_000n) },
      });
      for (const [time, want] of [
        [at, stored.slice(5)],
        [at + 1n, stored.slice(5)],
        [at - 1n, stored.slice(3)],
        [nanos(first?.createTime), stored.slice(3)],
        [0n, stored],
      ] as const) {
        await using watching = watch(afterwards(time));
        await watching.nextConversation();
        assert.deepEqual(await watching.nextMessages(want.length), want);
        assert.deepEqual(watching.unread, []);
      }
      const newest = nanos(stored.at(-1)?.createTime);
      await using watching = watch(afterwards(newest));
      await watching.nextConversation();
      await say(wire, participant, 'later');
      assert.equal((await watching.nextMessage()).content, 'later');
    });

    it('sends the conversation again when the agent hands it over', async () => {
      scene.webhook.on('a human', { fulfillmentText: 'One moment', liveAgentHandoff: true });
      const { conversation, participant } = await createAgentTalk(wire);
      await using watching = watch({ name: conversation });
      assert.equal((await watching.nextConversation()).conversationStage, Stage.VIRTUAL_AGENT_STAGE);
      await say(wire, participant, 'hello');
      await say(wire, participant, 'a human');
      await say(wire, participant, 'are you one?');
      const updates = [];
      for (let update = 0; update < 6; update += 1) updates.push(await watching.next());
      const said = updates.filter((update) => update.case === 'message').map(({ value }) => value.content);
      assert.deepEqual(said, ['hello', 're: hello', 'a human', 'One moment', 'are you one?']);
      const changed = updates.filter((update) => update.case === 'conversation').map(({ value }) => value);
      assert.deepEqual(changed, [await getConversation(wire, conversation)]);
      const at = updates.findIndex((update) => update.case === 'conversation');
      assert.ok(at >= 4, 'after the words that hand it over');
      await completeConversation(wire, conversation);
      assert.equal((await watching.nextConversation()).lifecycleState, Lifecycle.COMPLETED);
    });

    it('sends the conversation again when it is completed, after all of its messages', async () => {
      const { conversation, participant } = await open();
      await using watching = watch({ name: conversation });
      await watching.nextConversation();
      const acknowledged: string[] = [];
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let round = 0; ; round += 1) {
          const from = (writer * 1000 + round) * 3;
          acknowledged.push(...namesOf(await ingest(wire, conversation, messages(participant, 3, from))));
        }
      });
      const stopped = writers.map((writer) => failure(writer));
      const seen: string[] = [];
      while (seen.length < 60) seen.push((await watching.nextMessage()).name);
      const completed = await completeConversation(wire, conversation);
      for (const { code } of await Promise.all(stopped)) assert.equal(code, Code.FAILED_PRECONDITION);
      let last: Conversation | undefined;
      while (last === undefined) {
        const update = await watching.next();
        if (update.case === 'conversation') last = update.value;
        else seen.push(update.value?.name ?? '');
      }
      assert.deepEqual(last, completed);
      assert.deepEqual(seen.toSorted(), acknowledged.toSorted());
      assert.deepEqual(seen, namesOf(await history(conversation)));
      assert.deepEqual(watching.unread, []);
    });

    it('sends a completed conversation, too', async () => {
      const { conversation, participant } = await open();
      await say(wire, participant, 'hello');
      const completed = await completeConversation(wire, conversation);
      await using watching = watch({ name: conversation });
      assert.deepEqual(await watching.nextConversation(), completed);
      assert.equal((await watching.nextMessage()).content, 'hello');
      // To complete it again changes nothing; what follows shows that the stream is still there.
      await completeConversation(wire, conversation);
      assert.deepEqual(watching.unread, []);
    });

    it('sends names in the form of the caller', async () => {
      const { conversation, participant } = await open();
      await using watching = watch({ name: located(conversation) });
      assert.equal((await watching.nextConversation()).name, located(conversation));
      await say(wire, participant, 'hello');
      assert.deepEqual([await watching.nextMessage()], await listMessages(wire, located(conversation)));
    });

    it('shows a batch whole and in its order', async () => {
      const { conversation, participant } = await open();
      await using watching = watch({ name: conversation });
      await watching.nextConversation();
      const stored = await ingest(wire, conversation, messages(participant, 300));
      assert.deepEqual(await watching.nextMessages(300), stored);
    });

    it('sends nothing for messages that were there already', async () => {
      const { conversation, participant } = await open();
      await using watching = watch({ name: conversation });
      await watching.nextConversation();
      const [stored] = await ingest(wire, conversation, [message(participant, 0)]);
      await ingest(wire, conversation, [message(participant, 0)]);
      await say(wire, participant, 'next');
      assert.deepEqual(await watching.nextMessage(), stored);
      assert.equal((await watching.nextMessage()).content, 'next');
    });

    it('does not show one conversation to who watches another', async () => {
      const [one, two] = [await open(), await open()];
      await using watching = watch({ name: one.conversation });
      await watching.nextConversation();
      await say(wire, two.participant, 'elsewhere');
      await say(wire, one.participant, 'here');
      assert.equal((await watching.nextMessage()).content, 'here');
    });

    it('misses nothing for who reads slowly, and keeps nobody waiting', async () => {
      const { conversation, participant } = await open();
      using own = new GrpcWire(() => scene.server);
      await using watching = watchOver(scene.server, own, { name: conversation });
      await watching.nextConversation();
      watching.pause();
      // More than any buffer on the way holds.
      for (let batch = 0; batch < 10; batch += 1) {
        const large = messages(participant, 200, batch * 200);
        await ingest(
          wire,
          conversation,
          large.map((each) => ({ ...each, content: 'x'.repeat(6000) })),
        );
      }
      assert.ok(watching.unread.length < 2000, 'it did not read');
      watching.resume();
      assert.deepEqual(namesOf(await watching.nextMessages(2000)), namesOf(await history(conversation)));
      await say(wire, participant, 'next');
      assert.equal((await watching.nextMessage()).content, 'next');
    });

    it('is refused for what is not there', async () => {
      for (const [name, code] of [
        [`projects/${newProject()}/conversations/absent`, Code.NOT_FOUND],
        [`projects/${newProject()}/locations/nowhere/conversations/absent`, Code.NOT_FOUND],
      ] as const) {
        await using watching = watch({ name });
        const error = await watching.end();
        assert.deepEqual([error?.code, error?.reason], [code, 'RESOURCE_NOT_FOUND']);
      }
    });

    it('leaves nothing behind with a server whose watchers leave', async () => {
      const complaints = new ServerWatch(scene.server);
      complaints.complaints();
      const { conversation, participant } = await open();
      const leave = async (count: number) => {
        const watchers = Array.from({ length: count }, () => watch({ name: conversation }));
        await Promise.all(watchers.map((each) => each.nextConversation()));
        await Promise.all(watchers.map((each) => each[Symbol.asyncDispose]()));
      };
      await leave(250);
      await say(wire, participant, 'alone');
      await leave(250);
      assert.deepEqual(await transcript(wire, conversation), ['alone']);
      assert.deepEqual(complaints.complaints(), []);
    });

    it('ends when the server stops, and says so', async () => {
      const data = mkdtempSync(join(tmpdir(), 'parley-'));
      await using server = await startServer(data);
      using own = new GrpcWire(() => server);
      const { conversation, participant } = await createTalk(own, `projects/${newProject()}`);
      await say(own, participant, 'hello');
      const watching = watchOver(server, own, { name: conversation });
      await watching.nextConversation();
      await watching.nextMessage();
      assert.equal(await server.stop('SIGTERM'), 0);
      const error = await watching.end();
      assert.deepEqual([error?.code, error?.reason], [Code.UNAVAILABLE, 'SERVER_STOPPING']);
      rmSync(data, { recursive: true, force: true });
    });
  });
}

describe('WatchConversation over REST', () => {
  it('is told at its end that the server stops', async () => {
    const data = mkdtempSync(join(tmpdir(), 'parley-'));
    await using server = await startServer(data);
    using own = new GrpcWire(() => server);
    const { conversation } = await createTalk(own, `projects/${newProject()}`);
    using connection = await HttpConnection.open(server);
    connection.write(`GET /admin/v1/${conversation}:watch HTTP/1.1\r\nHost: ${server.address}\r\n\r\n`);
    await connection.readUntil('IN_PROGRESS');
    assert.equal(await server.stop('SIGTERM'), 0);
    assert.match(await connection.readToEnd(), /SERVER_STOPPING/u);
    rmSync(data, { recursive: true, force: true });
  });

  it('is refused where the time or the name is none', async () => {
    const { conversation } = await open();
    for (const path of [
      `/admin/v1/${conversation}:watch?after=yesterday`,
      `/admin/v1/${conversation}:watch?since=2026-01-01T00:00:00Z`,
      `/admin/v1/projects/${'p'.repeat(2000)}/conversations/c:watch`,
    ]) {
      const answer = await scene.rest.send({ verb: 'GET', path });
      assert.deepEqual([answer.status, JSON.parse(answer.text).error.status], [400, 'INVALID_ARGUMENT']);
    }
    const posted = await scene.rest.send({ verb: 'POST', path: `/admin/v1/${conversation}:watch` });
    assert.equal(posted.status, 405);
  });
});
