import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import {
  DocumentSchema,
  Document_State as DocumentState,
  Documents,
  SuggestionFeature_Type as Feature,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { openAgentScene, transcript } from './agent-scene.ts';
import { answersOf, feature, HOURS, OPEN, openDesk, openShop } from './assist-scene.ts';
import { beginDocument, createDocument, faq, responseOf } from './cases/knowledge-scene.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  finished,
  getConversation,
  ingest,
  message,
  refused,
  say,
} from './cases/scene.ts';
import { type ConversationWatch, watchOverGrpc, watchOverRest } from './conversation-watch.ts';
import { newProject } from './target.ts';
import type { Wire } from './wires.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const { method } = Development;
const scene = openAgentScene('--dev');
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

/** `projects/p` of what is named below it. */
function projectOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}

function save(wire: Wire, project: string) {
  return wire.call(method.createSnapshot, { parent: project, snapshotId: 'base' });
}

function restore(wire: Wire, project: string) {
  return wire.call(method.restoreSnapshot, { name: `${project}/snapshots/base` });
}

function reset(wire: Wire, project: string) {
  return wire.call(method.resetProject, { name: project });
}

function advance(wire: Wire, project: string, seconds: number) {
  return wire.call(method.advanceClock, {
    name: `${project}/clock`,
    duration: { seconds: BigInt(seconds) },
  });
}

const ways: Record<string, (name: string) => ConversationWatch> = {
  gRPC: (name) => watchOverGrpc(scene.grpc, { name }),
  REST: (name) => watchOverRest(scene.server, { name }),
};

for (const [way, watch] of Object.entries(ways)) {
  describe(`who watches a conversation over ${way}`, () => {
    const wire = scene.grpc;

    it('goes on with it after its project was restored, and misses nothing', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      await say(wire, participant, 'kept');
      await save(wire, projectOf(conversation));
      await using watching = watch(conversation);
      assert.equal((await watching.nextConversation()).lifecycleState, State.IN_PROGRESS);
      assert.equal((await watching.nextMessage()).content, 'kept');
      await say(wire, participant, 'undone');
      assert.equal((await watching.nextMessage()).content, 'undone');
      await completeConversation(wire, conversation);
      assert.equal((await watching.nextConversation()).lifecycleState, State.COMPLETED);
      await restore(wire, projectOf(conversation));
      assert.equal((await watching.nextConversation()).lifecycleState, State.IN_PROGRESS);
      const { message: said } = await say(wire, participant, 'after');
      assert.deepEqual(await watching.nextMessage(), said);
      assert.deepEqual(watching.unread, []);
    });

    it('is shown nothing of another one that has the name by then, however slowly they read', async () => {
      const project = `projects/${newProject()}`;
      const { name } = await createConversation(wire, project, {}, 'mine');
      const { name: participant } = await createParticipant(wire, name);
      await using watching = watch(name);
      await watching.nextConversation();
      watching.pause();
      const long = 'old '.repeat(10_000);
      for (let batch = 0; batch < 10; batch += 1) {
        const texts = Array.from({ length: 50 }, (_, i) => message(participant, batch * 50 + i, long));
        await ingest(wire, name, texts);
      }
      await reset(wire, project);
      const again = await createConversation(wire, project, {}, 'mine');
      assert.equal(again.name, name);
      await say(wire, (await createParticipant(wire, name)).name, 'new');
      watching.resume();
      assert.equal(await watching.end(), undefined);
      const contents = watching.unread.map(({ case: what, value }) =>
        what === 'message' ? value.content.slice(0, 3) : what,
      );
      assert.deepEqual([...new Set(contents)], ['old']);
    });

    const ends: Record<string, (project: string) => Promise<unknown>> = {
      'its project is reset': (project) => reset(wire, project),
      'its project is restored to a time when it was not': (project) => restore(wire, project),
      'it is purged': (project) => advance(wire, project, 32 * DAY),
    };
    for (const [what, happens] of Object.entries(ends)) {
      it(`is done where ${what}`, async () => {
        const project = `projects/${newProject()}`;
        await createProfile(wire, project);
        await save(wire, project);
        const { name } = await createConversation(wire, project);
        await using watching = watch(name);
        await watching.nextConversation();
        await happens(project);
        assert.equal(await watching.end(), undefined);
      });
    }
  });
}

for (const wire of scene.wires) {
  describe(`a turn that is under way, over ${wire.name}`, () => {
    async function begin(conversationId = '') {
      const text = `slow ${newProject()}`;
      const held = scene.webhook.hold(text);
      const project = `projects/${newProject()}`;
      const { name: conversationProfile } = await createProfile(wire, project, {
        automatedAgentConfig: { agent: `${project}/locations/global/agent/environments/-` },
      });
      const profile = { conversationProfile };
      const { name: conversation } = await createConversation(wire, project, profile, conversationId);
      const { name: participant } = await createParticipant(wire, conversation);
      await say(wire, participant, 'hello');
      await save(wire, project);
      const turn = Promise.allSettled([say(wire, participant, text, { requestId: 'slow' })]);
      await held.asked;
      const outcome = async () => {
        held.release();
        const [settled] = await turn;
        if (settled.status === 'rejected') throw settled.reason;
        return settled.value;
      };
      return { text, conversation, participant, project, outcome };
    }

    it('is part of what is restored meanwhile, if it is answered', async () => {
      const { text, conversation, participant, project, outcome } = await begin();
      await restore(wire, project);
      const answered = await outcome();
      assert.equal(answered.replyText, `re: ${text}`);
      assert.deepEqual(await transcript(wire, conversation), ['hello', 're: hello', text, `re: ${text}`]);
      assert.deepEqual(await say(wire, participant, text, { requestId: 'slow' }), answered);
    });

    it('is refused where its project is reset meanwhile, and stores nothing', async () => {
      const { conversation, project, outcome } = await begin();
      await reset(wire, project);
      await refused(outcome(), notFound);
      await refused(getConversation(wire, conversation), notFound);
    });

    it('is not part of another conversation that has the name by then', async () => {
      const { conversation, project, outcome } = await begin('mine');
      await reset(wire, project);
      const { name } = await createConversation(wire, project, {}, 'mine');
      assert.equal(name, conversation);
      await createParticipant(wire, name);
      await refused(outcome(), notFound);
      assert.deepEqual(await transcript(wire, name), []);
    });

    it('is refused where the clock goes past the end of its conversation meanwhile', async () => {
      const { conversation, project, outcome } = await begin();
      await advance(wire, project, DAY + HOUR);
      await refused(outcome(), { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_COMPLETED' });
      assert.deepEqual(await transcript(wire, conversation), ['hello', 're: hello']);
    });

    it('is not in a snapshot that is taken meanwhile, and can be said again there', async () => {
      const { text, conversation, participant, project, outcome } = await begin();
      await save(wire, project);
      await outcome();
      await restore(wire, project);
      assert.deepEqual(await transcript(wire, conversation), ['hello', 're: hello']);
      await say(wire, participant, text, { requestId: 'slow' });
      assert.deepEqual(await transcript(wire, conversation), ['hello', 're: hello', text, `re: ${text}`]);
    });
  });

  describe(`what a server has at hand, over ${wire.name}`, () => {
    it('is that of the restored project: documents come and go with it', async () => {
      const { parent, base, document } = await openShop(wire);
      const config = feature(Feature.FAQ, base, { queryConfig: { maxResults: 1 } });
      const { customer } = await openDesk(wire, parent, { featureConfigs: [config] });
      const ask = async (text: string) => answersOf(await say(wire, customer, text))[0]?.answer;
      assert.equal(await ask(HOURS), OPEN);
      await save(wire, parent);
      const violins = 'Do you repair violins and cellos?';
      await createDocument(wire, base, faq(`${violins},Only violins.\n`));
      assert.equal(await ask(violins), 'Only violins.');
      await restore(wire, parent);
      assert.notEqual(await ask(violins), 'Only violins.');
      const { name } = await wire.call(Documents.method.deleteDocument, { name: document });
      await finished(wire, name);
      assert.equal(await ask(HOURS), undefined);
      await restore(wire, parent);
      assert.equal(await ask(HOURS), OPEN);
    });

    it('goes on with an operation that a snapshot found under way, as often as it is restored', async () => {
      const { parent, base } = await openShop(wire);
      const operation = await beginDocument(wire, base, faq('Do you repair violins?,Yes.\n'));
      await save(wire, parent);
      for (let round = 0; round < 3; round++) {
        const done = await finished(wire, operation.name);
        const { name, state } = responseOf(done, DocumentSchema);
        assert.equal(state, DocumentState.ACTIVE);
        assert.deepEqual((await wire.call(Documents.method.getDocument, { name })).state, state);
        const { documents } = await wire.call(Documents.method.listDocuments, { parent: base });
        assert.equal(documents.length, 2);
        await restore(wire, parent);
      }
    });

    it('is not what was told before a snapshot, nor after it', async () => {
      const project = `projects/${newProject()}`;
      const { conversation, participant } = await createTalk(wire, project);
      await say(wire, participant, 'first', { requestId: 'first' });
      await save(wire, project);
      const kept = await say(wire, participant, 'first', { requestId: 'first' });
      await say(wire, participant, 'second', { requestId: 'second' });
      await ingest(wire, conversation, [message(participant, 1, 'batch')]);
      await restore(wire, project);
      assert.deepEqual(await say(wire, participant, 'first', { requestId: 'first' }), kept);
      await say(wire, participant, 'second again', { requestId: 'second' });
      await ingest(wire, conversation, [message(participant, 1, 'batch again')]);
      assert.deepEqual(await transcript(wire, conversation), ['first', 'second again', 'batch again']);
    });
  });
}
