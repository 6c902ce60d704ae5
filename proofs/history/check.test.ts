import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BreachKind, describeBreach } from './breach.ts';
import { checkHistory } from './check.ts';
import type { Answer, History, MessageRecord, Operation } from './history.ts';
import {
  type Line,
  lastListing,
  refusal,
  StagedHistory,
  withAnswer,
  withMessages,
  withOperation,
} from './staged-history.ts';

/** A conversation with two participants in which nothing was said yet. */
function openRoom(): StagedHistory {
  const stage = new StagedHistory();
  stage.createConversation('room');
  stage.createParticipant('room', 'ann');
  stage.createParticipant('room', 'bob');
  return stage;
}

function lines(participant: string, first: number, count: number): Line[] {
  return Array.from({ length: count }, (_, offset): Line => [participant, first + offset]);
}

function messagesOf({ answer }: Operation): readonly MessageRecord[] {
  if (answer.kind !== 'messages') throw new Error('there are no messages');
  return answer.messages;
}

function assertSound(history: History): void {
  assert.deepEqual(checkHistory(history).map(describeBreach), []);
}

/** The history is sound as it was written, and no longer with what was planted: the first breach says which. */
function assertFinds(kind: BreachKind, sound: History, planted: History): void {
  assertSound(sound);
  const breaches = checkHistory(planted);
  const found = breaches.map(describeBreach).join('\n');
  assert.ok(
    breaches.some((breach) => breach.kind === kind),
    `${kind} was not found, but:\n${found}`,
  );
}

describe('checkHistory() accepts', () => {
  it('a conversation from its beginning to its end', () => {
    const stage = openRoom();
    stage.createConversation('room');
    stage.batch('room', [...lines('ann', 0, 3), ...lines('bob', 0, 3)]);
    const first = stage.listMessages('room', { pageSize: 2 });
    stage.batch('room', [...lines('ann', 2, 2), ...lines('ann', 2, 2)]);
    stage.batch('room', lines('ann', 0, 2));
    const second = stage.listMessages('room', { pageSize: 2, follows: first });
    stage.listMessages('room', { pageSize: 2, follows: second });
    stage.batch('room', [['ann', 50, 'note'] as Line]);
    stage.batch('room', [['bob', 51, 'note'] as Line, ['bob', 52] as Line]);
    stage.listConversations('IN_PROGRESS');
    stage.complete('room');
    stage.complete('room');
    stage.batch('room', lines('bob', 90, 1));
    stage.createParticipant('room', 'cem');
    stage.listConversations('IN_PROGRESS');
    stage.listConversations('COMPLETED');
    stage.getConversation('elsewhere');
    assertSound(stage.finish());
  });

  for (const sees of [true, false]) {
    it(`a read that ${sees ? 'sees' : 'does not see'} what is written while it goes on`, () => {
      const stage = openRoom();
      if (!sees) stage.listMessages('room', { at: [100, 200] });
      stage.batch('room', lines('ann', 0, 3), { at: [150, 250] });
      if (sees) stage.listMessages('room', { at: [100, 200] });
      assertSound(stage.finish());
    });
  }

  for (const outcome of ['unknown', 'unknown and absent'] as const) {
    it(`a batch that was given up: ${outcome}`, () => {
      const stage = openRoom();
      stage.batch('room', lines('ann', 0, 3), { outcome });
      stage.batch('room', lines('ann', 2, 3));
      assertSound(stage.finish());
    });
  }

  it('a completion while batches are under way, some of them refused', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 3), { at: [100, 200] });
    stage.complete('room', [110, 190]);
    stage.batch('room', lines('ann', 5, 3), { at: [120, 180] });
    stage.getConversation('room', [185, 195]);
    assertSound(stage.finish());
  });

  it('pages that end early and say so', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 9));
    const page = stage.listMessages('room', { pageSize: 8 });
    const history = stage.finish();
    assertSound(withMessages(history, page.id, (messages) => messages.slice(0, 3)));
  });
});

describe('checkHistory() finds', () => {
  it('a batch that was acknowledged and is lost', () => {
    const stage = openRoom();
    const batch = stage.batch('room', lines('ann', 0, 3));
    stage.batch('room', lines('ann', 10, 2));
    const sound = stage.finish();
    const lost = messagesOf(batch);
    const { id } = lastListing(sound, 'room');
    assertFinds(
      'lost',
      sound,
      withMessages(sound, id, (all) => all.filter((one) => !lost.includes(one))),
    );
  });

  it('a batch that was read, though nobody was told, and is lost', () => {
    const stage = openRoom();
    const batch = stage.batch('room', lines('ann', 0, 3), { outcome: 'unknown' });
    stage.listMessages('room');
    const sound = stage.finish();
    const { id } = lastListing(sound, 'room');
    assertFinds(
      'lost',
      sound,
      withMessages(sound, id, (all) => all.filter(({ content }) => !content.startsWith(`${batch.id}.`))),
    );
  });

  it('a message that is there twice, under one name or two', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 3));
    const sound = stage.finish();
    const { id } = lastListing(sound, 'room');
    const twice = withMessages(sound, id, ([first, ...rest]) => (first ? [first, first, ...rest] : rest));
    assertFinds('doubled', sound, twice);
    const renamed = withMessages(sound, id, ([first, ...rest]) =>
      first ? [{ ...first, id: 'other' }, first, ...rest] : rest,
    );
    assertFinds('doubled', sound, renamed);
  });

  it('a message that is stored beside the one that it repeats', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 3));
    const repeated = stage.batch('room', [...lines('ann', 2, 1), ...lines('ann', 20, 1)]);
    const sound = stage.finish();
    const [twin, own] = messagesOf(repeated);
    const { id } = lastListing(sound, 'room');
    assert.ok(twin !== undefined && own !== undefined);
    const stored = { ...twin, id: 'again', content: `${repeated.id}.0`, createTime: own.createTime };
    const planted = withMessages(sound, id, ([first, ...rest]) => (first ? [first, stored, ...rest] : rest));
    assertFinds('doubled', sound, planted);
  });

  it('batches in another order than they were acknowledged in', () => {
    const stage = openRoom();
    const one = stage.batch('room', lines('ann', 0, 2));
    const other = stage.batch('room', lines('ann', 10, 2));
    const sound = stage.finish();
    // The earlier one is told, and stored, as if it were the later one.
    const later = (messages: readonly MessageRecord[]) =>
      messages.map((message) => ({ ...message, createTime: message.createTime + 10 }));
    const { id } = lastListing(sound, 'room');
    const planted = withMessages(withMessages(sound, one.id, later), id, () => [
      ...later(messagesOf(one)).toReversed(),
      ...messagesOf(other).toReversed(),
    ]);
    assertFinds('reordered', sound, planted);
  });

  it('messages in another order than that of their batch, or of their times', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 3));
    stage.batch('room', lines('ann', 10, 1));
    const sound = stage.finish();
    const { id } = lastListing(sound, 'room');
    const planted = [
      withMessages(sound, id, ([a, b, c, d]) => [a, b, d, c].filter((one) => one !== undefined)),
      withMessages(sound, id, ([a, b, c, d]) => [b, a, c, d].filter((one) => one !== undefined)),
    ];
    for (const history of planted) assertFinds('reordered', sound, history);
  });

  it('half a batch, in the end or in a read', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 2));
    const batch = stage.batch('room', lines('ann', 10, 4), { outcome: 'unknown' });
    const read = stage.listMessages('room');
    const sound = stage.finish();
    const without = (position: number) => (messages: readonly MessageRecord[]) =>
      messages.filter(({ content }) => content !== `${batch.id}.${position}`);
    const { id } = lastListing(sound, 'room');
    assertFinds('half-batch', sound, withMessages(sound, id, without(1)));
    assertFinds('half-batch', sound, withMessages(sound, read.id, without(3)));
    const torn = withMessages(sound, id, (messages) =>
      messages.map((one) =>
        one.content === `${batch.id}.3` ? { ...one, createTime: one.createTime + 1 } : one,
      ),
    );
    assertFinds('half-batch', sound, torn);
  });

  it('two batches with one create_time', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 2));
    const batch = stage.batch('room', lines('ann', 10, 2));
    const sound = stage.finish();
    const earlier = (messages: readonly MessageRecord[]) =>
      messages.map((one) =>
        one.content.startsWith(`${batch.id}.`) ? { ...one, createTime: one.createTime - 1 } : one,
      );
    const { id } = lastListing(sound, 'room');
    assertFinds('create-time', sound, withMessages(withMessages(sound, id, earlier), batch.id, earlier));
  });

  it('a create_time that is earlier than that of a batch acknowledged before', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 2));
    const batch = stage.batch('room', lines('ann', 10, 2));
    const sound = stage.finish();
    const earlier = (messages: readonly MessageRecord[]) =>
      messages.map((one) => ({ ...one, createTime: one.createTime - 5 }));
    const { id } = lastListing(sound, 'room');
    const planted = withMessages(withMessages(sound, batch.id, earlier), id, ([a, b, ...rest]) => [
      ...rest,
      ...earlier([a, b].filter((one) => one !== undefined)),
    ]);
    assertFinds('reordered', sound, planted);
  });

  it('a read that does not show what was acknowledged before it began', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 2));
    const batch = stage.batch('room', lines('ann', 10, 2));
    const list = stage.listMessages('room');
    const filtered = stage.listMessages('room', {
      filter: { kind: 'microseconds', comparator: '>', value: messagesOf(batch)[0]?.createTime ?? 0 },
    });
    const participants = stage.listParticipants('room');
    stage.batch('room', lines('ann', 20, 2));
    const later = stage.listMessages('room', {
      filter: { kind: 'microseconds', comparator: '>', value: messagesOf(batch)[0]?.createTime ?? 0 },
    });
    const get = stage.getConversation('room');
    const complete = stage.complete('room');
    const ended = stage.getConversation('room');
    const conversations = stage.listConversations('IN_PROGRESS');
    const sound = stage.finish();
    assertSound(withMessages(sound, filtered.id, (messages) => messages));
    assert.equal(complete.answer.kind, 'conversation');
    for (const planted of [
      withMessages(sound, list.id, (messages) => messages.slice(2)),
      withMessages(sound, later.id, () => []),
      withAnswer(sound, participants.id, { kind: 'participants', ids: ['ann'] }),
      withAnswer(sound, get.id, refusal('NOT_FOUND')),
      withAnswer(sound, ended.id, get.answer),
      withAnswer(sound, conversations.id, {
        kind: 'conversations',
        conversations: get.answer.kind === 'conversation' ? [get.answer.conversation] : [],
        more: false,
      }),
    ]) {
      assertFinds('stale-read', sound, planted);
    }
  });

  it('a conversation that a list leaves out', () => {
    const stage = openRoom();
    stage.createConversation('other');
    const list = stage.listConversations();
    const sound = stage.finish();
    const answer = list.answer as Answer & { readonly kind: 'conversations' };
    const planted = withAnswer(sound, list.id, { ...answer, conversations: answer.conversations.slice(1) });
    assertFinds('stale-read', sound, planted);
  });

  it('a read that shows less than one that ended before it began', () => {
    const stage = openRoom();
    const empty = stage.listMessages('room');
    stage.batch('room', lines('ann', 0, 2), { at: [100, 200] });
    stage.listMessages('room', { at: [110, 120] });
    const second = stage.listMessages('room', { at: [130, 140] });
    const sound = stage.finish();
    assertFinds('read-went-back', sound, withAnswer(sound, second.id, empty.answer));
  });

  it('a read that shows what began only after it ended', () => {
    const stage = openRoom();
    const list = stage.listMessages('room');
    const get = stage.getConversation('room');
    const participants = stage.listParticipants('room');
    const batch = stage.batch('room', lines('ann', 0, 2));
    stage.createParticipant('room', 'cem');
    const complete = stage.complete('room');
    const sound = stage.finish();
    for (const planted of [
      withMessages(sound, list.id, () => messagesOf(batch).toReversed()),
      withAnswer(sound, get.id, complete.answer),
      withAnswer(sound, participants.id, { kind: 'participants', ids: ['ann', 'bob', 'cem'] }),
    ]) {
      assertFinds('read-from-the-future', sound, planted);
    }
  });

  it('two creations of one id that both succeed, or none', () => {
    const stage = openRoom();
    const loser = stage.createConversation('room');
    const sound = stage.finish();
    const [winner] = sound.records;
    assert.ok(winner !== undefined);
    assertFinds('two-creates', sound, withAnswer(sound, loser.id, winner.answer));
    assertFinds('two-creates', sound, withAnswer(sound, winner.id, refusal('ALREADY_EXISTS')));
  });

  it('a creation that is refused before anybody else has begun one', () => {
    const stage = new StagedHistory();
    stage.createConversation('room', [100, 110]);
    const loser = stage.createConversation('room', [105, 115]);
    const sound = stage.finish();
    const planted = withOperation(sound, loser.id, (one) => ({ ...one, invoked: 10, completed: 20 }));
    assertFinds('read-from-the-future', sound, planted);
  });

  it('a repeated message that is answered with another one, or as new', () => {
    const stage = openRoom();
    const first = stage.batch('room', lines('ann', 0, 3));
    const repeated = stage.batch('room', lines('ann', 1, 1));
    const racing = stage.batch('room', lines('ann', 2, 2));
    const sound = stage.finish();
    const [wrong] = messagesOf(first);
    assert.ok(wrong !== undefined);
    assertFinds(
      'wrong-twin',
      sound,
      withMessages(sound, repeated.id, () => [wrong]),
    );
    const swapped = withMessages(sound, racing.id, (messages) => messages.toReversed());
    assertFinds('wrong-twin', sound, swapped);
    const asNew = withMessages(sound, repeated.id, (messages) =>
      messages.map((one) => ({ ...one, content: `${repeated.id}.0` })),
    );
    assertFinds('lost', sound, asNew);
    const otherTime = withMessages(sound, repeated.id, (messages) =>
      messages.map((one) => ({ ...one, createTime: one.createTime + 1 })),
    );
    assertFinds('changed', sound, otherTime);
    assertFinds(
      'unexpected-answer',
      sound,
      withMessages(sound, racing.id, (messages) => messages.slice(1)),
    );
  });

  it('messages that are accepted after the completion was acknowledged', () => {
    const stage = openRoom();
    const early = stage.batch('room', lines('ann', 0, 2), { at: [100, 200] });
    const repeated = stage.batch('room', lines('ann', 0, 2), { at: [150, 210] });
    const participant = stage.createParticipant('room', 'cem', [150, 210]);
    stage.complete('room', [190, 220]);
    const sound = stage.finish();
    const late = (one: Operation): Operation => ({ ...one, invoked: 221, completed: 221.5 });
    for (const { id } of [early, repeated, participant]) {
      assertFinds('after-completion', sound, withOperation(sound, id, late));
    }
  });

  it('a batch that is refused as if the conversation were completed', () => {
    const stage = openRoom();
    const batch = stage.batch('room', lines('ann', 0, 2), { outcome: 'unknown and absent' });
    stage.complete('room');
    const sound = stage.finish();
    assertFinds('read-from-the-future', sound, withAnswer(sound, batch.id, refusal('FAILED_PRECONDITION')));
  });

  it('a page that repeats or misses a message', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 6));
    stage.batch('room', lines('ann', 10, 6));
    const first = stage.listMessages('room', { pageSize: 5 });
    stage.batch('room', lines('ann', 20, 6));
    const second = stage.listMessages('room', { pageSize: 5, follows: first });
    const third = stage.listMessages('room', { pageSize: 5, follows: second });
    const sound = stage.finish();
    const last = messagesOf(first).at(-1);
    assert.ok(last !== undefined);
    for (const planted of [
      withMessages(sound, first.id, ([a, b, c]) => [a, b, b, c].filter((one) => one !== undefined)),
      withMessages(sound, second.id, (messages) => [last, ...messages.slice(1)]),
    ]) {
      assertFinds('page-repeats', sound, planted);
    }
    for (const planted of [
      withMessages(sound, first.id, (messages) => messages.toSpliced(2, 1)),
      withMessages(sound, second.id, (messages) => messages.slice(1)),
      withMessages(sound, third.id, (messages) => messages.slice(0, -1)),
      withAnswer(sound, second.id, { kind: 'messages', messages: messagesOf(second), more: false }),
    ]) {
      assertFinds('page-misses', sound, planted);
    }
    const swapped = withMessages(sound, second.id, ([a, b, ...rest]) =>
      [b, a, ...rest].filter((one) => one !== undefined),
    );
    assertFinds('reordered', sound, swapped);
  });

  it('a page that shows what its filter keeps out, or too much', () => {
    const stage = openRoom();
    const batch = stage.batch('room', lines('ann', 0, 3));
    const value = messagesOf(batch)[0]?.createTime ?? 0;
    const kept = stage.listMessages('room', { filter: { kind: 'microseconds', comparator: '>', value } });
    const small = stage.listMessages('room', { pageSize: 2 });
    const list = stage.listConversations('COMPLETED');
    const get = stage.getConversation('room');
    const sound = stage.finish();
    const all = messagesOf(batch).toReversed();
    const room = get.answer.kind === 'conversation' ? [get.answer.conversation] : [];
    for (const planted of [
      withMessages(sound, kept.id, () => all),
      withMessages(sound, small.id, () => all),
      withAnswer(sound, list.id, { kind: 'conversations', conversations: room, more: false }),
    ]) {
      assertFinds('page-wrong', sound, planted);
    }
  });

  it('a batch that was refused and is stored', () => {
    const stage = openRoom();
    const batch = stage.batch('room', lines('ann', 0, 3), { outcome: 'unknown' });
    const sound = stage.finish();
    assertFinds('refused-but-stored', sound, withAnswer(sound, batch.id, refusal('NOT_FOUND')));
  });

  it('a batch that is refused for an id which is not taken yet', () => {
    const stage = openRoom();
    const early = stage.batch('room', [['ann', 0, 'note']], { outcome: 'unknown and absent' });
    stage.batch('room', [['ann', 1, 'note']]);
    const sound = stage.finish();
    assertFinds('read-from-the-future', sound, withAnswer(sound, early.id, refusal('ALREADY_EXISTS')));
  });

  it('what is another than before', () => {
    const stage = openRoom();
    const batch = stage.batch('room', lines('ann', 0, 3));
    const list = stage.listMessages('room');
    const get = stage.getConversation('room');
    const sound = stage.finish();
    const rename = (messages: readonly MessageRecord[]) =>
      messages.map((one) => ({ ...one, id: `x${one.id}` }));
    const respoken = (messages: readonly MessageRecord[]) =>
      messages.map((one) => ({ ...one, participant: 'bob' }));
    const { answer } = get;
    const restarted: Answer =
      answer.kind === 'conversation'
        ? { kind: 'conversation', conversation: { ...answer.conversation, startTime: 1 } }
        : answer;
    for (const planted of [
      withMessages(sound, batch.id, rename),
      withMessages(sound, list.id, rename),
      withMessages(sound, lastListing(sound, 'room').id, respoken),
      withAnswer(sound, get.id, restarted),
    ]) {
      assertFinds('changed', sound, planted);
    }
  });

  it('what nobody wrote', () => {
    const stage = openRoom();
    stage.batch('room', lines('ann', 0, 1));
    const participants = stage.listParticipants('room');
    const conversations = stage.listConversations();
    const sound = stage.finish();
    const answer = conversations.answer as Answer & { readonly kind: 'conversations' };
    const { id } = lastListing(sound, 'room');
    for (const planted of [
      withMessages(sound, id, (all) => all.map((one) => ({ ...one, content: '7.7.7' }))),
      withAnswer(sound, participants.id, { kind: 'participants', ids: ['ann', 'bob', 'eve'] }),
      withAnswer(sound, conversations.id, {
        ...answer,
        conversations: [{ id: 'other', state: 'IN_PROGRESS', startTime: 5e9 }, ...answer.conversations],
      }),
    ]) {
      assertFinds('invented', sound, planted);
    }
  });

  it('participants that are lost or doubled', () => {
    const stage = openRoom();
    const sound = stage.finish();
    const [, ann, bob] = sound.records;
    const last = sound.records.find(({ request }) => request.kind === 'listParticipants');
    assert.ok(ann !== undefined && bob !== undefined && last !== undefined);
    assertFinds('lost', sound, withAnswer(sound, last.id, { kind: 'participants', ids: ['bob'] }));
    assertFinds('doubled', sound, withAnswer(sound, bob.id, ann.answer));
    const twice = withAnswer(sound, last.id, { kind: 'participants', ids: ['ann', 'bob', 'bob'] });
    assertFinds('page-repeats', sound, twice);
  });

  it('answers that no operation can have', () => {
    const stage = openRoom();
    const batch = stage.batch('room', lines('ann', 0, 1));
    const get = stage.getConversation('room');
    const sound = stage.finish();
    for (const [{ id }, answer] of [
      [batch, refusal('INTERNAL')],
      [get, refusal('UNAVAILABLE')],
      [get, { kind: 'unknown', why: 'the stream was reset' }],
      [get, { kind: 'participant', id: 'ann' }],
    ] as const) {
      assertFinds('unexpected-answer', sound, withAnswer(sound, id, answer));
    }
  });
});
