import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  ConversationProfiles,
  type ConversationSchema,
  Conversations,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import { CallError, type Wire } from '../wires.ts';
import {
  createAgentProfile,
  createConversation,
  createProfile,
  failure,
  getConversation,
  nanos,
  openScene,
  refused,
} from './scene.ts';

const scene = openScene();
const create = Conversations.method.createConversation;

for (const wire of scene.wires) {
  describe(`CreateConversation over ${wire.name}`, () => {
    it('answers a conversation in progress, which GetConversation answers too', async () => {
      const parent = `projects/${newProject()}`;
      const profile = await createProfile(wire, parent);
      const made = await createConversation(wire, parent, { conversationProfile: profile.name });
      assert.ok(made.name.startsWith(`${parent}/conversations/`), made.name);
      assert.equal(made.lifecycleState, State.IN_PROGRESS);
      assert.equal(made.conversationStage, Stage.HUMAN_ASSIST_STAGE);
      assert.equal(made.conversationProfile, profile.name);
      assert.equal(made.endTime, undefined);
      assert.equal(nanos(made.startTime) % 1000n, 0n, 'start_time is a whole number of microseconds');
      assert.deepEqual(await getConversation(wire, made.name), made);
    });

    it('makes an id that no other conversation has', async () => {
      const parent = `projects/${newProject()}`;
      const { name: conversationProfile } = await createProfile(wire, parent);
      const made = await Promise.all(
        Array.from({ length: 50 }, () => createConversation(wire, parent, { conversationProfile })),
      );
      assert.equal(new Set(made.map(({ name }) => name)).size, 50);
      for (const { name } of made) assert.match(name, /\/conversations\/[A-Za-z0-9_-]+$/u);
    });

    it('copies the profile as it is when the conversation begins', async () => {
      const parent = `projects/${newProject()}`;
      const { name } = await createProfile(wire, parent, {
        displayName: 'früh',
        languageCode: 'de',
        humanAgentAssistantConfig: { messageAnalysisConfig: { enableSentimentAnalysis: true } },
      });
      const profile = await wire.call(ConversationProfiles.method.getConversationProfile, { name });
      const made = await createConversation(wire, parent, { conversationProfile: name });
      const { initialConversationProfile } = await getConversation(wire, made.name);
      assert.deepEqual(initialConversationProfile, profile);
    });

    it('gives out a custom id once, even when creates race', async () => {
      const project = newProject();
      const { name: conversationProfile } = await createProfile(wire, `projects/${project}`);
      const parents = ['', '/locations/global', '/locations/us'].map((tail) => `projects/${project}${tail}`);
      const racing = Array.from({ length: 24 }, (_, index) =>
        createConversation(
          scene.wires[index % 2] ?? wire,
          parents[index % 3] ?? '',
          { conversationProfile },
          'only-one',
        ),
      );
      const outcomes = await Promise.allSettled(racing);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') continue;
        assert.ok(outcome.reason instanceof CallError, String(outcome.reason));
        assert.equal(outcome.reason.code, Code.ALREADY_EXISTS);
        assert.equal(outcome.reason.reason, 'RESOURCE_ALREADY_EXISTS');
      }
    });

    it('leaves a conversation as it is when its id is asked for again', async () => {
      const parent = `projects/${newProject()}`;
      const made = await createConversation(wire, parent, {}, 'taken');
      const again = createConversation(wire, parent, {}, 'taken');
      await refused(again, { code: Code.ALREADY_EXISTS, reason: 'RESOURCE_ALREADY_EXISTS' });
      assert.deepEqual(await getConversation(wire, made.name), made);
    });

    it('refuses a profile that is not there', async () => {
      const parent = `projects/${newProject()}`;
      const conversationProfile = `${parent}/conversationProfiles/absent`;
      const error = await refused(createConversation(wire, parent, { conversationProfile }), {
        code: Code.NOT_FOUND,
        reason: 'RESOURCE_NOT_FOUND',
      });
      assert.ok(error.message.includes(conversationProfile), error.message);
    });

    it('does not tell whether another project has a profile', async () => {
      const parent = `projects/${newProject()}`;
      const other = `projects/${newProject()}`;
      const { name: there } = await createProfile(wire, other);
      const absent = `${other}/conversationProfiles/absent`;
      const refusals = await Promise.all(
        [there, absent].map((conversationProfile) =>
          failure(createConversation(wire, parent, { conversationProfile })),
        ),
      );
      const [code, ...others] = refusals.map((error) => `${error.code} ${error.reason}`);
      assert.deepEqual(others, [code]);
    });
  });

  describe(`conversation_id over ${wire.name}`, () => {
    for (const id of ['abc', 'A-_', 'z0123456789', 'x'.repeat(64)]) {
      it(`may be ${id.length} characters such as ${id.slice(0, 12)}`, async () => {
        const parent = `projects/${newProject()}`;
        const made = await createConversation(wire, parent, {}, id);
        assert.equal(made.name, `${parent}/conversations/${id}`);
        assert.equal((await getConversation(wire, made.name)).name, made.name);
      });
    }

    const bad = [
      'a',
      'ab',
      'x'.repeat(65),
      '1abc',
      '-abc',
      '_abc',
      'a bc',
      'a.bc',
      'a/bc',
      'a:bc',
      'äbcd',
      'abc\n',
      'a\u0000bc',
      'ab😀c',
      'abc%20',
    ];
    for (const id of bad) {
      it(`is refused when it is ${JSON.stringify(id.slice(0, 12))} (${id.length})`, async () => {
        const parent = `projects/${newProject()}`;
        await refused(createConversation(wire, parent, {}, id), {
          code: Code.INVALID_ARGUMENT,
          reason: 'RESOURCE_ID_INVALID',
          fields: ['conversation_id'],
        });
      });
    }
  });

  describe(`OUTPUT_ONLY fields of a new conversation over ${wire.name}`, () => {
    /** Some hold messages that would be refused where they are input. */
    const ignored: MessageInitShape<typeof ConversationSchema> = {
      name: 'projects/other/conversations/chosen',
      lifecycleState: State.COMPLETED,
      startTime: { seconds: 1n },
      endTime: { seconds: 2n },
      phoneNumber: { phoneNumber: '+15550100' },
      telephonyConnectionInfo: { dialedNumber: '+15550100' },
      initialConversationProfile: { displayName: '' },
      ingestedContextReferences: { one: { contextContents: [], updateMode: 0 } },
      initialGeneratorContexts: { one: { generatorType: 1 } },
    };
    for (const [field, value] of Object.entries(ignored)) {
      it(`${field} is ignored`, async () => {
        const parent = `projects/${newProject()}`;
        const profile = await createProfile(wire, parent);
        const plain = await createConversation(wire, parent, { conversationProfile: profile.name });
        const made = await createConversation(wire, parent, {
          conversationProfile: profile.name,
          [field]: value,
        });
        assert.ok(made.name.startsWith(`${parent}/conversations/`), made.name);
        assert.ok(nanos(made.startTime) >= nanos(plain.startTime));
        assert.deepEqual(
          { ...made, name: '', startTime: undefined },
          { ...plain, name: '', startTime: undefined },
        );
      });
    }
  });

  describe(`stage of a new conversation over ${wire.name}`, () => {
    const cases = [
      {
        name: 'no agent, none asked for',
        agent: false,
        asked: Stage.CONVERSATION_STAGE_UNSPECIFIED,
        want: Stage.HUMAN_ASSIST_STAGE,
      },
      {
        name: 'no agent, assist asked for',
        agent: false,
        asked: Stage.HUMAN_ASSIST_STAGE,
        want: Stage.HUMAN_ASSIST_STAGE,
      },
      {
        name: 'an agent, none asked for',
        agent: true,
        asked: Stage.CONVERSATION_STAGE_UNSPECIFIED,
        want: Stage.VIRTUAL_AGENT_STAGE,
      },
      {
        name: 'an agent, asked for',
        agent: true,
        asked: Stage.VIRTUAL_AGENT_STAGE,
        want: Stage.VIRTUAL_AGENT_STAGE,
      },
      {
        name: 'an agent, assist asked for',
        agent: true,
        asked: Stage.HUMAN_ASSIST_STAGE,
        want: Stage.HUMAN_ASSIST_STAGE,
      },
    ];
    for (const { name, agent, asked, want } of cases) {
      it(`is ${Stage[want]} with ${name}`, async () => {
        const made = await createInStage(wire, agent, asked);
        assert.equal(made.conversationStage, want);
        assert.equal((await getConversation(wire, made.name)).conversationStage, want);
      });
    }

    it('is refused when it is an agent that the profile does not have', async () => {
      await refused(createInStage(wire, false, Stage.VIRTUAL_AGENT_STAGE), {
        code: Code.INVALID_ARGUMENT,
        reason: 'AUTOMATED_AGENT_ABSENT',
        fields: ['conversation.conversation_stage'],
      });
    });

    for (const unknown of [3, 99, -1]) {
      it(`is refused when it is the unknown number ${unknown}`, async () => {
        await refused(createInStage(wire, true, unknown), {
          code: Code.INVALID_ARGUMENT,
          reason: 'FIELD_INVALID',
          fields: ['conversation.conversation_stage'],
        });
      });
    }
  });

  describe(`required fields of CreateConversation over ${wire.name}`, () => {
    it('name the profile', async () => {
      await refused(
        wire.call(create, { parent: `projects/${newProject()}`, conversation: { conversationStage: 2 } }),
        {
          code: Code.INVALID_ARGUMENT,
          reason: 'FIELD_REQUIRED',
          fields: ['conversation.conversation_profile'],
        },
      );
    });

    it('name the conversation', async () => {
      await refused(wire.call(create, { parent: `projects/${newProject()}` }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_REQUIRED',
        fields: ['conversation'],
      });
    });
  });
}

async function createInStage(wire: Wire, agent: boolean, conversationStage: Stage) {
  const project = newProject();
  const profile = agent
    ? await createAgentProfile(wire, project)
    : await createProfile(wire, `projects/${project}`);
  return createConversation(wire, `projects/${project}`, {
    conversationProfile: profile.name,
    conversationStage,
  });
}
