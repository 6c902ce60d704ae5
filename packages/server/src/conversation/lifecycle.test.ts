import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  ConversationProfileSchema,
  ConversationSchema,
  ConversationEvent_Type as EventType,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { toTimestamp } from '../clock.ts';
import {
  complete,
  type Happening,
  happenings,
  initialStage,
  move,
  type Place,
  placeOf,
  places,
  refusalOf,
  type StagelessHappening,
  start,
  step,
} from './lifecycle.ts';

const withoutAgent = create(ConversationProfileSchema);
const withAgent = create(ConversationProfileSchema, { automatedAgentConfig: { agent: 'projects/p/agent' } });

const BOT = 'IN_PROGRESS VIRTUAL_AGENT_STAGE';
const ASSIST = 'IN_PROGRESS HUMAN_ASSIST_STAGE';
const BOT_OVER = 'COMPLETED VIRTUAL_AGENT_STAGE';
const ASSIST_OVER = 'COMPLETED HUMAN_ASSIST_STAGE';

/**
 * Every cell, as the documentation of the service has it: where it leads; `?` asks the agent, `+` makes suggestions,
 * `!` tells that it is finished, `^` that a human is needed; in brackets why it does not happen.
 */
const cells: Readonly<Record<Happening, Readonly<Record<Exclude<Place, 'PURGED'>, string>>>> = {
  USER_SPEAKS: row(`${BOT}?`, `${ASSIST}+`, '(CONVERSATION_COMPLETED)'),
  OTHER_SPEAKS: row(BOT, `${ASSIST}+`, '(CONVERSATION_COMPLETED)'),
  USER_SENDS_EVENT: row(`${BOT}?`, '(NO_AGENT_LISTENS)', '(CONVERSATION_COMPLETED)'),
  OTHER_SENDS_EVENT: row('(NO_AGENT_LISTENS)', '(NO_AGENT_LISTENS)', '(CONVERSATION_COMPLETED)'),
  MESSAGES_ARRIVE: row(BOT, ASSIST, '(CONVERSATION_COMPLETED)'),
  PARTICIPANT_CHANGES: row(BOT, ASSIST, '(CONVERSATION_COMPLETED)'),
  REFERENCES_ARRIVE: row(BOT, ASSIST, '(CONVERSATION_COMPLETED)'),
  AGENT_REPLIES: row(BOT, '(NO_AGENT_LISTENS)', '(CONVERSATION_COMPLETED)'),
  AGENT_HANDS_OFF: row(`${ASSIST}^`, '(NO_AGENT_LISTENS)', '(CONVERSATION_COMPLETED)'),
  COMPLETE_IS_CALLED: row(`${BOT_OVER}!`, `${ASSIST_OVER}!`, `${BOT_OVER}!`, `${ASSIST_OVER}!`),
  DAY_IS_OVER: row(`${BOT_OVER}!`, `${ASSIST_OVER}!`, '(NOT_DUE)'),
  RETENTION_IS_OVER: row('(NOT_DUE)', '(NOT_DUE)', 'PURGED'),
};

function row(bot: string, assist: string, botOver: string, assistOver = botOver) {
  return { [BOT]: bot, [ASSIST]: assist, [BOT_OVER]: botOver, [ASSIST_OVER]: assistOver };
}

function shown(place: Place, happening: Happening): string {
  const next = step(place, happening);
  if ('refuses' in next) return `(${next.refuses})`;
  const then = { ASK_AGENT: '?', SUGGEST: '+', NOTHING: '' }[next.then];
  const tells = next.tells.map((type) =>
    type === EventType.CONVERSATION_FINISHED ? '!' : type === EventType.HUMAN_INTERVENTION_NEEDED ? '^' : '#',
  );
  return `${next.to}${then}${tells.join('')}`;
}

describe('step()', () => {
  for (const happening of happenings) {
    for (const place of places) {
      const want = place === 'PURGED' ? '(NOT_FOUND)' : cells[happening][place];
      it(`leads from ${place} by ${happening} to ${want}`, () => assert.equal(shown(place, happening), want));
    }
  }

  it('never leads back, whatever happens in whatever order', () => {
    const rank = (place: Place): number =>
      place === 'PURGED'
        ? 4
        : (place.startsWith('COMPLETED') ? 2 : 0) + (place.endsWith('HUMAN_ASSIST_STAGE') ? 1 : 0);
    const isOver = (place: Place): boolean => !place.startsWith('IN_PROGRESS');
    fc.assert(
      fc.property(
        fc.constantFrom(BOT, ASSIST),
        fc.array(fc.constantFrom(...happenings), { maxLength: 40 }),
        (first: Place, sequence) => {
          let place = first;
          for (const happening of sequence) {
            const next = step(place, happening);
            if ('refuses' in next) continue;
            assert.ok(next.to === 'PURGED' || rank(next.to) >= rank(place), `${place} -> ${next.to}`);
            // A stage is what it was when a conversation ends, and stays so.
            if (isOver(next.to) && next.to !== 'PURGED') {
              assert.equal(next.to.split(' ')[1], place.split(' ')[1]);
            }
            assert.ok(!isOver(place) || next.then === 'NOTHING', 'nobody is asked for a reply any more');
            place = next.to;
          }
        },
      ),
    );
  });
});

describe('refusalOf()', () => {
  const stageless: Readonly<Record<StagelessHappening, true>> = {
    OTHER_SPEAKS: true,
    MESSAGES_ARRIVE: true,
    PARTICIPANT_CHANGES: true,
    REFERENCES_ARRIVE: true,
    COMPLETE_IS_CALLED: true,
    DAY_IS_OVER: true,
    RETENTION_IS_OVER: true,
  };
  const stored = [
    { state: State.IN_PROGRESS, at: [BOT, ASSIST] },
    { state: State.COMPLETED, at: [BOT_OVER, ASSIST_OVER] },
    { state: undefined, at: ['PURGED'] },
  ] as const;
  for (const happening of Object.keys(stageless) as StagelessHappening[]) {
    it(`answers of ${happening} by the state what the table has for either stage`, () => {
      for (const { state, at } of stored) {
        for (const place of at) {
          const next = step(place, happening);
          assert.equal(refusalOf(state, happening), 'refuses' in next ? next.refuses : undefined, place);
        }
      }
    });
  }
});

describe('move()', () => {
  const moves: { from: Place; to: Exclude<Place, 'PURGED'> }[] = places.flatMap((from) =>
    from === 'PURGED'
      ? []
      : happenings.flatMap((happening) => {
          const next = step(from, happening);
          return 'to' in next && next.to !== 'PURGED' ? [{ from, to: next.to }] : [];
        }),
  );

  for (const { from, to } of moves) {
    it(`takes a conversation from ${from} to ${to}`, () => {
      const stage = from.endsWith('HUMAN_ASSIST_STAGE')
        ? Stage.HUMAN_ASSIST_STAGE
        : Stage.VIRTUAL_AGENT_STAGE;
      const conversation = start(create(ConversationSchema), withAgent, stage, 1_000_000);
      if (from.startsWith('COMPLETED')) complete(conversation, 2_000_000);
      assert.equal(placeOf(conversation), from);
      move(conversation, to, 3_000_000);
      assert.equal(placeOf(conversation), to);
      const end = from.startsWith('COMPLETED') ? 2_000_000 : 3_000_000;
      assert.deepEqual(conversation.endTime, to.startsWith('COMPLETED') ? toTimestamp(end) : undefined);
    });
  }
});

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
  it('ends a conversation, tells of it, and changes nothing of one that has ended', () => {
    const conversation = start(create(ConversationSchema), withoutAgent, Stage.HUMAN_ASSIST_STAGE, 1_000_000);
    const told = [complete(conversation, 2_000_000), complete(conversation, 3_000_000)];
    assert.deepEqual(told, [[EventType.CONVERSATION_FINISHED], [EventType.CONVERSATION_FINISHED]]);
    assert.equal(conversation.lifecycleState, State.COMPLETED);
    assert.deepEqual(conversation.endTime, toTimestamp(2_000_000));
    assert.deepEqual(conversation.startTime, toTimestamp(1_000_000));
  });
});
