import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  ConversationProfileSchema,
  ConversationSchema,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { toTimestamp } from '../clock.ts';
import { complete, initialStage, start } from './lifecycle.ts';

const withoutAgent = create(ConversationProfileSchema);
const withAgent = create(ConversationProfileSchema, { automatedAgentConfig: { agent: 'projects/p/agent' } });

describe('initialStage()', () => {
  const { CONVERSATION_STAGE_UNSPECIFIED, VIRTUAL_AGENT_STAGE, HUMAN_ASSIST_STAGE } = Stage;
  const table = [
    { profile: withAgent, asked: CONVERSATION_STAGE_UNSPECIFIED, want: VIRTUAL_AGENT_STAGE },
    { profile: withAgent, asked: VIRTUAL_AGENT_STAGE, want: VIRTUAL_AGENT_STAGE },
    { profile: withAgent, asked: HUMAN_ASSIST_STAGE, want: HUMAN_ASSIST_STAGE },
    { profile: withoutAgent, asked: CONVERSATION_STAGE_UNSPECIFIED, want: HUMAN_ASSIST_STAGE },
    { profile: withoutAgent, asked: VIRTUAL_AGENT_STAGE, want: undefined },
    { profile: withoutAgent, asked: HUMAN_ASSIST_STAGE, want: HUMAN_ASSIST_STAGE },
    { profile: withAgent, asked: 99 as Stage, want: undefined },
  ];
  for (const { profile, asked, want } of table) {
    const agent = profile === withAgent ? 'with' : 'without';
    it(`answers ${want} for stage ${asked} ${agent} an agent`, () => {
      assert.equal(initialStage(profile, asked), want);
    });
  }
});

describe('complete()', () => {
  it('ends a conversation, and changes nothing of one that has ended', () => {
    const conversation = start(create(ConversationSchema), withoutAgent, Stage.HUMAN_ASSIST_STAGE, 1_000_000);
    complete(conversation, 2_000_000);
    complete(conversation, 3_000_000);
    assert.equal(conversation.lifecycleState, State.COMPLETED);
    assert.deepEqual(conversation.endTime, toTimestamp(2_000_000));
    assert.deepEqual(conversation.startTime, toTimestamp(1_000_000));
  });
});
